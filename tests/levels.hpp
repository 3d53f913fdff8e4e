// The levels of vector instructions by their names.
#pragma once

#include <h2ws/instructions.hpp>

#include <cstdlib>
#include <optional>
#include <string_view>

inline std::optional<h2ws::instructions::level> level_named(std::string_view name) {
    using h2ws::instructions::level;
    if (name == "portable") return level::portable;
    if (name == "baseline") return level::baseline;
    if (name == "avx2") return level::avx2;
    return std::nullopt;
}

// The one that this program is to use: as it is asked for, else the best.
inline h2ws::instructions::level expected_level() {
    const char* name = std::getenv("H2WS_INSTRUCTIONS");
    return name == nullptr ? h2ws::instructions::best() : level_named(name).value();
}
