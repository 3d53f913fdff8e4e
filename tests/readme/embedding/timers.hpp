#pragma once

#include "data.hpp"

#include <h2ws/keepalive.hpp>

// A tunnel's clock. You say when a DATA frame came and when our Close left.
struct tunnel_clock {
    h2ws::keepalive alive{}; // start(now) when the tunnel opens, heard(now) for each DATA frame
    h2ws::instant close_left = h2ws::never;

    h2ws::instant deadline() const {
        return close_left == h2ws::never ? alive.deadline({})
                                         : h2ws::after(close_left, h2ws::seconds(5));
    }
};

// At its deadline.
void expire(tunnel& on, tunnel_clock& clock, h2ws::instant now) {
    if (now < clock.deadline()) return;
    if (clock.close_left != h2ws::never) {                 // the peer does not end its half
        on.stream.send_reset(h2ws::http2_error::no_error); // a client: CANCEL
        if (const auto event =
                on.socket.stream_ended(h2ws::ending::reset_by_us, h2ws::http2_error::no_error))
            handle(on, *event);
        return;
    }
    const auto action = clock.alive.expire({}, now);
    if (action == h2ws::keepalive::action::send_ping)
        if (const auto ping = on.socket.send_ping()) on.stream.send_data(ping->bytes(), false);
    if (action == h2ws::keepalive::action::give_up) {
        on.socket.fail(h2ws::errc::keepalive_timeout);
        data_arrived(on, {}, false, 0); // gives `closed`, and the Close to send
    }
}
