// The dynamic table of HPACK (RFC 7541 sections 2.3.2 and 4): the lines that were indexed, newest
// first. Both ends of a connection keep one for each direction.
#pragma once

#include "../field.hpp"
#include "../growing_array.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

namespace h2ws::http2 {

// An entry's size is that of its line and 32 octets (§4.1), whatever we spend on it.
inline constexpr std::size_t entry_overhead = 32;

// No table that we keep is larger, so that 32 bits hold a place in one.
inline constexpr std::uint32_t largest_table = 1u << 30;

// SETTINGS_HEADER_TABLE_SIZE before any SETTINGS (RFC 9113 §6.5.2).
inline constexpr std::uint32_t initial_table_size = 4096;

constexpr std::size_t entry_size(const field& line) noexcept {
    return line.name.size() + line.value.size() + entry_overhead;
}

// Memory: nothing until a line is indexed. Then a ring of octets that doubles from 256 up to at
// most twice max_size, and 16 octets for each entry that there is room for, at most max_size
// together. The factor of two is the price of lines that lie in one piece each: what does not fit
// before the ring's end begins anew at its start, and the gap is never more than what lies there.
//
// max_size is at most largest_table.
class hpack_table {
public:
    hpack_table(const allocator& memory, std::uint32_t max_size) noexcept
        : max_size_(max_size),
          octets_(memory),
          entries_(memory) {}
    hpack_table(const hpack_table&) = delete;
    hpack_table& operator=(const hpack_table&) = delete;

    std::size_t count() const noexcept { return count_; }
    std::size_t size() const noexcept { return size_; } // as §4.1 counts
    std::uint32_t max_size() const noexcept { return max_size_; }

    // The newest line is 0. The views live until insert or set_max_size.
    field operator[](std::size_t i) const noexcept {
        const entry& found = at(i);
        const char* const text = reinterpret_cast<const char*>(octets_.data()) + found.place;
        return {{text, found.name_size}, {text + found.name_size, found.value_size}};
    }

    // The newest line of this name, and the newest that is this line: count() when there is none.
    struct match {
        std::size_t name;
        std::size_t line;
    };
    match find(const field& line, std::uint32_t name_hash) const noexcept {
        match found{count_, count_};
        for (std::size_t i = 0; i < count_; ++i) {
            if (at(i).name_hash != name_hash || (*this)[i].name != line.name) continue;
            if (found.name == count_) found.name = i;
            if ((*this)[i].value != line.value) continue;
            found.line = i;
            break;
        }
        return found;
    }

    // Evicts until the line fits and adds it; a line that is larger than the table empties it
    // (§4.4). The name may be a view of this table, also of an entry that is evicted by this.
    // False: no memory, and nothing has changed.
    [[nodiscard]] bool insert(const field& line, std::uint32_t name_hash = 0) noexcept {
        const std::size_t added = entry_size(line);
        if (added > max_size_) {
            evict_to(0);
            return true;
        }
        growing_array<std::byte> outgrown(octets_.memory()); // where the name may still lie
        const std::size_t kept = fitting(max_size_ - added);
        if (!make_room_for_entry(kept) || !make_room(kept, line, outgrown)) return false;
        evict_to(max_size_ - added);
        std::byte* const to = octets_.data() + next_;
        // First the name: that of an evicted entry may lie where we write. The value does not.
        if (!line.name.empty()) std::memmove(to, line.name.data(), line.name.size());
        if (!line.value.empty())
            std::memcpy(to + line.name.size(), line.value.data(), line.value.size());
        ++count_;
        newest() = {.place = static_cast<std::uint32_t>(next_),
                    .name_size = static_cast<std::uint32_t>(line.name.size()),
                    .value_size = static_cast<std::uint32_t>(line.value.size()),
                    .name_hash = name_hash};
        size_ += added;
        return true;
    }

    // Evicts what no longer fits (§4.3). An empty table gives its memory back.
    void set_max_size(std::uint32_t max_size) noexcept {
        max_size_ = max_size;
        evict_to(max_size);
        if (count_ != 0) return;
        octets_ = growing_array<std::byte>(octets_.memory());
        entries_ = growing_array<entry>(entries_.memory());
    }

private:
    struct entry {
        std::uint32_t place; // of the name in octets_; the value follows
        std::uint32_t name_size;
        std::uint32_t value_size;
        std::uint32_t name_hash;
    };

