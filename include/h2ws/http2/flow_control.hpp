// The two directions of a flow-control window (RFC 9113 sections 5.2 and 6.9), of a stream or of
// the connection.
#pragma once

#include "frame.hpp"

#include <cstdint>

namespace h2ws::http2 {

// What we may send.
class send_window {
public:
    constexpr explicit send_window(std::int32_t size = default_window) noexcept : left_(size) {}

    // Negative after a change of the initial size (RFC 9113 §6.9.2, R120).
    constexpr std::int32_t left() const noexcept { return left_; }

    constexpr void sent(std::size_t size) noexcept { left_ -= static_cast<std::int32_t>(size); }

    // WINDOW_UPDATE, or a change of the initial size. False: more than 2^31-1 (RFC 9113 §6.9.1,
    // R119). It may fall below zero (RFC 9113 §6.9.2, R120).
    [[nodiscard]] constexpr bool change(std::int64_t by) noexcept {
        const std::int64_t changed = std::int64_t{left_} + by;
        if (changed > max_window || changed < -std::int64_t{max_window}) return false;
        left_ = static_cast<std::int32_t>(changed);
        return true;
    }

private:
    std::int32_t left_;
};

// What the peer may send.
class receive_window {
public:
    constexpr explicit receive_window(std::int32_t size = default_window) noexcept : left_(size) {}

    // So many more that may arrive.
    constexpr std::int32_t left() const noexcept { return left_; }

    // False: more came than was allowed (RFC 9113 §6.9.1). Nothing is always allowed: END_STREAM
    // needs no window, and a smaller initial size leaves one below zero (§6.9.2).
    [[nodiscard]] constexpr bool receive(std::uint32_t size) noexcept {
        if (size != 0 && std::int64_t{size} > left_) return false;
        left_ -= static_cast<std::int32_t>(size);
        return true;
    }

    // Bytes were dealt with. What is to be granted now, in one WINDOW_UPDATE: nothing until it is
    // half of `target`.
    constexpr std::uint32_t credit(std::size_t size, std::int32_t target) noexcept {
        credit_ += static_cast<std::int32_t>(size);
        if (credit_ < target / 2 || credit_ <= 0) return 0;
        const auto grant = static_cast<std::uint32_t>(credit_);
        left_ += credit_;
        credit_ = 0;
        return grant;
    }

    // The window changes its size without a WINDOW_UPDATE: the peer has taken our
    // SETTINGS_INITIAL_WINDOW_SIZE.
    constexpr void change(std::int32_t by) noexcept { left_ += by; }

    // The window is to be larger: granted with what is dealt with next.
    constexpr void grow(std::int32_t by) noexcept { credit_ += by; }

    // So much less is granted of what is dealt with next: how the connection's window, which only
    // WINDOW_UPDATE changes, becomes smaller.
    constexpr void withhold(std::int32_t size) noexcept { credit_ -= size; }

private:
    std::int32_t left_;
    std::int32_t credit_ = 0; // not granted yet
};

} // namespace h2ws::http2
