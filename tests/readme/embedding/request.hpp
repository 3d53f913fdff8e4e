#pragma once

#include "stack.hpp"

// A request that is not to have its tunnel: malformed ones are reset, others answered.
bool turn_away(stack_stream& stream, h2ws::errc error) {
    if (h2ws::info(error).http_status == 0)
        stream.send_reset(h2ws::info(error).stream_error);
    else
        stream.send_headers(h2ws::refuse(error), true);
    return false;
}

// A server: HEADERS that begin a stream. True: make a `tunnel` for it, DATA may come.
bool request_arrived(stack_stream& stream, std::span<const h2ws::field> fields, bool end_stream) {
    const auto head = h2ws::read_request_head(fields);
    if (!head) return turn_away(stream, head.error());
    if (head->kind == h2ws::request_kind::ordinary) {
        stream.send_headers(h2ws::refuse(404), true); // yours to answer: GET, POST, ...
        return false;
    }
    const h2ws::connect_request request = h2ws::to_connect_request(*head);
    if (const h2ws::errc error = h2ws::check_opening_handshake(request, end_stream);
        error != h2ws::errc::none)
        return turn_away(stream, error); // a plain CONNECT too: 501

    // From here on it is the application's decision.
    if (request.origin() != "https://example.com") {
        stream.send_headers(h2ws::refuse(403), true);
        return false;
    }
    const bool chats = request.offered_subprotocols().contains("chat");
    stream.send_headers(h2ws::accept({.subprotocol = chats ? "chat" : ""}, request), false);
    return true;
}
