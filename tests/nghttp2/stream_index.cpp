#include "../catch.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/nghttp2/stream_index.hpp>

#include <map>
#include <random>

using h2ws::nghttp2::stream_index;

TEST_CASE("a stream is found by its number until it is erased", "[nghttp2][stream_index]") {
    stream_index index({});
    CHECK(index.find(1) == nullptr);
    index.erase(1);
    REQUIRE(index.insert(1, 100));
    REQUIRE(index.insert(33, 200)); // the same place
    REQUIRE(index.insert(65, 300));
    index.erase(33);
    index.erase(3);
    CHECK(*index.find(1) == 100);
    CHECK(index.find(33) == nullptr);
    CHECK(*index.find(65) == 300);
    CHECK(index.size() == 2);
}

TEST_CASE("an index agrees with a map whatever is put in and taken out",
          "[nghttp2][stream_index]") {
    std::mt19937 random(7);
    stream_index index({});
    std::map<std::int32_t, std::uint64_t> map;
    for (int step = 0; step < 20'000; ++step) {
        const auto stream_id = static_cast<std::int32_t>(1 + random() % 600);
        if (random() % 2 == 0 && !map.contains(stream_id)) {
            map[stream_id] = random();
            REQUIRE(index.insert(stream_id, map[stream_id]));
        } else {
            map.erase(stream_id);
            index.erase(stream_id);
        }
        if (index.size() != map.size()) FAIL("sizes differ at step " << step);
    }
    for (std::int32_t stream_id = 1; stream_id <= 600; ++stream_id) {
        const auto* const found = index.find(stream_id);
        CHECK((found != nullptr) == map.contains(stream_id));
        if (found != nullptr) CHECK(*found == map[stream_id]);
    }
    std::size_t visited = 0;
    index.each([&](std::int32_t stream_id, std::uint64_t name) {
        ++visited;
        CHECK(map[stream_id] == name);
    });
    CHECK(visited == map.size());
}

TEST_CASE("an index without memory stays as it was", "[nghttp2][stream_index]") {
    scarce_memory memory{.fails_at = 2};
    {
        stream_index index(memory.policy());
        std::int32_t stream_id = 1;
        while (index.insert(stream_id, 1)) stream_id += 2;
        CHECK(index.size() == 8);
        CHECK(index.find(15) != nullptr);
        CHECK(index.find(17) == nullptr);
    }
    CHECK(memory.held == 0);
}
