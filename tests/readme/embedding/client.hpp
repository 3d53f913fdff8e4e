#pragma once

#include "stack.hpp"

#include <optional>

// A client's tunnel. Requests borrow what they are made of, and live until the answer is read.
struct client_tunnel {
    stack_stream& stream;
    h2ws::connect_request request;
    std::optional<h2ws::websocket<h2ws::client>> socket{}; // once it is open
};

// Not before the gate says yes.
h2ws::errc ask(client_tunnel& on) {
    const h2ws::field_list fields = h2ws::request(on.request);
    if (fields.error() == h2ws::errc::none) on.stream.send_headers(fields, false);
    return fields.error();
}

// A HEADERS frame of the answer.
void response_arrived(client_tunnel& on, std::span<const h2ws::field> fields, bool end_stream,
                      h2ws::masking_key_source keys) {
    const auto response = h2ws::read_response(fields, end_stream, on.request);
    if (!response) { // no tunnel comes of it
        const h2ws::http2_error code = h2ws::info(response.error()).stream_error;
        on.stream.send_reset(code == h2ws::http2_error::no_error ? h2ws::http2_error::cancel
                                                                 : code);
    } else if (response->kind == h2ws::response_kind::accepted) {
        on.socket.emplace(h2ws::client{keys});
    } // interim: the answer is still to come; refused: an ordinary response, maybe with a body
}

// The payload is masked where it lies: hand over a copy where you still need it.
bool send_text(client_tunnel& on, std::span<char> text) {
    const auto frame = on.socket->send(h2ws::opcode::text, std::as_writable_bytes(text));
    if (!frame) return false;
    on.stream.send_data(frame->header(), false);
    on.stream.send_data(frame->payload, false);
    return true;
}
