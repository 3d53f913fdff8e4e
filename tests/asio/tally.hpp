// Completion handlers that are counted: each is to be called once, or destroyed.
#pragma once

#include "../scarce_memory.hpp"

#include <asio.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

// Memory of handlers, which may fail.
template <class T>
struct scarce_allocator {
    using value_type = T;

    scarce_memory* from;

    explicit scarce_allocator(scarce_memory* memory) noexcept : from(memory) {}
    template <class U>
    scarce_allocator(const scarce_allocator<U>& other) noexcept : from(other.from) {}

    T* allocate(std::size_t count) {
        void* const made = policy().allocate(from, count * sizeof(T));
        if (made == nullptr) throw std::bad_alloc();
        return static_cast<T*>(made);
    }
    void deallocate(T* at, std::size_t count) noexcept {
        policy().release(from, at, count * sizeof(T));
    }
    bool operator==(const scarce_allocator&) const = default;

private:
    h2ws::allocator policy() const { return from->policy(); }
};

class tally {
public:
    tally() { calls_.reserve(1'000); } // it is not short of memory itself

    // A handler of this, which a signal can cancel.
    template <class Call>
    auto one(asio::cancellation_signal& stop, Call call) {
        calls_.push_back(0);
        return counted<Call>{alive(this), &stop, calls_.size() - 1, std::move(call)};
    }

    scarce_memory memory; // of the handlers

    bool each_once() const {
        return live_ == 0 && std::count(calls_.begin(), calls_.end(), 1) == made();
    }
    bool none_twice() const {
        return std::all_of(calls_.begin(), calls_.end(), [](int times) { return times <= 1; });
    }
    int live() const { return live_; }

private:
    struct alive {
        tally* by;

        explicit alive(tally* counts) : by(counts) { ++by->live_; }
        alive(const alive& other) : by(other.by) { ++by->live_; }
        alive& operator=(const alive&) = default;
        ~alive() { --by->live_; }
    };

    template <class Call>
    struct counted {
        using allocator_type = scarce_allocator<char>;
        using cancellation_slot_type = asio::cancellation_slot;

        alive lives;
        asio::cancellation_signal* stop;
        std::size_t number;
        Call call;

        allocator_type get_allocator() const noexcept { return allocator_type(&lives.by->memory); }
        cancellation_slot_type get_cancellation_slot() const noexcept { return stop->slot(); }

        template <class... Results>
        void operator()(Results... results) {
            ++lives.by->calls_[number];
            call(std::move(results)...);
        }
    };

    std::ptrdiff_t made() const { return static_cast<std::ptrdiff_t>(calls_.size()); }

    std::vector<int> calls_;
    int live_ = 0;
};
