// Sec-WebSocket-Accept from Sec-WebSocket-Key (RFC 6455 section 4.2.2). RFC 8441 does not use it;
// this serves clients that ask for it all the same, and those who also speak HTTP/1.1. The hash is
// SHA-1 (RFC 3174), here only an echo and no protection of anything.
#pragma once

#include "bytes.hpp"

#include <array>
#include <bit>

namespace h2ws {

inline constexpr std::size_t accept_key_size = 28;

namespace sha1 {

using block = std::array<std::uint8_t, 64>;
using digest = std::array<std::uint32_t, 5>;

inline constexpr digest start{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};

constexpr std::array<std::uint32_t, 80> schedule(const block& octets) noexcept {
    std::array<std::uint32_t, 80> words{};
    for (std::size_t i = 0; i < 64; ++i) words[i / 4] = (words[i / 4] << 8) | octets[i];
    for (std::size_t i = 16; i < 80; ++i)
        words[i] = std::rotl(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    return words;
}

// RFC 3174 §5 and §6.1.
constexpr void add(digest& sum, const block& octets) noexcept {
    const auto words = schedule(octets);
    auto [a, b, c, d, e] = sum;
    for (std::size_t i = 0; i < 80; ++i) {
        const std::uint32_t chosen = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                                     : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                              : (b ^ c ^ d) + 0xca62c1d6;
        const std::uint32_t next = std::rotl(a, 5) + chosen + e + words[i];
        e = d;
        d = c;
        c = std::rotl(b, 30);
        b = a;
        a = next;
    }
    sum = {sum[0] + a, sum[1] + b, sum[2] + c, sum[3] + d, sum[4] + e};
}

} // namespace sha1

// The value that answers `key`. A key that is no key at all is answered too: nobody relies on it.
constexpr std::array<char, accept_key_size> accept_key(std::string_view key) noexcept {
    constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    sha1::digest sum = sha1::start;
    sha1::block octets{};
    std::size_t held = 0;
    const auto put = [&](std::uint8_t octet) {
        octets[held++] = octet;
        if (held == octets.size()) {
            sha1::add(sum, octets);
            held = 0;
        }
    };
    for (const char c : key) put(static_cast<std::uint8_t>(c));
    for (const char c : guid) put(static_cast<std::uint8_t>(c));
    put(0x80);
    while (held != 56) put(0);
    const std::uint64_t bits = 8 * std::uint64_t{key.size() + guid.size()};
    for (int shift = 56; shift >= 0; shift -= 8) put(static_cast<std::uint8_t>(bits >> shift));

    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto octet = [&](std::size_t i) -> std::uint32_t {
        return i < 20 ? (sum[i / 4] >> (24 - 8 * (i % 4))) & 0xff : 0;
    };
    std::array<char, accept_key_size> text{};
    for (std::size_t i = 0; i < 7; ++i) {
        const std::uint32_t group =
            (octet(3 * i) << 16) | (octet(3 * i + 1) << 8) | octet(3 * i + 2);
        for (std::size_t j = 0; j < 4; ++j) text[4 * i + j] = digits[(group >> (18 - 6 * j)) & 63];
    }
    text[27] = '=';
    return text;
}

} // namespace h2ws
