// The streams of memory_session.hpp as the transport sees them: numbers, windows, turns.
#pragma once

#include "memory_record.hpp"

#include <h2ws/growing_array.hpp>
#include <h2ws/http2_error.hpp>

#include <utility>

namespace examples {

template <class Stream>
struct memory_lane {
    Stream* at;
    std::uint32_t number;
    std::int64_t send_window;
    std::int64_t receive_window;
    std::uint32_t owed = 0;      // credit that has not been written
    memory_records opening;      // a request that waits for its turn
    bool ends_with_head = false; // our half does
    bool end_sent = false;       // our half has ended,
    bool end_received = false;   // and the peer's
    bool reset = false;          // by us, with `code`
    h2ws::http2_error code = h2ws::http2_error::no_error;

    bool is_over() const noexcept { return reset || (end_sent && end_received); }
    bool waits() const noexcept { return !opening.empty(); }
};

// In the order of their numbers.
template <class Stream>
class memory_lanes {
public:
    using lane = memory_lane<Stream>;

    memory_lanes(const h2ws::allocator& memory, std::int64_t receive_window) noexcept
        : lanes_(memory),
          receive_window_(receive_window) {}

    lane* begin() noexcept { return lanes_.begin(); }
    lane* end() noexcept { return lanes_.end(); }
    lane& operator[](std::size_t index) noexcept { return lanes_[index]; }
    std::size_t size() const noexcept { return lanes_.size(); }
    bool empty() const noexcept { return lanes_.empty(); }

    // nullptr when there is none.
    lane* find(std::uint32_t number) noexcept {
        for (lane& on : lanes_)
            if (on.number == number) return &on;
        return nullptr;
    }

    lane* find(const Stream& at) noexcept { return find(static_cast<std::uint32_t>(at.stream_id)); }

    // nullptr: no memory.
    lane* add(Stream& at, std::uint32_t number, std::int64_t receive_window) noexcept {
        lane made{&at, number, stream_window_, receive_window, 0, memory_records(lanes_.memory())};
        return lanes_.push_back(std::move(made)) ? lanes_.end() - 1 : nullptr;
    }

    void remove(lane& gone) noexcept {
        // Whose turn it is stays.
        if (static_cast<std::size_t>(&gone - lanes_.begin()) <= turn_ && turn_ != 0) --turn_;
        for (lane* next = &gone + 1; next != lanes_.end(); ++next) *(next - 1) = std::move(*next);
        lanes_.truncate(lanes_.size() - 1);
    }

    // The peer's settings; until they come nothing may be sent. Later ones change the windows of
    // live streams too (RFC 9113 §6.9.2).
    void allow(std::uint32_t stream_window, std::uint32_t window, std::size_t most) noexcept {
        for (lane& on : lanes_) on.send_window += stream_window - stream_window_;
        send_window_ += window - window_;
        stream_window_ = stream_window;
        window_ = window;
        most_ = most;
    }

    // The peer may send so much more.
    void give(lane& on, std::size_t size) noexcept {
        on.receive_window += static_cast<std::int64_t>(size);
        on.owed += static_cast<std::uint32_t>(size);
    }
    void give(std::size_t size) noexcept {
        receive_window_ += static_cast<std::int64_t>(size);
        owed_ += static_cast<std::uint32_t>(size);
    }

    // Tells it so: one record for each, however often it was given.
    void write_credit(memory_records& out) noexcept {
        constexpr auto kind = memory_record::kind::credit;
        if (owed_ != 0) out.put({kind, 0, 0}, {std::exchange(owed_, 0)});
        for (lane& on : lanes_)
            if (on.owed != 0) out.put({kind, 0, on.number}, {std::exchange(on.owed, 0)});
    }

    // It has sent so much. False: more than it might.
    bool charge(std::uint32_t number, std::uint32_t size) noexcept {
        receive_window_ -= size;
        lane* const on = find(number);
        if (on != nullptr) on->receive_window -= size;
        return receive_window_ >= 0 && (on == nullptr || on->receive_window >= 0);
    }

    // We may send so much more.
    void grant(std::uint32_t number, std::uint32_t size) noexcept {
        if (number == 0)
            send_window_ += size;
        else if (lane* const on = find(number); on != nullptr)
            on->send_window += size;
    }

    std::size_t sendable(const lane& on) const noexcept {
        const std::int64_t window = on.send_window < send_window_ ? on.send_window : send_window_;
        return window < 0 ? 0 : static_cast<std::size_t>(window);
    }

    void spend(lane& on, std::size_t size) noexcept {
        on.send_window -= static_cast<std::int64_t>(size);
        send_window_ -= static_cast<std::int64_t>(size);
    }

    // Requests go out as far as the peer allows (RFC 9113 §5.1.2, R97).
    void admit(memory_records& out) noexcept {
        std::size_t live = 0;
        for (lane& on : lanes_) {
            if (on.reset || live++ >= most_ || !on.waits()) continue;
            out.append(on.opening.bytes());
            on.opening.release();
        }
    }

    // Each in turn, so that none waits for another's end. Only when there is one.
    lane& next() noexcept {
        turn_ = turn_ + 1 < lanes_.size() ? turn_ + 1 : 0;
        return lanes_[turn_];
    }

private:
    h2ws::growing_array<lane> lanes_;
    std::size_t turn_ = 0;
    std::size_t most_ = 0;
    std::int64_t stream_window_ = 0;
    std::int64_t window_ = 0; // of the connection, at first
    std::int64_t send_window_ = 0;
    std::int64_t receive_window_;
    std::uint32_t owed_ = 0;
};

} // namespace examples
