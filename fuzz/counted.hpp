// Memory that is counted, and never more than so much of it.
#pragma once

#include "supply.hpp"

#include <h2ws/allocator.hpp>

#include <cstddef>
#include <cstdlib>

namespace fuzz {

struct counted {
    std::size_t most;
    std::size_t held = 0;

    h2ws::allocator policy() {
        return {.allocate =
                    [](void* state, std::size_t size) noexcept {
                        auto& self = *static_cast<counted*>(state);
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
