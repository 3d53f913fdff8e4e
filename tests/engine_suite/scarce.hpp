// Running out of memory: each allocation of a whole exchange fails once, alone and with all after
// it, at either side of the connection. The file that includes this names the `model`, and defines
// `engine_memory(of_server, scarce_memory&)`: while that lives, new sessions of the one role take
// from there what they do not take from the session's allocator.
#pragma once

#include "../scarce_memory.hpp"
#include "exchange.hpp"

namespace engine_suite {

using namespace session_suite;

inline void talk(pair_type& both, tunnel_id tunnel, const allocator& memory) {
    (void)both.client.send(tunnel, octets(20'000, 'x'), opcode::binary);
    message_buffer payload(memory);
    if (payload.append(octets(10'000, 'y')))
        (void)both.client.call([&](auto& session) {
            return session.send(tunnel, opcode::text, std::move(payload), both.now);
        });
    (void)both.client.ping(tunnel, "ping");
    both.run();
}

// Lack of memory is told as such, and nothing is left out unsaid.
inline void check_reasons(const lines& log) {
    check_no_blame(log);
    for (const std::string& line : log) {
        CAPTURE(line);
        if (line.starts_with("ended "))
            CHECK((line == "ended no_memory" || line == "ended connection_lost" ||
                   line == "ended none"));
        CHECK(line != "body of 3"); // without its trailers
    }
}

// A little of everything; what fails is gone on without. Lines of the side that lacks memory.
inline lines play(const session_options& server_options, const session_options& client_options) {
    pair_type both({}, server_options, client_options);
    both.server.accepts = false;
    both.server.echoes = true;
    both.server.on_event = [&](const stream_event& found) { answer(both, found); };
    std::vector<tunnel_id> tunnels;
    for (const char* const path : {"/a", "/b", "/refused"})
        if (const auto made =
                both.ask({.authority = "a.test", .path = path, .subprotocols = "chat"}))
            tunnels.push_back(*made);
    const auto asked =
        both.client.call([&](auto& session) { return session.request(post, false, both.now); });
    both.run();
    if (asked) (void)both.client.write(*asked, octets(3'000, 'b'), true);
    both.run();
    for (const tunnel_id tunnel : tunnels) talk(both, tunnel, client_options.memory);
    if (!tunnels.empty()) (void)both.client.close(tunnels.front());
    both.pass(seconds(40));
    if (tunnels.size() > 1) (void)both.client.reset(tunnels[1]);
    both.server.shutdown();
    both.client.shutdown();
    both.run();
    both.pass(seconds(40));
    check_reasons(both.client.log);
    check_reasons(both.server.log);
    both.client.lost();
    both.server.lost();
    both.client.check_ended();
    both.server.check_ended();
    CHECK(both.client.session.finished());
    CHECK(both.server.session.finished());
    lines all = both.client.log;
    all.insert(all.end(), both.server.log.begin(), both.server.log.end());
    return all;
}

inline lines play(bool of_server, scarce_memory& memory) {
    const engine_memory of_engine(of_server, memory);
    const session_options scarce{.memory = memory.policy()};
    return of_server ? play(scarce, {}) : play({}, scarce);
}

// What is done with plenty of memory.
inline void check_whole(const lines& whole) {
    CAPTURE(whole);
    CHECK(contains(whole, "3 refused status_not_2xx 403 no"));
    CHECK(contains(whole, "1 closed none"));
    CHECK(contains(whole, "body of 3000"));
    CHECK(contains(whole, "interim 103 link=</style.css>; rel=preload"));
    CHECK(contains(whole, "body of 3 with checksum=abc"));
    CHECK(contains(whole, "request released none"));
    CHECK(contains(whole, "2 closed reset_by_us"));
    CHECK(contains(whole, "ended none"));
}

} // namespace engine_suite

using namespace engine_suite;

TEST_CASE("no allocation that fails does harm", "[engine][scarce]") {
    const bool of_server = GENERATE(true, false);
    CAPTURE(of_server);
    scarce_memory plenty;
    const lines whole = play(of_server, plenty);
    CHECK(plenty.held == 0);
    check_whole(whole);
    REQUIRE(plenty.allocations > 50);
    std::size_t without_memory = 0;
    for (const bool for_good : {false, true}) {
        for (std::size_t turn = 1; turn <= plenty.allocations; ++turn) {
            CAPTURE(for_good, turn);
            scarce_memory memory{.fails_at = turn, .for_good = for_good};
            without_memory += contains(play(of_server, memory), "ended no_memory");
            CHECK(memory.held == 0);
        }
    }
    CHECK(without_memory > plenty.allocations / 3); // else one call failed
}

TEST_CASE("a tunnel that nobody answers ends though there is no memory for a 503",
          "[engine][scarce]") {
    const std::size_t more = GENERATE(range(1U, 12U)); // allocations that still succeed, and one
    CAPTURE(more);
    scarce_memory memory;
    const engine_memory of_engine(true, memory);
    session_options patient;
    patient.waits.handshake = never;
    pair_type both({}, {.memory = memory.policy()}, patient);
    both.server.accepts = false;
    REQUIRE(both.ask({.authority = "a.test"}));
    both.run();
    REQUIRE(contains(both.server.log, "1 requested /"));
    memory.fails_at = memory.allocations + more;
    memory.for_good = true;
    both.pass(seconds(40));
    if (both.server.session.finished()) both.client.lost(); // it could not say so
    CAPTURE(both.client.log);
    CHECK(both.server.session.stream_count() == 0);
    CHECK(both.client.session.stream_count() == 0);
    both.client.lost();
    both.server.lost();
}

TEST_CASE("where memory ends between answers what left before is whole", "[engine][scarce]") {
    const octets value(200, 'v');
    const field large{"large", value};
    for (std::size_t more = 1; more < 60; ++more) { // allocations that still succeed, and one
        CAPTURE(more);
        scarce_memory memory;
        {
            const engine_memory of_engine(true, memory);
            pair_type both({}, {.memory = memory.policy()}, {});
            both.server.accepts = false;
            for (int i = 0; i < 20; ++i) (void)both.open();
            both.run();
            memory.fails_at = memory.allocations + more;
            for (const auto& [name, state] : both.server.tunnels)
                (void)both.server.session.accept({name}, {.fields = {&large, 1}}, both.now);
            both.run();
            check_reasons(both.client.log);
            both.client.lost();
            both.server.lost();
        }
        CHECK(memory.held == 0);
    }
}
