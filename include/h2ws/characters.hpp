// The characters of HTTP's grammar, by a table of their classes, and comparing without letter case.
// All of it is ASCII; an octet above 127 is of no class (RFC 9110 section 5.6, RFC 3986 section 2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace h2ws {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_upper_case(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr char lower_case(char c) noexcept {
    return is_upper_case(c) ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_letter(char c) noexcept { return lower_case(c) >= 'a' && lower_case(c) <= 'z'; }
constexpr bool is_visible(char c) noexcept { return c > ' ' && c <= '~'; }

// Optional white space: SP and HTAB (RFC 9110 §5.6.3).
constexpr bool is_white_space(char c) noexcept { return c == ' ' || c == '\t'; }

namespace characters {

// Bits, for a character may be of several classes.
enum class_of_character : std::uint8_t {
    token = 1,      // tchar of RFC 9110 §5.6.2
    lower_name = 2, // tchar without the upper-case letters: a field's name in HTTP/2
    control = 4,    // CTL of RFC 5234 without HTAB: in no field value
    host = 8,       // of a reg-name or an IPv4address (RFC 3986 §3.2.2)
    path = 16,      // visible and not "#"
    scheme = 32,    // RFC 3986 §3.1, behind the first
};

struct class_table {
    std::uint8_t of[256];

    constexpr void add(std::string_view marks, unsigned to) noexcept {
        for (const char c : marks) of[static_cast<unsigned char>(c)] |= std::uint8_t(to);
    }
    constexpr void add(char first, char last, unsigned to) noexcept {
        for (int c = first; c <= last; ++c) of[c] |= std::uint8_t(to);
    }
};

// From what is in a class, not by asking of each octet: every source that includes us waits for it.
inline constexpr class_table classes = [] {
    class_table table{};
    table.add('0', '9', token | lower_name | host | scheme);
    table.add('a', 'z', token | lower_name | host | scheme);
    table.add('A', 'Z', token | host | scheme);
    table.add("!#$%&'*+-.^_`|~", token | lower_name);
    table.add("-._~%!$&'()*+,;=", host);
    table.add("+-.", scheme);
    table.add('!', '"', path);
    table.add('$', '~', path);
    table.add('\0', '\t' - 1, control);
    table.add('\t' + 1, ' ' - 1, control);
    table.add('\x7f', '\x7f', control);
    return table;
}();

constexpr bool is(char c, class_of_character wanted) noexcept {
    return (classes.of[static_cast<unsigned char>(c)] & wanted) != 0;
}

// Every character is of that class; so are those of an empty text.
constexpr bool all_are(std::string_view text, class_of_character wanted) noexcept {
    unsigned common = wanted;
    for (const char c : text) common &= classes.of[static_cast<unsigned char>(c)];
    return common != 0;
}

constexpr bool any_is(std::string_view text, class_of_character wanted) noexcept {
    unsigned found = 0;
    for (const char c : text) found |= classes.of[static_cast<unsigned char>(c)];
    return (found & wanted) != 0;
}

} // namespace characters

constexpr bool is_token_character(char c) noexcept { return characters::is(c, characters::token); }

constexpr bool is_token(std::string_view text) noexcept {
    return !text.empty() && characters::all_are(text, characters::token);
}

// ASCII only, as every name in HTTP that is compared so.
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    if (a == b) return true;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower_case(a[i]) != lower_case(b[i])) return false;
    return true;
}

} // namespace h2ws
