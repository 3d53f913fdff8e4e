// Memory that is counted, and of which the n-th allocation fails, perhaps with all after it.
#pragma once

#include <h2ws/allocator.hpp>

#include <cstdlib>

struct scarce_memory {
    std::size_t fails_at = 0; // 0: never
    bool for_good = false;
    std::size_t allocations = 0;
    std::size_t held = 0; // bytes,
    std::size_t peak = 0; // and the most that were at a time

    h2ws::allocator policy() { return {.allocate = allocate, .release = release, .state = this}; }

private:
    static void* allocate(void* state, std::size_t size) noexcept {
        auto& self = *static_cast<scarce_memory*>(state);
        const std::size_t turn = ++self.allocations;
        const bool fails = turn == self.fails_at || (self.for_good && turn > self.fails_at);
        if (self.fails_at != 0 && fails) return nullptr;
        self.held += size;
        if (self.held > self.peak) self.peak = self.held;
        return std::malloc(size);
    }

    static void release(void* state, void* memory, std::size_t size) noexcept {
        static_cast<scarce_memory*>(state)->held -= size;
        std::free(memory);
    }
};
