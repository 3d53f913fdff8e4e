// result<T>: a value, or the errc that says why there is none. For the caller's own mistakes and
// for what one call refused; what the peer did wrong arrives as an event.
#pragma once

#include "errc.hpp"

#include <utility>

namespace h2ws {

// A T can be made of nothing, and where there is an error it was: an std::optional would cost every
// source that includes us a tenth of its compile time.
template <class T>
class [[nodiscard]] result {
public:
    constexpr result(T value) noexcept : value_(std::move(value)) {}
    constexpr result(errc error) noexcept : error_(error) {}

    constexpr bool has_value() const noexcept { return error_ == errc::none; }
    constexpr explicit operator bool() const noexcept { return has_value(); }

    // errc::none when there is a value.
    constexpr errc error() const noexcept { return error_; }

    // Only when there is a value.
    constexpr T& operator*() & noexcept { return value_; }
    constexpr const T& operator*() const& noexcept { return value_; }
    constexpr T&& operator*() && noexcept { return std::move(value_); }
    constexpr T* operator->() noexcept { return &value_; }
    constexpr const T* operator->() const noexcept { return &value_; }

private:
    T value_{};
    errc error_ = errc::none;
};

// For calls that either work or say why not.
template <>
class [[nodiscard]] result<void> {
public:
    constexpr result() noexcept = default;
    constexpr result(errc error) noexcept : error_(error) {}

    constexpr bool has_value() const noexcept { return error_ == errc::none; }
    constexpr explicit operator bool() const noexcept { return has_value(); }
    constexpr errc error() const noexcept { return error_; }

private:
    errc error_ = errc::none;
};

} // namespace h2ws
