// Makes frames of what the application says: the first fragment names the type, the last has FIN,
// a client masks each with a key of its own (RFC 6455 sections 5.3, 5.4 and 6.1).
#pragma once

#include "errc.hpp"
#include "extension_slot.hpp"
#include "frame_header.hpp"
#include "result.hpp"
#include "role.hpp"

#include <cstring>
#include <utility>

namespace h2ws {

// A frame to be written as header() and then payload(). The header is the frame's own; the payload
// lies in memory of the caller.
struct frame {
    const_bytes header() const noexcept { return {octets, header_size}; }

    std::byte octets[max_frame_header_size];
    std::uint8_t header_size = 0; // 0: the encoder kept it all, there is nothing to write yet
    bool more = false;            // call again with the rest of the same payload
    const_bytes payload;
};

template <class Role, class Extension>
class outgoing_message {
public:
    constexpr outgoing_message(Role role, Extension extension) noexcept
        : role_(role),
          extension_(std::move(extension)) {}

    // One frame around a payload that stays where it is. The extension is passed by: RSV1 is clear.
    result<frame> in_place(opcode type, typename Role::output payload, bool fin) noexcept {
        if (!may_continue(type) || (begun() && encoded_)) return errc::invalid_argument;
        masking_key key{};
        if (!begin_frame(key)) return errc::no_masking_key;
        if constexpr (Role::is_client) mask(payload, key);
        encoded_ = false;
        return finish_frame(type, payload, key, fin, false);
    }

    // One frame whose payload is made in `out`; a message begins as it is unless it may be encoded.
    result<frame> copied(opcode type, const_bytes& payload, mutable_bytes out, bool fin,
                         [[maybe_unused]] bool may_encode = true) noexcept {
        if (!may_continue(type)) return errc::invalid_argument;
        if constexpr (Extension::owns_rsv1) {
            if ((may_encode || begun()) && encodes(payload, fin))
                return encode(type, payload, out, fin);
        }
        return copy(type, payload, out, fin);
    }

    // Whether `copied` has the extension encode that payload.
    bool encodes([[maybe_unused]] const_bytes payload, [[maybe_unused]] bool fin) noexcept {
        if constexpr (Extension::owns_rsv1) {
            if (begun()) return encoded_;
            if (!extension_.active()) return false;
            if constexpr (selective_extension<Extension>) return extension_.chooses(payload, fin);
            return true;
        }
        return false;
    }

    const Role& role() const noexcept { return role_; }
    Extension& extension() noexcept { return extension_; }

private:
    bool begun() const noexcept { return type_ != opcode::continuation; }

    bool may_continue(opcode type) const noexcept {
        if (begun()) return type == type_;
        return type == opcode::text || type == opcode::binary;
    }

    result<frame> copy(opcode type, const_bytes& payload, mutable_bytes out, bool fin) noexcept {
        const std::size_t size = payload.size() < out.size() ? payload.size() : out.size();
        if (size == 0 && !payload.empty()) return errc::buffer_too_small;
        masking_key key{};
        if (!begin_frame(key)) return errc::no_masking_key;
        if constexpr (Role::is_client)
            mask(payload.first(size), out, key);
        else if (size != 0)
            std::memcpy(out.data(), payload.data(), size);
        payload = payload.subspan(size);
        encoded_ = false;
        return finish_frame(type, out.first(size), key, fin, !payload.empty());
    }

    result<frame> encode(opcode type, const_bytes& payload, mutable_bytes out, bool fin) noexcept {
        masking_key key{};
        if (!begin_frame(key)) return errc::no_masking_key;
        const std::size_t given = payload.size();
        const result<encoded> done = extension_.encode(payload, out, fin);
        if (!done && !begun() && payload.size() == given) return done.error(); // nothing has begun
        type_ = type; // the encoder may keep what it is given, and no frame is made yet
        encoded_ = true;
        if (!done) return done.error();
        const bool more = done->more || !payload.empty();
        if (more && done->size == 0) return errc::buffer_too_small;
        if (done->size == 0 && !fin) return frame{}; // the encoder kept it all
        const mutable_bytes octets = out.first(done->size);
        if constexpr (Role::is_client) mask(octets, key);
        return finish_frame(type, octets, key, fin, more);
    }

    // A fresh key for each frame (RFC 6455 §5.3, R168).
    bool begin_frame([[maybe_unused]] masking_key& key) noexcept {
        if constexpr (Role::is_client)
            return role_.keys.next != nullptr && role_.keys.next(role_.keys.state, key);
        return true;
    }

    // RFC 6455 §5.4 (R171, R172), §6.1 (R194): the opcode and RSV1 stand on the first frame, FIN on
    // the last.
    result<frame> finish_frame(opcode type, const_bytes payload, masking_key key, bool fin,
                               bool more) noexcept {
        const bool last = fin && !more;
        const frame_header header{.payload_length = payload.size(),
                                  .key = key,
                                  .code = continues_ ? opcode::continuation : type, // (R172)
                                  .fin = last,
                                  .rsv1 = encoded_ && !continues_,
                                  .masked = Role::is_client};
        result<frame> out = frame{}; // built here once
        frame& made = *out;
        // RFC 6455 §5.1 (R158, R160), §5.4 (R171), §6.1 (R194)
        made.header_size = static_cast<std::uint8_t>(encode_frame_header(header, made.octets));
        made.more = more;
        made.payload = payload;
        type_ = last ? opcode::continuation : type;
        continues_ = !last;
        return out;
    }

    [[no_unique_address]] Role role_;
    [[no_unique_address]] Extension extension_;
    opcode type_ = opcode::continuation; // of the message that has begun and not ended, if any
    bool continues_ = false;             // its first frame was made
    bool encoded_ = false;               // that frame has RSV1
};

} // namespace h2ws
