// What arrives at a websocket: whole or cut anywhere, unmasked where it lies or elsewhere, with the
// machine's vector instructions or without, the same happens.
#include "frames.hpp"

#include <h2ws/instructions.hpp>

#include <algorithm>

namespace {

using fuzz::bytes;
using fuzz::require;
using fuzz::supply;

constexpr h2ws::limits allowed{.max_message = 100'000, .max_fragments = 20};

template <class Role>
using socket_of = h2ws::websocket<Role>;

template <class Role>
void hear(socket_of<Role>& socket, fuzz::log& happened) {
    while (const auto said = socket.poll_transmit()) happened.note(*said);
}

// `more` is told nothing when all is taken.
template <class Role, class Poll>
void exhaust(socket_of<Role>& socket, fuzz::log& happened, Poll&& poll) {
    while (true) {
        hear(socket, happened);
        if (const auto event = poll())
            happened.note(*event);
        else if (!socket.wants_transmit())
            return;
    }
}

template <class Role>
std::string in_place(bytes wire, std::size_t piece, bool ends) {
    socket_of<Role> socket(fuzz::role_with_key<Role>(), allowed);
    fuzz::log happened(allowed.max_message);
    for (std::size_t at = 0; at < wire.size(); at += piece) {
        h2ws::inbound<Role> in{std::span(wire).subspan(at, std::min(piece, wire.size() - at))};
        exhaust(socket, happened, [&] { return socket.poll(in); });
        require(in.data.empty());
    }
    if (ends) {
        h2ws::inbound<Role> end{{}, true};
        exhaust(socket, happened, [&] { return socket.poll(end); });
        require(happened.over());
    }
    return happened.text();
}

template <class Role>
std::string elsewhere(const bytes& wire, std::size_t piece, std::size_t room, bool ends) {
    socket_of<Role> socket(fuzz::role_with_key<Role>(), allowed);
    fuzz::log happened(allowed.max_message);
    for (std::size_t at = 0; at < wire.size(); at += piece) {
        h2ws::const_bytes in = std::span(wire).subspan(at, std::min(piece, wire.size() - at));
        bytes out(room); // so that the sanitizer sees where it ends
        exhaust(socket, happened, [&] { return socket.poll(in, false, out); });
        require(in.empty());
    }
    if (ends) {
        h2ws::const_bytes end;
        bytes out(room);
        exhaust(socket, happened, [&] { return socket.poll(end, true, out); });
    }
    return happened.text();
}

template <class Role>
void receive(supply& from) {
    const std::size_t piece = 1 + from.number(80), room = 1 + from.number(300);
    const bool ends = from.flag();
    const bytes wire = fuzz::wire_of(from, !Role::is_client);
    const std::size_t all = std::max<std::size_t>(wire.size(), 1);
    const std::string expected = in_place<Role>(wire, all, ends);
    require(in_place<Role>(wire, piece, ends) == expected);
    require(elsewhere<Role>(wire, all, room, ends) == expected);
    require(elsewhere<Role>(wire, piece, room, ends) == expected);
    h2ws::instructions::use_at_most(h2ws::instructions::level::portable);
    require(in_place<Role>(wire, all, ends) == expected);
    h2ws::instructions::use_at_most(h2ws::instructions::level::avx2);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (from.flag())
        receive<h2ws::server>(from);
    else
        receive<h2ws::client>(from);
    return 0;
}
