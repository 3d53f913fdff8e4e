#include <h2ws/h2ws.hpp>

#include <cstdio>

void write(h2ws::const_bytes bytes) {
    for (const std::byte octet : bytes) std::printf("%02x ", std::to_integer<unsigned>(octet));
}

int main() {
    h2ws::websocket<h2ws::server> socket; // one per HTTP/2 stream

    // What a DATA frame brought: a client says "Hello", pings, and closes with 1000.
    unsigned char data[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d,
                            0x51, 0x58, 0x89, 0x80, 0x01, 0x02, 0x03, 0x04, 0x88,
                            0x82, 0x01, 0x02, 0x03, 0x04, 0x02, 0xea};
    h2ws::inbound<h2ws::server> in{std::as_writable_bytes(std::span(data))};

    while (auto event = socket.poll(in)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&*event)) {
            const auto echo = socket.send(chunk->type, chunk->payload, chunk->last);
            if (!echo) return 1;
            write(echo->header()); // 81 05
            write(echo->payload);  // 48 65 6c 6c 6f, in place: "Hello"
        }
        while (auto out = socket.poll_transmit()) {
            write(out->bytes); // the pong 8a 00, later the Close 88 02 03 e8
            if (out->end_stream) std::puts("END_STREAM");
        }
    }
}
