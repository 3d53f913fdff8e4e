#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/spare_memory.hpp>

#include <vector>

using h2ws::allocator;
using h2ws::spare_memory;

TEST_CASE("what was given back is given out again") {
    scarce_memory memory;
    {
        spare_memory spare(memory.policy(), 16, 100);
        const allocator policy = spare.policy();
        for (const std::size_t size : {std::size_t{16}, std::size_t{100}}) {
            void* const first = policy.allocate(policy.state, size);
            void* const second = policy.allocate(policy.state, size);
            policy.release(policy.state, first, size);
            policy.release(policy.state, second, size);
            const std::size_t allocations = memory.allocations;
            CHECK(policy.allocate(policy.state, size) == second);
            CHECK(policy.allocate(policy.state, size) == first);
            CHECK(memory.allocations == allocations);
            policy.release(policy.state, first, size);
            policy.release(policy.state, second, size);
        }
        CHECK(memory.held == 2 * (16 + 100));
    }
    CHECK(memory.held == 0);
}

TEST_CASE("other sizes go back where they came from") {
    scarce_memory memory;
    spare_memory spare(memory.policy(), 16, 100);
    const allocator policy = spare.policy();
    void* const place = policy.allocate(policy.state, 99);
    CHECK(memory.held == 99);
    policy.release(policy.state, place, 99);
    CHECK(memory.held == 0);
}

TEST_CASE("no more pieces are kept than are said") {
    scarce_memory memory;
    spare_memory spare(memory.policy(), 16, 100);
    const allocator policy = spare.policy();
    std::vector<void*> places;
    for (std::size_t i = 0; i < 2 * spare_memory::most; ++i)
        places.push_back(policy.allocate(policy.state, 100));
    for (void* const place : places) policy.release(policy.state, place, 100);
    CHECK(memory.held == 100 * spare_memory::most);
}

TEST_CASE("without memory there is none") {
    scarce_memory memory{.fails_at = 1};
    spare_memory spare(memory.policy(), 16, 100);
    const allocator policy = spare.policy();
    CHECK(policy.allocate(policy.state, 16) == nullptr);
}
