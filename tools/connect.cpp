#include "connect.hpp"

#include "engine.hpp"
#include "report.hpp"

#include <h2ws/field.hpp>

namespace h2ws::tools {

std::pair<std::string, std::string> parse_header(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0)
        throw failure{exit_status::usage, "a header is 'name: value': " + line};
    std::string name = line.substr(0, colon);
    for (char& c : name) c = lower_case(c); // RFC 9113 §8.2 (R56)
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (begin == std::string::npos) return {std::move(name), ""};
    const std::size_t last = line.find_last_not_of(" \t");
    return {std::move(name), line.substr(begin, last + 1 - begin)};
}

exit_status connect(const connect_options& options) {
    return engine_named(options.engine).connect(options);
}

} // namespace h2ws::tools
