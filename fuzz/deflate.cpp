// permessage-deflate. The first octet decides: two websockets that talk to each other get all that
// was sent, however it is compressed, cut and mixed with pings; or one gets octets that nobody
// made, and does the same with them however they are cut, within its limits and in bounded memory.
#include "counted.hpp"
#include "frames.hpp"

#include <h2ws/h2ws.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

using fuzz::append;
using fuzz::bytes;
using fuzz::counted;
using fuzz::require;
using fuzz::supply;
using h2ws::zlib::permessage_deflate;

constexpr std::uint64_t max_message = 100'000;
constexpr std::size_t max_memory = 450'000; // both contexts at their largest, and the settings

h2ws::deflate_parameters parameters(supply& from) {
    h2ws::deflate_parameters agreed;
    agreed.server_no_context_takeover = from.flag();
    agreed.client_no_context_takeover = from.flag();
    agreed.server_max_window_bits = static_cast<std::uint8_t>(8 + from.number(7));
    agreed.client_max_window_bits = static_cast<std::uint8_t>(8 + from.number(7));
    return agreed;
}

h2ws::zlib::deflate_settings settings(supply& from, counted& memory) {
    return {.level = static_cast<int>(from.number(9)),
            .memory_level = 1 + static_cast<int>(from.number(8)),
            .one_frame = from.flag(),
            .smallest_message = from.number(30),
            .release_when_idle = from.flag(),
            .max_message = max_message,
            .memory = memory.policy()};
}

template <class Role>
using socket_of = h2ws::websocket<Role, permessage_deflate>;

template <class Role>
socket_of<Role> made(const h2ws::deflate_parameters& agreed,
                     const h2ws::zlib::deflate_settings& how) {
    return socket_of<Role>(fuzz::role_with_key<Role>(), {.max_message = max_message},
                           permessage_deflate(Role{}, agreed, how));
}

// ---- two that talk ------------------------------------------------------------------------------

