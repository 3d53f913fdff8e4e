// zlib's memory out of an allocator. zlib releases without saying how much: the size stands in
// front of each block.
#pragma once

#include <h2ws/allocator.hpp>

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace h2ws::zlib {

struct alignas(std::max_align_t) block_size {
    std::size_t whole; // with this header
};

inline voidpf allocate_block(voidpf opaque, uInt items, uInt size) noexcept {
    const allocator& memory = *static_cast<const allocator*>(opaque);
    const std::uint64_t whole = std::uint64_t{items} * size + sizeof(block_size);
    if (whole > SIZE_MAX) return nullptr;
    void* const place = memory.allocate(memory.state, static_cast<std::size_t>(whole));
    if (place == nullptr) return nullptr;
    return new (place) block_size{static_cast<std::size_t>(whole)} + 1;
}

inline void release_block(voidpf opaque, voidpf address) noexcept {
    const allocator& memory = *static_cast<const allocator*>(opaque);
    block_size* const place = static_cast<block_size*>(address) - 1;
    memory.release(memory.state, place, place->whole);
}

// A stream that is not initialised, with this memory: both stay where they are, since zlib keeps
// pointers to either.
inline z_stream stream_with(const allocator& memory) noexcept {
    z_stream stream{};
    stream.zalloc = allocate_block;
    stream.zfree = release_block;
    stream.opaque = const_cast<allocator*>(&memory);
    return stream;
}

// zlib counts in uInt: what one call is shown at most.
inline constexpr std::size_t max_shown = std::size_t{1} << 30;

} // namespace h2ws::zlib
