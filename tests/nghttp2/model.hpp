// nghttp2's sessions as a model of the suites, and where RFC 9113 left them a choice.
#pragma once

#include "../http2_frames.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

struct nghttp2_model : http2_frames {
    using server = h2ws::nghttp2::server;
    using client = h2ws::nghttp2::client;

    // What is told of a framing error that breaks this rule.
    static constexpr h2ws::errc framing_error(h2ws::errc) noexcept {
        return h2ws::errc::connection_error;
    }

    // CONTINUATION frames of one block; more end the connection (RFC 9113 §10.5.1).
    static constexpr std::size_t max_continuations = h2ws::nghttp2::max_continuations;
    // A frame after END_STREAM on a stream that is half open: an error of the stream (RFC 9113
    // §5.1), or of the connection, as §5.4.1 allows.
    static constexpr bool ends_all_after_end_stream = true;
    // A client knows a stream that both have ended from one that was reset (RFC 9113 §5.1).
    static constexpr bool client_remembers_closed_streams = false;
    // A stream above an acknowledged MAX_CONCURRENT_STREAMS: RST_STREAM(REFUSED_STREAM), or an
    // error of the connection (RFC 9113 §5.1.2 leaves PROTOCOL_ERROR, §5.4.1 its reach).
    static constexpr bool refuses_streams_too_many = false;
    // WINDOW_UPDATE of 0 on a stream: an error of the stream (RFC 9113 §6.9), or of all (§5.4.1).
    static constexpr bool zero_increment_ends_all = true;
    // INITIAL_WINDOW_SIZE that takes a window above 2^31-1: RFC 9113 §6.9.2 asks for an error of
    // the connection; nghttp2 resets the stream.
    static constexpr bool window_by_settings_ends_all = false;
    // END_STREAM in an empty DATA frame leaves at a window of 0 (RFC 9113 §6.9.1: it may).
    static constexpr bool ends_without_window = false;
    // DATA may follow a 204 that answers CONNECT (RFC 9113 §8.5: any 2xx opens the tunnel).
    static constexpr bool tunnels_through_204 = false;
};
