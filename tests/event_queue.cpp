#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/event_queue.hpp>

using namespace h2ws;

namespace {

std::uint64_t name_of(const stream_event& found) {
    return std::get<tunnel_released>(found).tunnel.value;
}

} // namespace

TEST_CASE("events leave in the order in which they came") {
    event_queue queue({});
    std::uint64_t in = 0, out = 0;
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 20; ++i) REQUIRE(queue.push(tunnel_released{{in++}}));
        for (int i = 0; i < 15; ++i) CHECK(name_of(queue.pop()) == out++);
    }
    while (!queue.empty()) CHECK(name_of(queue.pop()) == out++);
    CHECK(in == out);
}

TEST_CASE("a queue without memory says so and keeps what it has") {
    scarce_memory memory{.fails_at = 2};
    event_queue queue(memory.policy());
    for (std::uint64_t i = 0; i < 8; ++i) REQUIRE(queue.push(tunnel_released{{i}}));
    CHECK_FALSE(queue.push(tunnel_released{{8}}));
    for (std::uint64_t i = 0; i < 8; ++i) CHECK(name_of(queue.pop()) == i);
    CHECK(queue.empty());
}
