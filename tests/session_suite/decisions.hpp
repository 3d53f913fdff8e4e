// Where the RFCs are silent or leave a choice: what each decision does, and its switch.
#pragma once

#include "alone.hpp"

namespace session_suite {

// A server with one open tunnel, stream 1.
template <class Model>
struct open_server {
    explicit open_server(const session_options& options = {}) : it(options) {
        it.hears(Model::client_preface());
        it.hears(Model::headers(1, websocket_request(), false));
        tunnel = it.side.last;
    }
    void hears(const octets& frames, bool end = false) { it.hears(Model::data(1, frames, end)); }
    lines frames() const { return Model::frames(it.side.written, false); }

    alone<typename Model::server> it;
    tunnel_id tunnel;
};

// What a server does with one request: what it tells, and the frames it says.
template <class Model>
lines answer_to(const std::vector<field>& request, const session_options& options) {
    alone<typename Model::server> server(options);
    server.hears(Model::client_preface());
    server.hears(Model::headers(1, request, false));
    lines out = server.side.log;
    for (const std::string& line : Model::frames(server.side.written, false)) out.push_back(line);
    return out;
}

// The field of that name in the answer to a request, as a client reads it.
template <class Model>
std::string answered_field(const std::vector<field>& request, std::string_view name,
                           const session_options& options) {
    alone<typename Model::server> server(options);
    server.hears(Model::client_preface());
    const octets preface = server.side.written;
    server.hears(Model::headers(1, request, false));
    alone<typename Model::client> client;
    std::string value;
    client.side.on_event = [&](const stream_event& found) {
        if (const auto* opened = std::get_if<tunnel_opened>(&found))
            value = find_field(opened->response->fields, name).value_or("none");
    };
    client.hears(preface);
    REQUIRE(client.side.session.open({.authority = "a.test"}, client.now));
    client.hears({});
    client.hears(server.side.written.substr(preface.size()));
    return value;
}

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("an unknown protocol gets 501, or is a raw tunnel where those are taken",
                        "[session][S2]", models) {
    auto request = websocket_request();
    request[1].value = "connect-udp";
    CHECK(answer_to<TestType>(request, {}) ==
          lines{"rejected protocol_not_supported", "1 headers end", "1 reset NO_ERROR"});
    CHECK(answer_to<TestType>(request, {.accept_raw_tunnels = true}) ==
          lines{"1 requested /", "1 headers"});
}

TEMPLATE_LIST_TEST_CASE("the case of websocket means nothing, but where it is told to",
                        "[session][S3]", models) {
    auto request = websocket_request();
    request[1].value = "WebSocket";
    CHECK(answer_to<TestType>(request, {}) == lines{"1 requested /", "1 headers"});
    CHECK(answer_to<TestType>(request, {.strict_protocol_case = true}) ==
          lines{"rejected protocol_not_supported", "1 headers end", "1 reset NO_ERROR"});
    CHECK(answer_to<TestType>(websocket_request(), {.strict_protocol_case = true}) ==
          lines{"1 requested /", "1 headers"});
}

TEMPLATE_LIST_TEST_CASE("any 2xx opens a tunnel, and 200 is what is said", "[session][S4]",
                        models) {
    for (const int code : {200, 201, 299}) {
        const auto status = static_cast<std::uint16_t>(code);
        pair<TestType> both;
        both.server.accepts = status == 200;
        both.server.on_event = [&](const stream_event& found) {
            const auto* asked = std::get_if<tunnel_requested>(&found);
            if (asked != nullptr && status != 200)
                CHECK(both.server.accept(asked->tunnel, {.status = status}) == errc::none);
        };
        (void)both.opened();
        CHECK(both.client.of(1) == lines{"opened " + std::to_string(status)});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a malformed request is reset, or answered 400 where that is wanted",
                        "[session][S5][S8]", models) {
    auto request = websocket_request();
    request.push_back({"host", "a.test"}); // the same entity
    CHECK(answer_to<TestType>(request, {}) == lines{"1 requested /", "1 headers"});
    request.back().value = "b.test";
    CHECK(answer_to<TestType>(request, {}) ==
          lines{"rejected host_mismatch", "1 reset PROTOCOL_ERROR"});
    CHECK(answer_to<TestType>(request, {.answer_malformed = true}) ==
          lines{"rejected host_mismatch", "1 headers end", "1 reset NO_ERROR"});
}

TEMPLATE_LIST_TEST_CASE(
    "how much comes before the answer is the server's choice, none the client's", "[session][S11]",
    models) {
    for (const std::size_t most : {0U, 10U}) {
        CAPTURE(most);
        alone<typename TestType::server> server({.max_early_data = most});
        server.side.accepts = false;
        server.hears(TestType::client_preface());
        server.hears(TestType::headers(1, websocket_request(), false));
        server.hears(TestType::data(1, octets(most, 'x'), false));
        CHECK(server.side.of(1) == lines{"requested /"});
        server.hears(TestType::data(1, "x", false));
        CHECK(last(TestType::frames(server.side.written, false), 1) ==
              lines{"1 reset ENHANCE_YOUR_CALM"});
    }
    pair<TestType> both;
    both.server.accepts = false;
    const tunnel_id tunnel = both.open();
    both.run();
    CHECK(both.client.send(tunnel, "early") == errc::not_open);
    CHECK(both.client.ping(tunnel, "early") == errc::not_open);
    CHECK(both.client.close(tunnel) == errc::not_open);
    both.run();
    CHECK(both.client_frames() == lines{"1 headers"});
    CHECK(both.client.reset(tunnel) == errc::none);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a server need choose no subprotocol, but where its client insists",
                        "[session][S13]", models) {
    for (const bool insists : {false, true}) {
        CAPTURE(insists);
        pair<TestType> both({}, {}, {.require_subprotocol = insists});
        REQUIRE(both.ask({.authority = "a.test", .subprotocols = "chat"}));
        both.run();
        CHECK(both.client.log[0] == (insists ? "1 refused subprotocol_missing" : "1 opened 200"));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a key is answered where one was sent, but where that is off",
                        "[session][S14]", models) {
    const auto answer = [](const std::vector<field>& request, bool answers) {
        return answered_field<TestType>(request, "sec-websocket-accept", {.answer_key = answers});
    };
    auto request = websocket_request();
    CHECK(answer(request, true) == "none");
    request.push_back({"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="});
    CHECK(answer(request, true) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); // RFC 6455 §1.3
    CHECK(answer(request, false) == "none");
}

TEMPLATE_LIST_TEST_CASE("what comes after the peer's Close is discarded and credited",
                        "[session][S17]", models) {
    open_server<TestType> server;
    auto& side = server.it.side;
    SECTION("where it closed first") { server.hears(transcript::from_client(0x88, "\x03\xe8")); }
    SECTION("where we closed first") {
        CHECK(side.close(server.tunnel) == errc::none);
        server.hears(transcript::from_client(0x88, "\x03\xe8"));
    }
    CHECK(last(side.of(1), 2) == lines{"close 1000 \"\"", "closed none"});
    const std::size_t told = side.log.size();
    for (int i = 0; i < 100; ++i) server.hears(octets(10'000, 'g')); // many windows of it
    CHECK(side.log.size() == told);
    for (const std::string& line : server.frames()) CHECK(line.find("reset") == std::string::npos);
    server.hears({}, true);
    CHECK(side.of(1).back() == "released");
}

TEMPLATE_LIST_TEST_CASE("END_STREAM before a Close is abnormal, wherever it falls",
                        "[session][S18]", models) {
    const octets message = transcript::from_client(0x81, "message");
    for (const octets& before :
         {octets{}, message, message.substr(0, 1), message.substr(0, 9),
          transcript::from_client(0x01, "fragment"), message + message.substr(0, 3)}) {
        CAPTURE(before.size());
        open_server<TestType> server;
        server.hears(before, true);
        CHECK(last(server.it.side.of(1), 2) ==
              lines{"closed end_stream_without_close", "released"});
        CHECK(last(server.frames(), 1) == lines{"1 data 0 end"});
    }
}

TEMPLATE_LIST_TEST_CASE("a client ends its half by END_STREAM, or by a reset where that is wanted",
                        "[session][S20]", models) {
    for (const bool resets : {false, true}) {
        CAPTURE(resets);
        pair<TestType> both({}, {}, {.end_with_reset = resets});
        const tunnel_id tunnel = both.opened();
        CHECK(both.client.close(tunnel) == errc::none);
        both.run();
        CHECK(last(both.client_frames(), 1) == lines{resets ? "1 reset CANCEL" : "1 data 0 end"});
        (void)both.opened();
        CHECK(both.server.close(both.server.last) == errc::none); // the server closes first
        both.run();
        CHECK(last(both.client_frames(), 1) == lines{resets ? "3 reset CANCEL" : "3 data 0 end"});
        for (const std::size_t label : {1U, 2U}) {
            CHECK(last(both.client.of(label), 2) == lines{"closed none", "released"});
            CHECK(last(both.server.of(label), 2) == lines{"closed none", "released"});
        }
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("every ending after both Closes is clean, before them none is",
                        "[session][S22]", models) {
    const bool closed = GENERATE(true, false);
    const std::string_view how = GENERATE(as<std::string_view>(), "reset", "lost", "end");
    CAPTURE(closed, how);
    open_server<TestType> server;
    if (closed) server.hears(transcript::from_client(0x88, "\x03\xe8"));
    if (how == "reset") server.it.hears(TestType::reset(1, 2));
    if (how == "lost") server.it.side.lost();
    if (how == "end") server.hears({}, true);
    lines endings;
    for (const std::string& line : server.it.side.of(1))
        if (line.starts_with("closed")) endings.push_back(line);
    const std::string abnormal = how == "reset"  ? "closed reset_by_peer INTERNAL_ERROR"
                                 : how == "lost" ? "closed connection_lost"
                                                 : "closed end_stream_without_close";
    CHECK(endings == lines{closed ? "closed none" : abnormal});
}

TEMPLATE_LIST_TEST_CASE("a ping after our Close is answered while our half lives",
                        "[session][rfc6455-5.5.2][R187][S26]", models) {
    open_server<TestType> server;
    auto& side = server.it.side;
    const octets ping = transcript::from_client(0x89, "ping");
    const octets close = transcript::from_client(0x88, "\x03\xe8");
    const std::string pong_frame = "1 data 6";
    SECTION("where we closed first") {
        CHECK(side.close(server.tunnel) == errc::none);
        server.it.hears({}); // our Close leaves
        server.hears(ping);
        CHECK(last(side.of(1), 1) == lines{"ping \"ping\""});
        CHECK(last(server.frames(), 1) == lines{pong_frame});
    }
    SECTION("not after its Close") {
        server.hears(close + ping);
        CHECK_FALSE(contains(server.frames(), pong_frame));
        CHECK(last(side.of(1), 1) == lines{"closed none"});
    }
    SECTION("not after both") {
        CHECK(side.close(server.tunnel) == errc::none);
        server.hears(close + ping);
        CHECK_FALSE(contains(server.frames(), pong_frame));
    }
    SECTION("not after failing it") {
        server.hears(transcript::from_server(0x81, "clear") + ping);
        server.hears(ping);
        CHECK_FALSE(contains(server.frames(), pong_frame));
        CHECK(last(side.of(1), 1) == lines{"closed unmasked_frame"});
    }
}
