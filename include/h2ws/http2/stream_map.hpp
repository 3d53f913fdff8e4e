// The streams of a connection by HTTP/2's number, each with its windows and its place among those
// that have something to send; and how those ended that are gone.
#pragma once

#include "flow_control.hpp"
#include "priority.hpp"

#include "../growing_array.hpp"
#include "../http2_error.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace h2ws::http2 {

template <class Stream>
struct stream_entry {
    Stream* stream;
    stream_entry* next = nullptr; // in its list
    stream_entry* previous = nullptr;
    std::int32_t stream_id;
    send_window sends{};
    receive_window receives{};
    http2_error reset_code = http2_error::no_error; // of its end, once it is dying
    std::uint8_t urgency = default_urgency;
    enum class list : std::uint8_t { none, ready, starved, ending, dying } in = list::none;
};

// A list of entries through their own links.
template <class Stream>
class entry_list {
public:
    using entry = stream_entry<Stream>;

    entry* front() const noexcept { return first_; }

    void push_back(entry& item) noexcept {
        item.next = nullptr;
        item.previous = last_;
        (last_ == nullptr ? first_ : last_->next) = &item;
        last_ = &item;
    }

    // Only when there is one.
    entry* pop_front() noexcept {
        entry* const item = first_;
        first_ = item->next;
        (first_ == nullptr ? last_ : first_->previous) = nullptr;
        item->next = nullptr;
        return item;
    }

    void remove(entry& item) noexcept {
        (item.previous == nullptr ? first_ : item.previous->next) = item.next;
        (item.next == nullptr ? last_ : item.next->previous) = item.previous;
        item.next = item.previous = nullptr;
    }

private:
    entry* first_ = nullptr;
    entry* last_ = nullptr;
};

template <class Stream>
class stream_map {
public:
    using entry = stream_entry<Stream>;

    explicit stream_map(const allocator& memory) noexcept : slots_(memory) {}
    stream_map(const stream_map&) = delete;
    stream_map& operator=(const stream_map&) = delete;
    ~stream_map() {
        for (entry* const at : slots_)
            if (at != nullptr) destroy(at);
    }

    // nullptr: no memory, and nothing has changed.
    entry* insert(Stream& stream, std::int32_t stream_id, std::int32_t sends,
                  std::int32_t receives) noexcept {
        if (2 * (size_ + 1) > slots_.size() && !grow()) return nullptr;
        const allocator& memory = slots_.memory();
        void* const place = memory.allocate(memory.state, sizeof(entry));
        if (place == nullptr) return nullptr;
        auto* const made = new (place) entry{.stream = &stream,
                                             .stream_id = stream_id,
                                             .sends = send_window(sends),
                                             .receives = receive_window(receives)};
        put(made);
        ++size_;
        return made;
    }

    // What a frame brings about is mostly about one stream, so it is asked for many times on end.
    entry* find(std::int32_t stream_id) noexcept {
        if (last_found_ == nullptr || last_found_->stream_id != stream_id)
            last_found_ = look_up(stream_id);
        return last_found_;
    }

    void erase(entry& gone) noexcept {
        last_found_ = nullptr;
        std::size_t at = start_of(gone.stream_id);
        while (slots_[at] != &gone) at = next(at);
        slots_[at] = nullptr;
        --size_;
        // Those behind it may have been put there because this one was taken.
        for (at = next(at); slots_[at] != nullptr; at = next(at))
            put(std::exchange(slots_[at], nullptr));
        destroy(&gone);
    }

    std::size_t size() const noexcept { return size_; }

    // It may not insert or erase.
    template <class Visit>
    void each(Visit&& visit) noexcept {
        for (entry* const at : slots_)
            if (at != nullptr) visit(*at);
    }

private:
    // The high bits of multiples of 2^32 over the golden ratio: numbers that follow each other have
    // places far from each other. Side by side they would make one run, which an erasure in it
    // walks to its end.
    std::size_t start_of(std::int32_t stream_id) const noexcept {
        const auto number = static_cast<std::uint32_t>(stream_id) / 2; // of one side: every second
        return (number * 0x9e3779b1u) >> (32 - std::countr_zero(slots_.size()));
    }
    entry* look_up(std::int32_t stream_id) const noexcept {
        if (slots_.empty()) return nullptr;
        for (std::size_t at = start_of(stream_id); slots_[at] != nullptr; at = next(at))
            if (slots_[at]->stream_id == stream_id) return slots_[at];
        return nullptr;
    }

    std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }

    void put(entry* item) noexcept {
        std::size_t at = start_of(item->stream_id);
        while (slots_[at] != nullptr) at = next(at);
        slots_[at] = item;
    }

    bool grow() noexcept {
        const std::size_t size = slots_.empty() ? 8 : 2 * slots_.size();
        growing_array<entry*> larger(slots_.memory());
        if (!larger.reserve(size)) return false;
        while (larger.size() != size)
            if (!larger.push_back(nullptr)) return false;
        const growing_array<entry*> smaller = std::exchange(slots_, std::move(larger));
        for (entry* const item : smaller)
            if (item != nullptr) put(item);
        return true;
    }

    void destroy(entry* gone) noexcept {
        gone->~entry();
        slots_.memory().release(slots_.memory().state, gone, sizeof(entry));
    }

    growing_array<entry*> slots_; // a power of two, at most half of them taken
    std::size_t size_ = 0;
    entry* last_found_ = nullptr;
};

// How a stream ended decides what a frame means that comes after it (RFC 9113 §5.1).
enum class stream_end_kind : std::uint8_t { forgotten, reset_by_us, reset_by_peer, both_ended };

// The last streams that ended. Those before them are forgotten: memory for them would have no
// bound. But frames may long be on their way to a stream that we reset (RFC 9113 §5.1, R96), and
// any number of streams may be reset at once: what is not above the highest of them that was
// forgotten is taken for one of them.
class closed_streams {
public:
    constexpr void add(std::int32_t stream_id, stream_end_kind how) noexcept {
        record& place = records_[next_++ % records_.size()];
        if (place.how == stream_end_kind::reset_by_us && place.stream_id > highest_reset_)
            highest_reset_ = place.stream_id; // R96
        place = {stream_id, how};
    }

    // What was added last counts.
    constexpr stream_end_kind find(std::int32_t stream_id) const noexcept {
        for (std::size_t i = 1; i <= records_.size(); ++i) {
            const record& at = records_[(next_ - i) % records_.size()];
            if (at.stream_id == stream_id) return at.how;
        }
        return stream_id <= highest_reset_ ? stream_end_kind::reset_by_us
                                           : stream_end_kind::forgotten;
    }

private:
    struct record {
        std::int32_t stream_id = 0;
        stream_end_kind how = stream_end_kind::forgotten;
    };
    std::array<record, 64> records_{};
    std::size_t next_ = 0;
    std::int32_t highest_reset_ = 0; // by us, of those that were forgotten
};

} // namespace h2ws::http2
