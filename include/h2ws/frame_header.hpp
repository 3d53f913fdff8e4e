// The header of a WebSocket frame: its fields and its 2 to 14 octets (RFC 6455 section 5.2). Which
// headers are legal, and from whom, is decided in frame_reader.hpp.
#pragma once

#include "bytes.hpp"
#include "mask.hpp"

namespace h2ws {

enum class opcode : std::uint8_t {
    continuation = 0x0,
    text = 0x1,
    binary = 0x2,
    close = 0x8,
    ping = 0x9,
    pong = 0xa,
};

constexpr bool is_control(opcode code) noexcept {
    return (static_cast<std::uint8_t>(code) & 0x8) != 0;
}

constexpr bool is_reserved(opcode code) noexcept {
    return (static_cast<std::uint8_t>(code) & 0x7) > 2;
}

inline constexpr std::size_t max_frame_header_size = 14;
inline constexpr std::size_t max_control_payload = 125; // RFC 6455 §5.5 (R179)

struct frame_header {
    std::uint64_t payload_length = 0;
    masking_key key{}; // all zero when not masked
    opcode code = opcode::continuation;
    bool fin = true;
    bool rsv1 = false;
    bool rsv2 = false;
    bool rsv3 = false;
    bool masked = false;

    friend constexpr bool operator==(const frame_header&, const frame_header&) = default;
};

// How long the header is whose second octet is this one (RFC 6455 §5.2, R167).
constexpr std::size_t frame_header_size(std::byte second_octet) noexcept {
    const auto octet = std::to_integer<unsigned>(second_octet);
    const unsigned length = octet & 0x7f;
    const unsigned extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    return 2 + extended + ((octet & 0x80) != 0 ? 4 : 0);
}

// How long the header is in its only legal, shortest encoding (RFC 6455 §5.2, R166).
constexpr std::size_t frame_header_size(const frame_header& header) noexcept {
    const std::size_t extended = header.payload_length > 0xffff                ? 8
                                 : header.payload_length > max_control_payload ? 2
                                                                               : 0;
    return 2 + extended + (header.masked ? sizeof header.key : 0);
}

// Reads a whole header; `octets` holds frame_header_size(octets[1]) of them.
constexpr frame_header decode_frame_header(const std::byte* octets) noexcept {
    const auto first = std::to_integer<unsigned>(octets[0]);
    const auto second = std::to_integer<unsigned>(octets[1]);
    frame_header header;
    header.fin = (first & 0x80) != 0;
    header.rsv1 = (first & 0x40) != 0;
    header.rsv2 = (first & 0x20) != 0;
    header.rsv3 = (first & 0x10) != 0;
    header.code = static_cast<opcode>(first & 0x0f);
    header.masked = (second & 0x80) != 0;
    header.payload_length = second & 0x7f;
    octets += 2;
    if (header.payload_length >= 126) {
        const std::size_t extended = header.payload_length == 127 ? 8 : 2;
        header.payload_length = 0;
        for (std::size_t i = 0; i < extended; ++i)
            header.payload_length =
                (header.payload_length << 8) | std::to_integer<std::uint64_t>(*octets++);
    }
    if (header.masked)
        for (std::byte& octet : header.key) octet = *octets++;
    return header;
}

// The header of a frame that is a message of its own, of text or binary and below 65,536 octets.
// With `size` 0 it is another one, or is not as it must be, or is not whole.
struct usual_header {
    opcode type = opcode::continuation;
    std::uint8_t size = 0;
    std::uint16_t payload_length = 0;
};

// Reads that at once: FIN, no reserved bit, masked or not as it must be (RFC 6455 §5.2).
template <bool Masked>
constexpr usual_header read_usual_header(const_bytes octets) noexcept {
    constexpr std::size_t key_size = Masked ? sizeof(masking_key) : 0;
    constexpr std::size_t short_size = 2 + key_size, long_size = 4 + key_size;
    if (octets.size() < short_size) return {};
    const auto octet = [&](std::size_t i) { return std::to_integer<unsigned>(octets[i]); };
    const auto type = static_cast<opcode>(octet(0) ^ 0x80);
    if (type != opcode::text && type != opcode::binary) return {};
    const unsigned length = octet(1) ^ (Masked ? 0x80 : 0);
    if (length < 126) return {type, short_size, static_cast<std::uint16_t>(length)};
    if (length != 126 || octets.size() < long_size) return {};
    const unsigned extended = octet(2) << 8 | octet(3);
    if (extended < 126) return {};
    return {type, long_size, static_cast<std::uint16_t>(extended)};
}

// Writes the header, 2 to 14 octets, and returns how many.
constexpr std::size_t encode_frame_header(const frame_header& header, std::byte* octets) noexcept {
    const std::uint64_t length = header.payload_length;
    octets[0] = static_cast<std::byte>((header.fin ? 0x80U : 0U) | (header.rsv1 ? 0x40U : 0U) |
                                       (header.rsv2 ? 0x20U : 0U) | (header.rsv3 ? 0x10U : 0U) |
                                       static_cast<unsigned>(header.code));
    const std::size_t size = frame_header_size(header);
    const std::size_t key_size = header.masked ? sizeof header.key : 0;
    const std::size_t extended = size - 2 - key_size;
    const auto second = static_cast<unsigned>(extended == 0 ? length : extended == 2 ? 126 : 127);
    octets[1] = static_cast<std::byte>((header.masked ? 0x80U : 0U) | second);
    if (extended == 2) {
        octets[2] = static_cast<std::byte>(length >> 8);
        octets[3] = static_cast<std::byte>(length);
    } else {
        for (std::size_t i = 0; i < extended; ++i)
            octets[2 + i] = static_cast<std::byte>(length >> (8 * (7 - i)));
    }
    std::byte* const key = octets + 2 + extended;
    if (header.masked)
        for (std::size_t i = 0; i < header.key.size(); ++i) key[i] = header.key[i];
    return size;
}

} // namespace h2ws
