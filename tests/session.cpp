// The session concept's suite on the in-memory model, and what only that model can show: running
// out of memory at every allocation.
#include "memory_model.hpp"
#include "scarce_memory.hpp"

#include "rule_suite.hpp"
#include "session_suite.hpp"

TEST_CASE("a key is answered where a client sends one, unless that is off", "[session][R26]") {
    for (const bool answers : {true, false}) {
        alone<memory_model::server> server({.answer_key = answers});
        server.hears(memory_model::client_preface());
        auto request = websocket_request();
        server.hears(memory_model::headers(1, request, false));
        CHECK(server.side.written.find("sec-websocket-accept") == octets::npos);
        request.push_back({"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="});
        server.hears(memory_model::headers(3, request, false));
        CHECK((server.side.written.find("sec-websocket-accepts3pPLMBiTxaQ9kYGzzhZRbK+xOo=") !=
               octets::npos) == answers);
    }
}

TEST_CASE("a peer that sends more than its credit loses the connection", "[session][R99]") {
    alone<memory_model::server> server({.stream_window = 100});
    server.side.consumes = false;
    server.hears(memory_model::client_preface());
    server.hears(memory_model::headers(1, websocket_request(), false));
    server.hears(memory_model::data(1, transcript::from_client(0x82, octets(94, 'x')), false));
    CHECK_FALSE(server.side.ended);
    server.hears(memory_model::data(1, "x", false));
    CHECK(last(server.side.log, 3) ==
          lines{"1 closed connection_lost", "1 released", "ended connection_error"});
    CHECK(server.side.session.finished());
}

namespace {

// A little of everything; what fails is gone on without.
void play(const session_options& options) {
    pair<memory_model> both({}, options);
    both.server.echoes = true;
    both.server.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found))
            (void)both.server.session.refuse(asked->tunnel, 403, both.now, {}, "no");
        if (const auto* asked = std::get_if<request_received>(&found))
            (void)both.server.session.respond(asked->request, 200, {}, as_bytes("yes"), both.now);
    };
    const auto a = both.ask({.authority = "a.test", .path = "/a", .subprotocols = "chat"});
    const std::vector<field> get{
        {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    (void)both.client.call([&](auto& session) { return session.request(get, true, both.now); });
    both.run();
    both.server.accepts = false;
    const auto b = both.ask({.authority = "a.test", .path = "/b"});
    both.run();
    if (a) {
        (void)both.client.send(*a, octets(20'000, 'x'), opcode::binary);
        message_buffer payload(options.memory);
        if (payload.append(octets(10'000, 'y')))
            (void)both.client.call([&](auto& session) {
                return session.send(*a, opcode::text, std::move(payload), both.now);
            });
        (void)both.client.ping(*a, "ping");
        both.run();
        (void)both.client.close(*a);
    }
    both.pass(seconds(40));
    if (b) (void)both.client.reset(*b);
    both.server.shutdown();
    both.run();
    both.client.lost();
    both.server.lost();
    both.client.check_ended();
    both.server.check_ended();
    CHECK(both.client.session.finished());
}

} // namespace

TEST_CASE("no allocation that fails does harm", "[session]") {
    scarce_memory plenty;
    play({.memory = plenty.policy()});
    CHECK(plenty.held == 0);
    REQUIRE(plenty.allocations > 50);
    for (const bool for_good : {false, true}) {
        for (std::size_t turn = 1; turn <= plenty.allocations; ++turn) {
            CAPTURE(for_good, turn);
            scarce_memory memory{.fails_at = turn, .for_good = for_good};
            play({.memory = memory.policy()});
            CHECK(memory.held == 0);
        }
    }
}