// Of any size, repeating itself or not.
bytes message(supply& from) {
    bytes made;
    const std::size_t size = from.flag() ? from.number(300) : from.number(40'000);
    const h2ws::const_bytes pattern = from.octets(1 + from.number(600));
    while (made.size() < size) {
        if (pattern.empty())
            made.resize(size);
        else
            append(made, pattern.first(std::min(pattern.size(), size - made.size())));
    }
    return made;
}

// All of the message, or a part, in frames.
template <class Role>
void send(socket_of<Role>& socket, h2ws::const_bytes payload, bool fin, std::size_t room,
          bytes& wire) {
    for (bool more = true; more;) {
        bytes out(room);
        const auto frame = socket.send(h2ws::opcode::binary, payload, out, fin);
        require(bool(frame));
        append(wire, frame->header());
        append(wire, frame->header_size == 0 ? h2ws::const_bytes{} : frame->payload);
        more = frame->more;
    }
}

template <class Role>
bytes frames(supply& from, socket_of<Role>& socket, const bytes& whole) {
    bytes wire;
    h2ws::const_bytes rest = whole;
    const std::size_t bound = permessage_deflate::encoded_bound(whole.size());
    const std::size_t room = from.flag() ? bound : std::max<std::size_t>(bound, 16);
    const bool small = from.flag();
    while (from.number(3) == 3 && !from.empty()) {
        const h2ws::const_bytes part = rest.first(std::min(from.number(5'000), rest.size()));
        rest = rest.subspan(part.size());
        send(socket, part, false, small ? 16 + from.number(50) : room, wire);
        const auto ping = socket.send_ping(h2ws::as_bytes("in between"));
        require(bool(ping));
        append(wire, ping->bytes());
    }
    const bool begun = !wire.empty(); // one_frame is for a message that is given whole
    send(socket, rest, true, small && begun ? 16 + from.number(50) : room, wire);
    return wire;
}

template <class Role>
bytes received(supply& from, socket_of<Role>& socket, bytes wire) {
    bytes got;
    bool last = false;
    const bool idles = wire.size() % 2 != 0; // is polled with nothing in between, too
    std::size_t at = 0;
    while (at < wire.size()) {
        const std::size_t size = std::min(1 + from.number(3'000), wire.size() - at);
        h2ws::inbound<Role> in{std::span(wire).subspan(at, size)};
        while (true) {
            while (socket.poll_transmit()) { // pongs
            }
            h2ws::inbound<Role> nothing{};
            std::optional<h2ws::event> event;
            if (idles) event = socket.poll(nothing);
            if (!event) event = socket.poll(in);
            if (!event) {
                if (!socket.wants_transmit()) break;
                continue;
            }
            require(!std::holds_alternative<h2ws::closed>(*event));
            if (const auto* chunk = std::get_if<h2ws::message_chunk>(&*event)) {
                require(!last);
                append(got, chunk->payload);
                last = chunk->last;
            }
        }
        at += size - in.data.size();
        require(in.data.empty());
    }
    require(last);
    return got;
}

void talk(supply& from) {
    counted memory[2]{{.most = max_memory}, {.most = max_memory}};
    const h2ws::deflate_parameters agreed = parameters(from);
    auto server = made<h2ws::server>(agreed, settings(from, memory[0]));
    auto client = made<h2ws::client>(agreed, settings(from, memory[1]));
    for (int turn = 0; turn < 20 && !from.empty(); ++turn) {
        const bytes whole = message(from);
        server.extension().compress(from.number(7) != 0);
        if (from.flag())
            require(received(from, client, frames(from, server, whole)) == whole);
        else
            require(received(from, server, frames(from, client, whole)) == whole);
        if (from.flag()) server.extension().release_idle();
        if (from.flag()) client.extension().release_idle();
    }
}

// ---- one that is sent anything ------------------------------------------------------------------

template <class Role>
std::string played(const h2ws::deflate_parameters& agreed, supply how, bytes wire,
                   std::size_t piece) {
    counted memory{.most = max_memory};
    auto socket = made<Role>(agreed, settings(how, memory));
    fuzz::log happened(max_message);
    for (std::size_t at = 0; at < wire.size(); at += piece) {
        h2ws::inbound<Role> in{std::span(wire).subspan(at, std::min(piece, wire.size() - at))};
        while (true) {
            while (socket.poll_transmit()) {
            }
            if (const auto event = socket.poll(in))
                happened.note(*event);
            else if (!socket.wants_transmit())
                break;
        }
        require(in.data.empty());
    }
    return happened.text();
}

// Frames around octets of the input's, masked with a key of zeros, so that what is inflated is
// what the fuzzer sees; or the octets as they are.
bytes compressed_wire(supply& from, bool masked) {
    if (from.flag()) {
        const h2ws::const_bytes rest = from.rest();
        return bytes(rest.begin(), rest.end());
    }
    bytes wire;
    while (!from.empty()) {
        const std::size_t kind = from.number(255);
        const h2ws::const_bytes payload = from.octets(from.number(4'000));
        const h2ws::frame_header header{.payload_length = payload.size(),
                                        .code = static_cast<h2ws::opcode>(kind & 3),
                                        .fin = (kind & 4) != 0,
                                        .rsv1 = (kind & 8) != 0,
                                        .masked = masked};
        std::byte octets[h2ws::max_frame_header_size];
        append(wire, {octets, h2ws::encode_frame_header(header, octets)});
        append(wire, payload);
    }
    return wire;
}

template <class Role>
void suffer(supply& from) {
    const h2ws::deflate_parameters agreed = parameters(from);
    const std::size_t piece = 1 + from.number(60);
    const supply how = from;
    const bytes wire = compressed_wire(from, !Role::is_client);
    const std::string whole =
        played<Role>(agreed, how, wire, std::max<std::size_t>(wire.size(), 1));
    require(played<Role>(agreed, how, wire, piece) == whole);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    switch (from.number(3)) {
    case 0: suffer<h2ws::server>(from); break;
    case 1: suffer<h2ws::client>(from); break;
    default: talk(from); break;
    }
    return 0;
}
