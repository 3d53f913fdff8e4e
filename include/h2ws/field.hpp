// Field lines as HTTP/2 carries them: what may stand in one, and how to read the fields whose value
// is spread over several lines (RFC 9113 section 8.2, RFC 9110 section 5.6).
#pragma once

#include "characters.hpp"
#include "errc.hpp"

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace h2ws {

// One field line; a pseudo-header field is one whose name begins with a colon. The views are
// borrowed from whoever decoded or wrote the field section.
struct field {
    std::string_view name = {};
    std::string_view value = {};

    constexpr bool is_pseudo() const noexcept { return !name.empty() && name.front() == ':'; }
    friend constexpr bool operator==(const field&, const field&) noexcept = default;
};

// The text without white space at its ends.
constexpr std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_white_space(text.back())) text.remove_suffix(1);
    return text;
}

// Cuts what stands before the separator off the text, and drops the separator. Without one the
// whole text is cut off.
constexpr std::string_view take_until(std::string_view& text, char separator) noexcept {
    std::size_t size = 0;
    while (size < text.size() && text[size] != separator) ++size;
    const std::string_view taken{text.data(), size};
    text.remove_prefix(size < text.size() ? size + 1 : size);
    return taken;
}

// A lower-case token, after the one colon of a pseudo-header field.
constexpr bool is_field_name(std::string_view name) noexcept {
    // RFC 9113 §8.2.1 (R58)
    if (!name.empty() && name.front() == ':') name.remove_prefix(1);
    // RFC 9113 §8.2 (R56) and §8.2.1 (R57, R59)
    return !name.empty() && characters::all_are(name, characters::lower_name);
}

// No control character but HTAB. §8.2.1 forbids NUL, CR and LF outright and asks for the rest of
// RFC 9110 §5.5 with a SHOULD; bytes above 127 may stand.
constexpr bool is_field_value(std::string_view value) noexcept {
    if (characters::any_is(value, characters::control)) return false; // RFC 9113 §8.2.1 (R60)
    return trim(value).size() == value.size();                        // RFC 9113 §8.2.1 (R61)
}

// The fields whose meaning ends with an HTTP/1.1 connection (RFC 9113 §8.2.2).
constexpr bool is_connection_specific(std::string_view name) noexcept {
    switch (name.size()) { // few fields have to be compared
    case 7: return name == "upgrade";
    case 10: return name == "connection" || name == "keep-alive";
    case 16: return name == "proxy-connection";
    case 17: return name == "transfer-encoding";
    default: return false;
    }
}

// What is worth a guess to an attacker who can make us send lines of his beside it: never indexed,
// at no hop (RFC 7541 §7.1.3). Cookies of any length; §7.1.3 worries about short ones most.
constexpr bool is_secret(std::string_view name) noexcept {
    return name == "authorization" || name == "cookie" || name == "proxy-authorization" ||
           name == "set-cookie";
}

// Whether a line may stand in an HTTP/2 message at all; errc::none, or what makes the message
// malformed. Which pseudo-header fields a message may have is not asked here.
[[nodiscard]] constexpr errc check_field(const field& line) noexcept {
    if (!is_field_name(line.name)) return errc::field_name_invalid;
    if (!is_field_value(line.value)) return errc::field_value_invalid;
    // RFC 9113 §8.2.2 (R63), RFC 8441 §5 (R23)
    if (is_connection_specific(line.name)) return errc::connection_specific_field;
    // RFC 9113 §8.2.2 (R64)
    if (line.name == "te" && !equal_ignoring_case(line.value, "trailers")) return errc::te_invalid;
    return errc::none;
}

// The value of the first line of that name, given in lower case.
constexpr std::optional<std::string_view> find_field(std::span<const field> fields,
                                                     std::string_view name) noexcept {
    for (const field& line : fields)
        if (line.name == name) return line.value;
    return std::nullopt;
}

// The values of all lines of one name, in order: a range. It borrows the fields and the name.
class field_values {
public:
    class iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;

        constexpr iterator() noexcept = default;
        constexpr iterator(std::span<const field> rest, std::string_view name) noexcept
            : rest_(rest),
              name_(name) {
            skip();
        }

        constexpr std::string_view operator*() const noexcept { return rest_.front().value; }
        constexpr iterator& operator++() noexcept {
            rest_ = rest_.subspan(1);
            skip();
            return *this;
        }
        constexpr void operator++(int) noexcept { ++*this; }
        constexpr bool operator==(std::default_sentinel_t) const noexcept { return rest_.empty(); }

    private:
        constexpr void skip() noexcept {
            while (!rest_.empty() && rest_.front().name != name_) rest_ = rest_.subspan(1);
        }

        std::span<const field> rest_;
        std::string_view name_;
    };

    constexpr field_values(std::span<const field> fields, std::string_view name) noexcept
        : first_(fields, name) {}

    constexpr iterator begin() const noexcept { return first_; }
    constexpr std::default_sentinel_t end() const noexcept { return {}; }
    constexpr bool empty() const noexcept { return first_ == end(); }

private:
    iterator first_;
};

// The members of a comma-separated list, first those of a text, then those of all lines of one
// name: a range. Empty members are passed over (RFC 9110 §5.6.1.2); that the others are tokens is
// for the reader to check.
class token_list {
public:
    class iterator {
    public:
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;

        constexpr iterator() noexcept = default;
        constexpr iterator(std::string_view text, field_values::iterator lines) noexcept
            : rest_(text),
              lines_(lines) {
            ++*this;
        }

        constexpr std::string_view operator*() const noexcept { return member_; }
        constexpr iterator& operator++() noexcept {
            while (true) {
                member_ = trim(take_until(rest_, ','));
                if (!member_.empty()) return *this;
                if (!rest_.empty()) continue;
                if (lines_ == std::default_sentinel) return *this;
                rest_ = *lines_;
                ++lines_;
            }
        }
        constexpr void operator++(int) noexcept { ++*this; }
        constexpr bool operator==(std::default_sentinel_t) const noexcept {
            return member_.empty();
        }

    private:
        std::string_view member_;
        std::string_view rest_;
        field_values::iterator lines_;
    };

    constexpr token_list(std::span<const field> fields, std::string_view name,
                         std::string_view text = {}) noexcept
        : first_(text, field_values(fields, name).begin()) {}

    constexpr iterator begin() const noexcept { return first_; }
    constexpr std::default_sentinel_t end() const noexcept { return {}; }
    constexpr bool empty() const noexcept { return first_ == end(); }
    constexpr bool contains(std::string_view member) const noexcept {
        for (const std::string_view own : *this)
            if (own == member) return true;
        return false;
    }

private:
    iterator first_;
};

} // namespace h2ws
