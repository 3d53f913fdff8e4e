// The arguments of `h2ws bench`.
#pragma once

#include "bench.hpp"

#include <CLI/CLI.hpp>

namespace h2ws::tools {

class bench_command {
public:
    explicit bench_command(CLI::App& app);

    bool chosen() const { return command_.parsed(); }

    exit_status run();

private:
    void add_load();
    void add_length();

    CLI::App& command_;
    bench_options options_;
    bool text_ = false;
    double duration_ = 10;
    double warmup_ = 1;
    double timeout_ = 10;
};

} // namespace h2ws::tools
