#include "catch.hpp"
#include "scarce_memory.hpp"
#include "still_session.hpp"

#include <h2ws/stream.hpp>

using namespace h2ws;

// The budget of an idle tunnel, of which the websocket is the most.
static_assert(sizeof(websocket<server>) <= 224);
static_assert(sizeof(tunnel<server>) <= sizeof(websocket<server>) + 32);
static_assert(sizeof(stream<server, no_extension>) <= 296);
static_assert(sizeof(stream<client, no_extension>) <= 320);

namespace {

std::vector<field> request_of(std::string_view path, std::string_view cookie = "a=b") {
    return {{":method", "CONNECT"},
            {":protocol", "websocket"},
            {":scheme", "https"},
            {":authority", "a.test"},
            {":path", path},
            {"sec-websocket-version", "13"},
            {"user-agent", "a long name"},
            {"cookie", cookie}};
}

const std::vector<field> ok{{":status", "200"}, {"server", "b"}};

template <class Session>
std::size_t events_of(Session& session, instant now = 0) {
    std::size_t count = 0;
    while (session.next_event(now)) ++count;
    return count;
}

// So many tunnels open on a server.
void open_some(still_session<server>& session, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        auto* const at = session.asks(static_cast<std::int32_t>(2 * i + 1), request_of("/chat"));
        REQUIRE(at != nullptr);
        CHECK(events_of(session) == 1);
        REQUIRE(session.accept(tunnel_id{at->id}, {}, 0));
        CHECK(events_of(session) == 0);
    }
}

void open_some(still_session<client>& session, std::size_t count) {
    session.allows();
    CHECK(events_of(session) == 1);
    for (std::size_t i = 0; i < count; ++i) {
        REQUIRE(session.open({.authority = "a.test", .path = "/chat"}, 0));
        session.section(session.submitted(), ok);
        CHECK(events_of(session) == 1);
    }
}

template <class Role>
std::size_t bytes_per_tunnel(std::size_t count) {
    scarce_memory memory;
    still_session<Role> session(
        Role{}, {.max_streams = 4'096, .accept_tunnels = true, .memory = memory.policy()});
    const std::size_t before = memory.held;
    open_some(session, count);
    return (memory.held - before) / count;
}

} // namespace

TEST_CASE("an idle tunnel holds its stream and its place in the table, nothing of its handshake") {
    // A power of two, so that the table has no room to spare; it doubles.
    CHECK(bytes_per_tunnel<server>(1'024) <= sizeof(stream<server, no_extension>) + 16);
    CHECK(bytes_per_tunnel<client>(1'024) <= sizeof(stream<client, no_extension>) + 16 + 1);
    CHECK(bytes_per_tunnel<server>(1'000) <= 313);
    WARN("an idle tunnel holds " << bytes_per_tunnel<server>(1'000) << " bytes at a server, "
                                 << bytes_per_tunnel<client>(1'000) << " at a client");
}

TEST_CASE("a tunnel holds its handshake until it is answered, and output while it waits") {
    scarce_memory memory;
    still_session<server> session({}, {.accept_tunnels = true, .memory = memory.policy()});
    open_some(session, 1);
    const std::size_t first = memory.held;
    auto* const at = session.asks(3, request_of("/", std::string(2'000, 'c')));
    REQUIRE(at != nullptr);
    CHECK(memory.held > first + 2'000);
    CHECK(events_of(session) == 1);
    const tunnel_id tunnel{at->id};
    REQUIRE(session.accept(tunnel, {}, 0));
    const std::size_t open = memory.held;
    CHECK(open == first + sizeof(*at));
    REQUIRE(session.send(tunnel, opcode::text, as_bytes("Hello"), 0));
    CHECK(memory.held > open);
    CHECK(session.take(*at) == transcript::from_server(0x81, "Hello"));
    const std::size_t page = memory.held - open; // of the list of output, kept for the next
    REQUIRE(session.send(tunnel, opcode::text, as_bytes(std::string(9'000, 'x')), 0));
    (void)session.take(*at);
    CHECK(memory.held == open + page);
}
