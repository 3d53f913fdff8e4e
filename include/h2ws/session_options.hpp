// What a session allows and how long it waits. Every limit is on by default, with its reason and
// what it bounds in memory.
#pragma once

#include "allocator.hpp"
#include "flood_guard.hpp"
#include "instant.hpp"
#include "keepalive.hpp"
#include "limits.hpp"

#include <cstddef>
#include <cstdint>

namespace h2ws {

struct timeouts {
    // For the answer to an extended CONNECT: the server's to us, or ours to the client. A client
    // counts from `open` on, also while the request waits for its turn: whoever asked hears within
    // it.
    duration handshake = seconds(10);
    // Nothing exchanged on a tunnel, pings and pongs not counted; never: it may idle.
    duration idle = never;
    // After our Close has left, for the peer's and for the end of its half of the stream (S20,
    // S21).
    duration close = seconds(5);
    // Of that, how long the end of our half waits for the peer's (S20, S21).
    duration end_stream = seconds(1);
    // Without progress while output waits: a peer that grants no credit (S21), or a transport that
    // takes nothing, which ends the connection.
    duration stalled = seconds(30);
    // For the answer to the PING that goes with the first GOAWAY of a shutdown; then the second
    // leaves without it. A round trip, a slow one.
    duration goaway = seconds(5);
};

struct session_options {
    limits messages = {};
    timeouts waits = {};
    keepalive_options ping = {};
    flood_limits floods = {}; // beyond: GOAWAY(ENHANCE_YOUR_CALM), errc::flooded

    // Fields of one received section. Browsers send about 15. Memory: that many views, 32 bytes
    // each.
    std::size_t max_fields = 128;
    // Bytes of names and values of one received section; held while a request waits for its answer.
    std::size_t max_field_bytes = 16'384;

    // Tunnels and ordinary requests together, advertised as SETTINGS_MAX_CONCURRENT_STREAMS.
    // Memory: 320 bytes for each that idles, 340 at a client; until it is answered 760 more and its
    // fields; and what the limits below say. nghttp2 holds 410 bytes of its own beside them.
    std::uint32_t max_streams = 256;
    // Of these, tunnels that were told of and wait for accept or refuse; one more gets 503 when it
    // would be told. Memory: max_field_bytes + max_early_data + 32 * max_fields + 1 KiB each; the
    // same for each that came in one read and was not polled yet, of which max_streams bounds the
    // number.
    std::size_t max_pending = 64;
    // A client's tunnels that wait for the server's SETTINGS or for their turn below its
    // MAX_CONCURRENT_STREAMS; `open` then says too_many_tunnels. Memory: 1 KiB and the fields each.
    std::size_t max_waiting = 1'024;
    // Bytes that a client may send on a tunnel before the answer; more resets it (S11).
    std::size_t max_early_data = 4'096;

    // The window of a stream: what a peer may send on a tunnel whose application does not consume.
    std::int32_t stream_window = 65'535;
    // The window of the connection. Above the streams', so that one does not take it all.
    std::int32_t connection_window = 1 << 20;
    // Up to these they grow, where a peer fills them within a round trip and the application
    // consumes (the http2 engine measures that; nghttp2's windows stay as they are). Memory: what a
    // slow application holds of one tunnel; max_held bounds it for all.
    std::int32_t max_stream_window = 1 << 20;
    std::int32_t max_connection_window = 1 << 24;
    // Bytes that were delivered and not consumed, all tunnels together, beyond which the connection
    // is not credited either: the memory that slow applications can hold.
    std::size_t max_held = std::size_t{16} << 20;

    // Memory of what is queued on one stream and the peer does not take; `send` then says
    // queue_full, and tunnel_writable follows. A single message of any size is always taken when
    // the queue is empty. On top, a connection has 64 KiB on the way to the transport, and a
    // message above 4 KiB is held whole until its last byte has left.
    std::size_t max_queued = std::size_t{16} << 20;
    // The same for all streams of the connection together: one slow peer with many tunnels. Where
    // nothing is queued at all a message of any size is taken. Memory: what a peer that never reads
    // makes us hold is this, or one message where that is more, beside one Close, one pong and one
    // refusal for each stream.
    std::size_t max_queued_in_all = std::size_t{64} << 20;

    // A server takes tunnels: it advertises SETTINGS_ENABLE_CONNECT_PROTOCOL. Say so only where
    // tunnel_requested is answered: browsers stop using HTTP/1.1 for WebSockets once they see it.
    bool accept_tunnels = false;
    // A server answers sec-websocket-accept when a key was sent, as one client demands (S14).
    bool answer_key = true;
    // A server answers a malformed request with 400 before it ends the stream, where it has found
    // the fault itself; else it resets it (S5, RFC 9113 §8.1.1).
    bool answer_malformed = false;
    // A client refuses an answer without a subprotocol when it offered some, as browsers do (S13).
    bool require_subprotocol = false;
    // Only `websocket` in lower case is WebSocket (S3).
    bool strict_protocol_case = false;
    // Extended CONNECT with other protocols is handed to the application as a raw tunnel (S2).
    bool accept_raw_tunnels = false;
    // A client ends its half by RST_STREAM(CANCEL) instead of END_STREAM (S20).
    bool end_with_reset = false;

    // Where all that the session holds comes from. What nghttp2 holds comes from malloc.
    allocator memory = {};
};

} // namespace h2ws
