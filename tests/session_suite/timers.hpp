// What time brings, which is given in.
#pragma once

#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("a silent peer is pinged and then given up", "[session][rfc6455-5.5.2]",
                        models) {
    pair<TestType> both({}, {}, {.ping = {.interval = never}});
    (void)both.opened();
    both.pass(seconds(30));
    CHECK(both.server.has("1 pong \"\""));
    both.pass(seconds(100));
    CHECK(both.server.of(1).size() > 3);
    both.client_hears = false;
    both.pass(seconds(65));
    CHECK(both.server.has("1 closed keepalive_timeout"));
    both.client_hears = true;
    both.run();
    CHECK(both.client.has("1 close 1001 \"no pong answered a keepalive ping in time\""));
    both.pass(seconds(10));
    CHECK(both.server.of(1).back() == "released");
    CHECK(both.client.of(1).back() == "released");
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("whatever is heard after a ping brings the next one nearer",
                        "[session][rfc6455-5.5.2]", models) {
    pair<TestType> both({}, {.ping = {.interval = seconds(10), .timeout = seconds(50)}},
                        {.ping = {.interval = never}});
    const tunnel_id tunnel = both.opened();
    both.client_hears = false;
    both.pass(seconds(11)); // a ping that would have 50 seconds
    CHECK(both.client.send(tunnel, "no pong") == errc::none);
    both.pass(seconds(10)); // a second one
    both.client_hears = true;
    both.run();
    CHECK(both.client.count("1 ping \"\"") == 2);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a silent peer is given up though we go on speaking",
                        "[session][rfc6455-5.5.2]", models) {
    pair<TestType> both({}, {}, {.ping = {.interval = never}});
    (void)both.opened();
    both.client_hears = false;
    for (int i = 0; i < 6; ++i) {
        CHECK(both.server.send(both.server.last, "tick") == errc::none);
        both.pass(seconds(10));
    }
    both.pass(seconds(1));
    CHECK(both.server.has("1 closed keepalive_timeout"));
    both.client_hears = true;
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a tunnel that idles too long is closed with 1001",
                        "[session][rfc6455-7.2.3]", models) {
    pair<TestType> both({}, {.waits = {.idle = seconds(100)}}, {});
    const tunnel_id tunnel = both.opened();
    both.pass(seconds(60));
    CHECK(both.client.send(tunnel, "awake") == errc::none);
    both.pass(seconds(99));
    CHECK_FALSE(both.server.has("1 closed idle_timeout"));
    both.pass(seconds(2));
    CHECK(both.server.has("1 closed idle_timeout"));
    CHECK(both.client.has("1 closed none"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a server answers 503 where its application does not",
                        "[session][rfc6455-7.2.2][R210]", models) {
    pair<TestType> both({}, {}, {.waits = {.handshake = seconds(60)}});
    both.server.accepts = false;
    (void)both.open("/slow");
    both.pass(seconds(9));
    CHECK(both.client.of(1).empty());
    both.pass(seconds(1));
    CHECK(last(both.client.of(1), 2) == lines{"refused status_not_2xx 503", "released"});
    CHECK(both.server.accept(both.server.last) == errc::not_open);
    CHECK(last(both.server.of(1), 1) == lines{"released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a request can be read until its tunnel is released", "[session]", models) {
    alone<typename TestType::server> server;
    server.side.accepts = false;
    const connect_request* request = nullptr;
    server.side.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found)) request = asked->request;
        if (request != nullptr) CHECK(request->path == "/slow"); // tunnel_released, too
    };
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request("/slow"), false));
    REQUIRE(request != nullptr);
    server.now += seconds(10);
    server.side.session.expire(server.now); // 503, which has not left
    CHECK(request->path == "/slow");
    server.hears({}); // it leaves
    server.hears({});
    CHECK(last(server.side.log, 1) == lines{"1 released"});
}

