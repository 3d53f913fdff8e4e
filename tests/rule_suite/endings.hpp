// Tunnels that end without a closing handshake, or by a timer.
#pragma once

#include "three_tunnels.hpp"

TEMPLATE_LIST_TEST_CASE("an ending without a Close closes its tunnel and no other",
                        "[rules][rfc9113-8.5][R85][R87][rfc8441-5][R31]", models) {
    const auto both_sides = [](auto&& play) {
        three_tunnels<TestType, false> server({.waits = {.idle = seconds(20)}, .ping = {}});
        play(server, false);
        three_tunnels<TestType, true> client({.waits = {.idle = seconds(20)}, .ping = {}});
        play(client, true);
    };
    SECTION("END_STREAM") {
        both_sides([](auto& three, bool is_client) {
            three.second_hears({}, true);
            three.check_closed(errc::end_stream_without_close);
            CHECK(last(three.frames(), 1) == lines{is_client ? "3 reset CANCEL" : "3 data 0 end"});
            three.check_others();
        });
    }
    SECTION("a reset, with any code") {
        both_sides([](auto& three, bool) {
            three.us.hears(TestType::reset(3, 2));
            three.check_closed(errc::reset_by_peer, "INTERNAL_ERROR");
            CHECK(three.us.side.of(2).back() == "released");
            three.check_others();
        });
    }
    SECTION("a reset of ours") {
        both_sides([](auto& three, bool) {
            CHECK(three.us.side.reset(three.names[1]) == errc::none);
            three.us.hears({});
            CHECK(last(three.frames(), 1) == lines{"3 reset CANCEL"});
            three.check_closed(errc::reset_by_us);
            three.check_others();
        });
    }
    SECTION("HEADERS on the tunnel") {
        for (const bool end : {true, false})
            both_sides([end](auto& three, bool) {
                three.us.hears(TestType::headers(3, std::vector<field>{{"x", "y"}}, end));
                CHECK(last(three.frames(), 1) == lines{"3 reset PROTOCOL_ERROR"});
                three.check_closed(errc::headers_on_tunnel);
                three.check_others();
            });
    }
    SECTION("a Close that nobody answers") {
        both_sides([](auto& three, bool is_client) {
            CHECK(three.us.side.close(three.names[1]) == errc::none);
            three.us.hears({});
            three.passes(seconds(5));
            CHECK(last(three.frames(), 1) ==
                  lines{is_client ? "3 reset CANCEL" : "3 reset NO_ERROR"});
            three.check_closed(errc::close_timeout);
            three.check_others();
        });
    }
    SECTION("silence") {
        both_sides([](auto& three, bool) {
            three.passes(seconds(19));
            three.us.hears(TestType::data(1, three.theirs(0x81, "a"), false) +
                           TestType::data(5, three.theirs(0x81, "b"), false));
            three.passes(seconds(1));
            three.check_closed(errc::idle_timeout);
            CHECK(three.said(three.ours(
                      0x88, transcript::close_body(1001, info(errc::idle_timeout).sentence))) == 1);
            three.check_others();
        });
    }
    SECTION("a ping that nobody answers") {
        const session_options options{.ping = {.interval = seconds(10), .timeout = seconds(3)}};
        three_tunnels<TestType, false> three(options);
        three.passes(seconds(10));
        CHECK(three.said(three.ours(0x89, "")) >= 3);
        for (const std::uint32_t stream : {1U, 5U})
            three.us.hears(TestType::data(stream, three.theirs(0x8a, ""), false));
        three.passes(seconds(3));
        three.check_closed(errc::keepalive_timeout);
        three.check_others();
    }
}

TEMPLATE_LIST_TEST_CASE("output that the peer does not take resets its tunnel and no other",
                        "[rules][rfc9113-6.9]", models) {
    pair<TestType> both({}, {.ping = {.interval = never}}, {.ping = {.interval = never}});
    both.server.echoes = true;
    const tunnel_id a = both.opened("/a");
    const tunnel_id b = both.opened("/b");
    const tunnel_id theirs = both.server.last;
    const tunnel_id c = both.opened("/c");
    both.client.consumes = false;
    CHECK(both.server.send(theirs, octets(200'000, 'x'), opcode::binary) == errc::none);
    both.run();
    both.client.consumes = true; // from here on; what b has been told stays with it
    both.pass(seconds(31));
    CHECK(both.server.has("2 closed output_stalled"));
    CHECK(both.client.has("2 closed reset_by_peer CANCEL"));
    for (const tunnel_id other : {a, c}) {
        CHECK(both.client.send(other, "still here") == errc::none);
        both.run();
        CHECK(
            both.client.has(std::to_string(both.client.at(other).label) + " text \"still here\""));
    }
    CHECK(both.client.at(b).closed == 1);
    both.finish();
}
