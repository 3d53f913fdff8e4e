// `h2ws bench`: loads a server that echoes, checks every echo and measures how long it took.
#pragma once

#include "connect.hpp"
#include "exit_status.hpp"

#include <h2ws/frame_header.hpp>
#include <h2ws/session_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace h2ws::tools {

struct bench_options {
    connect_options where; // of these, what a connection and a request are made of
    std::size_t connections = 1;
    std::size_t tunnels = 100; // on each connection
    std::size_t blocked = 0;   // more on each, that send and never read
    std::size_t in_flight = 1; // messages on a tunnel that were sent and are not back
    std::size_t size = 125;    // of a message, in bytes
    opcode type = opcode::binary;
    double rate = 0; // messages per second, all tunnels together; 0: a closed loop
    std::chrono::nanoseconds duration = std::chrono::seconds(10);
    std::chrono::nanoseconds warmup = std::chrono::seconds(1);
    std::uint64_t messages = 0; // so many instead of the duration; 0: the duration
    bool json = false;
    bool quiet = false; // no progress
};

// Of each connection.
session_options options_of_session(const bench_options& options);

exit_status bench(const bench_options& options);

} // namespace h2ws::tools
