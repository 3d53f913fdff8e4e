// A line for every second of a run, on standard error; on a terminal always the same one.
#pragma once

#include "bench_course.hpp"

#include <h2ws/instant.hpp>

#include <cstdint>

namespace h2ws::tools {

class bench_progress {
public:
    // Both outlive it.
    bench_progress(const bench_options& options, const bench_course& course);

    void show(instant now);

    // Whatever is printed next begins a line.
    void end();

private:
    const bench_options& options_;
    const bench_course& course_;
    const bool terminal_;
    bool shown_ = false;
    unsigned seconds_ = 0;
    instant last_ = 0;
    std::uint64_t echoes_ = 0;
};

} // namespace h2ws::tools
