// The Huffman code of HPACK (RFC 7541 section 5.2, appendix B). The code is canonical: codes of one
// length count upwards in the order of their symbols, shorter codes come before longer ones. So the
// lengths are the whole table, and the codes are made from them when this is compiled.
#pragma once

#include "../bytes.hpp"
#include "../result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace h2ws::http2 {

namespace huffman {

inline constexpr std::size_t end_of_string = 256; // EOS, the symbol after the octets
inline constexpr unsigned longest = 30;           // bits of a code

// Bits of each symbol's code: appendix B's last column.
inline constexpr std::array<std::uint8_t, 257> lengths{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,
    7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30};

// What follows from the lengths.
struct code_table {
    struct short_code {
        std::uint8_t symbol;
        std::uint8_t length; // 0: the code is longer than 8 bits
    };

    std::array<std::uint32_t, 257> codes{};
    std::array<std::uint16_t, 257> symbols{};  // in the order of their codes
    std::array<short_code, 256> short_codes{}; // by the first 8 bits
    // By length: the first code, its place in `symbols`, and what 32 bits that begin with a code of
    // this length or a shorter one are below.
    std::array<std::uint32_t, longest + 1> first{};
    std::array<std::uint16_t, longest + 1> place{};
    std::array<std::uint64_t, longest + 1> limit{};
};

constexpr code_table make_table() noexcept {
    code_table table;
    std::uint32_t code = 0;
    std::uint16_t place = 0;
    for (unsigned length = 1; length <= longest; ++length, code <<= 1) {
        table.first[length] = code;
        table.place[length] = place;
        for (std::size_t symbol = 0; symbol < lengths.size(); ++symbol) {
            if (lengths[symbol] != length) continue;
            if (length <= 8) {
                const std::size_t start = code << (8 - length);
                for (std::size_t i = 0; i < std::size_t{1} << (8 - length); ++i)
                    table.short_codes[start + i] = {static_cast<std::uint8_t>(symbol),
                                                    static_cast<std::uint8_t>(length)};
            }
            table.symbols[place++] = static_cast<std::uint16_t>(symbol);
            table.codes[symbol] = code++;
        }
        table.limit[length] = std::uint64_t{code} << (32 - length);
    }
    return table;
}

inline constexpr code_table table = make_table();

struct match {
    std::size_t symbol;
    unsigned length;
};

// The symbol whose code 32 bits begin with.
constexpr match first_symbol(std::uint32_t bits) noexcept {
    const code_table::short_code quick = table.short_codes[bits >> 24];
    if (quick.length != 0) return {quick.symbol, quick.length};
    unsigned length = 9;
    while (bits >= table.limit[length]) ++length; // the code is complete: 30 is below every value
    return {table.symbols[table.place[length] + (bits >> (32 - length)) - table.first[length]],
            length};
}

} // namespace huffman

// Octets of a text's encoding.
constexpr std::size_t huffman_size(std::string_view text) noexcept {
    std::size_t bits = 0;
    for (const char c : text) bits += huffman::lengths[static_cast<unsigned char>(c)];
    return (bits + 7) / 8;
}

// Writes the text's encoding, huffman_size(text) octets. Returns their end.
constexpr std::byte* huffman_encode(std::string_view text, std::byte* out) noexcept {
    std::uint64_t bits = 0; // the lowest `count` are to be written; at most 7 + 30
    unsigned count = 0;
    for (const char c : text) {
        const auto symbol = static_cast<unsigned char>(c);
        bits = bits << huffman::lengths[symbol] | huffman::table.codes[symbol];
        count += huffman::lengths[symbol];
        for (; count >= 8; count -= 8) *out++ = static_cast<std::byte>(bits >> (count - 8) & 0xff);
    }
    // Padding is the beginning of EOS, which is ones (RFC 7541 §5.2).
    if (count != 0) *out++ = static_cast<std::byte>((bits << (8 - count) | 0xffu >> count) & 0xff);
    return out;
}

// The most characters that so many octets can stand for: the shortest code has 5 bits.
constexpr std::size_t huffman_decoded_bound(std::size_t octets) noexcept {
    return octets / 5 * 8 + octets % 5 * 8 / 5;
}

// Decodes into `out`, which has room for huffman_decoded_bound(in.size()) characters (errc
// buffer_too_small otherwise). Returns their count, or errc::compression_error.
constexpr result<std::size_t> huffman_decode(const_bytes in, std::span<char> out) noexcept {
    if (out.size() < huffman_decoded_bound(in.size())) return errc::buffer_too_small;
    std::uint64_t bits = 0; // the highest `count` are what is to be decoded next; zeros follow
    unsigned count = 0;
    std::size_t taken = 0;
    std::size_t written = 0;
    do {
        for (; count <= 56 && taken < in.size(); count += 8)
            bits |= std::uint64_t{std::to_integer<std::uint8_t>(in[taken++])} << (56 - count);
        while (count >= huffman::longest) {
            const auto next = huffman::first_symbol(static_cast<std::uint32_t>(bits >> 32));
            if (next.symbol == huffman::end_of_string) return errc::compression_error; // §5.2
            out[written++] = static_cast<char>(next.symbol);
            bits <<= next.length;
            count -= next.length;
        }
    } while (taken < in.size());
    while (count != 0) { // what is left is shorter than EOS
        // Ones after the end: a beginning of EOS looks like EOS, longer than what is left.
        const std::uint64_t window = bits | ~std::uint64_t{0} >> count;
        const auto next = huffman::first_symbol(static_cast<std::uint32_t>(window >> 32));
        if (next.length > count) {
            // RFC 7541 §5.2: padding is shorter than an octet, and all ones.
            const bool is_padding = count < 8 && window == ~std::uint64_t{0};
            return is_padding ? result<std::size_t>{written} : errc::compression_error;
        }
        out[written++] = static_cast<char>(next.symbol);
        bits <<= next.length;
        count -= next.length;
    }
    return written;
}

} // namespace h2ws::http2
