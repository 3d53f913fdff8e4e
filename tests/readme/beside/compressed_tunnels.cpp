// Runs what docs/compression.md shows of sessions, in memory.
#include "../compressed_tunnels.cpp"

#include <h2ws/system_entropy.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

constexpr h2ws::instant now = 1;

// What one side has to send arrives at the other, each event of which is given to `handle`.
template <class From, class To, class Handle>
std::size_t carry(From& from, To& to, Handle handle) {
    std::vector<std::byte> wire;
    for (const h2ws::const_bytes span : from.transmit(now))
        wire.insert(wire.end(), span.begin(), span.end());
    from.transmitted(wire.size());
    h2ws::mutable_bytes in = wire;
    while (const auto event = to.poll(in, now)) handle(*event);
    return wire.size();
}

} // namespace

int main() {
    h2ws::system_entropy entropy;
    h2ws::session_options accepting;
    accepting.accept_tunnels = true;
    server_session server(h2ws::server{}, accepting);
    client_session client(h2ws::client{entropy.source()}, {});
    const auto tunnel = ask(client, now);
    if (!tunnel) return 1;

    std::string arrived;
    const auto at_server = [&](const h2ws::stream_event& event) {
        if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event))
            accept(server, *asked, now);
        if (const auto* told = std::get_if<h2ws::tunnel_event>(&event)) {
            if (const auto* chunk = std::get_if<h2ws::message_chunk>(&told->what))
                arrived += h2ws::as_text(chunk->payload);
            server.consume(told->tunnel, told->wire_bytes);
        }
    };
    const auto at_client = [](const h2ws::stream_event& event) {
        const auto* opened = std::get_if<h2ws::tunnel_opened>(&event);
        if (opened != nullptr)
            if (const auto chosen =
                    h2ws::find_field(opened->response->fields, "sec-websocket-extensions"))
                std::printf("%s\n", std::string(*chosen).c_str());
    };
    for (int turn = 0; turn < 4; ++turn)
        (void)(carry(client, server, at_server) + carry(server, client, at_client));

    const std::string text = R"({"id": 17, "name": "lamp", "on": true, "level": 100})";
    for (const bool secret : {false, false, true}) {
        arrived.clear();
        const auto sent = secret
                              ? send_secret(client, *tunnel, text, now)
                              : client.send(*tunnel, h2ws::opcode::text, h2ws::as_bytes(text), now);
        if (!sent) return 1;
        const std::size_t size = carry(client, server, at_server);
        if (arrived != text) return 1;
        std::printf("%zu octets of JSON in %zu of HTTP/2\n", text.size(), size);
    }
}
