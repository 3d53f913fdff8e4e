// What every model of the session concept does. The file that includes this names the models:
// `using models = std::tuple<...>`; a model has
//
//     server, client                         the session types
//     frames(bytes, from_client)             what they wrote, a line for each frame of a stream
//     client_preface(), server_preface(yes)  what a peer made by hand says first
//     headers(stream, fields, end), data(stream, bytes, end), reset(stream, code), goaway(last)
#pragma once

#include "session_pair.hpp"

namespace session_suite {

// A session whose peer is made by hand.
template <class Session>
struct alone {
    explicit alone(session_options options = {})
        : side((options.accept_tunnels = true, options), {}, now) {}
    instant now = seconds(1);
    endpoint<Session> side;

    void hears(const octets& bytes) {
        side.receive(bytes);
        while (!side.offered().empty()) (void)side.transmit();
    }
};

inline std::vector<field> websocket_request(std::string_view path = "/") {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", path},        {"sec-websocket-version", "13"}};
}

inline lines last(const lines& all, std::size_t count) {
    return {all.end() - static_cast<std::ptrdiff_t>(std::min(count, all.size())), all.end()};
}

inline bool contains(const lines& all, const std::string& line) {
    return std::find(all.begin(), all.end(), line) != all.end();
}

} // namespace session_suite

using namespace session_suite;

