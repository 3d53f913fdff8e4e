// permessage-deflate (RFC 7692) for the slot of a websocket and of a session's tunnels, on zlib.
//
//     using extension = zlib::permessage_deflate;
//     websocket<server, extension> socket({}, {}, extension(server{}, agreed));
//     http2::basic_server<extension> session;
//     session.accept(tunnel, {.extensions = text}, now, extension(server{}, agreed));
//
// `agreed` is what negotiate_deflate or read_deflate_answer gave. A message given to `send` with a
// buffer is compressed, one sent in place is not; sessions compress all. Compressing secrets
// together with what an attacker chooses gives them away (RFC 7692 §8, R261).
#pragma once

#include "deflate_codec.hpp"

#include <h2ws/extension_slot.hpp>

#include <algorithm>
#include <optional>

namespace h2ws::zlib {

// One pointer, so that a tunnel without compression holds no more for it.
class permessage_deflate {
public:
    static constexpr bool owns_rsv1 = true;
    static constexpr std::uint8_t smallest_window_bits = min_window_bits; // that we can keep to

    // Off. A client's in a session: what the server's answer agrees on is with the usual settings.
    permessage_deflate() noexcept = default;

    // The same with settings of its own. Errors: no_memory.
    static result<permessage_deflate> with(const deflate_settings& settings) noexcept {
        permessage_deflate made;
        if (made.codec_.make(settings.memory, settings) == nullptr) return errc::no_memory;
        return made;
    }

    // Off where there is no memory: look at `active` before the answer says otherwise.
    template <class Role>
    permessage_deflate(Role, const deflate_parameters& agreed,
                       const deflate_settings& settings = {}) noexcept {
        if (deflate_codec* const made = codec_.make(settings.memory, settings))
            made->begin(Role::is_client, agreed);
    }

    // RFC 7692 §5 (R226)
    bool active() const noexcept { return codec_ && codec_->active(); }

    // What was agreed on, while it is active. A client that cannot live with that closes with
    // status_code::mandatory_extension (RFC 7692 §5.1).
    std::optional<deflate_parameters> agreed() const noexcept {
        return active() ? std::optional(codec_->agreed()) : std::nullopt;
    }

    // A client's session: what the server's answer makes of the request's offers. Anything but
    // errc::none fails the tunnel: read_deflate_answer's errors, no_memory.
    errc agree(const extension_reader& chosen, const extension_reader& offers) noexcept {
        const auto agreed = read_deflate_answer(chosen, offers, smallest_window_bits);
        if (!agreed) return agreed.error();
        if (!*agreed) { // RFC 7692 §5 (R224)
            codec_.release();
            return errc::none;
        }
        deflate_codec* const made = codec_.make(allocator{}, deflate_settings{});
        if (made == nullptr) return errc::no_memory;
        made->begin(true, **agreed);
        return errc::none;
    }

    // A server's session: whether the answer is what this was made of. Errors: invalid_argument,
    // read_deflate_answer's.
    errc confirm(const extension_reader& chosen, const extension_reader& offers) const noexcept {
        const auto said = read_deflate_answer(chosen, offers, smallest_window_bits);
        if (!said) return said.error();
        return *said == agreed() ? errc::none : errc::invalid_argument;
    }

    // Whether messages that begin from now on are compressed.
    void compress(bool on) noexcept {
        if (codec_) codec_->compress(on);
    }

    // Gives back what is not needed to go on, between two messages of each direction: all but the
    // window of a peer that refers to earlier messages. What poll gave last is not read any more.
    void release_idle() noexcept {
        if (codec_) codec_->release_idle();
    }

    // Room in which a message of that size is one frame for certain.
    static std::size_t encoded_bound(std::size_t payload) noexcept {
        return ::deflateBound(nullptr, payload) + compressor::min_room;
    }

    // ---- for the slot ---------------------------------------------------------------------------

    bool chooses(const_bytes payload, bool last) noexcept { return codec_->chooses(payload, last); }
    result<encoded> encode(const_bytes& in, mutable_bytes out, bool last) noexcept {
        return codec_->encode(in, out, last);
    }
    result<decoded> decode(const_bytes& in, bool last) noexcept { return codec_->decode(in, last); }
    std::size_t room(std::size_t payload) const noexcept {
        const std::size_t bound = encoded_bound(payload);
        return codec_->one_frame() ? bound : std::min(bound, fragment);
    }

private:
    static constexpr std::size_t fragment = 16'384;

    owned<deflate_codec> codec_;
};

} // namespace h2ws::zlib
