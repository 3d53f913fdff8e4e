#include "catch.hpp"

#include <h2ws/instant.hpp>

using namespace h2ws;

static_assert(milliseconds(1) == 1'000'000);
static_assert(seconds(2) == 2'000'000'000);
static_assert(after(5, 7) == 12);
static_assert(after(-5, 7) == 2);
static_assert(after(0, never) == never);
static_assert(after(never, 1) == never);
static_assert(after(never, 0) == never);
static_assert(after(never - 1, 2) == never);
static_assert(after(never - 2, 1) == never - 1);
static_assert(earlier(1, 2) == 1);
static_assert(earlier(never, 2) == 2);

TEST_CASE("never stays never, and no sum passes it") {
    CHECK(after(1, never) == never);
    CHECK(earlier(never, never) == never);
}
