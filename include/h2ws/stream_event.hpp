// What a session tells its owner: a tunnel and what happened there, an ordinary request, or the
// connection. Payloads are lent of the bytes that were polled, until the next call on the session;
// how long fields live is said where they stand.
#pragma once

#include "connect_gate.hpp"
#include "event.hpp"
#include "extended_connect.hpp"
#include "message_head.hpp"
#include "opening_handshake.hpp"

#include <compare>
#include <variant>

namespace h2ws {

// The name of a tunnel: given once, never used again. HTTP/2's stream id is an attribute of it.
struct tunnel_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const tunnel_id&, const tunnel_id&) = default;
};

// The same for an ordinary request.
struct request_id {
    std::uint64_t value = 0;
    friend constexpr auto operator<=>(const request_id&, const request_id&) = default;
};

// A server's: somebody asks for a tunnel, and the request keeps all rules. Answer with `accept` or
// `refuse`; the request and its views live until then, or until tunnel_released was polled past.
struct tunnel_requested {
    tunnel_id tunnel;
    const connect_request* request;
};

// A server's: somebody asked for a tunnel, or for anything, against a rule; it was answered or
// reset as `error` says, and nothing else will be heard of it.
struct request_rejected {
    errc error;
    std::int32_t stream_id;
};

// A client's: frames may flow. The response's views live until the next call.
struct tunnel_opened {
    tunnel_id tunnel;
    const connect_response* response;
};

// A client's: there is no tunnel. `status` is 0 where no answer came; `body` is what came of the
// refusal's content, up to 1 KiB. `retryable`: the server has not processed the request (RFC 9113
// §8.7). The views live until the next call; tunnel_released follows.
struct tunnel_refused {
    tunnel_id tunnel;
    errc error;
    http2_error stream_error;
    std::uint16_t status;
    bool retryable;
    std::span<const field> fields;
    std::string_view body;
};

// What the tunnel's websocket says. `wire_bytes` go back through `consume` when the application is
// done with them: they hold the peer's credit.
struct tunnel_event {
    tunnel_id tunnel;
    event what;
    std::size_t wire_bytes;
};

// A raw tunnel's bytes; `end`: the peer has ended its half. Its `closed` comes as a tunnel_event.
struct tunnel_data {
    tunnel_id tunnel;
    mutable_bytes payload;
    bool end;
    std::size_t wire_bytes;
};

// A call on the tunnel said queue_full, and there is room again: what was queued has left but for
// half of the limit, or less. Once after any number of such calls.
struct tunnel_writable {
    tunnel_id tunnel;
};

// The tunnel is gone in both directions, and so is its name. The last that is heard of it.
struct tunnel_released {
    tunnel_id tunnel;
};

// A server's: an ordinary request. Its views live until `respond`, or until request_released was
// polled past; `end`: it has no body.
struct request_received {
    request_id request;
    const request_head* head;
    bool end;
};

// A client's: an interim (1xx) answer to an ordinary request; any number may come before the final
// one (RFC 9110 §15.2). The views live until the next call. Those to a request for a tunnel are
// passed over.
struct interim_received {
    request_id request;
    const response_head* head;
};

// A client's: the final answer to an ordinary request. The views live until request_released was
// polled past; `end`: it has no body.
struct response_received {
    request_id request;
    const response_head* head;
    bool end;
};

// A piece of the body that the peer sends; `wire_bytes` go back through `consume`. `trailers` came
// with the end, and not before; the views live until the next call.
struct body_received {
    request_id request;
    const_bytes payload;
    bool end;
    std::size_t wire_bytes;
    std::span<const field> trailers = {};
};

// tunnel_writable for the body that `write` sends.
struct request_writable {
    request_id request;
};

// The request is gone, answered (errc::none) or reset; a client may try it again where the error is
// stream_not_processed (RFC 9113 §8.7).
struct request_released {
    request_id request;
    errc error;
};

// What of a peer's SETTINGS a tunnel's owner may want to know (RFC 9113 §6.5.2), as in force now.
struct peer_settings {
    std::uint32_t max_concurrent_streams = 0xffff'ffff; // no limit
    std::uint32_t initial_window_size = 65'535;
    std::uint32_t max_frame_size = 16'384;
};

// The server's SETTINGS arrived. `connect`: what they say of extended CONNECT (RFC 8441 §3).
struct settings_received {
    connect_answer connect;
    peer_settings values;
};

// GOAWAY (RFC 9113 §6.8). Tunnels whose stream is at most `last_stream_id` go on (S16).
struct goaway_received {
    std::int32_t last_stream_id;
    http2_error code;
};

// The connection is over; every tunnel has had its `closed`. The last event of a session.
struct connection_ended {
    errc error; // none: both sides were done
    http2_error code;
};

using stream_event =
    std::variant<tunnel_requested, request_rejected, tunnel_opened, tunnel_refused, tunnel_event,
                 tunnel_data, tunnel_writable, tunnel_released, request_received, interim_received,
                 response_received, body_received, request_writable, request_released,
                 settings_received, goaway_received, connection_ended>;

} // namespace h2ws
