#include "../catch.hpp"
#include "../scarce_memory.hpp"
#include "link.hpp"

#include <engine.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace h2ws;

namespace {

bool same_key(void*, masking_key& key) noexcept {
    key.fill(std::byte{0x5a});
    return true;
}

session_options accepting(session_options options) {
    options.accept_tunnels = true;
    return options;
}

// A server whose memory is counted, and a client; what messages bring is checked where they arrive.
struct joined {
    using server_end = load::end_of_link<engine::server>;
    using client_end = load::end_of_link<engine::client>;

    explicit joined(const session_options& limits, const session_options& client_limits = {})
        : server(h2ws::server{}, accepting(with(limits, memory))),
          client(h2ws::client{{.next = same_key}}, client_limits),
          link(server, client) {
        server.handle = [this](const auto& happened) { on_server(happened); };
        client.handle = [this](const auto& happened) { on_client(happened); };
        link.run();
    }

    static session_options with(session_options options, scarce_memory& memory) {
        options.memory = memory.policy();
        return options;
    }

    tunnel_id open() {
        const auto opened = client.session.open(
            {.scheme = "http", .authority = "localhost", .path = "/"}, link.now);
        REQUIRE(opened);
        const std::size_t before = accepted.size();
        link.run();
        REQUIRE(accepted.size() == before + 1);
        return *opened;
    }

    errc server_sends() {
        const std::string next = message(expected, sent);
        const errc error =
            server.session.send(accepted.back(), opcode::text, as_bytes(next), link.now).error();
        sent += error == errc::none;
        return error;
    }

    void client_sends(tunnel_id tunnel, std::size_t number) {
        const std::string next = message(expected, number);
        REQUIRE(client.session.send(tunnel, opcode::text, as_bytes(next), link.now));
    }
    void client_sends(tunnel_id tunnel) { client_sends(tunnel, sent++); }

    // What was held, and what comes from now on.
    void consume() {
        consumes = true;
        for (const auto& [tunnel, size] : held) server.session.consume(tunnel, size);
        held.clear();
        link.run();
    }

    // The n-th message of a tunnel, of this size.
    static std::string message(std::size_t size, std::uint64_t number) {
        std::string made(size, static_cast<char>('a' + number % 26));
        const std::string front = std::to_string(number);
        return made.replace(0, std::min(size, front.size()), front.substr(0, size));
    }

    void on_server(const stream_event& happened) {
        if (const auto* asked = std::get_if<tunnel_requested>(&happened)) {
            REQUIRE(server.session.accept(asked->tunnel, {}, link.now));
            accepted.push_back(asked->tunnel);
        }
        const auto* on_tunnel = std::get_if<tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        if (std::holds_alternative<pong>(on_tunnel->what)) ++pongs;
        take(server, *on_tunnel);
    }

    void on_client(const stream_event& happened) {
        if (const auto* on_tunnel = std::get_if<tunnel_event>(&happened)) take(client, *on_tunnel);
    }

    // Messages are sent with rising numbers and one size: `expected`.
    template <class End>
    void take(End& at, const tunnel_event& happened) {
        const auto* chunk = std::get_if<message_chunk>(&happened.what);
        if (chunk == nullptr) return;
        std::string& begun = messages[happened.tunnel.value];
        begun += as_text(chunk->payload);
        if (chunk->last) {
            good = good && begun == message(expected, received[happened.tunnel.value]++);
            ++whole;
            begun.clear();
        }
        if (consumes)
            at.session.consume(happened.tunnel, happened.wire_bytes);
        else
            held.emplace_back(happened.tunnel, happened.wire_bytes);
    }

    scarce_memory memory;
    server_end server;
    client_end client;
    load::link<engine::server, engine::client> link;
    std::vector<tunnel_id> accepted;               // by the server, its names
    std::map<std::uint64_t, std::string> messages; // that have begun
    std::map<std::uint64_t, std::uint64_t> received;
    std::vector<std::pair<tunnel_id, std::size_t>> held;
    std::size_t expected = 0;
    std::size_t whole = 0;
    std::size_t sent = 0;
    std::size_t pongs = 0;
    bool consumes = true;
    bool good = true; // every message was as it was sent
};

constexpr std::size_t never_offered = 1'000'000; // before the queue is full

} // namespace

