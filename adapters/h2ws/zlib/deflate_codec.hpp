// Both directions of permessage-deflate (RFC 7692) for one websocket, on zlib: what was agreed on,
// and the contexts of zlib from the first message that needs them.
#pragma once

#include "compressor.hpp"
#include "decompressor.hpp"

#include <h2ws/deflate_parameters.hpp>
#include <h2ws/owned.hpp>

namespace h2ws::zlib {

struct deflate_settings {
    int level = 6;        // 0 to 9
    int memory_level = 8; // 1 to 9

    // Some peers are reported to take a compressed message in one frame only (Safari). A message
    // given whole is one then, and needs room for encoded_bound(), else buffer_too_small.
    bool one_frame = false;

    std::size_t smallest_message = 0; // a shorter one, given whole, is not compressed

    // Contexts that are not needed are given back at the end of each message, for the time that it
    // takes to make new ones. What is sent is then compressed without the messages before.
    bool release_when_idle = false;

    // Of what is received; see decompressor.hpp.
    std::size_t piece = decompression{}.piece;

    // Of a message that is received; see decompressor.hpp. More fails with inflates_too_much.
    std::uint64_t max_message = decompression{}.max_message;
    std::uint32_t max_ratio = decompression{}.max_ratio;
    std::uint64_t ratio_floor = decompression{}.ratio_floor;

    allocator memory = {};
};

class deflate_codec {
public:
    // Nothing is allocated before the first message.
    deflate_codec(const allocator& memory, const deflate_settings& settings) noexcept
        : settings_(settings) {
        settings_.memory = memory;
    }

    const allocator& memory() const noexcept { return settings_.memory; }

    // Once: what the handshake has agreed on.
    void begin(bool is_client, const deflate_parameters& agreed) noexcept {
        agreed_ = agreed;
        is_client_ = is_client;
        active_ = true;
    }
    bool active() const noexcept { return active_; }
    const deflate_parameters& agreed() const noexcept { return agreed_; }

    // Whether messages that begin from now on are compressed.
    void compress(bool on) noexcept { compress_ = on; }

    // Asked as a message begins. Without memory for a context it goes as it is: RFC 7692 §6 (R229)
    bool chooses(const_bytes payload, bool last) noexcept {
        if (!compress_ || (last && payload.size() < settings_.smallest_message)) return false;
        compressor* const made = compressor_.make(settings_.memory, outgoing());
        if (made != nullptr && made->open()) return true;
        compressor_.release();
        return false;
    }

    result<encoded> encode(const_bytes& in, mutable_bytes out, bool last) noexcept {
        if (!compressor_) return errc::extension_failure; // it did not choose to
        const result<encoded> made = compressor_->encode(in, out, last);
        if (settings_.release_when_idle && !compressor_->begun()) compressor_.release();
        return made;
    }

    result<decoded> decode(const_bytes& in, bool last) noexcept {
        decompressor* const made = decompressor_.make(settings_.memory, incoming());
        if (made == nullptr) return errc::no_memory; // RFC 7692 §7.2.2 (R263)
        const result<decoded> piece = made->decode(in, last);
        if (settings_.release_when_idle && !made->holds_context()) made->close();
        return piece;
    }

    bool one_frame() const noexcept { return settings_.one_frame; }

    // Gives back what is not needed to go on, between two messages of each direction: all but the
    // window of a peer that refers to earlier messages. What poll gave last is not read any more.
    void release_idle() noexcept {
        if (compressor_ && !compressor_->begun()) compressor_.release();
        if (decompressor_ && !decompressor_->holds_context()) decompressor_.release();
    }

private:
    compression outgoing() const noexcept {
        return {.level = settings_.level,
                .memory_level = settings_.memory_level,
                .window_bits = is_client_ ? agreed_.client_window() : agreed_.server_window(),
                .keeps_context = !(is_client_ ? agreed_.client_no_context_takeover
                                              : agreed_.server_no_context_takeover),
                .one_frame = settings_.one_frame};
    }

    decompression incoming() const noexcept {
        return {.window_bits = is_client_ ? agreed_.server_window() : agreed_.client_window(),
                .keeps_context = !(is_client_ ? agreed_.server_no_context_takeover
                                              : agreed_.client_no_context_takeover),
                .piece = settings_.piece,
                .max_message = settings_.max_message,
                .max_ratio = settings_.max_ratio,
                .ratio_floor = settings_.ratio_floor};
    }

    deflate_settings settings_;
    deflate_parameters agreed_;
    owned<compressor> compressor_;
    owned<decompressor> decompressor_;
    bool is_client_ = false;
    bool active_ = false;
    bool compress_ = true;
};

} // namespace h2ws::zlib
