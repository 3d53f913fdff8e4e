#include "catch.hpp"

#include <h2ws/flood_guard.hpp>

using namespace h2ws;

namespace {

constexpr flood all_kinds[]{flood::pings,        flood::settings,        flood::empty_data,
                            flood::small_frames, flood::resets_received, flood::resets_provoked,
                            flood::handshakes,   flood::websocket_pings};
static_assert(std::size(all_kinds) == flood_kinds);

// A limit of its own for each kind.
constexpr flood_limits numbered{.interval = seconds(10),
                                .pings = 1,
                                .settings = 2,
                                .empty_data = 3,
                                .small_frames = 4,
                                .resets_received = 5,
                                .resets_provoked = 6,
                                .handshakes = 7,
                                .websocket_pings = 8};

// How many pass until one does not.
constexpr std::uint32_t passing(flood_guard& guard, flood kind, const flood_limits& limits,
                                instant now) {
    std::uint32_t passed = 0;
    while (passed < 100'000 && guard.count(kind, limits, now)) ++passed;
    return passed;
}

static_assert([] {
    std::uint32_t expected = 0;
    for (const flood kind : all_kinds) {
        flood_guard guard;
        if (passing(guard, kind, numbered, seconds(1)) != ++expected) return false;
    }
    return true;
}());

} // namespace

TEST_CASE("each kind passes up to its own limit", "[flood_guard][rfc9113-10.5][R123]") {
    flood_guard guard;
    std::uint32_t expected = 0;
    for (const flood kind : all_kinds) {
        CHECK(passing(guard, kind, numbered, 0) == ++expected);
        CHECK(guard.total(kind) == expected + 1); // with the one that did not
        CHECK(guard.in_interval(kind) == expected + 1);
    }
}

TEST_CASE("the default limits are those that are documented", "[flood_guard][R123]") {
    const std::uint32_t defaults[]{1'000, 100, 10'000, 20'000, 1'000, 1'000, 1'000, 20'000};
    for (std::size_t i = 0; i < flood_kinds; ++i) {
        flood_guard guard;
        CHECK(passing(guard, all_kinds[i], {}, 0) == defaults[i]);
    }
}

TEST_CASE("a new interval begins when the last has passed", "[flood_guard][R123]") {
    flood_guard guard;
    const instant start = seconds(100); // whenever the first is counted
    CHECK(passing(guard, flood::settings, numbered, start) == 2);
    CHECK_FALSE(guard.count(flood::settings, numbered, start + seconds(10) - 1));
    CHECK(guard.count(flood::settings, numbered, start + seconds(10)));
    CHECK(guard.in_interval(flood::settings) == 1);
    CHECK(guard.total(flood::settings) == 5);
    CHECK(guard.count(flood::settings, numbered, start + seconds(20) - 1));
    CHECK_FALSE(guard.count(flood::settings, numbered, start + seconds(20) - 1));
    CHECK(guard.count(flood::settings, numbered, start + seconds(20)));
}

TEST_CASE("an interval that never ends makes limits of a connection", "[flood_guard]") {
    flood_guard guard;
    flood_limits limits = numbered;
    limits.interval = never;
    CHECK(passing(guard, flood::settings, limits, 0) == 2);
    CHECK_FALSE(guard.count(flood::settings, limits, never - 1));
}

TEST_CASE("what we gave cause for is not counted, whenever it comes", "[flood_guard][R123]") {
    flood_guard guard;
    guard.earn(flood::settings, 3);
    CHECK(passing(guard, flood::settings, numbered, 0) == 5);
    CHECK(guard.total(flood::settings) == 6);
    CHECK(guard.in_interval(flood::settings) == 3);
    guard.earn(flood::settings, 1);
    CHECK(guard.count(flood::settings, numbered, 0));
    CHECK_FALSE(guard.count(flood::settings, numbered, 0));
    CHECK(passing(guard, flood::pings, numbered, 0) == 1); // another kind's is not touched
}

TEST_CASE("unlimited means so, and nothing at all can be allowed", "[flood_guard]") {
    flood_guard guard;
    flood_limits limits = numbered;
    limits.pings = flood_limits::unlimited;
    limits.settings = 0;
    CHECK(passing(guard, flood::pings, limits, 0) == 100'000);
    CHECK_FALSE(guard.count(flood::settings, limits, 0));
}
