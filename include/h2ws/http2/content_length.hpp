// What a message says of its content's size, held against its DATA frames (RFC 9113 section 8.1.1,
// RFC 9110 section 8.6).
#pragma once

#include "../field.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace h2ws::http2 {

class content_length {
public:
    // A message without any content, whatever its fields say.
    constexpr void expect_none() noexcept { left_ = 0; }

    // The fields of its header section. False: they name no size, or more than one.
    [[nodiscard]] constexpr bool read(std::span<const field> fields) noexcept {
        for (const std::string_view value : field_values(fields, "content-length"))
            if (left_ != unknown || !read(value)) return false;
        return true;
    }

    // So much of it arrives. False: more than was said.
    [[nodiscard]] constexpr bool receive(std::size_t size) noexcept {
        if (left_ == unknown) return true;
        if (size > static_cast<std::uint64_t>(left_)) return false;
        left_ -= static_cast<std::int64_t>(size);
        return true;
    }

    // It ends here. False: less came than was said.
    constexpr bool complete() const noexcept { return left_ <= 0; }

private:
    static constexpr std::int64_t unknown = -1;
    static constexpr std::size_t most_digits = 18; // fit in 63 bits

    constexpr bool read(std::string_view value) noexcept {
        if (value.empty() || value.size() > most_digits) return false;
        left_ = 0;
        for (const char c : value) {
            if (!is_digit(c)) return false;
            left_ = 10 * left_ + (c - '0');
        }
        return true;
    }

    std::int64_t left_ = unknown;
};

} // namespace h2ws::http2
