// One object out of a session's allocator, made when it is needed and released when it is not.
#pragma once

#include "allocator.hpp"

#include <new>
#include <utility>

namespace h2ws {

// `T::memory()` is the allocator that it was made with.
template <class T>
class owned {
public:
    owned() = default;
    owned(owned&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    owned& operator=(owned&& other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~owned() { release(); }

    // The object, made of the arguments if there is none. nullptr: no memory.
    template <class... Arguments>
    T* make(const allocator& memory, Arguments&&... arguments) noexcept {
        if (object_ != nullptr) return object_;
        void* const place = memory.allocate(memory.state, sizeof(T));
        if (place != nullptr)
            object_ = new (place) T(memory, std::forward<Arguments>(arguments)...);
        return object_;
    }

    void release() noexcept {
        if (object_ == nullptr) return;
        const allocator memory = object_->memory();
        object_->~T();
        memory.release(memory.state, std::exchange(object_, nullptr), sizeof(T));
    }

    explicit operator bool() const noexcept { return object_ != nullptr; }
    T* operator->() const noexcept { return object_; }
    T& operator*() const noexcept { return *object_; }

private:
    T* object_ = nullptr;
};

} // namespace h2ws
