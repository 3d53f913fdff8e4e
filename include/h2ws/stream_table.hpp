// The streams of one connection, found by names that are never used again.
#pragma once

#include "growing_array.hpp"
#include "stream.hpp"

#include <new>
#include <utility>

namespace h2ws {

template <class Role, class Extension>
class stream_table {
public:
    using stream_type = stream<Role, Extension>;

    explicit stream_table(const allocator& memory) noexcept : memory_(memory), slots_(memory) {}
    stream_table(const stream_table&) = delete;
    stream_table& operator=(const stream_table&) = delete;
    ~stream_table() {
        for (slot& at : slots_)
            if (at.held != nullptr) destroy(at.held);
    }

    // nullptr: no memory.
    stream_type* insert() noexcept {
        std::size_t index = first_free_;
        if (index > 0xffff'fffe || (index == slots_.size() && !slots_.push_back({})))
            return nullptr;
        void* place = memory_.allocate(memory_.state, sizeof(stream_type));
        if (place == nullptr) return nullptr;
        slot& at = slots_[index];
        first_free_ = at.next_free == 0 ? slots_.size() : std::size_t{at.next_free} - 1;
        ++at.generation;
        at.held = new (place) stream_type((std::uint64_t{at.generation} << 32) | index);
        ++size_;
        return at.held;
    }

    // nullptr when there is no such stream any more.
    stream_type* find(std::uint64_t id) noexcept {
        const std::size_t index = index_of(id);
        if (index >= slots_.size() || slots_[index].generation != id >> 32) return nullptr;
        return slots_[index].held;
    }

    // Only when there is nothing more to tell of it.
    void erase(stream_type& gone) noexcept {
        const std::size_t index = index_of(gone.id);
        destroy(std::exchange(slots_[index].held, nullptr));
        slots_[index].next_free =
            first_free_ == slots_.size() ? 0 : static_cast<std::uint32_t>(first_free_ + 1);
        first_free_ = index;
        --size_;
    }

    std::size_t size() const noexcept { return size_; }

    // Calls `visit` for each stream; it may not insert or erase.
    template <class Visit>
    void each(Visit&& visit) noexcept {
        for (slot& at : slots_)
            if (at.held != nullptr) visit(*at.held);
    }

    // There is something to tell of it: streams are told of in the order in which they had news.
    void tell(stream_type& at, news what) noexcept {
        const bool waits = at.to_tell != 0;
        at.add(what);
        if (waits) return;
        at.next_with_news = 0;
        const auto place = static_cast<std::uint32_t>(index_of(at.id) + 1);
        (first_with_news_ == 0 ? first_with_news_ : last_with_news_->next_with_news) = place;
        last_with_news_ = &at;
    }

    bool has_news() const noexcept { return first_with_news_ != 0; }

    // The stream whose turn it is; nullptr: there is no news.
    stream_type* with_news() noexcept {
        return first_with_news_ == 0 ? nullptr : slots_[first_with_news_ - 1].held;
    }

    // Of that stream, this was told.
    void told(news what) noexcept {
        stream_type& at = *with_news();
        at.remove(what);
        if (at.to_tell == 0) first_with_news_ = at.next_with_news;
    }

private:
    struct slot {
        stream_type* held = nullptr;
        std::uint32_t generation = 0;
        std::uint32_t next_free = 0; // index + 1; 0: the end of the list of free slots
    };

    static std::size_t index_of(std::uint64_t id) noexcept {
        return static_cast<std::size_t>(id & 0xffff'ffff);
    }

    void destroy(stream_type* gone) noexcept {
        gone->~stream_type();
        memory_.release(memory_.state, gone, sizeof(stream_type));
    }

    allocator memory_;
    growing_array<slot> slots_;
    std::size_t first_free_ = 0;
    std::size_t size_ = 0;
    std::uint32_t first_with_news_ = 0;     // index + 1; 0: none
    stream_type* last_with_news_ = nullptr; // where there is a first
};

} // namespace h2ws
