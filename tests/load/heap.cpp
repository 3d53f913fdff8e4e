// malloc's family, counted and handed on to the C library's own (glibc exports it under these
// names). A program's definitions come before those of the libraries it links.
#include "heap.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <malloc.h>

namespace {

std::atomic<std::size_t> in_use{0};
std::atomic<std::size_t> peak{0};
std::atomic<std::size_t> pieces{0};
std::atomic<std::uint64_t> allocations{0};

void* given(void* memory) noexcept {
    if (memory == nullptr) return nullptr;
    const std::size_t now = in_use += malloc_usable_size(memory);
    if (now > peak) peak = now;
    ++allocations;
    ++pieces;
    return memory;
}

void taken_back(void* memory) noexcept {
    if (memory == nullptr) return;
    in_use -= malloc_usable_size(memory);
    --pieces;
}

} // namespace

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) { return given(__libc_malloc(size)); }
void* calloc(std::size_t count, std::size_t size) { return given(__libc_calloc(count, size)); }
void* memalign(std::size_t alignment, std::size_t size) {
    return given(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    *memory = memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void* realloc(void* memory, std::size_t size) {
    const std::size_t before = memory == nullptr ? 0 : malloc_usable_size(memory);
    void* const moved = __libc_realloc(memory, size);
    if (memory != nullptr && (moved != nullptr || size == 0)) {
        in_use -= before;
        --pieces;
    }
    return given(moved);
}
void free(void* memory) {
    taken_back(memory);
    __libc_free(memory);
}

} // extern "C"

namespace load {

std::size_t heap_in_use() noexcept { return in_use; }
std::size_t heap_peak() noexcept { return peak; }
void heap_restart_peak() noexcept { peak = in_use.load(); }
std::size_t heap_pieces() noexcept { return pieces; }
std::uint64_t heap_allocations() noexcept { return allocations; }

} // namespace load
