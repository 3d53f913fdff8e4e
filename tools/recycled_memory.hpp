// Memory that is given back waits to be asked for again, so that a load which goes on as it began
// asks malloc for nothing. For sessions of one thread; what was in use at most is kept to the end.
#pragma once

#include <h2ws/allocator.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace h2ws::tools {

class recycled_memory {
public:
    recycled_memory() = default;
    recycled_memory(const recycled_memory&) = delete;
    recycled_memory& operator=(const recycled_memory&) = delete;
    ~recycled_memory() {
        for (piece*& first : shelves_)
            while (first != nullptr) std::free(take(first));
    }

    // Outlived by this.
    allocator policy() noexcept { return {allocate, release, this}; }

private:
    struct piece {
        piece* next;
    };

    // Sizes are rounded up to powers of two; larger ones are rare, and malloc's.
    static constexpr std::size_t shelf_count = 21;
    static constexpr std::size_t largest = std::size_t{1} << (shelf_count - 1);

    static std::size_t rounded(std::size_t size) noexcept {
        return std::bit_ceil(size < sizeof(piece) ? sizeof(piece) : size);
    }

    piece*& shelf_of(std::size_t size) noexcept {
        return shelves_[static_cast<std::size_t>(std::countr_zero(rounded(size)))];
    }

    static void* take(piece*& first) noexcept {
        piece* const taken = first;
        first = taken->next;
        return taken;
    }

    static void* allocate(void* state, std::size_t size) noexcept {
        if (size > largest) return std::malloc(size);
        piece*& first = static_cast<recycled_memory*>(state)->shelf_of(size);
        return first != nullptr ? take(first) : std::malloc(rounded(size));
    }

    static void release(void* state, void* memory, std::size_t size) noexcept {
        if (memory == nullptr || size > largest) return std::free(memory);
        piece*& first = static_cast<recycled_memory*>(state)->shelf_of(size);
        first = new (memory) piece{first};
    }

    std::array<piece*, shelf_count> shelves_{};
};

} // namespace h2ws::tools
