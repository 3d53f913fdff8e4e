// The session concept's suite on our own HTTP/2.
#include "model.hpp"

#include <tuple>

using models = std::tuple<http2_model>;

#include "../rule_suite.hpp"

TEST_CASE("a malformed request is reset, told and forgotten", "[http2][rfc9113-8.1.1][R52]") {
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
    alone<http2_model::server> server;
    server.hears(http2_model::client_preface());
    std::uint32_t stream = 1;
    for (const edit change : edits) {
        std::vector<field> list = websocket_request();
        change(list);
        CAPTURE(stream);
        server.side.log.clear();
        server.hears(http2_model::headers(stream, list, false));
        REQUIRE(server.side.log.size() == 1);
        CHECK(server.side.log[0].starts_with("rejected "));
        CHECK(last(http2_model::frames(server.side.written, false), 1) ==
              lines{std::to_string(stream) + " reset PROTOCOL_ERROR"});
        stream += 2;
    }
    CHECK(server.side.session.stream_count() == 0);
    server.hears(http2_model::headers(stream, websocket_request(), false));
    CHECK(server.side.log.back().ends_with(" requested /"));
}

TEST_CASE("padding is passed over and credited", "[http2][rfc9113-6.1][R104][S24]") {
    alone<http2_model::server> server;
    server.hears(http2_model::client_preface());
    server.hears(http2_model::headers(1, websocket_request(), false));
    const octets message = transcript::from_client(0x81, "padded");
    const octets padded = octets(1, '\x64') + message + octets(100, '\0');
    for (int i = 0; i < 3'000; ++i) { // five windows of the stream
        server.hears(http2_model::frame(0, 8, 1, padded));
        server.hears(http2_model::frame(0, 8, 1, octets(1, '\x64') + octets(100, '\0')));
    }
    CHECK(server.side.count("1 text \"padded\"") == 3'000);
    CHECK_FALSE(server.side.ended);
    const octets last_words = transcript::from_client(0x88, "\x03\xe8");
    server.hears(http2_model::frame(0, 9, 1, octets(1, '\x02') + last_words + octets(2, '\0')));
    CHECK(last(server.side.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
}

TEST_CASE("a client's ENABLE_CONNECT_PROTOCOL does nothing at a server, a bad one ends all",
          "[http2][rfc8441-3][R1][R5]") {
    for (const std::uint32_t value : {0U, 1U, 2U}) {
        CAPTURE(value);
        alone<http2_model::server> server;
        server.hears(http2_model::client_preface());
        server.hears(http2_model::frame(4, 0, 0, octets("\0\10", 2) + http2_model::number(value)));
        server.hears(http2_model::headers(1, websocket_request(), false));
        CHECK(server.side.has("1 requested /") == (value < 2));
        CHECK(server.side.ended == (value == 2));
    }
}

TEST_CASE("a server that withdraws extended CONNECT loses the client", "[http2][rfc8441-3][R7]") {
    alone<http2_model::client> client;
    client.hears(http2_model::server_preface(true));
    CHECK(client.side.session.connect_enabled() == connect_answer::yes);
    client.hears(http2_model::frame(4, 0, 0, octets("\0\10", 2) + http2_model::number(0)));
    CHECK(client.side.has("ended settings_withdrawn"));
}

TEST_CASE("a refusal whose content is not as long as it says is malformed",
          "[http2][rfc9113-8.1.1][R54]") {
    using m = http2_model;
    // What a client makes of a refusal with this content, in frames.
    const auto made_of = [](std::string_view status, std::string_view length,
                            const octets& content) {
        alone<m::client> client;
        client.hears(m::server_preface(true));
        const connect_request wanted{.authority = "a.test", .path = "/"};
        REQUIRE(client.side.call([&](auto& s) { return s.open(wanted, client.now); }));
        client.hears({});
        client.hears(m::headers(1, {{":status", status}, {"content-length", length}}, false));
        client.hears(content);
        const lines& log = client.side.log;
        for (const std::string& line : log)
            if (line.find("refused") != std::string::npos) return line.substr(line.find("refused"));
        return std::string{};
    };
    CHECK(made_of("403", "5", m::data(1, "12345", true)) == "refused status_not_2xx 403 12345");
    CHECK(made_of("403", "5", m::data(1, "1234", true)) == "refused malformed_message");
    CHECK(made_of("403", "5", m::data(1, "123456", false)) == "refused malformed_message");
    CHECK(made_of("403", "x", {}) == "refused malformed_message");
    CHECK(made_of("304", "5", m::data(1, "", true)) == "refused status_not_2xx 304");
    CHECK(made_of("304", "5", m::data(1, "1", false)) == "refused malformed_message");
}