// ---- messages -----------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("messages of all kinds are echoed at every window and every cut",
                        "[session][rfc6455-5.4][R99][R118]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id tunnel = both.opened("/chat");
        CHECK(both.client.send(tunnel, "Hello") == errc::none);
        CHECK(both.client.send(tunnel, std::string_view("\0\xff", 2), opcode::binary) ==
              errc::none);
        CHECK(both.client.send(tunnel, "") == errc::none);
        CHECK(both.client.send(tunnel, "frag", opcode::text, false) == errc::none);
        CHECK(both.client.send(tunnel, "", opcode::text, false) == errc::none);
        CHECK(both.client.send(tunnel, "mented", opcode::text, true) == errc::none);
        CHECK(both.client.move(tunnel, "moved") == errc::none);
        CHECK(both.client.move(tunnel, "") == errc::none);
        both.run();
        CHECK(both.client.of(1) == lines{"opened 200", "text \"Hello\"", "binary 00 ff",
                                         "text \"\"", "text \"fragmented\"", "text \"moved\"",
                                         "text \"\""});
        CHECK(both.client.close(tunnel, 1000, "bye") == errc::none);
        both.run();
        CHECK(last(both.server.of(1), 3) == lines{"close 1000 \"bye\"", "closed none", "released"});
        CHECK(last(both.client.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("long messages pass by copy and by move, both ways",
                        "[session][R92][R169][rfc6455-10.3][R170]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        const tunnel_id tunnel = both.opened();
        const tunnel_id theirs = both.server.last;
        octets text(bulk(how), 'x');
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
        const std::string line = transcript::described(opcode::binary, text);
        CHECK(both.client.send(tunnel, text, opcode::binary) == errc::none);
        CHECK(both.server.move(theirs, text, opcode::binary) == errc::none);
        both.run();
        CHECK(both.client.move(tunnel, text, opcode::binary) == errc::none);
        CHECK(both.server.send(theirs, text, opcode::binary) == errc::none);
        CHECK(both.client.send(tunnel, "after") == errc::none);
        both.run();
        CHECK(both.server.of(1) == lines{"requested /", line, line, "text \"after\""});
        CHECK(both.client.of(1) == lines{"opened 200", line, line});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a ping is answered, and its pong overtakes queued messages",
                        "[session][rfc6455-5.5.3][R187][R188][R190]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        const tunnel_id tunnel = both.opened();
        CHECK(both.client.ping(tunnel, "are you there") == errc::none);
        both.run();
        CHECK(last(both.server.of(1), 1) == lines{"ping \"are you there\""});
        CHECK(last(both.client.of(1), 1) == lines{"pong \"are you there\""});
        CHECK(both.client.ping(tunnel, std::string(126, 'x')) == errc::invalid_argument);
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a flood of pings to a peer that does not read costs one pong of memory",
                        "[session][R189][R123]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    both.client_hears = false;
    both.server.consumes = false;
    const octets big(100'000, 'b'); // fills the client's window
    CHECK(both.server.send(both.server.last, big, opcode::binary) == errc::none);
    both.run();
    for (int i = 0; i < 10'000; ++i) {
        CHECK(both.client.ping(tunnel, "ping " + std::to_string(i)) == errc::none);
        if (i % 100 == 0) both.run();
    }
    both.run();
    both.client_hears = true;
    both.run();
    CHECK(both.client.count("1 pong \"ping 9999\"") == 1);
    CHECK(both.client.log.size() < 10);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("three tunnels are interleaved", "[session][R100]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id a = both.opened("/a"), b = both.opened("/b"), c = both.opened("/c");
        const octets long_text(bulk(how) / 4, 'l');
        CHECK(both.client.send(a, long_text, opcode::binary) == errc::none);
        for (int i = 0; i < 10; ++i) {
            CHECK(both.client.send(b, "b" + std::to_string(i)) == errc::none);
            CHECK(both.client.send(c, "c" + std::to_string(i)) == errc::none);
        }
        both.run();
        CHECK(both.client.has("1 " + transcript::described(opcode::binary, long_text)));
        for (int i = 0; i < 10; ++i) {
            CHECK(both.client.has("2 text \"b" + std::to_string(i) + '"'));
            CHECK(both.client.has("3 text \"c" + std::to_string(i) + '"'));
        }
        CHECK(both.client.reset(b) == errc::none);
        CHECK(both.client.send(a, "still") == errc::none);
        both.run();
        CHECK(both.client.has("1 text \"still\""));
        CHECK(both.client.of(2).back() == "released");
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a tunnel that nobody consumes starves no other", "[session][R100]",
                        models) {
    pair<TestType> both;
    const tunnel_id stuck = both.opened("/stuck");
    const octets big(200'000, 's');
    for (int i = 0; i < 3; ++i) CHECK(both.client.send(stuck, big, opcode::binary) == errc::none);
    both.server.consumes = false;
    both.run();
    CHECK(both.server.unconsumed == 65'535); // the window, and no more
    both.server.consumes = true;
    both.check_credit(1 << 20);
    CHECK(both.client.reset(stuck) == errc::none);
    both.run();
    both.check_credit(1 << 20); // what was held went back with the tunnel
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("bytes that are held beyond the limit hold the connection's credit",
                        "[session]", models) {
    pair<TestType> both({}, {.connection_window = 70'000, .max_held = 50'000});
    const tunnel_id a = both.opened("/a"), b = both.opened("/b"), c = both.opened("/c");
    both.server.consumes = false;
    const octets big(60'000, 's');
    CHECK(both.client.send(a, big, opcode::binary) == errc::none);
    CHECK(both.client.send(b, big, opcode::binary) == errc::none);
    CHECK(both.client.send(c, big, opcode::binary) == errc::none);
    both.run();
    CHECK(both.server.unconsumed < 50'000 + 70'000 + 16'384); // held, the window, a frame
    const std::size_t held = both.server.unconsumed;
    for (const auto& [name, state] : both.server.tunnels)
        both.server.session.consume(tunnel_id{name}, held);
    both.server.consumes = true;
    both.run();
    CHECK(both.server.count("2 " + transcript::described(opcode::binary, big)) == 1);
    CHECK(both.server.count("3 " + transcript::described(opcode::binary, big)) == 1);
    both.check_credit(500'000);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("output beyond the limit is refused, one message of any size is not",
                        "[session]", models) {
    pair<TestType> both({}, {.max_queued = 1'000});
    const tunnel_id tunnel = both.opened();
    both.server_hears = false;
    CHECK(both.client.send(tunnel, octets(200'000, 'x'), opcode::binary) == errc::none);
    both.run();
    CHECK(both.client.send(tunnel, "one more") == errc::queue_full);
    CHECK(both.client.move(tunnel, "one more") == errc::queue_full);
    CHECK(both.client.close(tunnel) == errc::none); // the protocol's own frames pass
    both.server_hears = true;
    both.run();
    CHECK(last(both.server.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a call that fails leaves the queue as it was", "[session]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    CHECK(both.client.send(tunnel, "x", opcode::continuation) == errc::invalid_argument);
    CHECK(both.client.move(tunnel, "x", opcode::ping) == errc::invalid_argument);
    const octets big(5'000, 'b');
    CHECK(both.client.send(tunnel, big, opcode::binary) == errc::none);
    CHECK(both.client.send(tunnel, "part", opcode::text, false) == errc::none);
    CHECK(both.client.send(tunnel, octets(1'000, 'x'), opcode::binary) == errc::invalid_argument);
    CHECK(both.client.send(tunnel, "end") == errc::none);
    CHECK(both.client.close(tunnel, 1005, "reason") == errc::invalid_argument);
    CHECK(both.client.close(tunnel, 1006) == errc::status_code_not_sendable);
    both.run();
    CHECK(last(both.server.of(1), 2) ==
          lines{transcript::described(opcode::binary, big), "text \"partend\""});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("messages queued in one turn share frames", "[session]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    for (int i = 0; i < 100; ++i)
        REQUIRE(both.client.session.send(tunnel, opcode::text, as_bytes("small"), both.now));
    both.run();
    CHECK(both.server.count("1 text \"small\"") == 100);
    const lines frames = both.client_frames();
    CHECK(std::count_if(frames.begin(), frames.end(), [](const std::string& line) {
              return line.find("data") != std::string::npos;
          }) <= 2);
    both.finish();
}

// ---- closing ------------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a server that answers a Close ends the stream in the same frame",
                        "[session][rfc6455-7.1.1][R184][R200]", models) {
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
                        "[session][rfc6455-7.1.1][R184][R200]", models) {
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

TEMPLATE_LIST_TEST_CASE("either side resets, and both are told once",
                        "[session][rfc8441-5][R31][R218]", models) {
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
                        "[session][R185]", models) {
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

TEMPLATE_LIST_TEST_CASE("how a server ends a stream", "[session][R87][R184][R207][R217]", models) {
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

// ---- timers -------------------------------------------------------------------------------------

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

TEMPLATE_LIST_TEST_CASE("a peer that takes no output is given up after 30 seconds", "[session]",
                        models) {
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

// ---- the opening handshake ----------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a refusal reaches the client with its body, and frees its stream",
                        "[session][R49][R83]", models) {
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
                        "[session][R133][R138][R140][R148]", models) {
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
                        "[session][R43][R53][R142][R153]", models) {
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

// ---- the gate -----------------------------------------------------------------------------------

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

// ---- beside tunnels -----------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("ordinary requests are served beside tunnels", "[session]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id tunnel = both.opened();
        const std::vector<field> post{{":method", "POST"},
                                      {":scheme", "https"},
                                      {":authority", "a.test"},
                                      {":path", "/form"}};
        const auto request =
            both.client.call([&](auto& session) { return session.request(post, false, both.now); });
        REQUIRE(request);
        CHECK(both.client.write(*request, "first ", false) == errc::none);
        CHECK(both.client.send(tunnel, "meanwhile") == errc::none);
        CHECK(both.client.write(*request, "second", true) == errc::none);
        CHECK(both.client.write(*request, "third", true) == errc::not_open);
        both.run();
        CHECK(both.server.has("asked POST /form"));
        CHECK(both.server.body == "first second");
        CHECK(both.client.has("1 text \"meanwhile\""));
        const request_id asked = both.server.asked;
        CHECK(both.server.write(asked, "too early", false) == errc::not_open);
        const auto respond = [&](std::uint16_t status, std::string_view text, bool end) {
            return both.server.call([&](auto& session) {
                return session.respond(asked, status, {}, as_bytes(text), both.now, end);
            });
        };
        CHECK(respond(103, {}, false));
        CHECK(respond(200, "an ", false));
        CHECK(respond(200, {}, true).error() == errc::not_open);
        both.run();
        CHECK(both.server.write(asked, "ans", false) == errc::none);
        CHECK(both.server.write(asked, "wer", true) == errc::none);
        both.run();
        CHECK(both.client.body == "an answer");
        CHECK(both.client.count("answered 200") == 1); // and the interim one is passed over
        CHECK(both.client.count("body of 9") == 1);
        CHECK(both.client.count("request released none") == 1);
        CHECK(both.server.count("request released none") == 1);
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("an answer without a body ends with its head", "[session]", models) {
    pair<TestType> both;
    const std::vector<field> head{
        {":method", "HEAD"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    REQUIRE(both.client.call([&](auto& session) { return session.request(head, true, both.now); }));
    both.run();
    CHECK(both.server.has("asked HEAD / end"));
    REQUIRE(both.server.call(
        [&](auto& session) { return session.respond(both.server.asked, 204, {}, {}, both.now); }));
    both.run();
    CHECK(both.client.log == lines{"answered 204 end", "request released none"});
    CHECK(both.server.log == lines{"asked HEAD / end", "request released none"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("raw tunnels carry bytes where they are accepted", "[session][R16]",
                        models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how, {.accept_raw_tunnels = true});
        const auto tunnel =
            both.ask({.protocol = "connect-udp", .authority = "a.test", .path = "/udp"});
        REQUIRE(tunnel);
        both.run();
        REQUIRE(both.client.at(*tunnel).opened);
        const tunnel_id theirs = both.server.last;
        CHECK(both.client.send(*tunnel, "no frames") == errc::not_open);
        CHECK(both.client.write(*tunnel, "x", false) == errc::none);
        both.run();
        CHECK(both.server.has("1 data \"x\""));
        CHECK(both.server.write(theirs, "y", true) == errc::none);
        CHECK(both.server.write(theirs, "z", true) == errc::not_open);
        both.run();
        CHECK(both.client.has("1 data \"y\""));
        CHECK(both.client.has("1 data \"\" end"));
        CHECK(both.client.write(*tunnel, "", true) == errc::none);
        both.run();
        CHECK(last(both.client.of(1), 2) == lines{"closed none", "released"});
        CHECK(last(both.server.of(1), 3) == lines{"data \"\" end", "closed none", "released"});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("raw tunnels end once when they are reset or lost", "[session]", models) {
    pair<TestType> both({}, {.accept_raw_tunnels = true});
    for (int i = 0; i < 3; ++i) {
        REQUIRE(both.ask({.protocol = "other", .authority = "a.test"}));
        both.run();
        if (i == 0) CHECK(both.client.reset(both.client.last) == errc::none);
        if (i == 1) CHECK(both.server.reset(both.server.last) == errc::none);
        both.run();
    }
    both.server.lost();
    both.client.lost();
    CHECK(both.client.has("1 closed reset_by_us CANCEL"));
    CHECK(both.server.has("1 closed reset_by_peer CANCEL"));
    CHECK(both.client.has("2 closed reset_by_peer CANCEL"));
    CHECK(both.server.has("2 closed reset_by_us CANCEL"));
    CHECK(both.client.has("3 closed connection_lost"));
    CHECK(both.server.has("3 closed connection_lost"));
    both.client.check_ended();
    both.server.check_ended();
}

// ---- the connection's end -----------------------------------------------------------------------

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
    CHECK(server.side.log == lines{"ended connection_error"});
    CHECK(server.side.session.finished());
}
