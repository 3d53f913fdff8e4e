// A program of another project that has nothing but the core: a client's frame in, the answer out.
#include <h2ws/h2ws.hpp>

#include <cstdio>
#include <string>

int main() {
    std::string data = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; // RFC 6455 section 5.7
    h2ws::inbound<h2ws::server> in{std::as_writable_bytes(std::span(data))};
    h2ws::websocket<h2ws::server> socket;
    const auto event = socket.poll(in);
    const auto* chunk = event ? std::get_if<h2ws::message_chunk>(&*event) : nullptr;
    if (chunk == nullptr || !chunk->last) return 1;
    const auto echo = socket.send(chunk->type, chunk->payload);
    if (!echo || echo->header().size() != 2) return 1;
    std::printf("core: %.*s\n", 5, h2ws::as_text(echo->payload).data());
}
