// Requests and answers that are malformed, or refused, beside tunnels that go on.
#pragma once

#include "three_tunnels.hpp"

namespace rule_suite {

// One request beside three tunnels; what the session says of it, and what it sends on stream 7.
template <class Model>
void check_request(const std::vector<field>& fields, bool end, errc error, const lines& sent,
                   session_options options = {}) {
    three_tunnels<Model, false> three(options);
    CAPTURE(info(error).name);
    three.us.hears(Model::headers(7, fields, end));
    CHECK(three.us.side.count("rejected " + std::string(info(error).name)) == 1);
    lines on_seven;
    for (const std::string& line : three.frames())
        if (line.starts_with("7 ")) on_seven.push_back(line);
    CHECK(on_seven == sent);
    if constexpr (!speaks_http2<Model>) // where fields are not compressed
        CHECK(three.said(":status" + std::to_string(info(error).http_status)) == 1);
    three.check_others();
    if (end) return;
    three.us.hears(Model::data(7, "what follows is for nobody", true));
    three.check_others();
}

} // namespace rule_suite

TEMPLATE_LIST_TEST_CASE(
    "a malformed request is reset and no other stream is",
    "[rules][rfc9113-8.1.1][R52][R53][rfc9113-8.2][R56][rfc9113-8.2.1][R57][R59][R60]"
    "[rfc9113-8.2.2][R63][R64][rfc9113-8.3][R69][R70][R71][rfc9113-8.3.1][R72][R76]"
    "[R77][R78][R80][rfc9113-8.5][R82][rfc9113-8.7][R90]",
    models) {
    const auto with = [](std::size_t at, field line) {
        std::vector<field> list = websocket_request();
        list[at] = line;
        return list;
    };
    const auto also = [](field line) {
        std::vector<field> list = websocket_request();
        list.push_back(line);
        return list;
    };
    const auto without = [](std::size_t at) {
        std::vector<field> list = websocket_request();
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
        return list;
    };
    struct row {
        errc error;
        std::vector<field> fields;
    };
    const std::vector<field> no_protocol{
        {":method", "CONNECT"}, {":authority", "a.test:1"}, {":path", "/"}};
    const row rows[] = {
        {errc::field_name_invalid, also({"Upper", "x"})},
        {errc::field_value_invalid, also({"x", "a\nb"})},
        {errc::connection_specific_field, also({"connection", "close"})},
        {errc::te_invalid, also({"te", "gzip"})},
        {errc::pseudo_field_undefined, with(1, {":unknown", "x"})},
        {errc::pseudo_field_misplaced, also({":path", "/late"})},
        {errc::pseudo_field_repeated, with(2, {":path", "/twice"})},
        {errc::method_missing, without(0)},
        {errc::scheme_invalid, with(2, {":scheme", "1"})},
        {errc::path_invalid, with(4, {":path", "no-slash"})},
        {errc::authority_missing, without(3)},
        {errc::authority_invalid, with(3, {":authority", "user@a.test"})},
        {errc::host_mismatch, also({"host", "b.test"})},
        {errc::connect_with_scheme_or_path, no_protocol},
        {errc::protocol_without_connect, with(0, {":method", "GET"})},
        {errc::protocol_invalid, with(1, {":protocol", "two words"})},
    };
    for (const row& wrong : rows) {
        three_tunnels<TestType, false> three;
        CAPTURE(info(wrong.error).name);
        three.us.hears(TestType::headers(7, wrong.fields, false));
        CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
        const auto told =
            std::count_if(three.us.side.log.begin(), three.us.side.log.end(),
                          [](const std::string& line) { return line.starts_with("rejected "); });
        CHECK(told == 1);
        // nghttp2 resets some streams without saying why.
        const bool silent =
            speaks_http2<TestType> && three.us.side.has("rejected malformed_message");
        CHECK((silent || three.us.side.has("rejected " + std::string(info(wrong.error).name))));
        three.check_others();
    }
    three_tunnels<TestType, false> strict;
    CHECK(strict.us.side.session.stream_count() == 3);
}

