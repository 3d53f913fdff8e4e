// The field section that we send, built in place: fixed capacity, nothing allocated.
#pragma once

#include "errc.hpp"
#include "field.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace h2ws {

// An integer below 1000 as three decimal digits: an HTTP status, leading zeros kept.
constexpr std::array<char, 3> three_digits(std::uint16_t value) noexcept {
    const auto digit = [](int number) { return static_cast<char>('0' + number % 10); };
    return {digit(value / 100), digit(value / 10), digit(value)};
}

// Field lines in the order in which they were added. What `add` was given is borrowed and must
// outlive the list; what `add_copy` was given is copied into the list, and into every copy of it.
// The first thing that goes wrong stays as `error()`, and a list with an error shows no fields:
// half a field section cannot be sent by mistake.
class field_list {
public:
    static constexpr std::size_t max_fields = 64;
    static constexpr std::size_t max_text = 2048;

    constexpr field_list() noexcept = default;
    constexpr field_list(const field_list& other) noexcept { copy(other); }
    constexpr field_list& operator=(const field_list& other) noexcept {
        if (this != &other) copy(other);
        return *this;
    }

    // errc::too_many_fields when a line or its text did not fit, or what `fail` was told.
    constexpr errc error() const noexcept { return error_; }
    constexpr void fail(errc error) noexcept {
        if (error_ == errc::none) error_ = error;
    }

    // Valid until the list changes or dies.
    constexpr std::span<const field> fields() const noexcept {
        return {fields_.data(), error_ == errc::none ? size_ : 0};
    }
    constexpr operator std::span<const field>() const noexcept { return fields(); }

    constexpr void add(std::string_view name, std::string_view value) noexcept {
        append({name, value}, false);
    }

    // The value is given in pieces, to be joined: `list.add_copy("x-name", {"one", "two"})`.
    constexpr void add_copy(std::string_view name,
                            std::initializer_list<std::string_view> value) noexcept {
        const std::size_t begin = text_size_;
        if (!store(name)) return fail(errc::too_many_fields);
        for (const std::string_view piece : value)
            if (!store(piece)) return fail(errc::too_many_fields);
        const char* const text = text_.data() + begin;
        append({{text, name.size()}, {text + name.size(), text_size_ - begin - name.size()}}, true);
    }

    // Lines that an application wants to send, borrowed; errc::invalid_argument when one of them
    // would make the message malformed or is a pseudo-header field, which are ours to write.
    constexpr void add_all(std::span<const field> lines) noexcept {
        for (const field& line : lines) {
            // RFC 9113 §8.2 (R56), §8.2.2 (R63), §8.3 (R67)
            if (line.is_pseudo() || check_field(line) != errc::none)
                return fail(errc::invalid_argument);
            add(line.name, line.value);
        }
    }

    // `:status`; errc::invalid_argument unless it is between 100 and 999, and 101 never is.
    constexpr void add_status(std::uint16_t status) noexcept {
        // RFC 9113 §8.3.2 (R81) and §8.6 (R48)
        if (status < 100 || status > 999 || status == 101) return fail(errc::invalid_argument);
        const std::array<char, 3> digits = three_digits(status);
        add_copy(":status", {std::string_view{digits.data(), digits.size()}});
    }

private:
    constexpr bool store(std::string_view text) noexcept {
        if (text.size() > max_text - text_size_) return false;
        for (const char c : text) text_[text_size_++] = c;
        return true;
    }

    constexpr void append(const field& line, bool owned) noexcept {
        if (size_ == max_fields) return fail(errc::too_many_fields);
        fields_[size_] = line;
        owned_[size_] = owned;
        ++size_;
    }

    // Views into the other list's text become views into ours.
    constexpr void copy(const field_list& other) noexcept {
        for (std::size_t i = 0; i < other.text_size_; ++i) text_[i] = other.text_[i];
        for (std::size_t i = 0; i < other.size_; ++i) {
            owned_[i] = other.owned_[i];
            fields_[i] = owned_[i] ? field{rebased(other.fields_[i].name, other),
                                           rebased(other.fields_[i].value, other)}
                                   : other.fields_[i];
        }
        size_ = other.size_;
        text_size_ = other.text_size_;
        error_ = other.error_;
    }

    constexpr std::string_view rebased(std::string_view view,
                                       const field_list& other) const noexcept {
        return {text_.data() + (view.data() - other.text_.data()), view.size()};
    }

    std::array<field, max_fields> fields_{};
    std::array<bool, max_fields> owned_{};
    std::array<char, max_text> text_{};
    std::size_t size_ = 0;
    std::size_t text_size_ = 0;
    errc error_ = errc::none;
};

} // namespace h2ws
