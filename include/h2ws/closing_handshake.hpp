// The life of a websocket's two directions (RFC 6455 sections 5.5.1 and 7.1, RFC 8441 section 5).
// This file does not know which role we play: one table holds for what is received and what is
// sent.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace h2ws {

// Where one direction stands.
enum class direction : std::uint8_t {
    open,    // frames pass
    closing, // a Close has passed: only the end of the stream is still of interest
    broken,  // failed: nothing that follows is looked at but the end
    ended,   // END_STREAM or a reset has passed: the stream's half is over
};

// What can pass in a direction.
enum class passage : std::uint8_t {
    data, // any frame but a Close
    close,
    end_stream,
    reset, // RST_STREAM, or the connection was lost
};

struct step {
    direction next;
    bool counts; // false: discarded when received (S17), refused when to be sent

    friend constexpr bool operator==(const step&, const step&) = default;
};

// One row per state, one column per passage.
inline constexpr std::array<std::array<step, 4>, 4> lifecycle{{
    {{{direction::open, true},
      {direction::closing, true},
      {direction::ended, true},
      {direction::ended, true}}},
    {{{direction::closing, false},
      {direction::closing, false},
      {direction::ended, true},
      {direction::ended, true}}},
    {{{direction::broken, false},
      {direction::broken, false},
      {direction::ended, true},
      {direction::ended, true}}},
    {{{direction::ended, false},
      {direction::ended, false},
      {direction::ended, false},
      {direction::ended, false}}},
}};

class closing_handshake {
public:
    // What passed; returns whether it counts.
    constexpr bool receive(passage what) noexcept { return advance(received_, what); }
    constexpr bool send(passage what) noexcept { return advance(sent_, what); }

    // The connection is failed: what still arrives is not looked at (RFC 6455 §7.1.7, R208).
    constexpr void fail() noexcept {
        if (received_ == direction::open) received_ = direction::broken;
    }

    constexpr direction received() const noexcept { return received_; }
    constexpr direction sent() const noexcept { return sent_; }

    // Whether Closes have passed in both directions, from which on every ending is clean (RFC 6455
    // §7.1.4, R203, S22). A direction that we end ourselves has had its Close, so `ended` counts as
    // sent.
    constexpr bool complete() const noexcept {
        return received_ == direction::closing && sent_ != direction::open;
    }

private:
    static constexpr bool advance(direction& at, passage what) noexcept {
        const step taken = lifecycle[static_cast<std::size_t>(at)][static_cast<std::size_t>(what)];
        at = taken.next; // RFC 6455 §7.1.3 (R202)
        return taken.counts;
    }

    direction received_ = direction::open;
    direction sent_ = direction::open;
};

} // namespace h2ws
