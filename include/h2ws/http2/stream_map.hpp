// The streams of a connection by HTTP/2's number, each with its windows and its place among those
// that have something to send; and how those ended that are gone.
#pragma once

#include "flow_control.hpp"
#include "priority.hpp"

#include "../growing_array.hpp"
#include "../http2_error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

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

// One side opens all streams of a connection, each with a higher number than before: in the order
// of their coming they are sorted. A hash would leave it to the peer, who may skip numbers, how
// many of them fall together.
template <class Stream>
class stream_map {
public:
    using entry = stream_entry<Stream>;

    explicit stream_map(const allocator& memory) noexcept : places_(memory) {}
    stream_map(const stream_map&) = delete;
    stream_map& operator=(const stream_map&) = delete;
    ~stream_map() {
        each([this](entry& at) { destroy(&at); });
    }

    // `stream_id` is above those of all that are there. nullptr: no memory, and nothing has
    // changed.
    entry* insert(Stream& stream, std::int32_t stream_id, std::int32_t sends,
                  std::int32_t receives) noexcept {
        const allocator& memory = places_.memory();
        void* const room = memory.allocate(memory.state, sizeof(entry));
        if (room == nullptr) return nullptr;
        auto* const made = new (room) entry{.stream = &stream,
                                            .stream_id = stream_id,
                                            .sends = send_window(sends),
                                            .receives = receive_window(receives)};
        if (places_.push_back({stream_id, made})) return made;
        destroy(made);
        return nullptr;
    }

    // What a frame brings about is mostly about one stream, so it is asked for many times on end.
    entry* find(std::int32_t stream_id) noexcept {
        if (last_found_ == nullptr || last_found_->stream_id != stream_id)
            last_found_ = look_up(stream_id);
        return last_found_;
    }

    void erase(entry& gone) noexcept {
        last_found_ = nullptr;
        place_of(gone.stream_id)->what = nullptr;
        destroy(&gone);
        ++left_;
        while (!places_.empty() && places_[places_.size() - 1].what == nullptr) drop_last();
        if (2 * left_ > places_.size()) drop_left();
    }

    std::size_t size() const noexcept { return places_.size() - left_; }

    // In the order of their numbers. It may not insert or erase.
    template <class Visit>
    void each(Visit&& visit) noexcept {
        for (const place& at : places_)
            if (at.what != nullptr) visit(*at.what);
    }

private:
    struct place {
        std::int32_t stream_id;
        entry* what; // nullptr: it has left
    };

    // The first whose number is not below.
    place* place_of(std::int32_t stream_id) noexcept {
        return std::partition_point(places_.begin(), places_.end(), [stream_id](const place& at) {
            return at.stream_id < stream_id;
        });
    }

    entry* look_up(std::int32_t stream_id) noexcept {
        const place* const at = place_of(stream_id);
        return at != places_.end() && at->stream_id == stream_id ? at->what : nullptr;
    }

    void drop_last() noexcept {
        places_.truncate(places_.size() - 1);
        --left_;
    }

    // Once for as many erasures as it looks at, twice over.
    void drop_left() noexcept {
        place* const rest = std::remove_if(places_.begin(), places_.end(),
                                           [](const place& at) { return at.what == nullptr; });
        places_.truncate(static_cast<std::size_t>(rest - places_.begin()));
        left_ = 0;
    }

    void destroy(entry* gone) noexcept {
        gone->~entry();
        places_.memory().release(places_.memory().state, gone, sizeof(entry));
    }

    growing_array<place> places_;
    std::size_t left_ = 0; // places of those that have left, at most half of all
    entry* last_found_ = nullptr;
};

// How a stream ended decides what a frame means that comes after it (RFC 9113 §5.1).
enum class stream_end_kind : std::uint8_t {
    forgotten,
    reset_by_us,
    reset_by_peer,
    both_ended,
    skipped, // it never began, and one with a higher number did (RFC 9113 §5.1.1)
};

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
        if (place.stream_id > highest_forgotten_) highest_forgotten_ = place.stream_id;
        place = {stream_id, how};
    }

    // Of a stream that is there no more, or never was. What was added last counts.
    constexpr stream_end_kind find(std::int32_t stream_id) const noexcept {
        for (std::size_t i = 1; i <= records_.size(); ++i) {
            const record& at = records_[(next_ - i) % records_.size()];
            if (at.stream_id == stream_id) return at.how;
        }
        if (stream_id > highest_forgotten_) return stream_end_kind::skipped;
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
    std::int32_t highest_forgotten_ = 0;
    std::int32_t highest_reset_ = 0; // of these, by us
};

} // namespace h2ws::http2
