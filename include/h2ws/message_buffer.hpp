// Bytes that are owned: a message put together from its chunks, or a payload that is handed over to
// be sent without a copy.
#pragma once

#include "allocator.hpp"
#include "event.hpp"
#include "result.hpp"

#include <cstring>
#include <utility>

namespace h2ws {

class message_buffer {
public:
    explicit message_buffer(const allocator& memory = {}) noexcept : memory_(memory) {}

    // Takes over memory that `memory` allocated with this capacity; `size` bytes of it are in use.
    message_buffer(std::byte* bytes, std::size_t size, std::size_t capacity,
                   const allocator& memory) noexcept
        : memory_(memory),
          bytes_(bytes),
          size_(size),
          capacity_(capacity) {}

    message_buffer(message_buffer&& other) noexcept
        : memory_(other.memory_),
          bytes_(std::exchange(other.bytes_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    message_buffer& operator=(message_buffer&& other) noexcept {
        if (this != &other) {
            release();
            memory_ = other.memory_;
            bytes_ = std::exchange(other.bytes_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }
    ~message_buffer() { release(); }

    // Appends a piece of a message, the first of which empties the buffer. True when the message is
    // whole. Error: no_memory, and the buffer is as before.
    result<bool> add(const message_chunk& chunk) noexcept {
        if (chunk.first) clear();
        if (const auto done = append(chunk.payload); !done) return done.error();
        return chunk.last;
    }

    // Error: no_memory, and the buffer is as before.
    result<void> append(const_bytes more) noexcept {
        if (more.empty()) return {};
        if (more.size() > capacity_ - size_ && !reserve(grown(more.size()))) return errc::no_memory;
        std::memcpy(bytes_ + size_, more.data(), more.size());
        size_ += more.size();
        return {};
    }

    result<void> append(std::string_view text) noexcept { return append(as_bytes(text)); }

    // Room for so many bytes in all. False: no memory.
    [[nodiscard]] bool reserve(std::size_t capacity) noexcept {
        if (capacity <= capacity_) return true;
        auto* bytes = static_cast<std::byte*>(memory_.allocate(memory_.state, capacity));
        if (bytes == nullptr) return false;
        if (size_ != 0) std::memcpy(bytes, bytes_, size_);
        const std::size_t size = size_;
        release();
        bytes_ = bytes;
        size_ = size;
        capacity_ = capacity;
        return true;
    }

    // Forgets the bytes and keeps the memory.
    void clear() noexcept { size_ = 0; }

    // Gives the memory back.
    void release() noexcept {
        if (bytes_ != nullptr) memory_.release(memory_.state, bytes_, capacity_);
        bytes_ = nullptr;
        size_ = capacity_ = 0;
    }

    mutable_bytes bytes() noexcept { return {bytes_, size_}; }
    const_bytes bytes() const noexcept { return {bytes_, size_}; }
    std::string_view text() const noexcept { return as_text(bytes()); }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    std::size_t capacity() const noexcept { return capacity_; }

private:
    std::size_t grown(std::size_t more) const noexcept {
        const std::size_t doubled = 2 * capacity_;
        return size_ + more > doubled ? size_ + more : doubled;
    }

    allocator memory_;
    std::byte* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace h2ws
