// Whose turn it is to send: streams that have something to say, by urgency (RFC 9218 section 10)
// and among equals one frame each in turn; those that wait for the connection's window, in order;
// those whose half ends with the HEADERS that are leaving, and those whose RST_STREAM is.
#pragma once

#include "stream_map.hpp"

#include <array>
#include <bit>

namespace h2ws::http2 {

template <class Stream>
class turns {
public:
    using entry = stream_entry<Stream>;
    using place = typename entry::list;

    // The stream whose turn it is, which leaves the lists. While the connection's window is open
    // those that waited for it go before their equals: each when its turn comes, for a peer may
    // open the window by an octet at a time. nullptr: nobody's.
    entry* take(bool window_is_open) noexcept {
        const std::uint32_t whose = window_is_open ? taken_ : taken_ & all_ready;
        if (whose == 0) return nullptr;
        const auto from = static_cast<std::size_t>(std::countr_zero(whose));
        entry* const first = waiting_[from].pop_front();
        first->in = place::none;
        note(from);
        return first;
    }

    entry* ending() const noexcept { return ending_.front(); }
    entry* dying() const noexcept { return dying_.front(); }

    // To the end of a list, or out of all.
    void move(entry& at, place to) noexcept {
        if (at.in != place::none) {
            list_of(at).remove(at);
            if (waits(at)) note(index_of(at));
        }
        at.in = to;
        if (to == place::none) return;
        list_of(at).push_back(at);
        if (waits(at)) note(index_of(at));
    }

    // It has something to say; one that waits for something else keeps waiting.
    void add(entry& at) noexcept {
        if (at.in != place::none) return;
        at.in = place::ready;
        const std::size_t to = index_of(at);
        waiting_[to].push_back(at);
        taken_ |= 1U << to;
    }

    void set_urgency(entry& of, std::uint8_t urgency) noexcept {
        const place in = of.in;
        if (in == place::dying || of.urgency == urgency) return;
        move(of, place::none);
        of.urgency = urgency;
        move(of, in);
    }

private:
    static constexpr std::uint32_t all_ready = 0xaaaa; // every second bit

    static bool waits(const entry& at) noexcept {
        return at.in == place::ready || at.in == place::starved;
    }

    static std::size_t index_of(const entry& at) noexcept {
        return 2 * std::size_t{at.urgency} + (at.in == place::ready);
    }

    void note(std::size_t which) noexcept {
        const std::uint32_t bit = 1U << which;
        taken_ = waiting_[which].front() != nullptr ? taken_ | bit : taken_ & ~bit;
    }

    entry_list<Stream>& list_of(const entry& at) noexcept {
        if (at.in == place::ending) return ending_;
        if (at.in == place::dying) return dying_;
        return waiting_[index_of(at)];
    }

    // For each urgency those whom the connection's window starves, then those who are ready.
    std::array<entry_list<Stream>, 2 * urgencies> waiting_{};
    entry_list<Stream> ending_;
    entry_list<Stream> dying_;
    std::uint32_t taken_ = 0; // a bit for each list of `waiting_` that is not empty
};

} // namespace h2ws::http2
