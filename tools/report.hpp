// What the command prints: results as lines on standard output, diagnostics on standard error.
#pragma once

#include "exit_status.hpp"

#include <h2ws/errc.hpp>

#include <string>
#include <string_view>

namespace h2ws::tools {

// What ends the command: thrown where it is found, printed where the command ends.
struct failure {
    exit_status status;
    std::string message;
};

// A line on standard output, flushed: whoever reads it may be waiting for it.
void print_line(std::string_view line);

// A line on standard error, after the command's name.
void complain(std::string_view message);

// An error as an operator wants to read it: the sentence, the section, the name.
std::string describe(errc error);

// Text that came from elsewhere, fit for a terminal and for one line: control characters are
// replaced.
std::string printable(std::string_view text);

// The first line of a text, without its end.
std::string_view first_line(std::string_view text);

// What an ending means for the command's exit status.
exit_status status_of(errc error);

} // namespace h2ws::tools
