// Who ends a stream, how and when (S18-S22).
#pragma once

#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("a server that answers a Close ends the stream in the same frame",
                        "[session][rfc6455-7.1.1][R184][R200][S21]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    CHECK(both.client.close(tunnel, 4000, "done") == errc::none);
    both.run();
    CHECK(last(both.server_frames(), 1) == lines{"1 data 4 end"});
    CHECK(last(both.client_frames(), 2) == lines{"1 data 12", "1 data 0 end"});
    CHECK(last(both.server.of(1), 3) == lines{"close 4000 \"done\"", "closed none", "released"});
    CHECK(last(both.client.of(1), 3) == lines{"close 4000 \"\"", "closed none", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a server that closes first ends the stream after the client's Close",
                        "[session][rfc6455-7.1.1][R184][R200][S21]", models) {
    for (const weather& how : weathers()) {
        pair<TestType> both(how);
        (void)both.opened();
        CHECK(both.server.send(both.server.last, "last words") == errc::none);
        CHECK(both.server.close(both.server.last, 1001, "going") == errc::none);
        CHECK(both.server.send(both.server.last, "too late") == errc::not_open);
        CHECK(both.server.close(both.server.last) == errc::not_open);
        both.run();
        CHECK(last(both.client.of(1), 4) ==
              lines{"text \"last words\"", "close 1001 \"going\"", "closed none", "released"});
        CHECK(last(both.server.of(1), 3) == lines{"close 1001 \"\"", "closed none", "released"});
        CHECK(last(both.server_frames(), 1) == lines{"1 data 0 end"});
        CHECK(last(both.client_frames(), 1) == lines{"1 data 0 end"});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("two Closes that cross are both answers", "[session][R186]", models) {
    for (const weather& how : weathers()) {
        pair<TestType> both(how);
        const tunnel_id tunnel = both.opened();
        CHECK(both.client.close(tunnel, 1000) == errc::none);
        CHECK(both.server.close(both.server.last, 1001) == errc::none);
        both.run();
        CHECK(last(both.client.of(1), 3) == lines{"close 1001 \"\"", "closed none", "released"});
        CHECK(last(both.server.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a client that is told so ends its half by a reset", "[session][R185]",
                        models) {
    pair<TestType> both({}, {}, {.end_with_reset = true});
    const tunnel_id tunnel = both.opened();
    CHECK(both.client.close(tunnel) == errc::none);
    both.run();
    CHECK(last(both.client_frames(), 1) == lines{"1 reset CANCEL"});
    CHECK(last(both.server.of(1), 2) == lines{"closed none", "released"});
    CHECK(last(both.client.of(1), 2) == lines{"closed none", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("all that came before a reset in the same read is told first",
                        "[session][R218][S18]", models) {
    const auto check = [](const octets& frames, const lines& told) {
        for (const bool split : {false, true}) {
            CAPTURE(split);
            alone<typename TestType::server> server;
            server.hears(TestType::client_preface());
            server.hears(TestType::headers(1, websocket_request(), false));
            const octets all = TestType::data(1, frames, true) + TestType::reset(1, 8);
            for (std::size_t i = 0; split && i < all.size(); ++i)
                server.side.receive(all.substr(i, 1));
            if (!split) server.side.receive(all);
            CHECK(server.side.of(1) == told);
        }
    };
    const octets hello = transcript::from_client(0x81, "hello");
    check(hello + transcript::from_client(0x88, "\x03\xe8"),
          {"requested /", "text \"hello\"", "close 1000 \"\"", "closed none", "released"});
    check(hello + transcript::from_client(0x81, "good\xff"),
          {"requested /", "text \"hello\"", "closed text_not_utf8", "released"});
    check(hello + hello, {"requested /", "text \"hello\"", "text \"hello\"",
                          "closed end_stream_without_close", "released"});
}

TEMPLATE_LIST_TEST_CASE("either side resets, and both are told once",
                        "[session][rfc8441-5][R31][R218][S6]", models) {
    for (const weather& how : weathers()) {
        pair<TestType> both(how);
        const tunnel_id a = both.opened("/a");
        (void)both.opened("/b");
        const tunnel_id b = both.server.last;
        CHECK(both.client.send(a, octets(1'000, 'x')) == errc::none); // dies with the tunnel
        CHECK(both.client.reset(a) == errc::none);
        CHECK(both.client.send(a, "x") == errc::not_open);
        CHECK(both.client.reset(a) == errc::not_open);
        both.run();
        CHECK(last(both.client.of(1), 1) == lines{"released"});
        CHECK(both.client.has("1 closed reset_by_us"));
        CHECK(last(both.server.of(1), 2) == lines{"closed reset_by_peer CANCEL", "released"});
        CHECK(both.server.reset(b, http2_error::enhance_your_calm) == errc::none);
        both.run();
        CHECK(last(both.client.of(2), 2) ==
              lines{"closed reset_by_peer ENHANCE_YOUR_CALM", "released"});
        CHECK(both.server.has("2 closed reset_by_us"));
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a client waits a second for the end of a server that closed",
                        "[session][R185][S18][S20][S22]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    const auto tunnel = client.side.session.open({.authority = "a.test"}, client.now);
    REQUIRE(tunnel);
    client.side.at(*tunnel);
    client.hears({});
    const std::vector<field> ok{{":status", "200"}};
    client.hears(TestType::headers(1, ok, false));
    CHECK(client.side.close(*tunnel) == errc::none);
    client.hears({});
    SECTION("it ends its own half then, and at last resets") {
        client.hears(TestType::data(1, transcript::from_server(0x88, "\x03\xe8"), false));
        CHECK(client.side.of(1).back() == "closed none");
        const std::size_t before = client.side.written.size();
        client.now += milliseconds(999);
        client.side.expire();
        client.hears({});
        CHECK(client.side.written.size() == before);
        client.now += milliseconds(1);
        client.side.expire();
        client.hears({});
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 data 0 end"});
        client.now += seconds(5);
        client.side.expire();
        client.hears({});
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 reset CANCEL"});
        CHECK(last(client.side.of(1), 2) == lines{"closed none", "released"});
    }
    SECTION("it ends its own half as soon as the server has") {
        client.hears(TestType::data(1, transcript::from_server(0x88, "\x03\xe8"), true));
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 data 0 end"});
        CHECK(last(client.side.of(1), 2) == lines{"closed none", "released"});
    }
    SECTION("without a Close it resets after five seconds") {
        client.now += seconds(5) - 1;
        client.side.expire();
        client.hears({});
        CHECK(client.side.of(1) == lines{"opened 200"});
        client.now += 1;
        client.side.expire();
        client.hears({});
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 reset CANCEL"});
        CHECK(last(client.side.of(1), 2) == lines{"closed close_timeout", "released"});
    }
    SECTION("END_STREAM without a Close is abnormal and answered by a reset") {
        client.hears(TestType::data(1, {}, true));
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 reset CANCEL"});
        CHECK(last(client.side.of(1), 2) == lines{"closed end_stream_without_close", "released"});
    }
    SECTION("a server that resets after both Closes ends it clean") {
        client.hears(TestType::data(1, transcript::from_server(0x88, "\x03\xe8"), false));
        client.hears(TestType::reset(1, 0));
        CHECK(last(client.side.of(1), 2) == lines{"closed none", "released"});
    }
    SECTION("a violation is answered by nothing more: a Close was sent") {
        client.hears(TestType::data(1, transcript::from_client(0x81, "masked"), false));
        CHECK(client.side.of(1).back() == "closed masked_frame");
        client.now += seconds(5);
        client.side.expire();
        client.hears({});
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{"1 reset CANCEL"});
    }
}

TEMPLATE_LIST_TEST_CASE("how a server ends a stream",
                        "[session][R87][R184][R207][R217][S17][S18][S21][S22]", models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    const tunnel_id tunnel = server.side.last;
    const auto passes = [&](duration span) {
        server.now += span;
        server.side.expire();
        server.hears({});
    };
    const auto frames = [&] { return TestType::frames(server.side.written, false); };
    SECTION("END_STREAM without a Close is answered by END_STREAM") {
        server.hears(TestType::data(1, transcript::from_client(0x81, "bye"), true));
        CHECK(server.side.of(1) ==
              lines{"requested /", "text \"bye\"", "closed end_stream_without_close", "released"});
        CHECK(last(frames(), 1) == lines{"1 data 0 end"});
    }
    SECTION("a violation gets its Close, and the end a second later") {
        server.hears(TestType::data(1, transcript::from_server(0x81, "clear"), false));
        CHECK(last(server.side.of(1), 1) == lines{"closed unmasked_frame"});
        const lines said = frames();
        CHECK(last(said, 1)[0].starts_with("1 data"));
        CHECK(last(said, 1)[0].find("end") == std::string::npos);
        passes(milliseconds(999));
        CHECK(frames().size() == said.size());
        passes(milliseconds(1));
        CHECK(last(frames(), 1) == lines{"1 data 0 end"});
        passes(seconds(4));
        CHECK(last(frames(), 1) == lines{"1 reset NO_ERROR"});
        CHECK(last(server.side.of(1), 1) == lines{"released"});
    }
    SECTION("a violation in the last bytes of a frame is told at once") {
        server.hears(TestType::data(1, transcript::from_client(0x81, "good\xff"), false));
        CHECK(last(server.side.of(1), 1) == lines{"closed text_not_utf8"});
    }
    SECTION("a violation, then the client's end") {
        server.hears(TestType::data(1, transcript::from_server(0x81, "clear"), true));
        CHECK(last(frames(), 1)[0].find("end") != std::string::npos);
        CHECK(last(server.side.of(1), 2) == lines{"closed unmasked_frame", "released"});
    }
    SECTION("closing first, it waits five seconds for the client's Close") {
        CHECK(server.side.close(tunnel, 1001) == errc::none);
        server.hears({});
        CHECK(last(frames(), 1) == lines{"1 data 4"});
        passes(seconds(5));
        CHECK(last(frames(), 1) == lines{"1 reset NO_ERROR"});
        CHECK(last(server.side.of(1), 2) == lines{"closed close_timeout", "released"});
    }
    SECTION("after both Closes it reads on for five seconds") {
        server.hears(TestType::data(1, transcript::from_client(0x88, "\x03\xe8"), false));
        CHECK(last(server.side.of(1), 2) == lines{"close 1000 \"\"", "closed none"});
        CHECK(last(frames(), 1) == lines{"1 data 4 end"});
        server.hears(TestType::data(1, "garbage", false)); // S17
        passes(seconds(5) - 1);
        CHECK(last(frames(), 1) != lines{"1 reset NO_ERROR"});
        passes(1);
        CHECK(last(frames(), 1) == lines{"1 reset NO_ERROR"});
        CHECK(last(server.side.of(1), 2) == lines{"closed none", "released"});
    }
    SECTION("a Close and END_STREAM together") {
        server.hears(TestType::data(1, transcript::from_client(0x88, "\x03\xe8"), true));
        CHECK(last(frames(), 1) == lines{"1 data 4 end"});
        CHECK(last(server.side.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
    }
    SECTION("the connection is lost after both Closes") {
        server.hears(TestType::data(1, transcript::from_client(0x88, "\x03\xe8"), false));
        server.side.lost();
        CHECK(last(server.side.log, 3) ==
              lines{"1 closed none", "1 released", "ended connection_lost"});
    }
}
