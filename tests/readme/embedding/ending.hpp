#pragma once

#include "data.hpp"

// RST_STREAM arrived.
void reset_arrived(tunnel& on, h2ws::http2_error code) {
    if (const auto event = on.socket.stream_ended(h2ws::ending::reset_by_peer, code))
        handle(on, *event);
}

// The connection is gone, for whatever reason.
void connection_lost(tunnel& on) {
    if (const auto event =
            on.socket.stream_ended(h2ws::ending::connection_lost, h2ws::http2_error::no_error))
        handle(on, *event);
}

// HEADERS came on an open tunnel, trailers say: a stream error (RFC 9113 section 8.5).
void headers_on_tunnel(tunnel& on) {
    on.stream.send_reset(h2ws::info(h2ws::errc::headers_on_tunnel).stream_error);
    if (const auto event =
            on.socket.stream_ended(h2ws::ending::reset_by_us, h2ws::http2_error::protocol_error))
        handle(on, *event);
}
