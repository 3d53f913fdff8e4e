// What a websocket tells its owner. Payloads are lent: of the input that was polled, or of the
// object for control frames, until the next call on the object.
#pragma once

#include "bytes.hpp"
#include "errc.hpp"
#include "frame_header.hpp"

#include <variant>

namespace h2ws {

// A piece of a message. Pieces are cut where the input was cut, not where frames were; joined from
// `first` to `last` they are the message. A piece is empty only when it is the last.
struct message_chunk {
    opcode type; // text or binary
    const_bytes payload;
    bool first;
    bool last;
};

// The pong that answers it is owed and comes out of poll_transmit (RFC 6455 §5.5.2).
struct ping {
    const_bytes payload;
};

struct pong {
    const_bytes payload;
};

// The peer's Close (RFC 6455 §5.5.1), the first and only one that is reported. `code` is 1005 when
// there was none in it. The answer, if one is owed, comes out of poll_transmit.
struct close_frame {
    status_code code;
    std::string_view reason;
};

// Nothing more will be received. Comes exactly once. errc::none: both Closes were exchanged, the
// ending is clean (RFC 6455 §7.1.4).
struct closed {
    errc error = errc::none;
    http2_error stream_error = http2_error::no_error; // of a reset, for diagnostics (S22)
};

using event = std::variant<message_chunk, ping, pong, close_frame, closed>;

// What the protocol has to say by itself: bytes, then perhaps the end of the stream.
struct transmit {
    const_bytes bytes; // lent until the next call on the object
    bool end_stream = false;
    bool reset = false;                             // RST_STREAM with `stream_error` instead
    http2_error stream_error = http2_error::cancel; // RFC 8441 §5 (R31, S6)
};

// Why a stream is over without END_STREAM.
enum class ending : std::uint8_t { reset_by_peer, reset_by_us, connection_lost };

} // namespace h2ws
