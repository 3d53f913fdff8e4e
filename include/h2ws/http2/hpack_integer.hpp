// Integers of HPACK: a prefix of an octet, then octets of seven bits (RFC 7541 section 5.1).
#pragma once

#include "../bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace h2ws::http2 {

// Reads an integer whose prefix is the low `prefix_bits` of the first octet, and advances `in` past
// it. None: the octets end inside it, or it exceeds what an index, a length or a size can be here:
// 2^32 - 1, and five octets after the prefix, which hold that much without leading zeros. The RFC
// has such an integer treated as a decoding error (§5.1).
constexpr std::optional<std::uint32_t> read_integer(const_bytes& in,
                                                    unsigned prefix_bits) noexcept {
    if (in.empty()) return std::nullopt;
    const std::uint64_t prefix = (1u << prefix_bits) - 1;
    std::uint64_t value = std::to_integer<std::uint64_t>(in[0]) & prefix;
    std::size_t taken = 1;
    if (value == prefix) {
        std::uint64_t octet = 0x80;
        for (unsigned shift = 0; (octet & 0x80) != 0; shift += 7) {
            if (taken == in.size() || shift > 28) return std::nullopt;
            octet = std::to_integer<std::uint64_t>(in[taken++]);
            value += (octet & 0x7f) << shift; // below 2^36
        }
    }
    if (value > 0xffffffff) return std::nullopt;
    in = in.subspan(taken);
    return static_cast<std::uint32_t>(value);
}

inline constexpr std::size_t longest_integer = 11; // octets of 2^64 - 1

// Writes an integer under the bits of `flags`, which are those above the prefix. Returns its end.
constexpr std::byte* write_integer(std::byte* out, std::uint8_t flags, unsigned prefix_bits,
                                   std::uint64_t value) noexcept {
    const std::uint64_t prefix = (1u << prefix_bits) - 1;
    if (value < prefix) {
        *out++ = static_cast<std::byte>(flags | value);
        return out;
    }
    *out++ = static_cast<std::byte>(flags | prefix);
    for (value -= prefix; value >= 0x80; value >>= 7)
        *out++ = static_cast<std::byte>(0x80 | (value & 0x7f));
    *out++ = static_cast<std::byte>(value);
    return out;
}

} // namespace h2ws::http2
