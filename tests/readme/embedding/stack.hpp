#pragma once

#include <h2ws/h2ws.hpp>

#include <string>

// One of your stack's streams. What is sent waits in your queue, in order, for its windows.
struct stack_stream {
    void send_headers(std::span<const h2ws::field> fields, bool end_stream);
    void send_data(h2ws::const_bytes bytes, bool end_stream); // copies
    void send_reset(h2ws::http2_error code);
    void credit(std::size_t bytes); // WINDOW_UPDATE of the stream
};

// What you keep for each tunnel.
struct tunnel {
    stack_stream& stream;
    h2ws::websocket<h2ws::server> socket{};
    std::string message{};             // the application's: what has come of it
    h2ws::errc end = h2ws::errc::none; // why nothing more comes,
    bool closed = false;               // once nothing does
};
