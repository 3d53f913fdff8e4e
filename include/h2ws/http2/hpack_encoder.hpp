// Field lines to field blocks (RFC 7541). What is indexed is what handshakes on one connection have
// in common; what is secret is never indexed, and what does not come again is not.
#pragma once

#include "../growing_array.hpp"
#include "hpack_representation.hpp"
#include "hpack_static_table.hpp"
#include "hpack_table.hpp"

#include <array>
#include <span>

namespace h2ws::http2 {

// What differs from message to message: in the table it would only evict what repeats.
inline constexpr std::array<std::string_view, 14> passing_fields{"age",
                                                                 "content-length",
                                                                 "content-range",
                                                                 "date",
                                                                 "etag",
                                                                 "expires",
                                                                 "if-match",
                                                                 "if-none-match",
                                                                 "if-modified-since",
                                                                 "last-modified",
                                                                 "location",
                                                                 "range",
                                                                 "sec-websocket-accept",
                                                                 "sec-websocket-key"};

// How a line that is in neither table is sent.
constexpr hpack_form form_of(const field& line) noexcept {
    if (is_secret(line.name)) return hpack_form::never_indexed;
    for (const std::string_view name : passing_fields)
        if (line.name == name) return hpack_form::without_indexing;
    // Browsers can put a token nowhere but in the query, and a query often differs.
    if (line.name == ":path" && line.value.find('?') != line.value.npos)
        return hpack_form::without_indexing;
    return hpack_form::with_indexing;
}

// Memory: the table's (hpack_table). Without memory for the table a line is sent unindexed.
class hpack_encoder {
public:
    // `max_table_size` is the most that we use, however much the peer allows; up to largest_table.
    explicit hpack_encoder(const allocator& memory,
                           std::uint32_t max_table_size = initial_table_size) noexcept
        : table_(memory, initial_table_size),
          ours_(max_table_size < largest_table ? max_table_size : largest_table),
          size_(ours_ < initial_table_size ? ours_ : initial_table_size),
          least_(size_) {}

    // The peer's SETTINGS_HEADER_TABLE_SIZE, when we acknowledge it. The next block begins with the
    // size updates that are due (§4.2).
    void set_peer_limit(std::uint32_t size) noexcept {
        size_ = size < ours_ ? size : ours_;
        if (size_ < least_) least_ = size_;
    }

    // Appends the field section's encoding to `out`. False: no memory, and nothing has changed; the
    // call may be repeated. Names are in lower case.
    [[nodiscard]] bool encode(std::span<const field> fields,
                              growing_array<std::byte>& out) noexcept {
        return encode_lines(fields, out);
    }

    // The same for an intermediary: what was never indexed stays so (§7.1.3).
    [[nodiscard]] bool encode(std::span<const hpack_field> fields,
                              growing_array<std::byte>& out) noexcept {
        return encode_lines(fields, out);
    }

    const hpack_table& table() const noexcept { return table_; }

private:
    template <class Line>
    bool encode_lines(std::span<const Line> fields, growing_array<std::byte>& out) noexcept {
        std::size_t most = 2 * longest_integer;
        for (const Line& line : fields) most += longest_literal(line);
        const std::size_t before = out.size();
        std::byte* const begin = out.extend(most);
        if (begin == nullptr) return false;
        std::byte* end = write_size_updates(begin);
        for (const Line& line : fields) end = write_line(end, line, never_index(line));
        out.truncate(before + static_cast<std::size_t>(end - begin));
        return true;
    }

    static bool never_index(const field& line) noexcept { return is_secret(line.name); }
    static bool never_index(const hpack_field& line) noexcept {
        return line.never_indexed || is_secret(line.name);
    }

    // The least size since the last block if the table had more, then the present one (§4.2).
    std::byte* write_size_updates(std::byte* out) noexcept {
        if (least_ < table_.max_size() && least_ < size_) {
            table_.set_max_size(least_);
            out = write_size_update(out, least_);
        }
        if (size_ != table_.max_size()) {
            table_.set_max_size(size_);
            out = write_size_update(out, size_);
        }
        least_ = size_;
        return out;
    }

    std::byte* write_line(std::byte* out, const field& line, bool never) noexcept {
        const std::uint32_t hash = hash_of(line.name);
        std::size_t name_index = find_static_name(line.name, hash);
        if (never) return write_literal(out, hpack_form::never_indexed, name_index, line);
        if (const std::size_t index = find_static_line(line, name_index); index != 0)
            return write_indexed(out, index);
        const hpack_table::match found = table_.find(line, hash);
        if (found.line != table_.count())
            return write_indexed(out, static_table.size() + 1 + found.line);
        if (name_index == 0 && found.name != table_.count())
            name_index = static_table.size() + 1 + found.name;
        const bool is_indexed = form_of(line) == hpack_form::with_indexing && index(line, hash);
        return write_literal(out,
                             is_indexed ? hpack_form::with_indexing : hpack_form::without_indexing,
                             name_index, line);
    }

    // A line of most of the table would evict most of what is there.
    bool index(const field& line, std::uint32_t hash) noexcept {
        return entry_size(line) <= table_.max_size() / 4 * 3 && table_.insert(line, hash);
    }

    hpack_table table_;
    std::uint32_t ours_;
    std::uint32_t size_;  // that the table is to have from the next block on,
    std::uint32_t least_; // and the least that was asked for since the last one
};

} // namespace h2ws::http2
