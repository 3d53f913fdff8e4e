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

    // The stream whose turn it is, which leaves the lists. nullptr: nobody's.
    entry* take() noexcept {
        if (taken_ == 0) return nullptr;
        const int urgency = std::countr_zero(taken_);
        entry* const first = ready_[static_cast<std::size_t>(urgency)].pop_front();
        first->in = place::none;
        note(static_cast<std::uint8_t>(urgency));
        return first;
    }

    entry* ending() const noexcept { return ending_.front(); }
    entry* dying() const noexcept { return dying_.front(); }

    // To the end of a list, or out of all.
    void move(entry& at, place to) noexcept {
        if (at.in != place::none) list_of(at).remove(at);
        if (at.in == place::ready) note(at.urgency);
        at.in = to;
        if (to == place::none) return;
        list_of(at).push_back(at);
        if (to == place::ready) note(at.urgency);
    }

    // It has something to say; one that waits for something else keeps waiting.
    void add(entry& at) noexcept {
        if (at.in != place::none) return;
        at.in = place::ready;
        ready_[at.urgency].push_back(at);
        taken_ |= 1U << at.urgency;
    }

    // The connection's window has grown: those that waited for it go before the others.
    void feed() noexcept {
        for (std::size_t urgency = 0; urgency < urgencies; ++urgency) {
            entry_list<Stream> others = ready_[urgency];
            ready_[urgency] = starved_[urgency];
            starved_[urgency] = {};
            for (entry* at = ready_[urgency].front(); at != nullptr; at = at->next)
                at->in = place::ready;
            while (entry* const at = others.front()) {
                others.remove(*at);
                ready_[urgency].push_back(*at);
            }
            note(static_cast<std::uint8_t>(urgency));
        }
    }

    void set_urgency(entry& of, std::uint8_t urgency) noexcept {
        const place in = of.in;
        if (in == place::dying || of.urgency == urgency) return;
        move(of, place::none);
        of.urgency = urgency;
        move(of, in);
    }

private:
    void note(std::uint8_t urgency) noexcept {
        const unsigned bit = 1U << urgency;
        taken_ = ready_[urgency].front() != nullptr ? taken_ | bit : taken_ & ~bit;
    }

    entry_list<Stream>& list_of(const entry& at) noexcept {
        if (at.in == place::ending) return ending_;
        if (at.in == place::dying) return dying_;
        return (at.in == place::ready ? ready_ : starved_)[at.urgency];
    }

    std::array<entry_list<Stream>, urgencies> ready_{};
    std::array<entry_list<Stream>, urgencies> starved_{}; // the connection's window is used up
    entry_list<Stream> ending_;
    entry_list<Stream> dying_;
    unsigned taken_ = 0; // a bit for each urgency that somebody of `ready_` has
};

} // namespace h2ws::http2
