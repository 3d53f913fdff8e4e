// What a run of `h2ws bench` has found out.
#pragma once

#include "latency_histogram.hpp"

#include <cstdint>

namespace h2ws::tools {

struct bench_result {
    std::uint64_t tunnels_opened = 0;
    std::uint64_t tunnels_closed = 0; // by the closing handshake, with 1000
    latency_histogram opening;        // from a request to its answer

    // Of messages after the warm-up, whose echoes were right: from when they were due where there
    // is a rate, else from their sending, which `service` is of those with a rate.
    latency_histogram latency;
    latency_histogram service;

    std::uint64_t wrong_echoes = 0; // in the warm-up too, as all that follows
    std::uint64_t unanswered = 0;   // sent, and not back at the end
    std::uint64_t unsent = 0;       // due, and not sent by then; after the warm-up
    double seconds = 0;             // from the warm-up's end to the last echo that was measured
    double cpu_seconds = 0;         // of ours, meanwhile
    bool interrupted = false;
};

} // namespace h2ws::tools
