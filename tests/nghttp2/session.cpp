// The session concept's suite on nghttp2.
#include "model.hpp"

#include <tuple>

using models = std::tuple<nghttp2_model>;

#include "../rule_suite.hpp"

TEST_CASE("a malformed request is reset, told and forgotten", "[nghttp2][rfc9113-8.1.1][R52]") {
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
    alone<nghttp2_model::server> server;
    server.hears(nghttp2_model::client_preface());
    std::uint32_t stream = 1;
    for (const edit change : edits) {
        std::vector<field> list = websocket_request();
        change(list);
        CAPTURE(stream);
        server.side.log.clear();
        server.hears(nghttp2_model::headers(stream, list, false));
        REQUIRE(server.side.log.size() == 1);
        CHECK(server.side.log[0].starts_with("rejected "));
        CHECK(last(nghttp2_model::frames(server.side.written, false), 1) ==
              lines{std::to_string(stream) + " reset PROTOCOL_ERROR"});
        stream += 2;
    }
    CHECK(server.side.session.stream_count() == 0);
    server.hears(nghttp2_model::headers(stream, websocket_request(), false));
    CHECK(server.side.log.back().ends_with(" requested /"));
}

TEST_CASE("padding is passed over and credited", "[nghttp2][rfc9113-6.1][R104][S24]") {
    alone<nghttp2_model::server> server;
    server.hears(nghttp2_model::client_preface());
    server.hears(nghttp2_model::headers(1, websocket_request(), false));
    const octets message = transcript::from_client(0x81, "padded");
    const octets padded = octets(1, '\x64') + message + octets(100, '\0');
    for (int i = 0; i < 3'000; ++i) { // five windows of the stream
        server.hears(nghttp2_model::frame(0, 8, 1, padded));
        server.hears(nghttp2_model::frame(0, 8, 1, octets(1, '\x64') + octets(100, '\0')));
    }
    CHECK(server.side.count("1 text \"padded\"") == 3'000);
    CHECK_FALSE(server.side.ended);
    const octets last_words = transcript::from_client(0x88, "\x03\xe8");
    server.hears(nghttp2_model::frame(0, 9, 1, octets(1, '\x02') + last_words + octets(2, '\0')));
    CHECK(last(server.side.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
}

TEST_CASE("a client's ENABLE_CONNECT_PROTOCOL does nothing at a server, a bad one ends all",
          "[nghttp2][rfc8441-3][R1][R5]") {
    for (const std::uint32_t value : {0U, 1U, 2U}) {
        CAPTURE(value);
        alone<nghttp2_model::server> server;
        server.hears(nghttp2_model::client_preface());
        server.hears(
            nghttp2_model::frame(4, 0, 0, octets("\0\10", 2) + nghttp2_model::number(value)));
        server.hears(nghttp2_model::headers(1, websocket_request(), false));
        CHECK(server.side.has("1 requested /") == (value < 2));
        CHECK(server.side.ended == (value == 2));
    }
}

TEST_CASE("a server that withdraws extended CONNECT loses the client", "[nghttp2][rfc8441-3][R7]") {
    alone<nghttp2_model::client> client;
    client.hears(nghttp2_model::server_preface(true));
    CHECK(client.side.session.connect_enabled() == connect_answer::yes);
    client.hears(nghttp2_model::frame(4, 0, 0, octets("\0\10", 2) + nghttp2_model::number(0)));
    CHECK(client.side.has("ended settings_withdrawn"));
}

TEST_CASE("a tunnel that ends where the stream's window is 0 is not held for ever",
          "[nghttp2][rfc9113-6.9.1][R118][S21]") {
    alone<nghttp2_model::server> server;
    server.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                 nghttp2_model::frame(4, 0, 0, octets("\0\4", 2) + nghttp2_model::number(3)));
    server.hears(nghttp2_model::headers(1, websocket_request(), false));
    CHECK(server.side.send(server.side.last, "x") == errc::none); // 3 octets with the header
    server.hears({});
    server.hears(nghttp2_model::data(1, "", true));
    CHECK(server.side.log.back() == "1 closed end_stream_without_close");
    server.now += seconds(30);
    server.side.expire();
    server.hears({});
    CHECK(server.side.log.back() == "1 released");
    CHECK(server.side.session.stream_count() == 0);
}
