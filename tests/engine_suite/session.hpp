// What a session that speaks HTTP/2 does on streams, whoever speaks it.
#pragma once

#include "../session_suite/alone.hpp"

TEMPLATE_LIST_TEST_CASE("a malformed request is reset, told and forgotten",
                        "[engine][rfc9113-8.1.1][R52]", models) {
    using edit = void (*)(std::vector<field>&);
    const edit edits[]{
        [](std::vector<field>& list) { list[0].value = "GET"; }, // with :protocol
        [](std::vector<field>& list) {
            list.push_back({"Upper", "x"});
        }, //
        [](std::vector<field>& list) {
            list.push_back({"te", "gzip"});
        },
        [](std::vector<field>& list) {
            list.push_back({"connection", "close"});
        },
        [](std::vector<field>& list) {
            list.push_back({"host", "b.test"});
        },
        [](std::vector<field>& list) { list[4].value = "no-slash"; },
        [](std::vector<field>& list) { list[3].name = "x-authority"; },
        [](std::vector<field>& list) {
            list.push_back({":path", "/again"});
        },
        [](std::vector<field>& list) { list.erase(list.begin() + 2); },
    };
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    std::uint32_t stream = 1;
    for (const edit change : edits) {
        std::vector<field> list = websocket_request();
        change(list);
        CAPTURE(stream);
        server.side.log.clear();
        server.hears(TestType::headers(stream, list, false));
        REQUIRE(server.side.log.size() == 1);
        CHECK(server.side.log[0].starts_with("rejected "));
        CHECK(last(TestType::frames(server.side.written, false), 1) ==
              lines{std::to_string(stream) + " reset PROTOCOL_ERROR"});
        stream += 2;
    }
    CHECK(server.side.session.stream_count() == 0);
    server.hears(TestType::headers(stream, websocket_request(), false));
    CHECK(server.side.log.back().ends_with(" requested /"));
}

TEMPLATE_LIST_TEST_CASE("padding is passed over and credited", "[engine][rfc9113-6.1][R104][S24]",
                        models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    const octets message = transcript::from_client(0x81, "padded");
    const octets padded = octets(1, '\x64') + message + octets(100, '\0');
    for (int i = 0; i < 3'000; ++i) { // five windows of the stream
        server.hears(TestType::frame(0, 8, 1, padded));
        server.hears(TestType::frame(0, 8, 1, octets(1, '\x64') + octets(100, '\0')));
    }
    CHECK(server.side.count("1 text \"padded\"") == 3'000);
    CHECK_FALSE(server.side.ended);
    const octets last_words = transcript::from_client(0x88, "\x03\xe8");
    server.hears(TestType::frame(0, 9, 1, octets(1, '\x02') + last_words + octets(2, '\0')));
    CHECK(last(server.side.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
}

TEMPLATE_LIST_TEST_CASE(
    "a client's ENABLE_CONNECT_PROTOCOL does nothing at a server, a bad one ends all",
    "[engine][rfc8441-3][R1][R5]", models) {
    for (const std::uint32_t value : {0U, 1U, 2U}) {
        CAPTURE(value);
        alone<typename TestType::server> server;
        server.hears(TestType::client_preface());
        server.hears(TestType::frame(4, 0, 0, octets("\0\10", 2) + TestType::number(value)));
        server.hears(TestType::headers(1, websocket_request(), false));
        CHECK(server.side.has("1 requested /") == (value < 2));
        CHECK(server.side.ended == (value == 2));
    }
}

TEMPLATE_LIST_TEST_CASE("a server that withdraws extended CONNECT loses the client",
                        "[engine][rfc8441-3][R7]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    CHECK(client.side.session.connect_enabled() == connect_answer::yes);
    client.hears(TestType::frame(4, 0, 0, octets("\0\10", 2) + TestType::number(0)));
    CHECK(client.side.has("ended settings_withdrawn"));
}
