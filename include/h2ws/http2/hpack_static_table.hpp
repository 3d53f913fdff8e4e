// The static table of HPACK (RFC 7541 appendix A).
#pragma once

#include "../field.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace h2ws::http2 {

// By index, which counts from 1: static_table[index - 1]. Lines of one name stand together.
inline constexpr std::array static_table{
    field{":authority", ""},
    field{":method", "GET"},
    field{":method", "POST"},
    field{":path", "/"},
    field{":path", "/index.html"},
    field{":scheme", "http"},
    field{":scheme", "https"},
    field{":status", "200"},
    field{":status", "204"},
    field{":status", "206"},
    field{":status", "304"},
    field{":status", "400"},
    field{":status", "404"},
    field{":status", "500"},
    field{"accept-charset", ""},
    field{"accept-encoding", "gzip, deflate"},
    field{"accept-language", ""},
    field{"accept-ranges", ""},
    field{"accept", ""},
    field{"access-control-allow-origin", ""},
    field{"age", ""},
    field{"allow", ""},
    field{"authorization", ""},
    field{"cache-control", ""},
    field{"content-disposition", ""},
    field{"content-encoding", ""},
    field{"content-language", ""},
    field{"content-length", ""},
    field{"content-location", ""},
    field{"content-range", ""},
    field{"content-type", ""},
    field{"cookie", ""},
    field{"date", ""},
    field{"etag", ""},
    field{"expect", ""},
    field{"expires", ""},
    field{"from", ""},
    field{"host", ""},
    field{"if-match", ""},
    field{"if-modified-since", ""},
    field{"if-none-match", ""},
    field{"if-range", ""},
    field{"if-unmodified-since", ""},
    field{"last-modified", ""},
    field{"link", ""},
    field{"location", ""},
    field{"max-forwards", ""},
    field{"proxy-authenticate", ""},
    field{"proxy-authorization", ""},
    field{"range", ""},
    field{"referer", ""},
    field{"refresh", ""},
    field{"retry-after", ""},
    field{"server", ""},
    field{"set-cookie", ""},
    field{"strict-transport-security", ""},
    field{"transfer-encoding", ""},
    field{"user-agent", ""},
    field{"vary", ""},
    field{"via", ""},
    field{"www-authenticate", ""},
};

// Of a field's name, for looking it up: of its size and its last eight characters, in which names
// that begin alike differ.
constexpr std::uint32_t hash_of(std::string_view name) noexcept {
    auto hash = static_cast<std::uint32_t>(name.size());
    for (std::size_t i = name.size() < 8 ? 0 : name.size() - 8; i < name.size(); ++i)
        hash = (hash ^ static_cast<unsigned char>(name[i])) * 0x01000193; // as FNV-1a
    return hash;
}

namespace static_names {

inline constexpr std::size_t slots = 128; // about twice the names

// Index of each name's first line, at its hash or the next free slot; 0: free.
inline constexpr std::array<std::uint8_t, slots> table = [] {
    std::array<std::uint8_t, slots> made{};
    for (std::size_t i = 0; i < static_table.size(); ++i) {
        if (i > 0 && static_table[i].name == static_table[i - 1].name) continue;
        std::size_t slot = hash_of(static_table[i].name) % slots;
        while (made[slot] != 0) slot = (slot + 1) % slots;
        made[slot] = static_cast<std::uint8_t>(i + 1);
    }
    return made;
}();

} // namespace static_names

// Index of the first line of this name, 0 when there is none. `hash` is the name's.
constexpr std::size_t find_static_name(std::string_view name, std::uint32_t hash) noexcept {
    for (std::size_t slot = hash % static_names::slots;; slot = (slot + 1) % static_names::slots) {
        const std::size_t index = static_names::table[slot];
        if (index == 0 || static_table[index - 1].name == name) return index;
    }
}

// Index of the line, 0 when there is none. `first` is the name's first line.
constexpr std::size_t find_static_line(const field& line, std::size_t first) noexcept {
    for (std::size_t index = first; index != 0 && index <= static_table.size(); ++index) {
        if (static_table[index - 1].name != line.name) return 0;
        if (static_table[index - 1].value == line.value) return index;
    }
    return 0;
}

} // namespace h2ws::http2