TEMPLATE_LIST_TEST_CASE("a request that breaks a rule of its own gets a status",
                        "[rules][rfc6455-4.2.1][R142][rfc6455-4.4][R153][rfc9110-9.3.6][R43]"
                        "[rfc9113-8.1.1][R53][rfc6455-7.2.2][R210][S23]",
                        models) {
    const auto also = [](field line) {
        std::vector<field> list = websocket_request();
        list.push_back(line);
        return list;
    };
    std::vector<field> foreign = websocket_request(), other_scheme = foreign, old = foreign;
    foreign[1].value = "connect-udp";
    other_scheme[2].value = "ftp";
    old.back().value = "12";
    const lines refused{"7 headers end", "7 reset NO_ERROR"}, ended{"7 headers end"};
    check_request<TestType>(foreign, false, errc::protocol_not_supported, refused);
    check_request<TestType>(other_scheme, false, errc::websocket_scheme_invalid, refused);
    check_request<TestType>(old, false, errc::websocket_version_invalid, refused);
    check_request<TestType>(also({"sec-websocket-protocol", "a, a"}), false,
                            errc::subprotocol_list_invalid, refused);
    check_request<TestType>(also({"sec-websocket-extensions", "a;"}), false,
                            errc::extension_list_invalid, refused);
    check_request<TestType>(also({"content-length", "5"}), false, errc::content_length_on_connect,
                            refused);
    check_request<TestType>(websocket_request(), true, errc::end_stream_on_connect, ended);
    check_request<TestType>(also({"more", "than six"}), false, errc::too_many_fields, refused,
                            {.max_fields = 6});
}

TEMPLATE_LIST_TEST_CASE("a server that takes no tunnels resets a request for one",
                        "[rules][rfc8441-3][R9]", models) {
    instant now = seconds(1);
    endpoint<typename TestType::server> server({}, {}, now);
    const auto hears = [&](const octets& bytes) {
        server.receive(bytes);
        while (!server.offered().empty()) (void)server.transmit();
    };
    hears(TestType::client_preface());
    hears(TestType::headers(1, websocket_request(), false));
    CHECK((server.log == lines{"rejected protocol_not_enabled"} ||
           (speaks_http2<TestType> && server.log == lines{"rejected malformed_message"})));
    CHECK(TestType::frames(server.written, false) == lines{"1 reset PROTOCOL_ERROR"});
    hears(TestType::headers(
        3,
        std::vector<field>{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}},
        true));
    CHECK(server.has("asked GET / end"));
}

