// What the machine allows: passes over the same bytes that do less than a websocket has to.
#pragma once

#include "masked_stream.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace bench {

// As wide as the build's instructions are.
#if defined(__AVX2__)
inline constexpr std::size_t vector_size = 32;
#else
inline constexpr std::size_t vector_size = 16;
#endif
using vector [[gnu::vector_size(vector_size)]] = std::uint32_t;

inline vector wide(h2ws::masking_key key) {
    vector made{};
    for (std::size_t i = 0; i < vector_size / sizeof(std::uint32_t); ++i)
        made[i] = std::bit_cast<std::uint32_t>(key);
    return made;
}

// `from` may be `to`.
inline void xor_octets(const std::byte* from, std::byte* to, std::size_t size,
                       h2ws::masking_key key) {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] ^ key[i % 4];
}

// Stores wherever the payload lies.
inline void xor_unaligned(const std::byte* from, std::byte* to, std::size_t size,
                          h2ws::masking_key key) {
    const vector with = wide(key);
    std::size_t done = 0;
#pragma GCC unroll 4
    for (; size - done >= vector_size; done += vector_size) {
        vector part;
        std::memcpy(&part, from + done, vector_size);
        part ^= with;
        std::memcpy(to + done, &part, vector_size);
    }
    const auto word = std::bit_cast<std::uint32_t>(key);
    for (; size - done >= sizeof word; done += sizeof word) {
        std::uint32_t part;
        std::memcpy(&part, from + done, sizeof part);
        part ^= word;
        std::memcpy(to + done, &part, sizeof part);
    }
    xor_octets(from + done, to + done, size - done, key);
}

// Stores at multiples of a vector's size.
inline void xor_aligned(std::byte* at, std::size_t size, h2ws::masking_key key) {
    const std::size_t over = reinterpret_cast<std::uintptr_t>(at) % vector_size;
    const std::size_t lead = over == 0 ? 0 : vector_size - over;
    if (size < lead + vector_size) return xor_unaligned(at, at, size, key);
    xor_octets(at, at, lead, key);
    const vector with = wide(h2ws::rotated(key, lead));
    std::size_t done = lead;
#pragma GCC unroll 4
    for (; size - done >= vector_size; done += vector_size) {
        auto* const part = reinterpret_cast<vector*>(at + done);
        *part ^= with;
    }
    xor_octets(at + done, at + done, size - done, h2ws::rotated(key, done));
}

// Every octet is read.
inline std::uint64_t read_pass(h2ws::const_bytes bytes) {
    std::uint64_t sum = 0;
    std::size_t done = 0;
    for (; bytes.size() - done >= sizeof sum; done += sizeof sum) {
        std::uint64_t part;
        std::memcpy(&part, bytes.data() + done, sizeof part);
        sum += part;
    }
    for (; done < bytes.size(); ++done) sum += std::to_integer<std::uint64_t>(bytes[done]);
    return sum;
}

// From header to header, each of which says where the next one is.
inline std::size_t hop(h2ws::const_bytes bytes) {
    std::size_t frames = 0;
    for (std::size_t at = 0; at < bytes.size(); ++frames) {
        const auto octet = [&](std::size_t i) {
            return std::to_integer<std::size_t>(bytes[at + i]);
        };
        const std::size_t size = octet(1) & 0x7f;
        if (size == 127) return frames; // no stream here has one
        at += size < 126 ? 6 + size : 8 + (octet(2) << 8 | octet(3));
    }
    return frames;
}

} // namespace bench
