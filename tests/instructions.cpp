#include "catch.hpp"

#include <h2ws/instructions.hpp>

using namespace h2ws::instructions;

namespace {

constexpr level levels[] = {level::portable, level::baseline, level::avx2};

// While the program's objects are initialised.
const bool avx2_before_main = use(level::avx2);

} // namespace

TEST_CASE("the machine is asked at the first use, before main as after") {
    CHECK(in_use.load() == best());
    CHECK(avx2_before_main == (best() == level::avx2));
    for (const level wanted : levels) {
        in_use.store(level::not_asked);
        CHECK(use(wanted) == (wanted <= best()));
        CHECK(in_use.load() == best());
    }
}

TEST_CASE("no more is used than is allowed, nor than the machine has") {
    for (const level most : levels) {
        const level used = use_at_most(most);
        CHECK(used == (most < best() ? most : best()));
        for (const level wanted : levels) CHECK(use(wanted) == (wanted <= used));
    }
    use_at_most(level::avx2);
    CHECK(in_use.load() == best());
}
