#include "../catch.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/zlib/memory.hpp>

#include <cstdint>
#include <cstring>

using h2ws::allocator;
using h2ws::zlib::allocate_block;
using h2ws::zlib::release_block;

TEST_CASE("zlib's blocks come from the allocator, which is told their size again") {
    scarce_memory memory;
    allocator policy = memory.policy();
    void* const one = allocate_block(&policy, 10, 100);
    void* const other = allocate_block(&policy, 1, 1);
    REQUIRE((one != nullptr && other != nullptr));
    CHECK(memory.held >= 1001);
    CHECK(reinterpret_cast<std::uintptr_t>(one) % alignof(std::max_align_t) == 0);
    std::memset(one, 0xff, 1000);
    std::memset(other, 0xff, 1);
    release_block(&policy, one);
    release_block(&policy, other);
    CHECK(memory.held == 0);
}

TEST_CASE("without memory zlib gets none") {
    scarce_memory memory{.fails_at = 1};
    allocator policy = memory.policy();
    CHECK(allocate_block(&policy, 10, 100) == nullptr);
    CHECK(memory.held == 0);
}
