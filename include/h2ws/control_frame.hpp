// A control frame in a buffer of its own: at most 125 octets of payload (RFC 6455 section 5.5) with
// room in front for the header.
#pragma once

#include "close_payload.hpp"
#include "frame_header.hpp"
#include "role.hpp"

#include <cstring>

namespace h2ws {

class control_frame {
public:
    // The whole frame, once it was sealed; lent as long as the object lives and is not changed.
    const_bytes bytes() const noexcept {
        return {octets_ + header_room - header_size_, std::size_t{header_size_} + payload_size_};
    }

    const_bytes payload() const noexcept { return {octets_ + header_room, payload_size_}; }

    void clear() noexcept { header_size_ = payload_size_ = 0; }

    // `more` fits: a payload is bounded before it is collected.
    void append(const_bytes more) noexcept {
        if (!more.empty())
            std::memcpy(octets_ + header_room + payload_size_, more.data(), more.size());
        payload_size_ = static_cast<std::uint8_t>(payload_size_ + more.size());
    }

    // The same for bytes that are still masked.
    void append_masked(const_bytes more, masking_key key) noexcept {
        mask(more, {octets_ + header_room + payload_size_, more.size()}, key);
        payload_size_ = static_cast<std::uint8_t>(payload_size_ + more.size());
    }

    // Memory for a header that arrives in pieces, free as long as no payload is held.
    std::byte* scratch() noexcept { return octets_; }

    // The payload of a Close.
    void set(const close_payload& payload) noexcept {
        payload_size_ =
            static_cast<std::uint8_t>(write_close_payload(payload, octets_ + header_room));
    }

    // Cuts a received Close's payload down to its code, which answers it. The reason's octets stay
    // where they are until the frame is sealed.
    void keep_code() noexcept {
        if (payload_size_ > 2) payload_size_ = 2;
    }

    // Puts the header in front, and masks the payload if we are a client. False when there was no
    // masking key; the frame must not be sent then.
    bool seal(opcode code, [[maybe_unused]] server role) noexcept {
        write_header(code, false, {}); // RFC 6455 §5.1 (R160)
        return true;
    }

    bool seal(opcode code, client role) noexcept {
        masking_key key;
        if (role.keys.next == nullptr || !role.keys.next(role.keys.state, key)) return false;
        mask(mutable_bytes{octets_ + header_room, payload_size_}, key); // RFC 6455 §5.1 (R158)
        write_header(code, true, key);
        return true;
    }

private:
    static constexpr std::size_t header_room = 2 + sizeof(masking_key);

    void write_header(opcode code, bool masked, masking_key key) noexcept {
        // The smaller one is the first, always: now the compiler knows it too.
        const std::size_t size = smaller(payload_size_, max_control_payload);
        const frame_header header{
            .payload_length = size, .key = key, .code = code, .masked = masked};
        header_size_ = static_cast<std::uint8_t>(frame_header_size(header));
        encode_frame_header(header, octets_ + header_room - header_size_);
    }

    std::byte octets_[header_room + max_control_payload];
    std::uint8_t header_size_ = 0;
    std::uint8_t payload_size_ = 0;
};

} // namespace h2ws
