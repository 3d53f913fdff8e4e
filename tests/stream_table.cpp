#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/stream_table.hpp>

#include <set>
#include <vector>

using table = h2ws::stream_table<h2ws::server, h2ws::no_extension>;

TEST_CASE("a name finds its stream and is never given again") {
    scarce_memory memory;
    {
        table streams(memory.policy());
        std::set<std::uint64_t> names;
        std::vector<std::uint64_t> live;
        for (int i = 0; i < 1'000; ++i) {
            auto* const made = streams.insert();
            REQUIRE(made != nullptr);
            CHECK(names.insert(made->id).second);
            CHECK(streams.find(made->id) == made);
            live.push_back(made->id);
            if (live.size() < 10) continue;
            const auto which = live.begin() + i * 7 % 10; // any order
            streams.erase(*streams.find(*which));
            CHECK(streams.find(*which) == nullptr);
            live.erase(which);
        }
        CHECK(streams.size() == live.size());
        std::size_t seen = 0;
        streams.each([&](auto&) { ++seen; });
        CHECK(seen == live.size());
        CHECK(streams.find(0) == nullptr);
        CHECK(streams.find(~std::uint64_t{}) == nullptr);
    }
    CHECK(memory.held == 0);
}

TEST_CASE("a table without memory says so and is as before") {
    for (std::size_t turn = 1; turn <= 2; ++turn) {
        scarce_memory memory{.fails_at = turn};
        table streams(memory.policy());
        CHECK(streams.insert() == nullptr);
        CHECK(streams.size() == 0);
        auto* const first = streams.insert();
        auto* const second = streams.insert();
        REQUIRE(first != nullptr);
        REQUIRE(second != nullptr);
        CHECK(first->id != second->id);
        CHECK(streams.find(first->id) == first);
        CHECK(streams.find(second->id) == second);
    }
}