TEMPLATE_LIST_TEST_CASE("a client gives up a handshake that is not answered", "[session]", models) {
    pair<TestType> both({}, {.waits = {.handshake = never}}, {});
    both.server.accepts = false;
    (void)both.open("/slow");
    both.pass(seconds(10));
    CHECK(both.client.of(1) == lines{"refused handshake_timeout", "released"});
    CHECK(last(both.server.of(1), 2) == lines{"closed reset_by_peer CANCEL", "released"});
    both.server.accepts = true;
    both.check_credit(1'000);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a peer that takes no output is given up after 30 seconds",
                        "[session][S21]", models) {
    pair<TestType> both({}, {.ping = {.interval = never}});
    (void)both.opened();
    both.client.consumes = false;
    CHECK(both.server.send(both.server.last, octets(100'000, 'x'), opcode::binary) == errc::none);
    both.pass(seconds(29));
    CHECK(both.server.of(1) == lines{"requested /"});
    both.pass(seconds(1));
    CHECK(both.server.has("1 closed output_stalled"));
    CHECK(last(both.client.of(1), 2) == lines{"closed reset_by_peer CANCEL", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a transport that takes nothing is given up after 30 seconds",
                        "[session][S21]", models) {
    alone<typename TestType::server> server({.ping = {.interval = never}});
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    const auto passes = [&](duration span) {
        server.now += span;
        server.side.expire();
    };
    passes(seconds(1'000)); // there was nothing to take
    CHECK(server.side.send(server.side.last, "text") == errc::none);
    const octets waits = server.side.offered();
    REQUIRE_FALSE(waits.empty());
    SECTION("in spite of what else is said") {
        passes(seconds(20));
        CHECK(server.side.send(server.side.last, "more") == errc::none);
        CHECK(server.side.offered().starts_with(waits));
        passes(seconds(10) - 1);
        CHECK(server.side.session.deadline() == server.now + 1);
    }
    SECTION("since it took some") {
        passes(seconds(29));
        server.side.session.transmitted(1);
        CHECK(server.side.offered() == waits.substr(1));
        passes(seconds(30) - 1);
    }
    SECTION("also where a write took nothing") {
        passes(seconds(29));
        server.side.session.transmitted(0);
        CHECK(server.side.offered() == waits);
        passes(seconds(1) - 1);
    }
    CHECK(server.side.of(1) == lines{"requested /"});
    CHECK_FALSE(server.side.offered().empty());
    passes(1);
    CHECK(last(server.side.log, 3) ==
          lines{"1 closed connection_lost", "1 released", "ended output_stalled"});
    CHECK(server.side.session.finished());
    CHECK(server.side.offered().empty());
    CHECK(server.side.session.deadline() > server.now);
    server.side.check_ended();
}

TEMPLATE_LIST_TEST_CASE("a client that breaks a rule after our Close gets the end a second later",
                        "[session][rfc6455-7.1.7][S21]", models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    CHECK(server.side.close(server.side.last) == errc::none);
    server.hears({});
    server.hears(TestType::data(1, transcript::from_client(0x83, "a"), false));
    CHECK(last(server.side.of(1), 1) == lines{"closed reserved_opcode"});
    CHECK(server.side.session.deadline() <= server.now + seconds(1)); // else nobody calls expire
    server.now += seconds(1);
    server.side.expire();
    server.hears({});
    CHECK(TestType::frames(server.side.written, false).back() == "1 data 0 end");
    server.hears(TestType::data(1, {}, true));
    CHECK(last(server.side.of(1), 1) == lines{"released"});
}

TEMPLATE_LIST_TEST_CASE("last words that nobody takes do not keep a session", "[session][S21]",
                        models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    client.side.receive(octets(100, '\xff'));
    REQUIRE_FALSE(client.side.offered().empty()); // GOAWAY
    client.side.poll_dry();
    CHECK_FALSE(client.side.session.finished());
    client.now += seconds(30);
    client.side.expire();
    CHECK(client.side.log.size() == 1);
    CHECK(client.side.session.finished());
    client.side.check_ended();
}

TEMPLATE_LIST_TEST_CASE("bodies and raw bytes of which the peer takes none are given up",
                        "[session][S21]", models) {
    pair<TestType> both({.stream_window = 100}, {.accept_raw_tunnels = true});
    both.client.consumes = both.server.consumes = false;
    const octets more_than_a_window(300, 'x');
    const auto ask = [&](bool end) {
        const std::vector<field> head{
            {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        const auto made =
            both.client.call([&](auto& session) { return session.request(head, end, both.now); });
        REQUIRE(made);
        both.run();
        return *made;
    };
    const auto stalls = [&](auto& side, const std::string& end) {
        both.pass(seconds(29));
        CHECK_FALSE(side.has(end));
        both.pass(seconds(2));
        CHECK(side.has(end));
        CHECK(both.client.session.stream_count() == 0);
        CHECK(both.server.session.stream_count() == 0);
    };
    SECTION("an answer's body") {
        (void)ask(true);
        REQUIRE(both.server.call([&](auto& session) {
            return session.respond(both.server.asked, 200, {}, as_bytes(more_than_a_window),
                                   both.now);
        }));
        stalls(both.server, "request released output_stalled");
        CHECK(both.client.has("request released reset_by_peer"));
    }
    SECTION("a request's body") {
        const request_id made = ask(false);
        CHECK(both.client.write(made, more_than_a_window, true) == errc::none);
        stalls(both.client, "request released output_stalled");
        CHECK(both.server.has("request released reset_by_peer"));
    }
    SECTION("a raw tunnel's bytes") {
        REQUIRE(both.ask({.protocol = "other", .authority = "a.test"}));
        both.run();
        CHECK(both.server.write(both.server.last, more_than_a_window, false) == errc::none);
        SECTION("it takes none") {
            stalls(both.server, "1 closed output_stalled CANCEL");
            CHECK(both.client.has("1 closed reset_by_peer CANCEL"));
        }
        SECTION("it takes some after a while") {
            both.pass(seconds(20));
            both.client.session.consume(both.client.last, 100);
            both.pass(seconds(29));
            both.client.session.consume(both.client.last, 100);
            both.pass(seconds(60));
            CHECK(both.server.of(1) == lines{"requested /"});
        }
    }
    both.finish();
}
