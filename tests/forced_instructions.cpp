// Linked into the tests that are run with each level of vector instructions: H2WS_INSTRUCTIONS
// names the one to use. A machine that has no such instructions skips the test.
#include "levels.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

bool force() {
    const char* name = std::getenv("H2WS_INSTRUCTIONS");
    if (name == nullptr) return false;
    const auto wanted = level_named(name);
    if (!wanted) {
        std::fprintf(stderr, "H2WS_INSTRUCTIONS: there is no level %s\n", name);
        std::exit(1);
    }
    if (h2ws::instructions::use_at_most(*wanted) != *wanted) {
        std::printf("this machine has no %s\n", name);
        std::exit(77);
    }
    return true;
}

[[maybe_unused]] const bool forced = force();

} // namespace
