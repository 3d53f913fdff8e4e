// How often a peer may do what costs us work and brings it nothing (RFC 9113 section 10.5, R123):
// counts of one interval against limits. A pure function of the times given in; no allocation.
#pragma once

#include "instant.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace h2ws {

enum class flood : std::uint8_t {
    pings,           // HTTP/2's: each is answered
    settings,        // frames: each is acknowledged
    empty_data,      // DATA without payload and without END_STREAM
    small_frames,    // PRIORITY, WINDOW_UPDATE, interim answers, frames of unknown types, resets of
                     // streams that are gone
    resets_received, // RST_STREAM, but after both Closes (CVE-2023-44487)
    resets_provoked, // RST_STREAM that the peer's faults make us send (CVE-2025-8671)
    handshakes,      // requests for tunnels that were refused
    websocket_pings, // each is answered
};

inline constexpr std::size_t flood_kinds = 8;

// Per connection and interval. The interval begins with the first count after the last one ended,
// so twice a limit can fall around its edge. `unlimited` turns a limit off.
struct flood_limits {
    static constexpr std::uint32_t unlimited = 0xffff'ffff;

    duration interval = seconds(10);
    // Those who probe the bandwidth send one per round trip: 10 ms make 1,000. Memory: an
    // acknowledgement that the peer does not read is held, 160 bytes each (nghttp2 1.52).
    std::uint32_t pings = 1'000;
    // One opens a connection, few follow. Each can change the window of every stream. Memory: as
    // for pings.
    std::uint32_t settings = 100;
    // Some flush by them, or pad with them. Memory: none.
    std::uint32_t empty_data = 10'000;
    // Beyond two WINDOW_UPDATE for each DATA frame that we sent, which are not counted: one
    // PRIORITY_UPDATE, or one interim answer, for each of 10,000 tunnels, and again. Memory: none.
    std::uint32_t small_frames = 20'000;
    // A page that is left resets what it had open, some hundred streams. Memory: none; the work of
    // each request is done for nothing, and max_streams does not bound it.
    std::uint32_t resets_received = 1'000;
    // An honest peer provokes none but by frames that cross ours. Memory: an RST_STREAM that the
    // peer does not read is held, 160 bytes each, and its stream with it.
    std::uint32_t resets_provoked = 1'000;
    // One that is refused asks again after seconds (RFC 6455 §7.2.3), on max_streams at once.
    // Memory: an answer that the peer does not read is held as long as its stream is.
    std::uint32_t handshakes = 1'000;
    // Two from each of 10,000 tunnels. Memory: one pong per tunnel.
    std::uint32_t websocket_pings = 20'000;
};

// The limit of a kind (R123).
constexpr std::uint32_t limit_of(flood kind, const flood_limits& limits) noexcept {
    switch (kind) {
    case flood::pings: return limits.pings;
    case flood::settings: return limits.settings;
    case flood::empty_data: return limits.empty_data;
    case flood::small_frames: return limits.small_frames;
    case flood::resets_received: return limits.resets_received;
    case flood::resets_provoked: return limits.resets_provoked;
    case flood::handshakes: return limits.handshakes;
    case flood::websocket_pings: return limits.websocket_pings;
    }
    return 0;
}

class flood_guard {
public:
    // One more of a kind. False: that is more than its limit in this interval.
    [[nodiscard]] constexpr bool count(flood kind, const flood_limits& limits,
                                       instant now) noexcept {
        counters& at = counters_[static_cast<std::size_t>(kind)];
        ++at.total;
        if (at.earned != 0) {
            --at.earned;
            return true;
        }
        if (now >= interval_end_) begin_interval(limits, now); // (R123)
        const std::uint32_t limit = limit_of(kind, limits);
        if (at.in_interval != flood_limits::unlimited) ++at.in_interval;
        return limit == flood_limits::unlimited || at.in_interval <= limit;
    }

    // So many more of a kind are not counted, whenever they come: we gave cause for them.
    constexpr void earn(flood kind, std::uint32_t times) noexcept {
        counters_[static_cast<std::size_t>(kind)].earned += times;
    }

    // All of a kind since the connection began.
    constexpr std::uint64_t total(flood kind) const noexcept {
        return counters_[static_cast<std::size_t>(kind)].total;
    }

    // Those counted against the limit since the interval began.
    constexpr std::uint32_t in_interval(flood kind) const noexcept {
        return counters_[static_cast<std::size_t>(kind)].in_interval;
    }

private:
    struct counters {
        std::uint64_t total = 0;
        std::uint64_t earned = 0;
        std::uint32_t in_interval = 0;
    };

    constexpr void begin_interval(const flood_limits& limits, instant now) noexcept {
        for (counters& at : counters_) at.in_interval = 0;
        interval_end_ = after(now, limits.interval);
    }

    std::array<counters, flood_kinds> counters_{};
    instant interval_end_ = INT64_MIN;
};

} // namespace h2ws
