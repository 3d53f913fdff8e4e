// A sequence that grows at the end and says so when it cannot.
#pragma once

#include "allocator.hpp"

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace h2ws {

template <class T>
class growing_array {
    static_assert(std::is_nothrow_move_constructible_v<T>);

public:
    explicit growing_array(const allocator& memory = {}) noexcept : memory_(memory) {}
    growing_array(const growing_array&) = delete;
    growing_array& operator=(const growing_array&) = delete;
    growing_array(growing_array&& other) noexcept
        : memory_(other.memory_),
          items_(std::exchange(other.items_, nullptr)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    growing_array& operator=(growing_array&& other) noexcept {
        if (this != &other) {
            release();
            memory_ = other.memory_;
            items_ = std::exchange(other.items_, nullptr);
            size_ = std::exchange(other.size_, 0);
            capacity_ = std::exchange(other.capacity_, 0);
        }
        return *this;
    }
    ~growing_array() { release(); }

    // False: no memory, and nothing has changed.
    [[nodiscard]] bool push_back(T item) noexcept {
        if (size_ == capacity_ && !reserve(capacity_ == 0 ? 8 : 2 * capacity_)) return false;
        new (items_ + size_) T(std::move(item));
        ++size_;
        return true;
    }

    // Copies `count` items to the end. False: no memory, and nothing has changed.
    [[nodiscard]] bool append(const T* items, std::size_t count) noexcept {
        if (!make_room(count)) return false;
        if constexpr (std::is_trivially_copyable_v<T>) {
            if (count != 0) std::memcpy(items_ + size_, items, count * sizeof(T));
            size_ += count;
        } else {
            for (std::size_t i = 0; i < count; ++i) new (items_ + size_++) T(items[i]);
        }
        return true;
    }

    // Adds `count` items with no value yet, to be written by the caller. The first of them, or
    // nullptr: no memory, and nothing has changed.
    [[nodiscard]] T* extend(std::size_t count) noexcept {
        static_assert(std::is_trivial_v<T>);
        if (!make_room(count)) return nullptr;
        size_ += count;
        return items_ + (size_ - count);
    }

    [[nodiscard]] bool reserve(std::size_t capacity) noexcept {
        if (capacity <= capacity_) return true;
        if (capacity > static_cast<std::size_t>(-1) / sizeof(T)) return false;
        auto* items = static_cast<T*>(memory_.allocate(memory_.state, capacity * sizeof(T)));
        if (items == nullptr) return false;
        move_to(items);
        if (items_ != nullptr) memory_.release(memory_.state, items_, capacity_ * sizeof(T));
        items_ = items;
        capacity_ = capacity;
        return true;
    }

    // Drops one item; those behind it move up.
    void erase(std::size_t index) noexcept {
        for (std::size_t i = index + 1; i < size_; ++i) items_[i - 1] = std::move(items_[i]);
        truncate(size_ - 1);
    }

    void truncate(std::size_t size) noexcept {
        while (size_ > size) items_[--size_].~T();
    }

    void clear() noexcept { truncate(0); }

    T& operator[](std::size_t index) noexcept { return items_[index]; }
    const T& operator[](std::size_t index) const noexcept { return items_[index]; }
    T* data() noexcept { return items_; }
    const T* data() const noexcept { return items_; }
    T* begin() noexcept { return items_; }
    T* end() noexcept { return items_ + size_; }
    const T* begin() const noexcept { return items_; }
    const T* end() const noexcept { return items_ + size_; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const allocator& memory() const noexcept { return memory_; }

private:
    // Room for so many items more, and for as many again as there are.
    bool make_room(std::size_t count) noexcept {
        const std::size_t needed = size_ + count;
        return needed <= capacity_ || reserve(needed > 2 * capacity_ ? needed : 2 * capacity_);
    }

    void move_to(T* items) noexcept {
        if constexpr (std::is_trivially_copyable_v<T>) {
            if (size_ != 0) std::memcpy(items, items_, size_ * sizeof(T));
        } else {
            for (std::size_t i = 0; i < size_; ++i) {
                new (items + i) T(std::move(items_[i]));
                items_[i].~T();
            }
        }
    }

    void release() noexcept {
        clear();
        if (items_ != nullptr) memory_.release(memory_.state, items_, capacity_ * sizeof(T));
    }

    allocator memory_;
    T* items_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace h2ws