    // What a line takes of the ring: at least one octet, so that no two are at one place.
    static std::size_t length(std::size_t name_size, std::size_t value_size) noexcept {
        return name_size + value_size == 0 ? 1 : name_size + value_size;
    }
    static std::size_t length(const entry& of) noexcept {
        return length(of.name_size, of.value_size);
    }

    std::size_t slot(std::size_t i) const noexcept {
        return (oldest_ + count_ - 1 - i) & (entries_.size() - 1);
    }
    const entry& at(std::size_t i) const noexcept { return entries_[slot(i)]; }
    entry& newest() noexcept { return entries_[slot(0)]; }

    static std::size_t size_of(const entry& of) noexcept {
        return std::size_t{of.name_size} + of.value_size + entry_overhead;
    }

    // How many of the newest entries have this size together, or less.
    std::size_t fitting(std::size_t size) const noexcept {
        std::size_t kept = count_;
        for (std::size_t total = size_; total > size; --kept) total -= size_of(at(kept - 1));
        return kept;
    }

    void evict_to(std::size_t size) noexcept {
        while (size_ > size) {
            size_ -= size_of(at(count_ - 1));
            oldest_ = (oldest_ + 1) & (entries_.size() - 1);
            --count_;
        }
    }

    bool make_room_for_entry(std::size_t kept) noexcept {
        if (kept < entries_.size()) return true;
        growing_array<entry> larger(entries_.memory());
        entry* const to = larger.extend(entries_.empty() ? 8 : 2 * entries_.size());
        if (to == nullptr) return false;
        for (std::size_t i = 0; i < count_; ++i) to[i] = at(count_ - 1 - i);
        entries_ = std::move(larger);
        oldest_ = 0;
        return true;
    }

    // Finds where the line goes when only the newest `kept` entries stay: next_.
    bool make_room(std::size_t kept, const field& line,
                   growing_array<std::byte>& outgrown) noexcept {
        const std::size_t needed = length(line.name.size(), line.value.size());
        if (kept == 0) {
            next_ = 0;
            return needed <= octets_.size() || grow(kept, needed, outgrown);
        }
        const std::size_t begin = at(kept - 1).place; // of what stays, and its end
        next_ = at(0).place + length(at(0));
        if (at(0).place < begin) // the ring has begun anew
            return needed <= begin - next_ || grow(kept, needed, outgrown);
        if (needed <= octets_.size() - next_) return true;
        if (needed > begin) return grow(kept, needed, outgrown);
        next_ = 0;
        return true;
    }

    // Moves what stays to a larger ring, from its start on, and keeps the old one.
    bool grow(std::size_t kept, std::size_t needed, growing_array<std::byte>& outgrown) noexcept {
        std::size_t total = needed;
        for (std::size_t i = 0; i < kept; ++i) total += length(at(i));
        const std::size_t doubled = octets_.size() < 128 ? 256 : 2 * octets_.size();
        const std::size_t most = 2 * std::size_t{max_size_};
        const std::size_t wanted = doubled < total ? total : doubled;
        growing_array<std::byte> larger(octets_.memory());
        std::byte* const to = larger.extend(wanted < most ? wanted : most);
        if (to == nullptr) return false;
        next_ = 0;
        for (std::size_t i = kept; i-- > 0;) {
            entry& moved = entries_[slot(i)];
            std::memcpy(to + next_, octets_.data() + moved.place, length(moved));
            moved.place = static_cast<std::uint32_t>(next_);
            next_ += length(moved);
        }
        outgrown = std::exchange(octets_, std::move(larger));
        return true;
    }

    std::uint32_t max_size_;
    std::size_t size_ = 0;
    growing_array<std::byte> octets_; // a ring; all of it may be written
    growing_array<entry> entries_;    // a ring of a power of two
    std::size_t oldest_ = 0;          // in entries_
    std::size_t count_ = 0;
    std::size_t next_ = 0; // in octets_: where the line that is added goes
};

} // namespace h2ws::http2
