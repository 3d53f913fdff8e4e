#pragma once

#include "output.hpp"

// A server that goes down: GOAWAY is your stack's, in two steps; each tunnel is asked to end, or
// left to end by itself.
void going_down(std::span<tunnel*> tunnels) {
    for (tunnel* on : tunnels) close(*on, h2ws::status_code::going_away, "");
}

// A client: what GOAWAY says of a tunnel that was asked for on this stream. One above the last
// stream was not looked at and may be asked for again, on another connection; others go on.
h2ws::errc goaway_arrived(std::uint32_t last_stream_id, std::uint32_t stream_id) {
    return stream_id > last_stream_id ? h2ws::errc::stream_not_processed : h2ws::errc::none;
}
