// Views of bytes. The library owns none of the bytes it is shown: it reads and writes only inside
// spans that a call hands it, and keeps no pointer into them between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace h2ws {

using const_bytes = std::span<const std::byte>;
using mutable_bytes = std::span<std::byte>;

// The same memory seen as bytes, and as characters.
inline const_bytes as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string_view as_text(const_bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::size_t smaller(std::size_t a, std::size_t b) noexcept { return b < a ? b : a; }

} // namespace h2ws
