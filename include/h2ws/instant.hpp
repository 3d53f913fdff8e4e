// Time is an input: a monotonic clock's nanoseconds, counted from wherever the caller likes.
#pragma once

#include <cstdint>

namespace h2ws {

using instant = std::int64_t;  // a point in time
using duration = std::int64_t; // a span of it

constexpr duration milliseconds(std::int64_t count) noexcept { return count * 1'000'000; }
constexpr duration seconds(std::int64_t count) noexcept { return milliseconds(count * 1'000); }

// Later than everything; as a duration: never.
inline constexpr instant never = INT64_MAX;

// `start` plus `span`, where never stays never.
constexpr instant after(instant start, duration span) noexcept {
    return span == never || start == never || start > never - span ? never : start + span;
}

constexpr instant earlier(instant a, instant b) noexcept { return b < a ? b : a; }

} // namespace h2ws
