// What a client may ask for, and when.
#pragma once

#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("a tunnel asked for before SETTINGS waits for them", "[session][R3]",
                        models) {
    alone<typename TestType::client> client;
    const auto tunnel = client.side.session.open({.authority = "a.test"}, client.now);
    REQUIRE(tunnel);
    client.side.at(*tunnel);
    client.hears({});
    CHECK(TestType::frames(client.side.written, true).empty());
    SECTION("it goes out when they allow it") {
        client.hears(TestType::server_preface(true));
        CHECK(TestType::frames(client.side.written, true) == lines{"1 headers"});
        CHECK(client.side.session.stream_id(*tunnel) == 1);
    }
    SECTION("it is refused when they do not") {
        client.hears(TestType::server_preface(false));
        CHECK(client.side.of(1) == lines{"refused connect_not_enabled", "released"});
        CHECK(TestType::frames(client.side.written, true).empty());
        CHECK(client.side.session.open({.authority = "a.test"}, client.now).error() ==
              errc::connect_not_enabled);
    }
    SECTION("it can be given up before") {
        CHECK(client.side.reset(*tunnel) == errc::none);
        CHECK(client.side.of(1) == lines{"refused reset_by_us", "released"});
    }
    SECTION("the connection is lost before") {
        client.side.lost();
        CHECK(client.side.log ==
              lines{"1 refused connection_lost", "1 released", "ended connection_lost"});
        CHECK(client.side.session.open({.authority = "a.test"}, client.now).error() ==
              errc::not_open);
    }
}

TEMPLATE_LIST_TEST_CASE("tunnels above the server's limit wait for their turn",
                        "[session][rfc9113-5.1.2][R97]", models) {
    pair<TestType> both({}, {.max_streams = 2}, {});
    std::vector<tunnel_id> tunnels;
    for (int i = 0; i < 5; ++i) tunnels.push_back(both.open("/" + std::to_string(i)));
    both.run();
    CHECK(both.client.session.stream_count() == 5);
    CHECK(both.server.session.stream_count() == 2);
    for (const tunnel_id tunnel : tunnels) {
        CHECK(both.client.at(tunnel).opened);
        CHECK(both.client.close(tunnel) == errc::none);
        both.run();
    }
    CHECK(both.server.count("5 requested /4") == 1);
    both.finish();
}
