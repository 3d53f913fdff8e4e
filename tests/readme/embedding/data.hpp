#pragma once

#include "stack.hpp"

// What the protocol says by itself: after every poll, and after stream_ended and fail.
void speak(tunnel& on) {
    while (const auto out = on.socket.poll_transmit())
        if (out->reset)
            on.stream.send_reset(out->stream_error);
        else
            on.stream.send_data(out->bytes, out->end_stream);
}

void handle(tunnel& on, const h2ws::event& event) {
    if (const auto* chunk = std::get_if<h2ws::message_chunk>(&event)) {
        if (chunk->first) on.message.clear();
        on.message += h2ws::as_text(chunk->payload); // lent until the next call
    } else if (const auto* over = std::get_if<h2ws::closed>(&event)) {
        on.end = over->error;
        on.closed = true;
    }
}

// A DATA frame. `size` is what it took of the windows: the bytes and the padding.
void data_arrived(tunnel& on, h2ws::mutable_bytes bytes, bool end_stream, std::size_t size) {
    h2ws::inbound<h2ws::server> in{bytes, end_stream};
    while (const auto event = on.socket.poll(in)) {
        handle(on, *event);
        speak(on);
    }
    speak(on);
    if (size != 0 && !end_stream) on.stream.credit(size);
}
