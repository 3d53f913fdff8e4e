// Where layer 4 and the engines get memory from: one policy, never an exception. What cannot be
// allocated is reported as errc::no_memory by the call that needed it.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace h2ws {

// What `state` points to outlives everything that was allocated.
struct allocator {
    // Memory for any fundamental type, or nullptr.
    void* (*allocate)(void* state, std::size_t size) noexcept =
        [](void*, std::size_t size) noexcept { return std::malloc(size); };
    // `size` is what was asked for.
    void (*release)(void* state, void* memory, std::size_t size) noexcept =
        [](void*, void* memory, std::size_t) noexcept { std::free(memory); };
    void* state = nullptr;
};

} // namespace h2ws
