#include <h2ws/h2ws.hpp>

// What your stack can do with a stream of its own.
struct stack_stream {
    void send_headers(std::span<const h2ws::field> fields, bool end_stream);
    void send_data(h2ws::const_bytes bytes, bool end_stream);
    void send_reset(h2ws::http2_error code);
};

// An echo server's side of one stream. Your SETTINGS said ENABLE_CONNECT_PROTOCOL (0x8) = 1.
struct echo {
    stack_stream& stream;
    h2ws::websocket<h2ws::server> socket{};

    void headers_arrived(std::span<const h2ws::field> fields, bool end_stream) {
        const auto request = h2ws::read_request(fields);
        const h2ws::errc error =
            request ? h2ws::check_opening_handshake(*request, end_stream) : request.error();
        if (error == h2ws::errc::none) // look at request->path and ->origin() before
            stream.send_headers(h2ws::accept({}, *request), false);
        else if (h2ws::info(error).http_status != 0)
            stream.send_headers(h2ws::refuse(error), true); // well-formed, but not for us
        else
            stream.send_reset(h2ws::info(error).stream_error); // malformed
    }

    void data_arrived(h2ws::mutable_bytes bytes, bool end_stream) {
        h2ws::inbound<h2ws::server> in{bytes, end_stream};
        while (const auto event = socket.poll(in)) {
            if (const auto* chunk = std::get_if<h2ws::message_chunk>(&*event)) {
                const auto frame = socket.send(chunk->type, chunk->payload, chunk->last);
                if (frame) stream.send_data(frame->header(), false);
                if (frame) stream.send_data(frame->payload, false);
            }
            speak();
        }
        speak();
    }

    void speak() {
        while (const auto out = socket.poll_transmit())
            if (out->reset)
                stream.send_reset(out->stream_error);
            else
                stream.send_data(out->bytes, out->end_stream);
    }
};
