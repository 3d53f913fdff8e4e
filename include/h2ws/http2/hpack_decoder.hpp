// Field blocks to field lines (RFC 7541): what a peer's HEADERS and CONTINUATION frames carry. One
// decoder for a connection, and every block through it in order, also those that are discarded.
#pragma once

#include "../errc.hpp"
#include "hpack_representation.hpp"
#include "hpack_static_table.hpp"
#include "hpack_table.hpp"

#include <algorithm>
#include <optional>
#include <type_traits>

namespace h2ws::http2 {

// Work: a line is not copied unless it is to be indexed or comes in the Huffman code, so that a
// block of references to one large entry (a "bomb") costs an octet and a call of the sink each.
// What is indexed under a name of the table costs a copy of that name, of which the table's size is
// the most. How much the lines are together is for the sink to count, and to stop. Memory: the
// table's (hpack_table), and within a call less than five times the block, for what comes in the
// Huffman code.
class hpack_decoder {
public:
    // `max_table_size` is our SETTINGS_HEADER_TABLE_SIZE, from initial_table_size, which holds
    // before the peer knows of it, up to largest_table.
    explicit hpack_decoder(const allocator& memory,
                           std::uint32_t max_table_size = initial_table_size) noexcept
        : table_(memory, initial_table_size),
          memory_(memory),
          limit_(std::clamp(max_table_size, initial_table_size, largest_table)) {}

    // One whole field block: the fragments of a HEADERS frame and its CONTINUATIONs, joined. Calls
    // sink(const hpack_field&) for each line in order; the views live until it returns. A sink may
    // return an errc, of which any but none ends the call with that.
    // Errors: compression_error, a connection error (RFC 9113 §4.3); no_memory; the sink's. Each is
    // final, for the tables of both ends differ from then on: it is returned by all later calls.
    template <class Sink>
    errc decode(const_bytes block, Sink&& sink) noexcept {
        if (error_ == errc::none) error_ = read_lines(block, sink);
        return error_;
    }

    const hpack_table& table() const noexcept { return table_; }

private:
    template <class Sink>
    errc read_lines(const_bytes block, Sink& sink) noexcept {
        growing_array<char> decoded(memory_);
        unsigned updates = 0;
        bool has_lines = false;
        while (!block.empty()) {
            // The commonest line by far is one octet.
            if (const auto octet = std::to_integer<std::uint8_t>(block[0]);
                octet >= 0x80 && octet < 0xff) {
                has_lines = true;
                block = block.subspan(1);
                if (const errc error = hand_over_indexed(octet & 0x7f, sink); error != errc::none)
                    return error;
                continue;
            }
            const std::optional<hpack_representation> next = read_representation(block);
            if (!next) return errc::compression_error;
            if (next->form == hpack_form::size_update) {
                // At the beginning of a block only, at most two: the least and the last (§4.2).
                if (has_lines || ++updates > 2 || next->number > limit_)
                    return errc::compression_error;
                table_.set_max_size(next->number);
                continue;
            }
            has_lines = true;
            if (const errc error = read_line(*next, decoded, sink); error != errc::none)
                return error;
        }
        return errc::none;
    }

    template <class Sink>
    errc read_line(const hpack_representation& from, growing_array<char>& decoded,
                   Sink& sink) noexcept {
        if (from.form == hpack_form::indexed) return hand_over_indexed(from.number, sink);
        hpack_field line{{}, from.form == hpack_form::never_indexed};
        if (from.number != 0) {
            if (!is_index(from.number)) return errc::compression_error;
            line.name = look_up(from.number).name;
        }
        if (const errc error = read_strings(from, decoded, line); error != errc::none) return error;
        // The sink comes first: what is added may evict the entry that the name is a view of.
        if (const errc error = hand_over(line, sink); error != errc::none) return error;
        if (from.form == hpack_form::with_indexing && !table_.insert(line)) return errc::no_memory;
        return errc::none;
    }

    template <class Sink>
    errc hand_over_indexed(std::size_t index, Sink& sink) noexcept {
        if (!is_index(index)) return errc::compression_error; // §6.1: 0 too
        return hand_over(hpack_field{look_up(index), false}, sink);
    }

    // One address space: the static table, then the dynamic one (§2.3.3).
    bool is_index(std::size_t index) const noexcept {
        return index != 0 && index <= static_table.size() + table_.count();
    }
    field look_up(std::size_t index) const noexcept {
        return index <= static_table.size() ? static_table[index - 1]
                                            : table_[index - static_table.size() - 1];
    }

    // Both literals at once, for the memory that one is decoded into must not move for the other.
    static errc read_strings(const hpack_representation& from, growing_array<char>& decoded,
                             hpack_field& line) noexcept {
        const auto room = [](const hpack_string& text) {
            return text.is_huffman ? huffman_decoded_bound(text.octets.size()) : 0;
        };
        decoded.clear();
        std::span<char> rest;
        if (const std::size_t needed = room(from.name) + room(from.value); needed != 0) {
            char* const begin = decoded.extend(needed);
            if (begin == nullptr) return errc::no_memory;
            rest = {begin, needed};
        }
        if (from.number == 0 && !read_text(from.name, rest, line.name))
            return errc::compression_error;
        return read_text(from.value, rest, line.value) ? errc::none : errc::compression_error;
    }

    static bool read_text(const hpack_string& from, std::span<char>& room,
                          std::string_view& text) noexcept {
        if (!from.is_huffman) {
            text = as_text(from.octets);
            return true;
        }
        const result<std::size_t> size = huffman_decode(from.octets, room);
        if (!size) return false;
        text = {room.data(), *size};
        room = room.subspan(*size);
        return true;
    }

    template <class Sink>
    static errc hand_over(const hpack_field& line, Sink& sink) noexcept {
        if constexpr (std::is_same_v<std::invoke_result_t<Sink&, const hpack_field&>, errc>) {
            return sink(line);
        } else {
            sink(line);
            return errc::none;
        }
    }

    hpack_table table_;
    allocator memory_;
    std::uint32_t limit_; // of the sizes that the peer may announce
    errc error_ = errc::none;
};

} // namespace h2ws::http2
