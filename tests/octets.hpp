// Octets written and read by hand: hex, whole frames made without the library's encoder, and the
// lines by which a transcript's log names them.
#pragma once

#include <h2ws/errc.hpp>
#include <h2ws/frame_header.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace transcript {

using octets = std::string; // any values, NUL included

// "81 05 48", spaces as you like.
inline octets hex(std::string_view digits) {
    octets out;
    unsigned value = 0;
    unsigned seen = 0;
    for (const char c : digits) {
        if (c == ' ') continue;
        value = value * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
        if (++seen % 2 == 0) out.push_back(static_cast<char>(std::exchange(value, 0)));
    }
    return out;
}

inline std::string spaced_hex(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        char digits[4];
        std::snprintf(digits, sizeof digits, " %02x", static_cast<unsigned char>(c));
        out += digits;
    }
    return out.empty() ? out : out.substr(1);
}

// The key of every masked frame in a transcript, and of every client: that of RFC 6455 §5.7.
inline constexpr std::string_view fixed_key = "\x37\xfa\x21\x3d";

inline octets masked(std::string_view payload, std::string_view key = fixed_key) {
    octets out(payload);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ key[i % 4]);
    return out;
}

// A frame's two to ten octets before the key, written out once more as RFC 6455 §5.2 has them.
inline octets frame_start(unsigned first_octet, bool is_masked, std::uint64_t length) {
    const unsigned mask_bit = is_masked ? 0x80 : 0;
    octets out(1, static_cast<char>(first_octet));
    const auto extended = [&](unsigned marker, int size) {
        out.push_back(static_cast<char>(mask_bit | marker));
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(length >> shift & 0xff));
    };
    if (length < 126)
        out.push_back(static_cast<char>(mask_bit | length));
    else if (length < 65536)
        extended(126, 2);
    else
        extended(127, 8);
    return out;
}

// Whole frames; `first_octet` is FIN, RSV and opcode.
inline octets from_server(unsigned first_octet, std::string_view payload = {}) {
    return frame_start(first_octet, false, payload.size()).append(payload);
}

inline octets from_client(unsigned first_octet, std::string_view payload = {}) {
    return frame_start(first_octet, true, payload.size()).append(fixed_key) + masked(payload);
}

// What a peer of Role sends, and what Role itself does.
template <class Role>
octets from_peer(unsigned first_octet, std::string_view payload = {}) {
    return Role::is_client ? from_server(first_octet, payload) : from_client(first_octet, payload);
}

template <class Role>
octets from_us(unsigned first_octet, std::string_view payload = {}) {
    return Role::is_client ? from_client(first_octet, payload) : from_server(first_octet, payload);
}

inline octets close_body(unsigned code, std::string_view reason = {}) {
    return octets{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason);
}

// The line for what Role transmits: "> 8a 05 48 65 6c 6c 6f".
template <class Role>
std::string says(unsigned first_octet, std::string_view payload = {}) {
    return "> " + spaced_hex(from_us<Role>(first_octet, payload));
}

// The Close with which Role fails its peer.
template <class Role>
std::string fails_with(h2ws::errc error) {
    const h2ws::error_info& row = h2ws::info(error);
    return says<Role>(0x88, close_body(static_cast<unsigned>(row.close), row.sentence));
}

inline std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet >= 0x20 && octet < 0x7f && c != '"' && c != '\\')
            out += c;
        else
            out += "\\x" + spaced_hex({&c, 1});
    }
    return out + '"';
}

// The line for a message: `text "Hello"`, `binary 00 ff`, `binary 70000 bytes fnv=...`.
inline std::string described(h2ws::opcode type, std::string_view payload) {
    const std::string name = type == h2ws::opcode::text     ? "text"
                             : type == h2ws::opcode::binary ? "binary"
                                                            : "?";
    if (payload.size() > 125) {
        std::uint64_t hash = 0xcbf29ce484222325;
        for (const char c : payload) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
        char tail[32];
        std::snprintf(tail, sizeof tail, "%016llx", static_cast<unsigned long long>(hash));
        return name + ' ' + std::to_string(payload.size()) + " bytes fnv=" + tail;
    }
    if (type == h2ws::opcode::text) return name + ' ' + quoted(payload);
    return payload.empty() ? name : name + ' ' + spaced_hex(payload);
}

} // namespace transcript
