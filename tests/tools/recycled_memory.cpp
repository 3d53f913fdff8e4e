#include "../../tools/recycled_memory.hpp"

#include "../catch.hpp"

#include <cstring>
#include <vector>

using h2ws::allocator;
using h2ws::tools::recycled_memory;

TEST_CASE("what is given back is given out again, where it is large enough") {
    recycled_memory memory;
    const allocator policy = memory.policy();
    void* const first = policy.allocate(policy.state, 100);
    void* const second = policy.allocate(policy.state, 100);
    REQUIRE(first != nullptr);
    CHECK(first != second);
    policy.release(policy.state, first, 100);
    void* const larger = policy.allocate(policy.state, 129);
    CHECK(larger != first);
    CHECK(policy.allocate(policy.state, 65) == first); // both are of 128
    policy.release(policy.state, first, 65);
    CHECK(policy.allocate(policy.state, 128) == first);
    policy.release(policy.state, first, 128);
    policy.release(policy.state, second, 100);
    policy.release(policy.state, larger, 129);
}

TEST_CASE("every piece is as large as was asked for") {
    recycled_memory memory;
    const allocator policy = memory.policy();
    const std::size_t sizes[] = {0, 1, 7, 8, 9, 16, 448, 4'096, 1'048'576, 1'048'577, 3'000'000};
    for (int round = 0; round < 2; ++round) {
        std::vector<void*> pieces;
        for (const std::size_t size : sizes) {
            pieces.push_back(policy.allocate(policy.state, size));
            REQUIRE(pieces.back() != nullptr);
            std::memset(pieces.back(), round, size);
        }
        for (std::size_t i = 0; i < pieces.size(); ++i)
            policy.release(policy.state, pieces[i], sizes[i]);
    }
    policy.release(policy.state, nullptr, 8);
}
