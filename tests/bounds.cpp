// What a session holds at most, counted at its allocator, on the in-memory model: for a peer that
// never reads, whatever it asks, for one that never stops sending, and for an application that
// sends to either.
#include "memory_model.hpp"
#include "scarce_memory.hpp"
#include "session_suite/alone.hpp"

using namespace session_suite;

namespace {

using server = memory_model::server;
using record = memory_model::record;

// What a connection holds whatever its streams do: 64 KiB on the way to the transport, 64 KiB of
// control records and the array that they grow out of, and what is small.
constexpr std::size_t per_connection = 65'536 + 3 * 65'536 + 8'192;
// A stream's own: its state, its places in tables that grow, a pong, a Close, the end of a block.
constexpr std::size_t per_stream = 8'192;

// A server whose peer writes and never reads: what is offered is never taken.
struct unread {
    explicit unread(session_options options = {}) : it(with_memory(options)) {
        it.side.receive(memory_model::client_preface());
        start = memory.held;
    }

    scarce_memory memory;
    alone<server> it;
    std::size_t start;

    void hears(const octets& bytes) {
        it.side.receive(bytes);
        (void)it.side.session.transmit(it.now);
        it.side.poll_dry();
    }
    tunnel_id opens(std::uint32_t number) {
        hears(memory_model::headers(number, websocket_request(), false));
        return it.side.last;
    }
    std::size_t peak() const { return memory.peak - start; }

private:
    session_options with_memory(session_options options) {
        options.memory = memory.policy();
        return options;
    }
};

octets ping_record() { return memory_model::numbers(record::kind::ping, 0, 0, {}); }

} // namespace

TEST_CASE("a peer that pings the connection and never reads loses it", "[session][R123]") {
    unread peer;
    int pings = 0;
    for (; !peer.it.side.ended && pings < 100'000; ++pings) peer.hears(ping_record());
    CHECK(peer.it.side.ended);
    CHECK(pings > 1'000); // who reads a little late is no flood
    CHECK(peer.it.side.log.back() == "ended connection_error");
    CHECK(peer.peak() < per_connection);
}

TEST_CASE("a peer that asks, is refused, resets and never reads loses the connection",
          "[session][R123][R125]") {
    const auto kind = GENERATE(0, 1, 2);
    CAPTURE(kind);
    constexpr std::size_t streams = 50;
    unread peer({.max_streams = streams});
    auto& side = peer.it.side;
    side.accepts = false;
    side.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found))
            (void)side.session.refuse(asked->tunnel, 403, peer.it.now, {}, octets(100, 'n'));
    };
    auto request = websocket_request();
    if (kind == 2) request.back().value = "12"; // the session refuses it
    std::uint32_t number = 1;
    for (; !side.ended && number < 200'000; number += 2) {
        peer.hears(memory_model::headers(number, request, false));
        if (kind == 1) peer.hears(memory_model::reset(number, 8)); // others stay
    }
    CHECK(side.ended);
    CHECK(side.log.back() == "ended connection_error");
    CHECK(peer.peak() < per_connection + streams * per_stream);
}

TEST_CASE("a peer that pings tunnels and never reads costs a pong for each",
          "[session][R123][R189]") {
    constexpr std::uint32_t streams = 10;
    unread peer;
    for (std::uint32_t i = 0; i < streams; ++i) (void)peer.opens(2 * i + 1);
    for (int round = 0; round < 2'000; ++round)
        for (std::uint32_t i = 0; i < streams; ++i)
            peer.hears(memory_model::data(2 * i + 1,
                                          transcript::from_client(0x89, octets(100, 'p')), false));
    CHECK_FALSE(peer.it.side.ended);
    CHECK(peer.it.side.count("1 ping \"" + octets(100, 'p') + '"') == 2'000);
    CHECK(peer.peak() < per_connection + streams * per_stream);
}

TEST_CASE("an application that sends to a peer that never reads has its queues filled, no more",
          "[session][R123]") {
    constexpr std::size_t streams = 10, most = 100'000;
    const std::size_t in_all = GENERATE(std::size_t{64} << 20, std::size_t{300'000});
    const std::size_t size = GENERATE(as<std::size_t>(), 1, 100, 1'000, 50'000);
    CAPTURE(in_all, size);
    unread peer({.max_queued = most, .max_queued_in_all = in_all});
    std::vector<tunnel_id> tunnels;
    for (std::uint32_t i = 0; i < streams; ++i) tunnels.push_back(peer.opens(2 * i + 1));
    const octets message(size, 'm'), moved(size, 'v');
    std::size_t refused = 0;
    while (refused < 3 * streams) {
        refused = 0;
        for (const tunnel_id tunnel : tunnels) {
            refused += peer.it.side.send(tunnel, message) == errc::queue_full;
            refused += peer.it.side.ping(tunnel, "ping") == errc::queue_full;
            message_buffer payload(peer.memory.policy());
            REQUIRE(payload.append(moved));
            refused +=
                peer.it.side.session.send(tunnel, opcode::text, std::move(payload), peer.it.now)
                    .error() == errc::queue_full;
        }
        (void)peer.it.side.session.transmit(peer.it.now);
    }
    const std::size_t bound = std::min(streams * most, in_all);
    CHECK(peer.peak() < bound + size + per_connection + streams * per_stream);
    CHECK(peer.peak() > bound / 2); // it was worth something
}

TEST_CASE("a sender that never stops is held by its windows, and costs the session nothing",
          "[session][R99][R100]") {
    constexpr std::size_t streams = 10, window = 20'000, all = 100'000, most = 50'000;
    scarce_memory memory;
    pair<memory_model> both({.stream_window = window},
                            {.connection_window = all, .max_held = most, .memory = memory.policy()},
                            {});
    std::vector<tunnel_id> tunnels;
    for (std::size_t i = 0; i < streams; ++i) tunnels.push_back(both.opened());
    both.server.consumes = false;
    const std::size_t before = memory.held;
    memory.peak = memory.held;
    for (int round = 0; round < 10; ++round)
        for (const tunnel_id tunnel : tunnels)
            if (both.client.send(tunnel, octets(100'000, 's'), opcode::binary) == errc::none)
                both.run();
    CHECK(both.server.unconsumed >= most);
    CHECK(both.server.unconsumed <= most + all + 16'384); // delivered: the application's to hold
    CHECK(memory.peak - before < 65'536);                 // the list of output
}
