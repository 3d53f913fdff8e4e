#include "bench_progress.hpp"

#include "bench_report.hpp"

#include <cstdio>
#include <unistd.h>

namespace h2ws::tools {

bench_progress::bench_progress(const bench_options& options, const bench_course& course)
    : options_(options),
      course_(course),
      terminal_(isatty(STDERR_FILENO) == 1) {}

void bench_progress::show(instant now) {
    const std::uint64_t echoes = course_.echoes() - echoes_;
    const double seconds = last_ == 0 ? 1 : static_cast<double>(now - last_) * 1e-9;
    echoes_ = course_.echoes();
    last_ = now;
    ++seconds_;
    if (options_.quiet) return;
    std::string line = std::to_string(seconds_) +
                       " s: " + grouped(static_cast<double>(echoes) / seconds) + " messages/s, " +
                       grouped(static_cast<double>(course_.result().wrong_echoes)) +
                       " wrong echoes" + (now < course_.measured_from() ? ", warming up" : "");
    if (terminal_)
        line.insert(0, "\r\x1b[K"); // erase to the end of the line
    else
        line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
    shown_ = true;
}

void bench_progress::end() {
    if (shown_ && terminal_) std::fputc('\n', stderr);
    shown_ = false;
}

} // namespace h2ws::tools
