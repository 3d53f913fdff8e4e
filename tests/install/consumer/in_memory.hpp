// A server and a client joined in memory, whatever speaks HTTP/2 for them.
#pragma once

#include <h2ws/session.hpp>
#include <h2ws/system_entropy.hpp>

#include <cstdio>
#include <vector>

constexpr h2ws::instant now = 0; // nothing here waits

template <h2ws::accepting_session Server>
void handle(Server& server, const h2ws::stream_event& event) {
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (!server.accept(asked->tunnel, {}, now)) std::puts("cannot accept");
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what);
        if (chunk != nullptr && !server.send(said->tunnel, chunk->type, chunk->payload, now))
            std::puts("cannot send");
        server.consume(said->tunnel, said->wire_bytes);
    }
}

template <h2ws::opening_session Client>
void handle(Client& client, const h2ws::stream_event& event) {
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        if (!client.send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now))
            std::puts("cannot send");
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            std::printf("%.*s\n", 5, h2ws::as_text(chunk->payload).data());
        client.consume(said->tunnel, said->wire_bytes);
    }
}

// What `from` has to say, heard by `to`. False: nothing.
template <class From, class To>
bool pass(From& from, To& to) {
    std::vector<std::byte> bytes;
    for (const auto span : from.transmit(now)) bytes.insert(bytes.end(), span.begin(), span.end());
    from.transmitted(bytes.size());
    h2ws::mutable_bytes in = bytes;
    while (const auto event = to.poll(in, now)) handle(to, *event);
    return !bytes.empty();
}

template <class Server, class Client>
int say_hello() {
    h2ws::system_entropy entropy;
    h2ws::session_options options;
    options.accept_tunnels = true;
    Server server({}, options);
    Client client({entropy.source()});
    if (!client.open({.authority = "localhost", .path = "/chat"}, now)) return 1;
    while (pass(client, server) || pass(server, client)) {
    }
    return 0;
}
