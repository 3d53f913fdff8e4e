// The connection's end.
#pragma once

#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("a shutdown lets live tunnels go on", "[session][rfc9113-6.8][R112][R113]",
                        models) {
    pair<TestType> both;
    both.server.echoes = true;
    const tunnel_id tunnel = both.opened();
    both.server.shutdown();
    both.server.shutdown();
    both.run();
    CHECK(both.client.has("goaway 2147483647 NO_ERROR"));
    CHECK(both.client.has("goaway 1 NO_ERROR"));
    CHECK(both.client.count("goaway 1 NO_ERROR") == 1);
    CHECK(both.ask({.authority = "a.test"}).error() == errc::not_open);
    CHECK(both.client.send(tunnel, "still here") == errc::none);
    both.run();
    CHECK(both.client.has("1 text \"still here\""));
    CHECK_FALSE(both.server.session.finished());
    CHECK(both.client.close(tunnel) == errc::none);
    both.run();
    CHECK(both.client.has("ended none"));
    CHECK(both.server.has("ended none"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a request that was on its way when the shutdown began is served",
                        "[session][rfc9113-6.8][R113]", models) {
    pair<TestType> both;
    (void)both.opened("/before");
    both.client_hears = false;
    both.server.shutdown();
    both.run();
    const tunnel_id late = both.open("/between");
    both.run();
    CHECK(both.server.has("2 requested /between"));
    both.client_hears = true;
    both.run();
    CHECK(both.client.has("goaway 2147483647 NO_ERROR"));
    CHECK(both.client.has("goaway 3 NO_ERROR")); // the tunnel's stream is in it
    CHECK(both.client.at(late).opened);
    CHECK(both.client.send(late, "served") == errc::none);
    both.run();
    CHECK(both.server.has("2 text \"served\""));
    CHECK(both.ask({.authority = "a.test"}).error() == errc::not_open);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("tunnels above a GOAWAY's last stream were not processed",
                        "[session][rfc9113-6.8][R89][R112][S16]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    for (int i = 0; i < 3; ++i) {
        const auto tunnel = client.side.session.open({.authority = "a.test"}, client.now);
        REQUIRE(tunnel);
        client.side.at(*tunnel);
    }
    client.hears({});
    const std::vector<field> ok{{":status", "200"}};
    client.hears(TestType::headers(1, ok, false));
    client.hears(TestType::goaway(1));
    CHECK(client.side.of(1) == lines{"opened 200"});
    CHECK(client.side.of(2) == lines{"refused stream_not_processed retryable", "released"});
    CHECK(client.side.of(3) == lines{"refused stream_not_processed retryable", "released"});
    client.hears(TestType::data(1, transcript::from_server(0x81, "alive"), false));
    CHECK(client.side.has("1 text \"alive\""));
}

TEMPLATE_LIST_TEST_CASE("tunnels that never left are retryable after a GOAWAY",
                        "[session][rfc9113-8.7][R89]", models) {
    pair<TestType> both({}, {.max_streams = 1}, {});
    const tunnel_id first = both.opened();
    (void)both.open("/waits");
    both.run();
    both.server.shutdown();
    both.run();
    CHECK(both.client.close(first) == errc::none);
    both.run();
    CHECK(both.client.of(2) == lines{"refused stream_not_processed retryable", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a reset with REFUSED_STREAM is retryable", "[session][R89]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    const auto tunnel = client.side.session.open({.authority = "a.test"}, client.now);
    REQUIRE(tunnel);
    client.side.at(*tunnel);
    client.hears({});
    client.hears(TestType::reset(1, 7));
    CHECK(client.side.of(1) == lines{"refused stream_not_processed retryable", "released"});
}

TEMPLATE_LIST_TEST_CASE("a lost connection ends everything once", "[session][R209]", models) {
    pair<TestType> both;
    both.server.echoes = true;
    const tunnel_id a = both.opened("/a");
    (void)both.opened("/b");
    both.server_hears = both.client_hears = false;
    CHECK(both.client.send(a, octets(100'000, 'x'), opcode::binary) == errc::none);
    CHECK(both.server.send(both.server.last, octets(100'000, 'y'), opcode::binary) == errc::none);
    (void)both.open("/never");
    const auto offered = both.server.session.transmit(both.now);
    REQUIRE(!offered.empty());
    const octets copy(as_text(offered.back()));
    both.client.lost();
    both.server.lost();
    CHECK(as_text(offered.back()) == copy); // a write may still be under way
    both.client.lost();
    CHECK(both.client.of(1).back() == "released");
    CHECK(both.client.has("1 closed connection_lost"));
    CHECK(both.client.has("2 closed connection_lost"));
    CHECK(both.client.has("3 refused connection_lost"));
    CHECK(both.client.count("ended connection_lost") == 1);
    CHECK(both.client.offered().empty());
    CHECK(both.server.offered().empty());
    CHECK(both.server.session.finished());
    both.client.check_ended();
    both.server.check_ended();
}

TEMPLATE_LIST_TEST_CASE("no call is undefined after the end, whatever ended",
                        "[session][R162][R193]", models) {
    pair<TestType> both;
    const tunnel_id closed = both.opened("/closed");
    CHECK(both.client.close(closed) == errc::none);
    both.run();
    const tunnel_id reset = both.opened("/reset");
    CHECK(both.client.reset(reset) == errc::none);
    both.run();
    const tunnel_id live = both.opened("/live"); // perhaps in the slot of an older one
    const auto refuses = [&](tunnel_id name) {
        CHECK(both.client.send(name, "x") == errc::not_open);
        CHECK(both.client.move(name, "x") == errc::not_open);
        CHECK(both.client.ping(name, "x") == errc::not_open);
        CHECK(both.client.close(name) == errc::not_open);
        CHECK(both.client.reset(name) == errc::not_open);
        CHECK(both.client.write(name, "x", true) == errc::not_open);
        CHECK(both.client.write(request_id{name.value}, "x", true) == errc::not_open);
        both.client.session.consume(name, 1'000'000);
        both.client.session.consume(request_id{name.value}, 1'000'000);
        CHECK(both.client.session.stream_id(name) == 0);
        CHECK(both.server.accept(name) == errc::not_open);
        CHECK(both.server.session.refuse(name, 403, both.now).error() == errc::not_open);
    };
    for (const tunnel_id name : {closed, reset, tunnel_id{}, tunnel_id{~std::uint64_t{}}})
        refuses(name);
    CHECK(both.client.write(live, "not raw", false) == errc::not_open);
    CHECK(both.client.write(request_id{live.value}, "no request", false) == errc::not_open);
    both.client.session.consume(live, 1'000'000); // more than it was given
    both.check_credit(200'000);
    both.finish();
    refuses(live);
    both.client.expire();
    both.client.shutdown();
    both.client.receive("anything at all");
    both.server.receive("anything at all");
    both.client.lost();
    refuses(live);
    CHECK(both.ask({.authority = "a.test"}).error() == errc::not_open);
}

TEMPLATE_LIST_TEST_CASE("bytes of another protocol end the connection", "[session]", models) {
    alone<typename TestType::server> server;
    server.hears("\xff"
                 "ET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
    const errc error = TestType::framing_error(errc::preface_invalid);
    CHECK(server.side.log == lines{"ended " + std::string(info(error).name)});
    CHECK(server.side.session.finished());
}
