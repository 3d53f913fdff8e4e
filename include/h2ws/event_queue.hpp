// Events that wait to be polled: first in, first out. None of them lends bytes of the input, and
// one input bounds how many can wait.
#pragma once

#include "growing_array.hpp"
#include "stream_event.hpp"

#include <utility>

namespace h2ws {

class event_queue {
public:
    explicit event_queue(const allocator& memory) noexcept : events_(memory) {}

    // False: no memory.
    [[nodiscard]] bool push(stream_event&& happened) noexcept {
        return events_.push_back(std::move(happened));
    }

    bool empty() const noexcept { return taken_ == events_.size(); }

    // Only when there is one.
    stream_event pop() noexcept {
        stream_event first = std::move(events_[taken_++]);
        if (empty()) {
            events_.clear();
            taken_ = 0;
        }
        return first;
    }

private:
    growing_array<stream_event> events_;
    std::size_t taken_ = 0;
};

} // namespace h2ws
