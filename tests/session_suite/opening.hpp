// The opening handshake, as each side sees it.
#pragma once

#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("a refusal reaches the client with its body, and frees its stream",
                        "[session][R49][R83][S23]", models) {
    for (const weather& how : weathers()) {
        pair<TestType> both(how);
        both.server.accepts = false;
        both.server.on_event = [&](const stream_event& found) {
            if (const auto* asked = std::get_if<tunnel_requested>(&found)) {
                const std::vector<field> fields{{"x-reason", "no"}};
                CHECK(both.server.session.refuse(asked->tunnel, 200, both.now).error() ==
                      errc::invalid_argument);
                CHECK(both.server.session.refuse(asked->tunnel, 403, both.now, fields, "no entry"));
                CHECK(both.server.session.refuse(asked->tunnel, 403, both.now).error() ==
                      errc::not_open);
            }
        };
        (void)both.open("/no");
        both.run();
        CHECK(both.client.of(1) == lines{"refused status_not_2xx 403 no entry", "released"});
        CHECK(both.server.of(1).back() == "released");
        CHECK(contains(both.server_frames(), "1 data 8 end") ==
              (how.stream_window > 8)); // in one frame, or in many
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a thousand refusals in sequence leave no stream behind", "[session]",
                        models) {
    pair<TestType> both({}, {.max_streams = 8});
    both.server.accepts = false;
    both.server.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found))
            (void)both.server.session.refuse(asked->tunnel, 404, both.now);
    };
    for (int i = 0; i < 1'000; ++i) {
        both.now += milliseconds(40); // not a burst
        (void)both.open("/");
        both.run();
    }
    CHECK(both.client.session.stream_count() == 0);
    CHECK(both.server.session.stream_count() == 0);
    CHECK(both.client.has("1000 refused status_not_2xx 404"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a failed refusal does not spoil the acceptance that follows", "[session]",
                        models) {
    pair<TestType> both;
    both.server.accepts = false;
    both.server.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found)) {
            CHECK(both.server.session.refuse(asked->tunnel, 200, both.now).error() ==
                  errc::invalid_argument);
            CHECK(both.server.accept(asked->tunnel) == errc::none);
        }
    };
    const tunnel_id tunnel = both.opened();
    CHECK(both.client.close(tunnel) == errc::none);
    both.run();
    CHECK_FALSE(contains(both.server_frames(), "1 reset NO_ERROR"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("subprotocols are chosen among those offered",
                        "[session][R133][R138][R140][R148][S13]", models) {
    pair<TestType> both({}, {}, {.require_subprotocol = true});
    std::string_view choice = "superchat";
    both.server.accepts = false;
    both.server.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<tunnel_requested>(&found)) {
            CHECK(both.server.session.accept(asked->tunnel, {.subprotocol = "other"}, both.now)
                      .error() == errc::subprotocol_not_offered);
            CHECK(both.server.accept(asked->tunnel, {.subprotocol = choice}) == errc::none);
        }
    };
    const connect_request wanted{.authority = "a.test", .subprotocols = "chat, superchat"};
    REQUIRE(both.ask(wanted));
    both.run();
    CHECK(both.client.has("1 opened 200 superchat"));
    choice = {};
    REQUIRE(both.ask(wanted));
    both.run();
    CHECK(both.client.has("2 refused subprotocol_missing"));
    CHECK(both.server.has("2 closed reset_by_peer CANCEL"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("requests against the rules are answered by the session itself",
                        "[session][R43][R53][R142][R153][S2][S5][S9][S10][S12][S23]", models) {
    struct row {
        std::vector<field> fields;
        bool end;
        std::string told;
        bool reset;
    };
    auto old = websocket_request(), foreign = websocket_request(), lengthy = websocket_request();
    old.back().value = "12";
    foreign[1].value = "connect-udp";
    lengthy.push_back({"content-length", "5"});
    for (const row& row :
         {row{old, false, "rejected websocket_version_invalid", false},
          row{foreign, false, "rejected protocol_not_supported", false},
          row{lengthy, false, "rejected content_length_on_connect", false},
          row{websocket_request(), true, "rejected end_stream_on_connect", false}}) {
        CAPTURE(row.told);
        alone<typename TestType::server> server;
        server.hears(TestType::client_preface());
        server.hears(TestType::headers(1, row.fields, row.end));
        CHECK(server.side.log == lines{row.told});
        lines frames = TestType::frames(server.side.written, false);
        REQUIRE(!frames.empty());
        CHECK(contains(frames, "1 headers end"));
        CHECK(contains(frames, "1 reset NO_ERROR") == !row.end); // S23
        CHECK(server.side.session.stream_count() == 0);
    }
}

TEMPLATE_LIST_TEST_CASE("a server may speak as soon as it has answered",
                        "[session][rfc6455-4.2.2][R150]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.accepts = false;
        both.server.on_event = [&](const stream_event& found) {
            if (const auto* asked = std::get_if<tunnel_requested>(&found)) {
                CHECK(both.server.accept(asked->tunnel) == errc::none);
                CHECK(both.server.send(asked->tunnel, "welcome") == errc::none);
            }
        };
        const tunnel_id tunnel = both.opened();
        CHECK(both.client.has(std::to_string(both.client.at(tunnel).label) + " text \"welcome\""));
        CHECK(both.client.close(tunnel) == errc::none);
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("data before the answer is held and polled after it",
                        "[session][rfc6455-4.1][R135][S11]", models) {
    alone<typename TestType::server> server({.waits = {.handshake = seconds(10)}});
    server.side.accepts = false;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    const tunnel_id tunnel = server.side.last;
    const octets early =
        transcript::from_client(0x81, "early") + transcript::from_client(0x89, "ping");
    SECTION("accepted") {
        server.hears(TestType::data(1, early, false));
        CHECK(server.side.of(1) == lines{"requested /"});
        CHECK(server.side.accept(tunnel) == errc::none);
        server.hears(TestType::data(1, transcript::from_client(0x81, "late"), false));
        CHECK(server.side.of(1) ==
              lines{"requested /", "text \"early\"", "ping \"ping\"", "text \"late\""});
    }
    SECTION("accepted, with its end") {
        server.hears(TestType::data(1, early + transcript::from_client(0x88), true));
        CHECK(server.side.accept(tunnel) == errc::none);
        server.side.session.expire(server.now + seconds(1)); // comes before the early data
        server.hears({});
        CHECK(server.side.of(1) == lines{"requested /", "text \"early\"", "ping \"ping\"",
                                         "close 1005 \"\"", "closed none", "released"});
    }
    SECTION("a keepalive that is due comes before the early data and harms nothing") {
        server.hears(TestType::data(1, early, true));
        CHECK(server.side.accept(tunnel) == errc::none);
        server.now += seconds(31);
        server.side.session.expire(server.now);
        server.hears({});
        CHECK(server.side.of(1) == lines{"requested /", "text \"early\"", "ping \"ping\"",
                                         "closed end_stream_without_close", "released"});
    }
    SECTION("refused") {
        server.hears(TestType::data(1, early, false));
        CHECK(server.side.session.refuse(tunnel, 403, server.now));
        server.hears({});
        CHECK(server.side.of(1) == lines{"requested /", "released"});
    }
    SECTION("too much of it") {
        server.hears(TestType::data(1, octets(4'096, 'x'), false));
        CHECK(server.side.of(1) == lines{"requested /"});
        server.hears(TestType::data(1, "x", false));
        CHECK(last(TestType::frames(server.side.written, false), 1) ==
              lines{"1 reset ENHANCE_YOUR_CALM"});
        CHECK(last(server.side.of(1), 1) == lines{"released"});
        CHECK(server.side.of(1)[1].starts_with("closed early_data_too_long"));
        CHECK(server.side.accept(tunnel) == errc::not_open);
    }
    SECTION("the client gives up") {
        server.hears(TestType::data(1, early, false));
        server.hears(TestType::reset(1, 8));
        CHECK(last(server.side.of(1), 2) == lines{"closed reset_by_peer CANCEL", "released"});
        CHECK(server.side.accept(tunnel) == errc::not_open);
    }
}

TEMPLATE_LIST_TEST_CASE("tunnels that die before their answer do not count as pending",
                        "[session][R125]", models) {
    alone<typename TestType::server> server({.max_pending = 2});
    server.side.accepts = false;
    server.hears(TestType::client_preface());
    std::uint32_t stream = 1;
    for (int i = 0; i < 5; ++i, stream += 2) {
        server.hears(TestType::headers(stream, websocket_request(), false));
        CHECK(server.side.reset(server.side.last) == errc::none);
        server.hears({});
        server.hears(TestType::headers(stream += 2, websocket_request(), false));
        server.hears(TestType::data(stream, octets(5'000, 'x'), false));
        server.hears(TestType::headers(stream += 2, websocket_request(), false));
        server.hears(TestType::reset(stream, 8));
    }
    CHECK(server.side.count("rejected too_many_tunnels") == 0);
    for (int i = 0; i < 3; ++i, stream += 2)
        server.hears(TestType::headers(stream, websocket_request(), false));
    CHECK(server.side.count("rejected too_many_tunnels") == 1);
}

TEMPLATE_LIST_TEST_CASE("HEADERS on an open tunnel kill it alone",
                        "[session][rfc9113-8.5][R85][S7]", models) {
    for (const bool end : {false, true}) {
        CAPTURE(end);
        alone<typename TestType::server> server;
        server.hears(TestType::client_preface());
        server.hears(TestType::headers(1, websocket_request(), false));
        server.hears(TestType::headers(3, websocket_request(), false));
        const std::vector<field> trailers{{"x-trailer", "1"}};
        server.hears(TestType::headers(1, trailers, end));
        CHECK(last(server.side.of(1), 1) == lines{"released"});
        CHECK(server.side.of(1)[1].starts_with("closed headers_on_tunnel"));
        const lines frames = TestType::frames(server.side.written, false);
        CHECK(std::count(frames.begin(), frames.end(), "1 reset PROTOCOL_ERROR") == 1);
        server.hears(TestType::data(3, transcript::from_client(0x81, "alive"), false));
        CHECK(server.side.has("2 text \"alive\""));
    }
}

TEMPLATE_LIST_TEST_CASE("answers that a client cannot take", "[session][R46][R48][R138]", models) {
    struct row {
        std::vector<field> fields;
        bool end;
        lines told;
        std::string frame;
    };
    const std::string cancels = "1 reset CANCEL";
    for (const row& row :
         {row{{{":status", "200"}, {"sec-websocket-protocol", "other"}},
              false,
              {"refused subprotocol_not_offered", "released"},
              cancels},
          row{{{":status", "200"}, {"sec-websocket-extensions", "x-other"}},
              false,
              {"refused extension_not_offered", "released"},
              cancels},
          row{{{":status", "200"}}, true, {"refused end_stream_on_response", "released"}, cancels},
          row{{{":status", "404"}}, true, {"refused status_not_2xx 404", "released"}, cancels},
          row{{{":status", "103"}}, false, {}, "1 headers"},
          row{{{":status", "299"}}, false, {"opened 299"}, "1 headers"}}) {
        CAPTURE(row.fields[0].value);
        alone<typename TestType::client> client;
        client.hears(TestType::server_preface(true));
        const auto tunnel =
            client.side.session.open({.authority = "a.test", .subprotocols = "chat"}, client.now);
        REQUIRE(tunnel);
        client.side.at(*tunnel);
        client.hears({});
        client.hears(TestType::headers(1, row.fields, row.end));
        CHECK(client.side.of(1) == row.told);
        CHECK(last(TestType::frames(client.side.written, true), 1) == lines{row.frame});
    }
}

TEMPLATE_LIST_TEST_CASE("an interim answer is followed by the answer", "[session][R46]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    const auto tunnel = client.side.session.open({.authority = "a.test"}, client.now);
    REQUIRE(tunnel);
    client.side.at(*tunnel);
    client.hears({});
    const std::vector<field> interim{{":status", "103"}, {"link", "x"}}, ok{{":status", "200"}};
    client.hears(TestType::headers(1, interim, false) + TestType::headers(1, interim, false) +
                 TestType::headers(1, ok, false) +
                 TestType::data(1, transcript::from_server(0x81, "at once"), false));
    CHECK(client.side.of(1) == lines{"opened 200", "text \"at once\""});
}
