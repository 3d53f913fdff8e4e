// The results of `h2ws bench` on standard output: for people, or as one JSON object.
#pragma once

#include "bench.hpp"
#include "bench_result.hpp"

#include <string>

namespace h2ws::tools {

void report(const bench_options& options, const bench_result& result);

// The two forms, without the last line's end.
std::string text_of(const bench_options& options, const bench_result& result);
std::string json_of(const bench_options& options, const bench_result& result);

// A whole number with a comma after every thousand.
std::string grouped(double number);

} // namespace h2ws::tools
