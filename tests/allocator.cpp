#include "catch.hpp"
#include "scarce_memory.hpp"

#include <cstddef>
#include <cstdint>

TEST_CASE("the default allocator gives memory and takes it back") {
    const h2ws::allocator memory;
    void* const place = memory.allocate(memory.state, 100);
    REQUIRE(place != nullptr);
    CHECK(reinterpret_cast<std::uintptr_t>(place) % alignof(std::max_align_t) == 0);
    memory.release(memory.state, place, 100);
}

TEST_CASE("an allocator of one's own is told the size both times") {
    scarce_memory counted{.fails_at = 2};
    const h2ws::allocator memory = counted.policy();
    void* const place = memory.allocate(memory.state, 100);
    CHECK(counted.held == 100);
    CHECK(memory.allocate(memory.state, 1) == nullptr);
    memory.release(memory.state, place, 100);
    CHECK(counted.held == 0);
}
