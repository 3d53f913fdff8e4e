// Our own sessions as a model of the suites, and where RFC 9113 left them a choice.
#pragma once

#include "../http2_frames.hpp"

#include <h2ws/http2/session.hpp>

struct http2_model : http2_frames {
    using server = h2ws::http2::server;
    using client = h2ws::http2::client;

    // What is told of a framing error that breaks this rule.
    static constexpr h2ws::errc framing_error(h2ws::errc precise) noexcept { return precise; }

    // CONTINUATION frames of one block; more end the connection (RFC 9113 §10.5.1).
    static constexpr std::size_t max_continuations = h2ws::http2::max_continuations;
    // A frame after END_STREAM on a stream that is half open: an error of the stream (RFC 9113
    // §5.1), or of the connection, as §5.4.1 allows.
    static constexpr bool ends_all_after_end_stream = false;
    // A client knows a stream that both have ended from one that was reset (RFC 9113 §5.1).
    static constexpr bool client_remembers_closed_streams = true;
    // A stream above an acknowledged MAX_CONCURRENT_STREAMS: RST_STREAM(REFUSED_STREAM), or an
    // error of the connection (RFC 9113 §5.1.2 leaves PROTOCOL_ERROR, §5.4.1 its reach).
    static constexpr bool refuses_streams_too_many = true;
    // WINDOW_UPDATE of 0 on a stream: an error of the stream (RFC 9113 §6.9), or of all (§5.4.1).
    static constexpr bool zero_increment_ends_all = false;
    // INITIAL_WINDOW_SIZE that takes a window above 2^31-1: RFC 9113 §6.9.2 asks for an error of
    // the connection; nghttp2 resets the stream.
    static constexpr bool window_by_settings_ends_all = true;
    // END_STREAM in an empty DATA frame leaves at a window of 0 (RFC 9113 §6.9.1: it may).
    static constexpr bool ends_without_window = true;
    // DATA may follow a 204 that answers CONNECT (RFC 9113 §8.5: any 2xx opens the tunnel).
    static constexpr bool tunnels_through_204 = true;
};