TEMPLATE_LIST_TEST_CASE("data before the answer is bounded and resets its stream only",
                        "[rules][rfc6455-4.1][R135][rfc9113-10.5.2][R125][S11]", models) {
    three_tunnels<TestType, false> three({.max_pending = 1});
    three.us.side.accepts = false;
    three.us.hears(TestType::headers(7, websocket_request("/slow"), false));
    three.us.hears(TestType::headers(9, websocket_request("/one-too-many"), false));
    CHECK(three.us.side.count("rejected too_many_tunnels") == 1);
    three.us.hears(TestType::data(7, octets(4'096, 'x'), false));
    CHECK(three.us.side.of(4) == lines{"requested /slow"});
    three.us.hears(TestType::data(7, "x", false));
    CHECK(three.us.side.of(4) ==
          lines{"requested /slow", "closed early_data_too_long ENHANCE_YOUR_CALM", "released"});
    CHECK(last(three.frames(), 1) == lines{"7 reset ENHANCE_YOUR_CALM"});
    three.check_others();
}

TEMPLATE_LIST_TEST_CASE("a client refuses an answer that it cannot take and keeps its tunnels",
                        "[rules][rfc9113-8.1.1][R54][rfc9113-8.1][R47][R51][rfc9113-8.6][R48]"
                        "[rfc9113-8.3.2][R81][rfc6455-4.1][R137][R138][rfc9113-8.7][R89]",
                        models) {
    using answer = std::vector<field>;
    struct row {
        errc error;
        answer fields;
        bool end;
        std::string sent;
    };
    const row rows[] = {
        {errc::status_invalid, {{":status", "2x0"}}, false, "7 reset PROTOCOL_ERROR"},
        {errc::status_101, {{":status", "101"}}, false, "7 reset PROTOCOL_ERROR"},
        {errc::interim_with_end_stream, {{":status", "103"}}, true, "7 reset PROTOCOL_ERROR"},
        {errc::connection_specific_field,
         {{":status", "200"}, {"upgrade", "websocket"}},
         false,
         "7 reset PROTOCOL_ERROR"},
        {errc::subprotocol_not_offered,
         {{":status", "200"}, {"sec-websocket-protocol", "other"}},
         false,
         "7 reset CANCEL"},
        {errc::extension_not_offered,
         {{":status", "200"},
          {"sec-websocket-protocol", "chat"},
          {"sec-websocket-extensions", "other"}},
         false,
         "7 reset CANCEL"},
        {errc::subprotocol_missing, {{":status", "200"}}, false, "7 reset CANCEL"},
        {errc::end_stream_on_response, {{":status", "200"}}, true, "7 reset CANCEL"},
    };
    for (const row& wrong : rows) {
        three_tunnels<TestType, true> three({.require_subprotocol = true});
        CAPTURE(info(wrong.error).name);
        (void)three.ask({.authority = "a.test", .subprotocols = "chat"});
        three.us.hears(TestType::headers(7, wrong.fields, wrong.end));
        CHECK(last(three.frames(), 1) == lines{wrong.sent});
        const lines told = three.us.side.of(4);
        REQUIRE(told.size() == 2);
        const bool silent = speaks_http2<TestType> && told[0] == "refused malformed_message";
        CHECK((silent || told[0] == "refused " + std::string(info(wrong.error).name)));
        CHECK(told[1] == "released");
        three.check_others();
    }
    three_tunnels<TestType, true> three;
    (void)three.ask();
    const answer no{{":status", "403"}};
    three.us.hears(TestType::headers(7, no, false) + TestType::data(7, "go away", true) +
                   TestType::reset(7, 0)); // RFC 9113 §8.1: the answer counts all the same
    CHECK(three.us.side.of(4) == lines{"refused status_not_2xx 403 go away", "released"});
    (void)three.ask();
    three.us.hears(TestType::reset(9, 7));
    CHECK(three.us.side.of(5) == lines{"refused stream_not_processed retryable", "released"});
    (void)three.ask();
    three.passes(seconds(10));
    CHECK(three.us.side.of(6) == lines{"refused handshake_timeout", "released"});
    CHECK(last(three.frames(), 1) == lines{"11 reset CANCEL"});
    three.check_others();
}

TEMPLATE_LIST_TEST_CASE("a second head after the final answer is malformed",
                        "[rules][rfc9113-8.1][R46][R49][R50]", models) {
    const std::vector<field> ok{{":status", "200"}}, no{{":status", "403"}}, trailers{{"x", "y"}},
        interim{{":status", "103"}};
    SECTION("after a 2xx") {
        three_tunnels<TestType, true> three;
        (void)three.ask();
        three.us.hears(TestType::headers(7, interim, false) + TestType::headers(7, ok, false));
        CHECK(three.us.side.of(4) == lines{"opened 200"});
        three.us.hears(TestType::headers(7, ok, false));
        CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
        CHECK(last(three.us.side.of(4), 1) == lines{"released"});
        three.check_others();
    }
    if constexpr (speaks_http2<TestType>) {
        SECTION("after a refusal") {
            three_tunnels<TestType, true> three;
            (void)three.ask();
            three.us.hears(TestType::headers(7, no, false) + TestType::headers(7, trailers, false));
            CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
            CHECK(three.us.side.of(4).size() == 2);
            three.check_others();
        }
        SECTION("with a pseudo-header field in trailers") {
            three_tunnels<TestType, true> three;
            (void)three.ask();
            three.us.hears(TestType::headers(7, no, false) + TestType::headers(7, ok, true));
            CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
            three.check_others();
        }
    }
}
