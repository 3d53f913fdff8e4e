#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/owned.hpp>

#include <utility>

using namespace h2ws;

namespace {

struct thing {
    thing(const allocator& memory, int& living, int number) noexcept
        : alive(living),
          value(number),
          memory_(memory) {
        ++alive;
    }
    ~thing() { --alive; }
    const allocator& memory() const noexcept { return memory_; }

    int& alive;
    int value;

private:
    allocator memory_;
};

} // namespace

TEST_CASE("an object is made once, and released with its memory") {
    scarce_memory memory;
    int alive = 0;
    {
        owned<thing> one;
        CHECK_FALSE(one);
        REQUIRE(one.make(memory.policy(), alive, 1) != nullptr);
        CHECK(one.make(memory.policy(), alive, 2)->value == 1); // it is there
        CHECK(alive == 1);
        CHECK(memory.held == sizeof(thing));
        one.release();
        CHECK_FALSE(one);
        CHECK(alive == 0);
        CHECK(memory.held == 0);
        one.release();
        CHECK(one.make(memory.policy(), alive, 3)->value == 3);
    }
    CHECK(alive == 0);
    CHECK(memory.held == 0);
}

TEST_CASE("an object that is moved has one owner") {
    scarce_memory memory;
    int alive = 0;
    {
        owned<thing> one;
        REQUIRE(one.make(memory.policy(), alive, 1) != nullptr);
        owned<thing> other(std::move(one));
        CHECK(other->value == 1);
        owned<thing> third;
        third = std::move(other);
        CHECK(third->value == 1);
        CHECK(alive == 1);
    }
    CHECK(alive == 0);
    CHECK(memory.held == 0);
}

TEST_CASE("without memory there is no object") {
    scarce_memory memory{.fails_at = 1};
    int alive = 0;
    owned<thing> one;
    CHECK(one.make(memory.policy(), alive, 1) == nullptr);
    CHECK_FALSE(one);
    CHECK(alive == 0);
    CHECK(one.make(memory.policy(), alive, 2) != nullptr);
}
