// How much of the heap the process has in use, whoever asked for it: nghttp2 and OpenSSL count too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace load {

// Bytes that malloc has given out and not got back, each piece as large as malloc made it (what was
// asked for, rounded up to 8 less than a multiple of 16).
std::size_t heap_in_use() noexcept;

// The most there has been since the last call of `heap_restart_peak`.
std::size_t heap_peak() noexcept;
void heap_restart_peak() noexcept;

// Of how many pieces it is, now.
std::size_t heap_pieces() noexcept;

// Pieces given out so far.
std::uint64_t heap_allocations() noexcept;

} // namespace load
