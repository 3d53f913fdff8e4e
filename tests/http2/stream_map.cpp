#include "../catch.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/http2/stream_map.hpp>

#include <map>
#include <random>

using namespace h2ws;
using namespace h2ws::http2;

namespace {
struct thing {
    int value = 0;
};
} // namespace

TEST_CASE("streams are found by number, whatever came and went", "[http2]") {
    scarce_memory memory;
    {
        stream_map<thing> map{memory.policy()};
        std::map<std::int32_t, thing> things;
        std::mt19937 random(1); // the same each time
        CHECK(map.find(1) == nullptr);
        std::int32_t next = 1; // numbers rise, and some are skipped
        for (int step = 0; step < 20'000; ++step) {
            if (things.size() < 300 || random() % 2 == 0) {
                REQUIRE(map.find(next) == nullptr);
                REQUIRE(map.insert(things[next], next, 10, 20) != nullptr);
                next += static_cast<std::int32_t>(2 * (1 + random() % 50));
            }
            const auto id = static_cast<std::int32_t>(random() % static_cast<unsigned>(next));
            const auto known = random() % 4 == 0 ? things.find(id) : things.lower_bound(id);
            if (known == things.end()) {
                CHECK(map.find(id) == nullptr);
            } else {
                auto* const found = map.find(known->first);
                REQUIRE(found != nullptr);
                REQUIRE(found->stream == &known->second);
                map.erase(*found);
                CHECK(map.find(known->first) == nullptr);
                things.erase(known);
            }
            REQUIRE(map.size() == things.size());
        }
        std::size_t seen = 0;
        map.each([&](const stream_entry<thing>& at) {
            ++seen;
            CHECK(things.count(at.stream_id) == 1);
            CHECK(at.sends.left() == 10);
            CHECK(at.receives.left() == 20);
        });
        CHECK(seen == things.size());
    }
    CHECK(memory.held == 0);
}

TEST_CASE("the last number can be given once more", "[http2]") {
    stream_map<thing> map{allocator{}};
    thing one;
    for (int times = 0; times < 3; ++times) {
        auto* const made = map.insert(one, 7, 0, 0);
        REQUIRE(made != nullptr);
        REQUIRE(map.find(7) == made);
        map.erase(*made);
        CHECK(map.find(7) == nullptr);
    }
}

TEST_CASE("what has left holds no memory, in whatever order it leaves", "[http2]") {
    scarce_memory memory;
    stream_map<thing> map{memory.policy()};
    thing one;
    REQUIRE(map.insert(one, 1, 0, 0) != nullptr); // the oldest stays
    std::int32_t id = 3;
    for (int round = 0; round < 1'000; ++round) {
        const std::int32_t first = id;
        for (int i = 0; i < 100; ++i, id += 2) REQUIRE(map.insert(one, id, 0, 0) != nullptr);
        for (std::int32_t old = first; old != id; old += 2) map.erase(*map.find(old));
    }
    CHECK(map.size() == 1);
    CHECK(memory.peak < 200 * (sizeof(stream_entry<thing>) + 64));
}

TEST_CASE("without memory nothing is inserted", "[http2]") {
    for (std::size_t turn = 1; turn <= 2; ++turn) {
        scarce_memory memory{.fails_at = turn};
        {
            stream_map<thing> map{memory.policy()};
            thing one;
            CHECK(map.insert(one, 1, 0, 0) == nullptr);
            CHECK(map.size() == 0);
            CHECK(map.find(1) == nullptr);
            CHECK(map.insert(one, 1, 0, 0) != nullptr);
        }
        CHECK(memory.held == 0);
    }
}

TEST_CASE("a list keeps its order when members leave", "[http2]") {
    thing any;
    stream_entry<thing> a{.stream = &any, .stream_id = 1}, b{.stream = &any, .stream_id = 3},
        c{.stream = &any, .stream_id = 5};
    entry_list<thing> list;
    CHECK(list.front() == nullptr);
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    list.remove(b);
    CHECK(list.front() == &a);
    CHECK(a.next == &c);
    list.remove(a);
    list.push_back(a);
    CHECK(list.front() == &c);
    CHECK(c.next == &a);
    list.remove(c);
    list.remove(a);
    CHECK(list.front() == nullptr);
}

TEST_CASE("the last streams that ended are remembered, those before are not", "[http2]") {
    closed_streams closed;
    closed.add(1, stream_end_kind::reset_by_us);
    closed.add(3, stream_end_kind::both_ended);
    CHECK(closed.find(1) == stream_end_kind::reset_by_us);
    CHECK(closed.find(3) == stream_end_kind::both_ended);
    for (std::int32_t id = 5; id < 5 + 2 * 63; id += 2)
        closed.add(id, stream_end_kind::reset_by_peer);
    CHECK(closed.find(3) == stream_end_kind::both_ended);
    CHECK(closed.find(5) == stream_end_kind::reset_by_peer);
    for (std::int32_t id = 131; id < 135; id += 2) closed.add(id, stream_end_kind::reset_by_peer);
    CHECK(closed.find(3) == stream_end_kind::forgotten);
    CHECK(closed.find(5) == stream_end_kind::forgotten);
}

TEST_CASE("a stream that was skipped is known as long as none above it is forgotten",
          "[http2][rfc9113-5.1.1]") {
    closed_streams closed;
    CHECK(closed.find(1) == stream_end_kind::skipped);
    closed.add(5, stream_end_kind::reset_by_peer);
    for (std::int32_t id = 9; id < 9 + 2 * 63; id += 2) {
        closed.add(id, stream_end_kind::both_ended);
        CHECK(closed.find(3) == stream_end_kind::skipped);
        CHECK(closed.find(7) == stream_end_kind::skipped);
    }
    closed.add(201, stream_end_kind::both_ended);
    CHECK(closed.find(3) == stream_end_kind::forgotten);
    CHECK(closed.find(5) == stream_end_kind::forgotten);
    CHECK(closed.find(7) == stream_end_kind::skipped);
}

TEST_CASE("a forgotten stream is taken for one that we reset where it may be one",
          "[http2][rfc9113-5.1][R96]") {
    closed_streams closed;
    closed.add(1, stream_end_kind::both_ended);
    for (const std::int32_t id : {7, 5}) closed.add(id, stream_end_kind::reset_by_us);
    for (std::int32_t id = 11; id < 11 + 2 * 64; id += 2)
        closed.add(id, stream_end_kind::both_ended);
    for (const std::int32_t id : {1, 3, 5, 7})
        CHECK(closed.find(id) == stream_end_kind::reset_by_us);
    CHECK(closed.find(9) == stream_end_kind::skipped);
    CHECK(closed.find(11) == stream_end_kind::both_ended);
}
