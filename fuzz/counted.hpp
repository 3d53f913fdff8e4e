// Memory that is counted, and never more than so much of it; it may run out.
#pragma once

#include "supply.hpp"

#include <h2ws/allocator.hpp>

#include <cstddef>
#include <cstdlib>

namespace fuzz {

struct counted {
    std::size_t most;
    std::size_t held = 0;
    std::size_t left = SIZE_MAX; // so many times there is some

    ~counted() { require(held == 0); }

    h2ws::allocator policy() {
        return {.allocate =
                    [](void* state, std::size_t size) noexcept {
                        auto& self = *static_cast<counted*>(state);
                        if (self.left == 0) return static_cast<void*>(nullptr);
                        --self.left;
                        self.held += size;
                        require(self.held <= self.most);
                        return std::malloc(size);
                    },
                .release =
                    [](void* state, void* memory, std::size_t size) noexcept {
                        static_cast<counted*>(state)->held -= size;
                        std::free(memory);
                    },
                .state = this};
    }
};

} // namespace fuzz
