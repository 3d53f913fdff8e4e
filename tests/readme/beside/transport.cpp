// An echo server on one_tunnel.hpp, and what its peer writes, by hand: whole, then octet by octet.
#include "../transport/one_tunnel.hpp"

#include <cstdio>
#include <string>

namespace {

void handle(one_tunnel& session, const h2ws::stream_event& event) {
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (asked->request->path == "/echo")
            (void)session.accept(asked->tunnel, {}, 0);
        else
            (void)session.refuse(asked->tunnel, 404, 0);
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            (void)session.send(said->tunnel, chunk->type, chunk->payload, 0, chunk->last);
        if (const auto* over = std::get_if<h2ws::closed>(&said->what))
            std::printf(" closed: %s;", h2ws::info(over->error).name.data());
        session.consume(said->tunnel, said->wire_bytes);
    } else if (std::holds_alternative<h2ws::connection_ended>(event)) {
        std::printf(" ended;");
    }
}

void play(std::string input, std::size_t step) {
    h2ws::session_options options;
    options.accept_tunnels = true;
    one_tunnel session(options);
    std::string output;
    for (std::size_t at = 0; at < input.size(); at += step) {
        const std::size_t size = std::min(step, input.size() - at);
        h2ws::mutable_bytes in = std::as_writable_bytes(std::span(input).subspan(at, size));
        for (bool wrote = true; wrote;) {
            while (const auto event = session.poll(in, 0)) handle(session, *event);
            std::size_t offered = 0;
            for (const h2ws::const_bytes span : session.transmit(0)) {
                output += h2ws::as_text(span);
                offered += span.size();
            }
            session.transmitted(offered);
            wrote = offered != 0;
        }
    }
    for (const char c : output)
        std::printf(c >= ' ' && c <= '~' ? " %c" : " %02x", static_cast<unsigned char>(c));
    std::printf("%s\n", session.finished() ? "; finished" : "");
}

} // namespace

int main() {
    const std::string hi("D\x08\x81\x82\0\0\0\0Hi", 10), close("E\x06\x88\x80\0\0\0\0", 8);
    const std::string request("H\x05/echo");
    play(request + hi + close, 100);
    play(request + hi + close, 1);
    play(request + "R" + std::string(1, '\0'), 100);
    play(std::string("H\x01/", 3), 100);
}
