// How one field line, or one change of the table's size, stands in a field block (RFC 7541
// sections 5.2 and 6). What an index means is the tables' business.
#pragma once

#include "../field.hpp"
#include "hpack_integer.hpp"
#include "huffman.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace h2ws::http2 {

// A field line with what its sender asks of whoever passes it on: a line that was never to be
// indexed keeps that representation at every hop (RFC 7541 §7.1.3).
struct hpack_field : field {
    bool never_indexed = false;
};

// A string literal as it stands in the block (§5.2).
struct hpack_string {
    const_bytes octets = {};
    bool is_huffman = false;
};

enum class hpack_form : std::uint8_t {
    indexed,          // §6.1
    with_indexing,    // §6.2.1
    without_indexing, // §6.2.2
    never_indexed,    // §6.2.3
    size_update,      // §6.3
};

struct hpack_representation {
    hpack_form form = hpack_form::indexed;
    std::uint32_t number = 0; // the index of the line, or of its name (0: the name is a literal),
                              // or the table's new size
    hpack_string name = {};
    hpack_string value = {};
};

// None: the block ends inside the literal, or its length is not a number that we read.
constexpr std::optional<hpack_string> read_string(const_bytes& in) noexcept {
    if (in.empty()) return std::nullopt;
    const bool is_huffman = (in[0] & std::byte{0x80}) != std::byte{0};
    const std::optional<std::uint32_t> size = read_integer(in, 7);
    if (!size || *size > in.size()) return std::nullopt;
    const hpack_string text{in.first(*size), is_huffman};
    in = in.subspan(*size);
    return text;
}

// Reads the next representation of a block and advances `in` past it. None: it cannot be decoded.
constexpr std::optional<hpack_representation> read_representation(const_bytes& in) noexcept {
    if (in.empty()) return std::nullopt;
    hpack_representation read;
    const auto first = std::to_integer<std::uint8_t>(in[0]);
    unsigned prefix_bits = 4;
    if (first >= 0x80)
        read.form = hpack_form::indexed, prefix_bits = 7;
    else if (first >= 0x40)
        read.form = hpack_form::with_indexing, prefix_bits = 6;
    else if (first >= 0x20)
        read.form = hpack_form::size_update, prefix_bits = 5;
    else
        read.form = first >= 0x10 ? hpack_form::never_indexed : hpack_form::without_indexing;

    const std::optional<std::uint32_t> number = read_integer(in, prefix_bits);
    if (!number) return std::nullopt;
    read.number = *number;
    if (read.form == hpack_form::indexed || read.form == hpack_form::size_update) return read;
    if (read.number == 0) {
        const std::optional<hpack_string> name = read_string(in);
        if (!name) return std::nullopt;
        read.name = *name;
    }
    const std::optional<hpack_string> value = read_string(in);
    if (!value) return std::nullopt;
    read.value = *value;
    return read;
}

// Writes a string literal, in the Huffman code when that is shorter. Returns its end.
constexpr std::byte* write_string(std::byte* out, std::string_view text) noexcept {
    const std::size_t coded = huffman_size(text);
    if (coded < text.size()) return huffman_encode(text, write_integer(out, 0x80, 7, coded));
    out = write_integer(out, 0, 7, text.size());
    for (const char c : text) *out++ = static_cast<std::byte>(c);
    return out;
}

// The most octets that a literal representation of a line takes.
constexpr std::size_t longest_literal(const field& line) noexcept {
    return 3 * longest_integer + line.name.size() + line.value.size();
}

// Writes a literal whose name has this index, or is written out when that is 0. Returns its end.
constexpr std::byte* write_literal(std::byte* out, hpack_form form, std::size_t name_index,
                                   const field& line) noexcept {
    out = form == hpack_form::with_indexing   ? write_integer(out, 0x40, 6, name_index)
          : form == hpack_form::never_indexed ? write_integer(out, 0x10, 4, name_index)
                                              : write_integer(out, 0x00, 4, name_index);
    if (name_index == 0) out = write_string(out, line.name);
    return write_string(out, line.value);
}

constexpr std::byte* write_indexed(std::byte* out, std::size_t index) noexcept {
    return write_integer(out, 0x80, 7, index);
}

constexpr std::byte* write_size_update(std::byte* out, std::uint32_t size) noexcept {
    return write_integer(out, 0x20, 5, size);
}

} // namespace h2ws::http2
