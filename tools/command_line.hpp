// Options that several subcommands have.
#pragma once

#include "connect.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace h2ws::tools {

inline constexpr double longest_wait = 1e6; // seconds

std::chrono::nanoseconds nanoseconds(double seconds);

// Once for every value, whatever the value looks like.
CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& list,
                      const std::string& what);

void add_engine(CLI::App& command, std::string& name);

// A client's: which server, how it is reached, trusted and left, and what it is asked for.
void add_where(CLI::App& command, connect_options& options);

} // namespace h2ws::tools
