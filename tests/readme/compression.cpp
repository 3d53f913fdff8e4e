// A client and a server agree on permessage-deflate, and send each other messages.
#include <h2ws/h2ws.hpp>
#include <h2ws/system_entropy.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

using h2ws::zlib::permessage_deflate;

template <class Role>
using socket_of = h2ws::websocket<Role, permessage_deflate>;

// The frames of a message, as they go into DATA frames.
template <class Role>
std::vector<std::byte> sent(socket_of<Role>& from, std::string_view text) {
    std::vector<std::byte> wire;
    std::vector<std::byte> room(permessage_deflate::encoded_bound(text.size())); // for one frame
    h2ws::const_bytes rest = h2ws::as_bytes(text);
    for (bool more = true; more;) {
        const auto frame = from.send(h2ws::opcode::text, rest, room);
        if (!frame) return {};
        wire.insert(wire.end(), frame->header().begin(), frame->header().end());
        wire.insert(wire.end(), frame->payload.begin(), frame->payload.end());
        more = frame->more;
    }
    std::printf("%zu octets in %zu: %02x %02x ...\n", text.size(), wire.size(),
                std::to_integer<unsigned>(wire[0]), std::to_integer<unsigned>(wire[1]));
    return wire;
}

// The message in what arrived, of which each event has 4,096 octets at most.
template <class Role>
std::string received(socket_of<Role>& by, std::vector<std::byte> wire) {
    std::string text;
    h2ws::inbound<Role> in{wire};
    while (const auto event = by.poll(in))
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&*event))
            text += h2ws::as_text(chunk->payload);
    return text;
}

int main() {
    std::array<char, h2ws::max_deflate_element> offer_room, answer_room;

    // A field of the client's request. The server may ask for a smaller window of the client's.
    const h2ws::deflate_parameters wanted{.client_max_window_bits =
                                              h2ws::deflate_parameters::no_value};
    const auto offer = h2ws::write_deflate({&wanted, 1}, offer_room);
    if (!offer) return 1;
    const h2ws::field request[] = {{"sec-websocket-extensions", *offer}};

    // The server's answer, a field of its response.
    const h2ws::deflate_options options{.client_max_window_bits = 12};
    const auto chosen = h2ws::negotiate_deflate(h2ws::extension_reader(request), options);
    if (!chosen) return 1;  // no list: the request is answered with 400
    if (!*chosen) return 1; // nothing that can be met: no such field, permessage_deflate()
    socket_of<h2ws::server> server({}, {}, permessage_deflate(h2ws::server{}, **chosen));
    if (!server.extension().active()) return 1; // no memory for it: the same
    const auto answer = h2ws::write_deflate({&**chosen, 1}, answer_room);
    if (!answer) return 1;
    const h2ws::field response[] = {{"sec-websocket-extensions", *answer}};

    // What the client makes of it.
    const auto agreed = h2ws::read_deflate_answer(h2ws::extension_reader(response),
                                                  h2ws::extension_reader(request));
    if (!agreed) return 1;  // not as it was offered, or invalid: reset with CANCEL
    if (!*agreed) return 1; // the server does without: permessage_deflate()
    h2ws::system_entropy entropy;
    const h2ws::client role{entropy.source()};
    socket_of<h2ws::client> client(role, {}, permessage_deflate(role, **agreed));
    if (!client.extension().active()) return 1; // no memory for it: reset too

    std::printf("> %s\n< %s\n", std::string(*offer).c_str(), std::string(*answer).c_str());
    const std::string_view message = R"({"id": 17, "name": "lamp", "on": true, "level": 100})";
    if (received(client, sent(server, message)) != message) return 1;
    if (received(client, sent(server, message)) != message) return 1; // out of the context
    if (received(server, sent(client, message)) != message) return 1; // masked
    server.extension().compress(false);
    if (received(client, sent(server, message)) != message) return 1; // as it is
}
