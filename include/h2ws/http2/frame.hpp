// The layout of HTTP/2 frames (RFC 9113 sections 4 and 6): heads in and out, and what is wrong with
// a frame whatever state its stream is in.
#pragma once

#include "../bytes.hpp"
#include "../errc.hpp"
#include "../result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace h2ws::http2 {

enum class frame_type : std::uint8_t {
    data = 0x0,
    headers = 0x1,
    priority = 0x2,
    rst_stream = 0x3,
    settings = 0x4,
    push_promise = 0x5,
    ping = 0x6,
    goaway = 0x7,
    window_update = 0x8,
    continuation = 0x9,
    priority_update = 0x10, // RFC 9218 §7.1
};

namespace flag {
inline constexpr std::uint8_t end_stream = 0x1; // DATA, HEADERS
inline constexpr std::uint8_t ack = 0x1;        // SETTINGS, PING
inline constexpr std::uint8_t end_headers = 0x4;
inline constexpr std::uint8_t padded = 0x8;
inline constexpr std::uint8_t priority = 0x20;
} // namespace flag

enum class setting : std::uint16_t { // RFC 9113 §6.5.2
    header_table_size = 0x1,
    enable_push = 0x2,
    max_concurrent_streams = 0x3,
    initial_window_size = 0x4,
    max_frame_size = 0x5,
    max_header_list_size = 0x6,
    enable_connect_protocol = 0x8, // RFC 8441 §3
    no_rfc7540_priorities = 0x9,   // RFC 9218 §2.1
};

inline constexpr std::size_t frame_head_size = 9;
inline constexpr std::uint32_t default_max_frame_size = 16'384;
inline constexpr std::int32_t default_window = 65'535;
inline constexpr std::int32_t max_window = 0x7fff'ffff;
inline constexpr std::int32_t max_stream_id = 0x7fff'ffff;

// What a client says first (RFC 9113 §3.4).
inline constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

struct frame_head {
    std::uint32_t length = 0; // of the payload, 24 bits
    frame_type type = frame_type::data;
    std::uint8_t flags = 0;
    std::int32_t stream_id = 0; // 31 bits

    constexpr bool has(std::uint8_t bit) const noexcept { return (flags & bit) != 0; }
    friend constexpr bool operator==(const frame_head&, const frame_head&) = default;
};

// `size` octets, most significant first.
constexpr std::uint32_t load(const std::byte* from, std::size_t size) noexcept {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(from[i]);
    return value;
}

constexpr void store(std::byte* to, std::uint32_t value, std::size_t size) noexcept {
    for (std::size_t i = 0; i < size; ++i)
        to[i] = static_cast<std::byte>(value >> 8 * (size - 1 - i) & 0xff);
}

// Four of them as one expression, which compilers know for one instruction.
constexpr std::uint32_t load_32(const std::byte* from) noexcept {
    return std::to_integer<std::uint32_t>(from[0]) << 24 |
           std::to_integer<std::uint32_t>(from[1]) << 16 |
           std::to_integer<std::uint32_t>(from[2]) << 8 | std::to_integer<std::uint32_t>(from[3]);
}

// A 31-bit number; the reserved bit before it is ignored (RFC 9113 §4.1).
constexpr std::int32_t load_31(const std::byte* from) noexcept {
    return static_cast<std::int32_t>(load_32(from) & 0x7fff'ffff);
}

constexpr frame_head decode_frame_head(const std::byte* octets) noexcept {
    return {load_32(octets) >> 8, static_cast<frame_type>(octets[3]),
            std::to_integer<std::uint8_t>(octets[4]), load_31(octets + 5)};
}

constexpr std::array<std::byte, frame_head_size>
encode_frame_head(const frame_head& head) noexcept {
    std::array<std::byte, frame_head_size> octets{};
    store(octets.data(), head.length, 3);
    octets[3] = static_cast<std::byte>(head.type);
    octets[4] = static_cast<std::byte>(head.flags);
    store(octets.data() + 5, static_cast<std::uint32_t>(head.stream_id), 4);
    return octets;
}

// What is wrong, and how far it reaches (RFC 9113 §5.4).
struct frame_fault {
    errc error = errc::none;
    bool of_stream = false; // else of the connection
    constexpr explicit operator bool() const noexcept { return error != errc::none; }
};

namespace frames {

enum class place : std::uint8_t { stream, connection, either };

constexpr place place_of(frame_type type) noexcept {
    switch (type) {
    case frame_type::data:
    case frame_type::headers:
    case frame_type::priority:
    case frame_type::rst_stream:
    case frame_type::push_promise:
    case frame_type::continuation: return place::stream;
    case frame_type::settings:
    case frame_type::ping:
    case frame_type::goaway:
    case frame_type::priority_update: return place::connection;
    default: return place::either;
    }
}

constexpr bool has_legal_length(const frame_head& head) noexcept {
    switch (head.type) {
    case frame_type::priority: return head.length == 5;
    case frame_type::rst_stream:
    case frame_type::window_update: return head.length == 4;
    case frame_type::settings: return head.has(flag::ack) ? head.length == 0 : head.length % 6 == 0;
    case frame_type::ping: return head.length == 8;
    case frame_type::goaway: return head.length >= 8;
    case frame_type::priority_update: return head.length >= 4;
    default: return true;
    }
}

} // namespace frames

// The faults that a head alone shows (RFC 9113 §4.2 (R92), §6). Unknown types have none but their
// length.
constexpr frame_fault check_frame_head(const frame_head& head,
                                       std::uint32_t max_frame_size) noexcept {
    if (head.length > max_frame_size) return {errc::frame_size_invalid};
    const frames::place where = frames::place_of(head.type);
    if (where != frames::place::either &&
        (head.stream_id == 0) != (where == frames::place::connection))
        return {errc::stream_id_invalid};
    if (!frames::has_legal_length(head))
        return {errc::frame_size_invalid, head.type == frame_type::priority};
    return {};
}

// What of a HEADERS payload is the field block's: without padding (RFC 9113 §6.1), and without the
// priority that RFC 9113 §5.3 deprecates. Error: padding_invalid, frame_size_invalid.
constexpr result<const_bytes> fragment_of(const frame_head& head, const_bytes payload) noexcept {
    std::size_t padding = 0;
    if (head.has(flag::padded)) {
        if (payload.empty()) return errc::frame_size_invalid;
        padding = std::to_integer<std::size_t>(payload[0]);
        payload = payload.subspan(1);
    }
    if (head.has(flag::priority)) {
        if (payload.size() < 5) return errc::frame_size_invalid;
        payload = payload.subspan(5);
    }
    if (padding > payload.size()) return errc::padding_invalid;
    return payload.first(payload.size() - padding);
}

} // namespace h2ws::http2
