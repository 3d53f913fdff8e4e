// What the soak programs are told, and the time that they take.
#pragma once

#include "count.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>

namespace soak {

struct settings {
    std::uint64_t seed = 1;
    double seconds = 10;
    std::uint64_t first = 0;
    std::uint64_t connections = ~std::uint64_t{0};
    std::uint64_t at_once = 16;
    std::uint64_t tunnels = 16; // of a connection, at a time
};

// False: a word is not known.
inline bool read(settings& told, int count, char** words) {
    const std::pair<const char*, std::uint64_t*> numbers[]{{"--seed", &told.seed},
                                                           {"--first", &told.first},
                                                           {"--connections", &told.connections},
                                                           {"--at-once", &told.at_once},
                                                           {"--tunnels", &told.tunnels}};
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return false;
        bool known = std::strcmp(words[i], "--seconds") == 0;
        if (known) told.seconds = std::strtod(words[i + 1], nullptr);
        for (const auto& [name, number] : numbers) {
            if (std::strcmp(words[i], name) != 0) continue;
            *number = std::strtoull(words[i + 1], nullptr, 10);
            known = true;
        }
        if (!known) return false;
    }
    return true;
}

class watch {
public:
    double seconds() const { return since(begun_); }
    double since_said() const { return since(said_at_); }
    void say(const counts& counted) {
        counted.line(seconds());
        said_at_ = clock_type::now();
    }

private:
    using clock_type = std::chrono::steady_clock;

    static double since(clock_type::time_point then) {
        return std::chrono::duration<double>(clock_type::now() - then).count();
    }

    clock_type::time_point begun_ = clock_type::now(), said_at_ = begun_;
};

} // namespace soak
