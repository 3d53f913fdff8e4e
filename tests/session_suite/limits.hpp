// What a client may ask for, and when.
#pragma once

#include "alone.hpp"

namespace session_suite {

// SETTINGS of a server that takes so many streams.
template <class Model>
octets takes_streams(std::uint32_t most) {
    if constexpr (requires { Model::frame(0, 0, 0, ""); })
        return Model::frame(4, 0, 0, octets("\0\3", 2) + Model::number(most));
    else
        return Model::numbers(Model::kind::settings, Model::record::enables, 0,
                              {1 << 20, 1 << 24, most});
}

// A client that asked for three tunnels, of which the server takes one.
template <class Model>
struct three_and_one {
    explicit three_and_one(const session_options& options = {}) : client(options) {
        client.hears(Model::server_preface(true));
        client.hears(takes_streams<Model>(1));
        for (const char* path : {"/1", "/2", "/3"}) ask(path);
        client.hears({});
    }
    tunnel_id ask(std::string_view path) {
        const auto made =
            client.side.session.open({.authority = "a.test", .path = path}, client.now);
        REQUIRE(made);
        client.side.at(*made);
        tunnels.push_back(*made);
        return *made;
    }
    // The server answers, or ends, what it has.
    void opens(std::uint32_t stream) {
        const std::vector<field> ok{{":status", "200"}};
        client.hears(Model::headers(stream, ok, false));
    }
    lines frames() const { return Model::frames(client.side.written, true); }

    alone<typename Model::client> client;
    std::vector<tunnel_id> tunnels;
};

} // namespace session_suite

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

