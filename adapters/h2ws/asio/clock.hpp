// What the session concept calls `instant`, by Asio's clock.
#pragma once

#include <h2ws/instant.hpp>

#include <chrono>

namespace h2ws::asio {

inline instant now() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

inline std::chrono::steady_clock::time_point time_point(instant at) noexcept {
    return std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            std::chrono::nanoseconds(at)));
}

} // namespace h2ws::asio
