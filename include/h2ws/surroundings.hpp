// What a session and its tunnels tell each other in a call.
#pragma once

#include "gather_list.hpp"
#include "http2_error.hpp"
#include "session_options.hpp"

#include <cstddef>
#include <cstdint>

namespace h2ws {

// What follows when all queued output has been taken.
struct stream_end {
    enum class how : std::uint8_t { not_yet, end_stream, reset };
    how what = how::not_yet;
    http2_error code = http2_error::no_error; // of the reset
};

// What a session lends its tunnels for the time of a call.
struct surroundings {
    const session_options& options;
    const allocator& queues; // what they queue their output in
    gather_list& out;        // where the session gathers its output
    std::size_t& queued;     // the memory of all their queues
    instant now;
};

// Whether `size` bytes more may wait behind what takes so much memory: anything may where nothing
// waits.
constexpr bool has_room(std::size_t size, std::size_t taken, std::size_t most) noexcept {
    return taken == 0 || (taken <= most && size <= most - taken);
}

} // namespace h2ws