TEMPLATE_LIST_TEST_CASE("of three tunnels with room for one the others go out in order, one by one",
                        "[session][rfc9113-5.1.2][R97]", models) {
    pair<TestType> both({}, {.max_streams = 1}, {});
    for (const char* path : {"/1", "/2", "/3"}) (void)both.open(path);
    both.run();
    CHECK(both.server.log == lines{"1 requested /1"});
    CHECK(both.client.log == lines{"1 opened 200"});
    CHECK(both.client.close(both.client.last) == errc::none);
    both.run();
    CHECK(both.server.log.back() == "2 requested /2");
    CHECK(both.server.reset(both.server.last) == errc::none);
    both.run();
    CHECK(both.server.log.back() == "3 requested /3");
    CHECK(both.client.log.back() == "3 opened 200");
    CHECK(both.client.session.stream_count() == 1);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("what becomes of a tunnel that waits for its turn",
                        "[session][rfc9113-5.1.2][R97]", models) {
    three_and_one<TestType> it({.waits = {.handshake = seconds(10)}});
    auto& side = it.client.side;
    CHECK(it.frames() == lines{"1 headers"});
    CHECK(side.session.stream_id(it.tunnels[1]) == 0);
    it.opens(1);
    SECTION("it is given up at once, and nobody takes its turn from the next") {
        CHECK(side.reset(it.tunnels[1]) == errc::none);
        CHECK(side.of(2) == lines{"refused reset_by_us", "released"});
        CHECK(side.session.reset(it.tunnels[1], http2_error::cancel, it.client.now).error() ==
              errc::not_open);
        it.client.hears(TestType::reset(1, 8));
        CHECK(last(it.frames(), 1) == lines{"3 headers"});
        it.opens(3);
        CHECK(side.of(3) == lines{"opened 200"});
    }
    SECTION("the time to its answer counts from when it was asked for") {
        it.client.now += seconds(10) - 1;
        side.expire();
        CHECK(side.of(2).empty());
        it.client.now += 1;
        side.expire();
        it.client.hears({});
        CHECK(side.of(1) == lines{"opened 200"});
        CHECK(side.of(2) == lines{"refused handshake_timeout", "released"});
        CHECK(side.of(3) == lines{"refused handshake_timeout", "released"});
        CHECK(it.frames() == lines{"1 headers"}); // nothing of them has left
    }
    SECTION("a shutdown refuses it, and lets the open one go on") {
        side.shutdown();
        CHECK(side.of(2) == lines{"refused stream_not_processed retryable", "released"});
        it.client.hears(TestType::data(1, transcript::from_server(0x81, "alive"), false));
        CHECK(side.of(1) == lines{"opened 200", "text \"alive\""});
    }
    SECTION("a GOAWAY refuses it, whatever its last stream") {
        it.client.hears(TestType::goaway(0x7fff'ffff));
        CHECK(side.of(2) == lines{"refused stream_not_processed retryable", "released"});
        CHECK(side.of(3) == lines{"refused stream_not_processed retryable", "released"});
        it.client.hears(TestType::reset(1, 8));
        CHECK(it.frames() == lines{"1 headers"});
    }
    SECTION("it is lost with the connection") {
        side.lost();
        CHECK(last(side.log, 7) == lines{"1 closed connection_lost", "1 released",
                                         "2 refused connection_lost", "2 released",
                                         "3 refused connection_lost", "3 released",
                                         "ended connection_lost"});
    }
    SECTION("a limit that is raised sends it") {
        it.client.hears(takes_streams<TestType>(2));
        CHECK(it.frames() == lines{"1 headers", "3 headers"});
        it.client.hears(takes_streams<TestType>(100));
        CHECK(last(it.frames(), 1) == lines{"5 headers"});
    }
    SECTION("a limit that is lowered below what lives ends nothing, and sends nothing") {
        it.client.hears(takes_streams<TestType>(2));
        it.opens(3);
        it.client.hears(takes_streams<TestType>(1));
        it.client.hears(TestType::reset(1, 8));
        CHECK(it.frames() == lines{"1 headers", "3 headers"});
        CHECK(side.of(2) == lines{"opened 200"});
        it.client.hears(TestType::reset(3, 8));
        CHECK(last(it.frames(), 1) == lines{"5 headers"});
    }
    SECTION("no stream at all is a limit too") {
        it.client.hears(takes_streams<TestType>(0));
        it.client.hears(TestType::reset(1, 8));
        CHECK(it.frames() == lines{"1 headers"});
        it.client.hears(takes_streams<TestType>(1));
        CHECK(last(it.frames(), 1) == lines{"3 headers"});
    }
}

TEMPLATE_LIST_TEST_CASE("no more tunnels wait than the limit allows", "[session][R123]", models) {
    alone<typename TestType::client> client({.max_waiting = 3});
    const auto ask = [&] {
        return client.side.call(
            [&](auto& session) { return session.open({.authority = "a.test"}, client.now); });
    };
    for (int i = 0; i < 3; ++i) REQUIRE(ask());
    CHECK(ask().error() == errc::too_many_tunnels);
    client.hears(TestType::server_preface(true)); // all three go out
    CHECK(client.side.session.stream_count() == 3);
    client.hears(takes_streams<TestType>(3));
    std::vector<tunnel_id> waiting;
    for (int i = 0; i < 3; ++i) waiting.push_back(*ask());
    CHECK(ask().error() == errc::too_many_tunnels);
    CHECK(client.side.reset(waiting[1]) == errc::none);
    CHECK(ask());
}

namespace session_suite {

// So many requests for tunnels, to be read at once.
template <class Model>
octets many_requests(std::uint32_t count) {
    octets out;
    for (std::uint32_t i = 0; i < count; ++i)
        out += Model::headers(2 * i + 1, websocket_request("/" + std::to_string(i)), false);
    return out;
}

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("any number of tunnels that come in one read open where each is accepted",
                        "[session][rfc9113-10.5.2][R125]", models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    server.hears(many_requests<TestType>(200));
    CHECK(server.side.tunnels.size() == 200);
    for (const auto& [name, state] : server.side.tunnels) CHECK(state.opened);
    CHECK(server.side.log.back() == "200 requested /199");
    server.hears(TestType::data(399, transcript::from_client(0x81, "here"), false));
    CHECK(server.side.log.back() == "200 text \"here\"");
}

TEMPLATE_LIST_TEST_CASE("an application that answers none is told of as many as may wait",
                        "[session][rfc9113-10.5.2][R125]", models) {
    alone<typename TestType::server> server({.max_pending = 64});
    server.side.accepts = false;
    server.hears(TestType::client_preface());
    server.hears(many_requests<TestType>(200));
    CHECK(server.side.tunnels.size() == 64);
    CHECK(server.side.log[63] == "64 requested /63");
    CHECK(server.side.count("rejected too_many_tunnels") == 136);
    SECTION("one that is refused, one that is reset and one that is given up make room for three") {
        std::vector<std::uint64_t> names;
        for (const auto& [name, state] : server.side.tunnels) names.push_back(name);
        CHECK(server.side.call(
            [&](auto& session) { return session.refuse({names[0]}, 404, server.now); }));
        CHECK(server.side.reset({names[1]}) == errc::none);
        server.hears(TestType::reset(2 * 2 + 1, 8));
        octets more;
        for (std::uint32_t i = 200; i < 204; ++i)
            more += TestType::headers(2 * i + 1, websocket_request("/more"), false);
        server.hears(more);
        CHECK(server.side.tunnels.size() == 67);
        CHECK(server.side.count("rejected too_many_tunnels") == 137);
    }
    SECTION("those whose time ran out wait no more") {
        server.now += seconds(10);
        server.side.expire();
        server.hears(TestType::headers(401, websocket_request("/later"), false));
        CHECK(server.side.has("65 requested /later"));
    }
}

TEMPLATE_LIST_TEST_CASE("a tunnel that is over before it was told of takes no room",
                        "[session][rfc9113-10.5.2][R125]", models) {
    alone<typename TestType::server> server({.max_pending = 1});
    server.side.accepts = false;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request("/gone"), false) + TestType::reset(1, 8) +
                 TestType::headers(3, websocket_request("/stays"), false));
    CHECK(server.side.of(1) == lines{"requested /gone", "closed reset_by_peer CANCEL", "released"});
    CHECK(server.side.of(2) == lines{"requested /stays"});
    CHECK(server.side.count("rejected too_many_tunnels") == 0);
}

TEMPLATE_LIST_TEST_CASE("tunnels that die before they are told of make no room for others",
                        "[session][rfc9113-10.5.2][R125]", models) {
    alone<typename TestType::server> server({.max_pending = 2});
    server.side.accepts = false;
    server.hears(TestType::client_preface());
    const std::vector<field> trailers{{"x", "y"}};
    std::uint32_t stream = 1;
    for (int i = 0; i < 5; ++i, stream += 2) // in one read: a request and what must not follow it
        server.hears(TestType::headers(stream, websocket_request("/spoilt"), false) +
                     TestType::headers(stream, trailers, true));
    CHECK(server.side.session.stream_count() == 0);
    server.side.log.clear();
    for (int i = 0; i < 5; ++i, stream += 2)
        server.hears(TestType::headers(stream, websocket_request("/waits"), false));
    CHECK(server.side.count("rejected too_many_tunnels") == 3);
    CHECK(server.side.log.size() == 5);
}
