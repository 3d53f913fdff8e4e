// The grammar of sec-websocket-extensions (RFC 6455 section 9.1):
//
//   extension-list  = 1#extension
//   extension       = extension-token *( ";" extension-param )
//   extension-param = token [ "=" (token | quoted-string) ]
//
// A quoted string must hold a token. A token needs no escapes, so a backslash is taken for an
// error: a value is always a view of what was received.
#pragma once

#include "errc.hpp"
#include "field.hpp"
#include "result.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

namespace h2ws {

struct extension_parameter {
    std::string_view name = {};
    std::optional<std::string_view> value = {}; // without quotes; none when there is no "="
};

namespace extensions {

constexpr void skip_white_space(std::string_view& text) noexcept {
    while (!text.empty() && is_white_space(text.front())) text.remove_prefix(1);
}

// Cuts one character off, and white space on both sides of it, when it comes next.
constexpr bool take(std::string_view& text, char c) noexcept {
    skip_white_space(text);
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    skip_white_space(text);
    return true;
}

// Empty when no token comes next.
constexpr std::string_view take_token(std::string_view& text) noexcept {
    std::size_t size = 0;
    while (size < text.size() && is_token_character(text[size])) ++size;
    const std::string_view token{text.data(), size};
    text.remove_prefix(size);
    return token;
}

constexpr std::string_view take_value(std::string_view& text) noexcept {
    if (text.empty() || text.front() != '"') return take_token(text);
    text.remove_prefix(1);
    const std::string_view token = take_token(text);
    if (text.empty() || text.front() != '"') return {}; // RFC 6455 §4.3 (R151)
    text.remove_prefix(1);
    return token;
}

// After the ";". None when the grammar is broken.
constexpr std::optional<extension_parameter> take_parameter(std::string_view& text) noexcept {
    extension_parameter parameter;
    parameter.name = take_token(text);
    if (parameter.name.empty()) return std::nullopt;
    if (!take(text, '=')) return parameter;
    parameter.value = take_value(text);
    if (parameter.value->empty()) return std::nullopt;
    return parameter;
}

} // namespace extensions

// The parameters of one extension, in order: a range. Only extension_reader makes one from text,
// after it has checked the grammar.
class extension_parameters {
public:
    class iterator {
    public:
        using value_type = extension_parameter;
        using difference_type = std::ptrdiff_t;

        constexpr iterator() noexcept = default;
        constexpr explicit iterator(std::string_view text) noexcept : rest_(text) { ++*this; }

        constexpr extension_parameter operator*() const noexcept { return *current_; }
        constexpr const extension_parameter* operator->() const noexcept { return &*current_; }
        constexpr iterator& operator++() noexcept {
            current_.reset();
            if (extensions::take(rest_, ';')) current_ = extensions::take_parameter(rest_);
            return *this;
        }
        constexpr void operator++(int) noexcept { ++*this; }
        constexpr bool operator==(std::default_sentinel_t) const noexcept { return !current_; }

    private:
        std::string_view rest_;
        std::optional<extension_parameter> current_;
    };

    constexpr extension_parameters() noexcept = default;

    constexpr iterator begin() const noexcept { return iterator{text_}; }
    constexpr std::default_sentinel_t end() const noexcept { return {}; }
    constexpr bool empty() const noexcept { return text_.empty(); }

private:
    friend class extension_reader;
    constexpr explicit extension_parameters(std::string_view text) noexcept : text_(text) {}

    std::string_view text_;
};

// One member of the list: an extension that a client offers or a server has chosen. Names are
// compared as they are, case included. The views are those of the fields that were read.
struct extension_offer {
    std::string_view name = {};
    extension_parameters parameters = {};
};

// Reads the list over a text and all lines of the field as if they were one (R154), in order, which
// is the order of preference in an offer and of application in an answer.
class extension_reader {
public:
    constexpr explicit extension_reader(std::span<const field> fields,
                                        std::string_view text = {}) noexcept
        : rest_(text),
          lines_(fields, "sec-websocket-extensions"),
          state_(text.empty() ? state::absent : state::empty) {}

    // The next extension, or none at the end, or errc::extension_list_invalid, then and from then
    // on. Of what stands behind an error nothing is read, so whoever negotiates looks at the whole
    // list before he believes any of it.
    constexpr result<std::optional<extension_offer>> next() noexcept {
        if (state_ == state::failed) return errc::extension_list_invalid;
        while (!find_member()) {
            if (lines_ == std::default_sentinel) {
                // RFC 6455 §9.1 (R154, R155): the list runs over all lines and has one member at
                // least
                if (state_ == state::empty) return fail();
                return std::optional<extension_offer>{};
            }
            rest_ = *lines_;
            ++lines_;
            if (state_ == state::absent) state_ = state::empty;
        }
        state_ = state::has_members;
        return read();
    }

private:
    enum class state : std::uint8_t { absent, empty, has_members, failed };

    // Passes over white space and empty members (RFC 9110 §5.6.1.2).
    constexpr bool find_member() noexcept {
        while (extensions::take(rest_, ',')) {
        }
        return !rest_.empty();
    }

    constexpr result<std::optional<extension_offer>> read() noexcept {
        const std::string_view name = extensions::take_token(rest_);
        if (name.empty()) return fail();
        const std::string_view begin = rest_;
        while (extensions::take(rest_, ';'))
            if (!extensions::take_parameter(rest_)) return fail();
        const std::string_view parameters{begin.data(), begin.size() - rest_.size()};
        extensions::skip_white_space(rest_);
        if (!rest_.empty() && rest_.front() != ',') return fail();
        return std::optional{extension_offer{name, extension_parameters{trim(parameters)}}};
    }

    constexpr errc fail() noexcept {
        state_ = state::failed;
        return errc::extension_list_invalid; // RFC 6455 §9.1 (R155)
    }

    std::string_view rest_;
    field_values::iterator lines_;
    state state_;
};

// errc::none when the rest of the list, which may be absent, obeys the grammar.
[[nodiscard]] constexpr errc check_extensions(extension_reader reader) noexcept {
    while (true) {
        const result<std::optional<extension_offer>> offer = reader.next();
        if (!offer) return offer.error();
        if (!*offer) return errc::none;
    }
}

} // namespace h2ws
