// Connection errors end each tunnel once; what is no error leaves the connection as it was.
#pragma once

#include "three_tunnels.hpp"

namespace rule_suite {

// Every tunnel got one `closed` and one tunnel_released, then the connection's end came, last.
template <class Three>
void check_connection_ended(Three& three, errc error) {
    CAPTURE(info(error).name, three.us.side.log);
    CHECK(three.us.side.log.back() == "ended " + std::string(info(error).name));
    CHECK(three.us.side.count(three.us.side.log.back()) == 1);
    for (std::size_t label = 1; label <= 3; ++label)
        CHECK(last(three.us.side.of(label), 2) == lines{"closed connection_lost", "released"});
    three.us.side.check_ended();
    CHECK(three.us.side.session.stream_count() == 0);
    three.us.hears({});
    CHECK(three.us.side.session.finished());
}

} // namespace rule_suite

TEMPLATE_LIST_TEST_CASE("a connection error ends each tunnel once, then the connection",
                        "[rules][rfc9113-5.4.1][rfc9113-5.4.3][R103][rfc8441-3][R2][R7]", models) {
    SECTION("the transport is lost") {
        three_tunnels<TestType, false> server;
        server.us.side.lost();
        check_connection_ended(server, errc::connection_lost);
        three_tunnels<TestType, true> client;
        client.us.side.lost(connection_loss::closed_by_peer);
        check_connection_ended(client, errc::connection_lost);
    }
    SECTION("bytes that are no frame, or one that is too long") {
        three_tunnels<TestType, false> server;
        server.us.hears(octets(64, '\xff'));
        check_connection_ended(server, TestType::framing_error(errc::frame_size_invalid));
        three_tunnels<TestType, true> client;
        client.us.hears(octets(64, '\xff'));
        check_connection_ended(client, TestType::framing_error(errc::frame_size_invalid));
    }
    if constexpr (speaks_http2<TestType>) {
        const auto setting = [](char id, std::uint32_t value) {
            return TestType::frame(4, 0, 0, octets{'\0', id} + TestType::number(value));
        };
        SECTION("SETTINGS_ENABLE_CONNECT_PROTOCOL with a value that it has not") {
            three_tunnels<TestType, false> server;
            server.us.hears(setting(8, 2));
            check_connection_ended(server, errc::settings_value_invalid);
            three_tunnels<TestType, true> client;
            client.us.hears(setting(8, 2));
            check_connection_ended(client, errc::settings_value_invalid);
        }
        SECTION("SETTINGS_ENABLE_CONNECT_PROTOCOL taken back") {
            three_tunnels<TestType, true> client;
            client.us.hears(setting(8, 0));
            check_connection_ended(client, errc::settings_withdrawn);
        }
        SECTION("one thing too often") {
            three_tunnels<TestType, false> server({.floods = {.settings = 10}});
            for (int i = 0; i < 10; ++i) server.us.hears(TestType::frame(4, 0, 0, ""));
            check_connection_ended(server, errc::flooded);
        }
        SECTION("a window update of nothing, on the connection") {
            three_tunnels<TestType, false> server;
            server.us.hears(TestType::frame(8, 0, 0, TestType::number(0)));
            check_connection_ended(server, TestType::framing_error(errc::window_increment_zero));
        }
    }
}

TEMPLATE_LIST_TEST_CASE("frames of unknown types pass on an open tunnel and on the connection",
                        "[rules][rfc9113-8.5][R86][R84]", models) {
    if constexpr (speaks_http2<TestType>) {
        three_tunnels<TestType, false> three;
        const octets hello = three.theirs(0x81, "in pieces");
        three.us.hears(TestType::frame(0x42, 0xff, 3, "anything") +
                       TestType::data(3, hello.substr(0, 5), false) +
                       TestType::frame(0xfe, 0, 0, "") + TestType::data(3, hello.substr(5), false));
        CHECK(three.us.side.has("2 text \"in pieces\""));
        three.check_others();
    } else { // it has no types beyond its own: the same bytes, cut
        three_tunnels<TestType, false> three;
        const octets hello = three.theirs(0x81, "in pieces");
        three.us.hears(TestType::data(3, hello.substr(0, 5), false) +
                       TestType::data(3, hello.substr(5), false));
        CHECK(three.us.side.has("2 text \"in pieces\""));
        three.check_others();
    }
}

TEMPLATE_LIST_TEST_CASE("a client that was told to go away opens no stream and keeps its tunnels",
                        "[rules][rfc9113-6.8][R111][R112][rfc9113-8.7][R89]", models) {
    three_tunnels<TestType, true> three;
    const tunnel_id refused = three.ask();
    three.us.hears(TestType::goaway(5));
    CHECK(three.us.side.has("goaway 5 NO_ERROR"));
    CHECK(three.us.side.of(4) == lines{"refused stream_not_processed retryable", "released"});
    CHECK(three.us.side.tunnels.at(refused.value).released);
    const std::size_t sent = three.frames().size();
    CHECK(three.us.side.session.open({.authority = "a.test"}, three.us.now).error() ==
          errc::not_open);
    three.us.hears({});
    CHECK(three.frames().size() == sent);
    three.check_others();
    three.second_hears(three.theirs(0x81, "and this one"));
    CHECK(three.us.side.has("2 text \"and this one\""));
}

TEMPLATE_LIST_TEST_CASE("a client sends nothing on a tunnel before the answer",
                        "[rules][rfc6455-4.1][R135]", models) {
    three_tunnels<TestType, true> three;
    const tunnel_id waits = three.ask();
    const std::size_t sent = three.us.side.written.size();
    CHECK(three.us.side.send(waits, "too early") == errc::not_open);
    CHECK(three.us.side.ping(waits, "too early") == errc::not_open);
    CHECK(three.us.side.close(waits) == errc::not_open);
    three.us.hears({});
    CHECK(three.us.side.written.size() == sent);
    three.us.hears(TestType::headers(7, std::vector<field>{{":status", "200"}}, false));
    CHECK(three.us.side.send(waits, "now") == errc::none);
    three.us.hears({});
    CHECK(three.said(three.ours(0x81, "now")) == 1);
}

TEMPLATE_LIST_TEST_CASE("a server speaks at once when it has accepted",
                        "[rules][rfc6455-4.2.2][R150]", models) {
    three_tunnels<TestType, false> three;
    three.us.side.accepts = false;
    three.us.hears(TestType::headers(7, websocket_request("/slow"), false));
    const tunnel_id asked = three.us.side.last;
    CHECK(three.us.side.send(asked, "too early") == errc::not_open);
    CHECK(three.us.side.accept(asked) == errc::none);
    CHECK(three.us.side.send(asked, "welcome") == errc::none);
    three.us.hears({});
    CHECK(three.said(three.ours(0x81, "welcome")) == 1);
    three.check_others();
}

TEMPLATE_LIST_TEST_CASE("bytes for tunnels that die give the connection its credit back",
                        "[rules][rfc9113-6.9][R117]", models) {
    pair<TestType> both;
    both.server.consumes = false;
    for (int i = 0; i < 20; ++i) { // 20 windows of a stream are more than the connection's
        const tunnel_id tunnel = both.opened("/dies");
        CHECK(both.client.send(tunnel, octets(60'000, 'x'), opcode::binary) == errc::none);
        both.run();
        CHECK(both.client.reset(tunnel) == errc::none);
        both.run();
    }
    both.server.consumes = true;
    both.check_credit(1 << 20);
    both.finish();
}
