// Frames that wait to leave before any DATA: everything but DATA, as octets in order.
#pragma once

#include "frame.hpp"

#include "../growing_array.hpp"
#include "../http2_error.hpp"

#include <span>

namespace h2ws::http2 {

class control_frames {
public:
    explicit control_frames(const allocator& memory) noexcept : octets_(memory) {}

    const_bytes bytes() const noexcept { return {octets_.data(), octets_.size()}; }
    bool empty() const noexcept { return octets_.empty(); }

    // Memory ran out: a frame is missing or not whole, and none of them may leave. The connection
    // is lost.
    bool failed() const noexcept { return failed_; }

    // They are the transport's now.
    void clear() noexcept {
        octets_.clear();
        replies_ = 0;
    }

    // Acknowledgements and refusals among them, and streams that are gone since: what a peer can
    // make us say by frames alone.
    std::uint32_t replies() const noexcept { return replies_; }

    void raw(const_bytes octets) noexcept {
        failed_ = !octets_.append(octets.data(), octets.size()) || failed_;
    }

    void settings(std::span<const std::pair<setting, std::uint32_t>> values) noexcept {
        head({static_cast<std::uint32_t>(6 * values.size()), frame_type::settings, 0, 0});
        for (const auto& [which, value] : values) {
            number(static_cast<std::uint16_t>(which), 2);
            number(value, 4);
        }
    }

    void settings_ack() noexcept {
        ++replies_;
        head({0, frame_type::settings, flag::ack, 0});
    }

    void ping(const_bytes opaque, bool ack) noexcept { // 8 octets
        if (ack) ++replies_;
        head({8, frame_type::ping, ack ? flag::ack : std::uint8_t{0}, 0});
        raw(opaque);
    }

    void reset(std::int32_t stream_id, http2_error code) noexcept {
        head({4, frame_type::rst_stream, 0, stream_id});
        number(static_cast<std::uint32_t>(code), 4);
    }

    // A reset of a stream that we do not hold: no limit on streams bounds their number.
    void refuse(std::int32_t stream_id, http2_error code) noexcept {
        ++replies_;
        reset(stream_id, code);
    }

    // The peer has reset a stream whose HEADERS may be here: no limit on streams bounds them now.
    void outlive_stream() noexcept {
        if (!empty()) ++replies_;
    }

    void goaway(std::int32_t last_stream_id, http2_error code) noexcept {
        head({8, frame_type::goaway, 0, 0});
        number(static_cast<std::uint32_t>(last_stream_id), 4);
        number(static_cast<std::uint32_t>(code), 4);
    }

    void window_update(std::int32_t stream_id, std::uint32_t increment) noexcept {
        head({4, frame_type::window_update, 0, stream_id});
        number(increment, 4);
    }

    // A field block in HEADERS, and in CONTINUATION where it is longer than a frame may be (RFC
    // 9113 §4.3, R93: contiguous).
    void headers(std::int32_t stream_id, const_bytes block, bool end_stream,
                 std::size_t max_frame_size) noexcept {
        frame_type type = frame_type::headers;
        std::uint8_t flags = end_stream ? flag::end_stream : std::uint8_t{0};
        do {
            const std::size_t size = block.size() < max_frame_size ? block.size() : max_frame_size;
            if (size == block.size()) flags |= flag::end_headers;
            head({static_cast<std::uint32_t>(size), type, flags, stream_id});
            raw(block.first(size));
            block = block.subspan(size);
            type = frame_type::continuation; // RFC 9113 §4.3 (R93)
            flags = 0;
        } while (!block.empty());
    }

private:
    void head(const frame_head& what) noexcept { raw(encode_frame_head(what)); }

    void number(std::uint32_t value, std::size_t size) noexcept {
        std::array<std::byte, 4> octets{};
        store(octets.data(), value, size);
        raw(std::span(octets).first(size));
    }

    growing_array<std::byte> octets_;
    std::uint32_t replies_ = 0;
    bool failed_ = false;
};

} // namespace h2ws::http2
