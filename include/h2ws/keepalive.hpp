// When to ping a silent peer and when to give it up: a pure function of the times given in
// (RFC 6455 section 5.5.2). WebSocket pings are each tunnel's own; HTTP/2 PING is the connection's.
#pragma once

#include "instant.hpp"

#include <cstdint>

namespace h2ws {

struct keepalive_options {
    // Silence after which a ping is sent. Proxies drop what is idle for a minute.
    duration interval = seconds(30);
    // Silence after the ping that gives the peer up.
    duration timeout = seconds(30);
};

class keepalive {
public:
    enum class action : std::uint8_t { none, send_ping, give_up };

    constexpr void start(instant now) noexcept { heard(now); }

    // Anything arrived from the peer, not only a pong: it lives.
    constexpr void heard(instant now) noexcept {
        last_heard_ = now;
        ping_ = ping::none;
    }

    // Whether the ping that `expire` asked for has no answer yet.
    constexpr bool pinged() const noexcept { return ping_ != ping::none; }

    // When `expire` has something to say next; never when the interval is never.
    constexpr instant deadline(const keepalive_options& options) const noexcept {
        const instant ping_at = after(last_heard_, options.interval);
        return ping_ == ping::none ? ping_at : after(ping_at, options.timeout);
    }

    // The ping that `expire` asked for leaves only now: the peer's time to answer begins. What else
    // leaves after it gives the peer no more of it.
    constexpr void ping_left(const keepalive_options& options, instant now) noexcept {
        if (ping_ == ping::waits) begin_timeout(ping::left, options, now);
    }

    constexpr action expire(const keepalive_options& options, instant now) noexcept {
        if (now < deadline(options)) return action::none;
        if (ping_ != ping::none) return action::give_up;
        begin_timeout(ping::waits, options, now); // also when it comes late
        return action::send_ping;
    }

private:
    enum class ping : std::uint8_t { none, waits, left }; // since the peer was last heard

    // `deadline` counts from the ping.
    constexpr void begin_timeout(ping stands, const keepalive_options& options,
                                 instant now) noexcept {
        ping_ = stands;
        last_heard_ = now - options.interval;
    }

    instant last_heard_ = 0;
    ping ping_ = ping::none;
};

} // namespace h2ws
