#include "../catch.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/http2/idle_priorities.hpp>

using h2ws::http2::idle_priorities;
using h2ws::http2::max_idle_priorities;

TEST_CASE("what was said last of an idle stream is found when it opens", "[http2][rfc9218-7]") {
    idle_priorities kept{h2ws::allocator{}};
    CHECK_FALSE(kept.open(1).has_value());
    for (const auto& [stream_id, urgency] : {std::pair{7, 1}, {3, 2}, {9, 4}, {3, 5}, {5, 6}})
        kept.set(stream_id, static_cast<std::uint8_t>(urgency));
    CHECK(kept.size() == 4);
    CHECK(kept.has(3));
    CHECK_FALSE(kept.has(1));
    CHECK_FALSE(kept.has(11));
    CHECK(kept.open(3) == 5);
    CHECK_FALSE(kept.open(3).has_value());
    CHECK(kept.open(7) == 1); // 5 is closed with it (RFC 9113 §5.1.1)
    CHECK(kept.size() == 1);
    CHECK_FALSE(kept.open(8).has_value());
    CHECK(kept.open(9) == 4);
    CHECK(kept.size() == 0);
}

TEST_CASE("hints beyond the limit are lost, and what is kept can still change",
          "[http2][rfc9218-7][R123]") {
    scarce_memory memory;
    {
        idle_priorities kept(memory.policy());
        for (std::size_t i = 2 * max_idle_priorities; i-- > 0;)
            kept.set(static_cast<std::int32_t>(2 * i + 1), 1);
        CHECK(kept.full());
        CHECK(kept.size() == max_idle_priorities);
        CHECK(memory.held == 8 * max_idle_priorities);
        kept.set(2 * max_idle_priorities + 1, 7);
        CHECK_FALSE(kept.has(1));
        CHECK(kept.open(2 * max_idle_priorities + 1) == 7);
        CHECK(kept.size() == max_idle_priorities - 1);
    }
    CHECK(memory.held == 0);
}

TEST_CASE("without memory a hint is lost", "[http2][rfc9218-7][scarce]") {
    scarce_memory memory{.fails_at = 1};
    idle_priorities kept(memory.policy());
    kept.set(1, 1);
    CHECK(kept.size() == 0);
    kept.set(3, 2);
    CHECK_FALSE(kept.open(1).has_value());
    CHECK(kept.open(3) == 2);
}
