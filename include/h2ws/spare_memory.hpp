// What a session's tunnels queue their output in, kept for the next burst: a tunnel that idles
// holds none of it, and one that talks allocates nothing for a message.
#pragma once

#include "allocator.hpp"

#include <array>
#include <cstddef>
#include <new>

namespace h2ws {

// Of two sizes, the pieces that are given back wait here to be asked for again; all else comes from
// the allocator and goes to it. It outlives everything that was allocated.
class spare_memory {
public:
    // Pieces of each size: so many tunnels may queue output at a time for nothing. Memory: that
    // many times both sizes for a connection on which as many did, 44 KiB.
    static constexpr std::size_t most = 64;

    // Both sizes are at least a pointer's.
    spare_memory(const allocator& memory, std::size_t small, std::size_t large) noexcept
        : memory_(memory),
          shelves_{{{small}, {large}}} {}
    spare_memory(const spare_memory&) = delete;
    spare_memory& operator=(const spare_memory&) = delete;
    ~spare_memory() {
        for (shelf& of : shelves_)
            while (of.first != nullptr) memory_.release(memory_.state, of.take(), of.size);
    }

    allocator policy() noexcept {
        return {.allocate = allocate, .release = release, .state = this};
    }

private:
    struct piece {
        piece* next;
    };

    struct shelf {
        std::size_t size;
        std::size_t count = 0;
        piece* first = nullptr;

        void* take() noexcept {
            piece* const taken = first;
            first = taken->next;
            --count;
            return taken;
        }
        void put(void* place) noexcept {
            first = new (place) piece{first};
            ++count;
        }
    };

    shelf* shelf_of(std::size_t size) noexcept {
        for (shelf& of : shelves_)
            if (of.size == size) return &of;
        return nullptr;
    }

    static void* allocate(void* state, std::size_t size) noexcept {
        auto& self = *static_cast<spare_memory*>(state);
        shelf* const from = self.shelf_of(size);
        if (from != nullptr && from->first != nullptr) return from->take();
        return self.memory_.allocate(self.memory_.state, size);
    }

    static void release(void* state, void* place, std::size_t size) noexcept {
        auto& self = *static_cast<spare_memory*>(state);
        shelf* const to = self.shelf_of(size);
        if (to != nullptr && to->count < most) return to->put(place);
        self.memory_.release(self.memory_.state, place, size);
    }

    allocator memory_;
    std::array<shelf, 2> shelves_;
};

} // namespace h2ws
