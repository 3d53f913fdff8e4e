// When to ping a silent peer and when to give it up: a pure function of the times given in
// (RFC 6455 section 5.5.2). WebSocket pings are each tunnel's own; HTTP/2 PING is the connection's.
#pragma once

#include "instant.hpp"

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
        pinged_ = false;
    }

    // Whether the ping that `expire` asked for has no answer yet.
    constexpr bool pinged() const noexcept { return pinged_; }

    // When `expire` has something to say next; never when the interval is never.
    constexpr instant deadline(const keepalive_options& options) const noexcept {
        const instant ping_at = after(last_heard_, options.interval);
        return pinged_ ? after(ping_at, options.timeout) : ping_at;
    }

    // The ping that `expire` asked for leaves only now: the peer's time to answer begins.
    constexpr void ping_left(const keepalive_options& options, instant now) noexcept {
        if (pinged_) last_heard_ = now - options.interval;
    }

    constexpr action expire(const keepalive_options& options, instant now) noexcept {
        if (now < deadline(options)) return action::none;
        if (pinged_) return action::give_up;
        // Counted from the ping, also when it comes late.
        last_heard_ = now - options.interval;
        pinged_ = true;
        return action::send_ping;
    }

private:
    instant last_heard_ = 0;
    bool pinged_ = false;
};

} // namespace h2ws