TEST_CASE("a peer that never reads costs its queue's limit and 64 KiB at most", "[load]") {
    const std::size_t limit = GENERATE(std::size_t{0}, std::size_t{20'000}, std::size_t{1} << 20);
    const std::size_t size = GENERATE(std::size_t{1}, std::size_t{200}, std::size_t{300},
                                      std::size_t{2'000}, std::size_t{4'000});
    const std::size_t turn = GENERATE(std::size_t{10}, never_offered);
    joined both({.max_queued = limit},
                {.stream_window = 0x7fff'ffff, .connection_window = 0x7fff'ffff});
    both.open();
    both.expected = size;
    const std::size_t before = both.memory.held;
    std::size_t most = 0;
    const auto fill = [&] {
        while (both.server_sends() == errc::none) {
            // The transport takes nothing of what it is offered.
            if (both.sent % turn == 0) (void)both.server.session.transmit(both.link.now);
            most = std::max(most, both.memory.held);
        }
    };
    fill();
    const std::size_t offered = load::size_of(both.server.session.transmit(both.link.now));
    most = std::max(most, both.memory.held);
    fill(); // what is offered has made room
    CHECK(both.server_sends() == errc::queue_full);
    CHECK(load::size_of(both.server.session.transmit(both.link.now)) == offered);
    CHECK(most <= before + limit + 65'536);
    CHECK(most + 4'096 >= before + limit); // within a block of it

    both.link.run(); // it reads after all
    CHECK(both.whole == both.sent);
    CHECK(both.good);
    CHECK(both.memory.held <= before + 4'096); // the list of what is offered has grown
}

TEST_CASE("a sender that never stops is held by its window, to the byte", "[load][rfc9113-6.9.1]") {
    const std::int32_t window = GENERATE(100, 16'384, 65'535, 300'000);
    const std::size_t size = GENERATE(std::size_t{10}, std::size_t{1'000}, std::size_t{50'000});
    joined both({.stream_window = window, .max_stream_window = window});
    const tunnel_id tunnel = both.open();
    both.consumes = false;
    both.expected = size;
    const auto frame = size + frame_header_size({.payload_length = size, .masked = true});
    const auto accepted = static_cast<std::size_t>(window);
    const std::size_t all = 2 * accepted / frame + 10;
    while (both.sent < all) both.client_sends(tunnel);
    both.link.run();
    CHECK(both.server.data == accepted);
    CHECK(both.whole == accepted / frame);

    both.consume();
    CHECK(both.whole == all);
    CHECK(both.good);
    CHECK(both.server.data == all * frame);
}

TEST_CASE("a header alone is not held against a window of one byte", "[load]") {
    joined both({.stream_window = 1, .max_stream_window = 1});
    const tunnel_id tunnel = both.open();
    both.consumes = false;
    both.expected = 10;
    for (int i = 0; i < 3; ++i) both.client_sends(tunnel);
    both.link.run();
    CHECK(both.server.data == 7); // the header and a byte of the message
    both.consume();
    CHECK(both.whole == 3);
    CHECK(both.good);
}

TEST_CASE("senders that never stop are held by what is held of all tunnels", "[load]") {
    constexpr std::size_t max_held = 100'000, window = 70'000, tunnels = 20;
    joined both({.connection_window = window, .max_held = max_held});
    std::vector<tunnel_id> opened;
    for (std::size_t i = 0; i < tunnels; ++i) opened.push_back(both.open());
    both.consumes = false;
    both.expected = 1'000;
    for (std::size_t i = 0; i < 60; ++i) {
        for (const tunnel_id tunnel : opened) both.client_sends(tunnel, i);
        both.link.run();
    }
    CHECK(both.server.data <= max_held + window);
    CHECK(both.server.data > max_held);
    const std::size_t accepted = both.server.data;
    both.link.run();
    CHECK(both.server.data == accepted);

    both.consume();
    CHECK(both.whole == tunnels * 60);
    CHECK(both.good);
}

TEST_CASE("timers that are due within moments of each other are found in one walk", "[load]") {
    constexpr std::size_t tunnels = 64; // the default of max_pending
    joined both({});
    for (std::size_t i = 0; i < tunnels; ++i) {
        both.open();
        both.link.now += 1'000; // nanoseconds
    }
    std::size_t walks = 0;
    while (both.pongs < tunnels && walks < tunnels) {
        ++walks;
        REQUIRE(both.server.session.deadline() != never);
        both.link.now = std::max(both.link.now, both.server.session.deadline());
        both.server.session.expire(both.link.now);
        both.link.run();
    }
    CHECK(both.pongs == tunnels);
    // The first finds that the handshakes' timers are gone, the next that one ping is due; 64 times
    // 10 us later all others are.
    CHECK(walks == 3);
}
