// Trailers of ordinary messages (RFC 9113 section 8.1).
#pragma once

#include "by_hand.hpp"

namespace session_suite {

inline const std::vector<field> two_trailers{{"x-checksum", "1"}, {"y", ""}};

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("trailers are told with the end of the body", "[session][rfc9113-8.1]",
                        models) {
    const bool in_octets = GENERATE(false, true);
    SECTION("a request's") {
        asked_server<TestType> it;
        const octets all =
            TestType::headers(1, ordinary("POST"), false) + TestType::data(1, "abc", false) +
            TestType::headers(1, two_trailers, true) +
            TestType::headers(3, ordinary("PUT"), false) + TestType::headers(3, two_trailers, true);
        in_octets ? it.hears_bytes(all) : it.hears(all);
        lines told = it.log();
        std::sort(told.begin(), told.end()); // of streams that had news in one read
        CHECK(told == lines{"asked POST /", "asked PUT /",
                            "body of 3 with x-checksum=1 y=", "body of 3 with x-checksum=1 y="});
    }
    SECTION("an answer's") {
        asking_client<TestType> it;
        it.asks("GET");
        it.asks("GET", false); // its own half stays open
        const std::vector<field> ok{{":status", "200"}};
        const octets all = TestType::headers(1, ok, false) + TestType::data(1, "ab", false) +
                           TestType::headers(1, two_trailers, true) +
                           TestType::headers(3, ok, false) +
                           TestType::headers(3, two_trailers, true);
        in_octets ? it.hears_bytes(all) : it.hears(all);
        CHECK(it.log() == lines{"answered 200",
                                "body of 2 with x-checksum=1 y=", "request released none",
                                "answered 200", "body of 2 with x-checksum=1 y="});
    }
}

TEMPLATE_LIST_TEST_CASE("a field section without fields ends a body", "[session][rfc9113-8.1]",
                        models) {
    asked_server<TestType> it;
    it.hears(TestType::headers(1, ordinary("POST"), false) + TestType::data(1, "abc", false) +
             TestType::headers(1, std::vector<field>{}, true));
    CHECK(it.log() == lines{"asked POST /", "body of 3"});
}

TEMPLATE_LIST_TEST_CASE("trailers are told though the request was answered before them",
                        "[session][rfc9113-8.1]", models) {
    asked_server<TestType> it;
    SECTION("long before") {
        const request_id asked = it.asked(1, ordinary("POST"), false);
        CHECK(it.responds(asked, 200, {}, "yes") == errc::none);
        it.hears(TestType::headers(1, two_trailers, true));
    }
    SECTION("when they had come, but were not told") {
        it.server.side.on_event = [&](const stream_event& found) {
            if (std::holds_alternative<request_received>(found))
                CHECK(it.server.side.session.respond(it.server.side.asked, 200, {}, as_bytes("yes"),
                                                     it.server.now));
        };
        it.hears(TestType::headers(1, ordinary("POST"), false) +
                 TestType::headers(1, two_trailers, true));
    }
    CHECK(it.log() ==
          lines{"asked POST /", "body of 0 with x-checksum=1 y=", "request released none"});
    CHECK(it.frames() == lines{"1 headers", "1 data 3 end"});
}

TEMPLATE_LIST_TEST_CASE("trailers that are malformed, or too many, reset their stream",
                        "[session][rfc9113-8.1][R50][rfc9113-8.1.1][R52][rfc9113-8.2.2][R63]"
                        "[rfc9113-10.5.1][R124]",
                        models) {
    using list = std::vector<field>;
    const octets large(100, 'c');
    const list many{{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}};
    const std::pair<list, const char*> rows[]{
        {{{"x-checksum", "1"}, {":path", "/"}}, "PROTOCOL_ERROR"},
        {{{"x-checksum", "1"}, {"X", "1"}}, "PROTOCOL_ERROR"},
        {{{"x-checksum", "1"}, {"connection", "close"}}, "PROTOCOL_ERROR"},
        {many, "ENHANCE_YOUR_CALM"},
        {{{"x-checksum", large}}, "ENHANCE_YOUR_CALM"},
    };
    for (const auto& [fields, code] : rows) {
        CAPTURE(fields.size(), code);
        asked_server<TestType> it({.max_fields = 4, .max_field_bytes = 100});
        (void)it.asked(1, ordinary("POST"), false);
        it.hears(TestType::headers(1, fields, true));
        CHECK(it.frames() == lines{"1 reset " + std::string(code)});
        CHECK(it.server.side.count("body of 0") == 0);
        CHECK(it.log().back().starts_with("request released "));
        CHECK_FALSE(it.log().back() == "request released none");
        (void)it.asked(3, ordinary("GET"), true);
        CHECK(it.log().back() == "asked GET / end");
    }
}

TEMPLATE_LIST_TEST_CASE("trailers are sent when the body has left, both ways",
                        "[session][rfc9113-8.1]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        const auto request = both.client.call(
            [&](auto& session) { return session.request(ordinary("POST"), false, both.now); });
        REQUIRE(request);
        CHECK(both.client.write(*request, "first ", false) == errc::none);
        CHECK(both.client.write(*request, "second", false) == errc::none);
        CHECK(both.client.trail(*request, two_trailers) == errc::none);
        CHECK(both.client.write(*request, "third", true) == errc::not_open);
        CHECK(both.client.trail(*request, two_trailers) == errc::not_open);
        both.run();
        CHECK(both.server.log == lines{"asked POST /", "body of 12 with x-checksum=1 y="});
        const request_id asked = both.server.asked;
        CHECK(both.server.trail(asked, two_trailers) == errc::not_open); // no head was sent
        REQUIRE(both.server.call([&](auto& session) {
            return session.respond(asked, 200, {}, as_bytes("an "), both.now, false);
        }));
        both.run();
        CHECK(both.server.write(asked, "answer", false) == errc::none);
        both.run(); // the body has left before
        CHECK(both.server.trail(asked, two_trailers) == errc::none);
        both.run();
        CHECK(both.client.log ==
              lines{"answered 200", "body of 9 with x-checksum=1 y=", "request released none"});
        CHECK(both.client_frames().back() == "1 headers end");
        CHECK(both.server_frames().back() == "1 headers end");
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("trailers need no body", "[session][rfc9113-8.1]", models) {
    asked_server<TestType> it;
    const request_id asked = it.asked(1, ordinary("GET"), true);
    CHECK(it.responds(asked, 200, {}, "", false) == errc::none);
    SECTION("there are some") {
        CHECK(it.trails(asked, two_trailers) == errc::none);
        CHECK(it.frames() == lines{"1 headers", "1 headers end"});
    }
    SECTION("there are none: the body ends") {
        CHECK(it.trails(asked, {}) == errc::none);
        CHECK(it.frames() == lines{"1 headers", "1 data 0 end"});
    }
    CHECK(it.trails(asked, two_trailers) == errc::not_open);
    CHECK(it.log() == lines{"asked GET / end", "request released none"});
}

TEMPLATE_LIST_TEST_CASE("a request that waits for its turn keeps its trailers",
                        "[session][rfc9113-8.1][rfc9113-5.1.2][R97]", models) {
    session_options few;
    few.max_streams = 1;
    pair<TestType> both({}, few, {});
    const tunnel_id tunnel = both.opened();
    const auto ask = [&](std::string_view body) {
        const auto made = both.client.call(
            [&](auto& session) { return session.request(ordinary("POST"), false, both.now); });
        REQUIRE(made);
        CHECK(both.client.write(*made, body, false) == errc::none);
        CHECK(both.client.trail(*made, two_trailers) == errc::none);
    };
    const bool has_body = GENERATE(true, false);
    ask(has_body ? "abc" : "");
    both.run();
    CHECK(both.server.of(1).size() == 1); // the tunnel's request
    CHECK(both.client.close(tunnel) == errc::none);
    both.run();
    CHECK(both.server.log.back() ==
          (has_body ? "body of 3 with x-checksum=1 y=" : "body of 0 with x-checksum=1 y="));
    REQUIRE(both.server.call(
        [&](auto& session) { return session.respond(both.server.asked, 200, {}, {}, both.now); }));
    both.run();
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("trailers that would make the message malformed are not sent",
                        "[session][rfc9113-8.1][R50][rfc9113-8.2][R56][rfc9113-8.2.2][R63][R64]",
                        models) {
    asked_server<TestType> it;
    const request_id asked = it.asked(1, ordinary("GET"), true);
    CHECK(it.responds(asked, 200, {}, "abc", false) == errc::none);
    const field wrong[]{{":status", "200"}, {":path", "/"},         {"X", "1"},
                        {"", "1"},          {"x", "a\nb"},          {"connection", "close"},
                        {"te", "gzip"},     {"content-length", "3"}};
    for (const field& line : wrong) {
        const std::vector<field> fields{{"x-checksum", "1"}, line};
        CHECK(it.trails(asked, fields) == errc::invalid_argument);
    }
    const std::vector<field> many(129, field{"x", "1"});
    CHECK(it.trails(asked, many) == errc::too_many_fields);
    CHECK(it.trails(request_id{77}, two_trailers) == errc::not_open);
    CHECK(it.frames() == lines{"1 headers", "1 data 3"});
    CHECK(it.trails(asked, two_trailers) == errc::none);
    CHECK(it.frames() == lines{"1 headers", "1 data 3", "1 headers end"});
}

TEMPLATE_LIST_TEST_CASE("trailers that wait die with their stream", "[session][rfc9113-8.1]",
                        models) {
    pair<TestType> both({.stream_window = 5});
    both.server.consumes = false;
    both.run(); // until the window is known
    const auto request = both.client.call(
        [&](auto& session) { return session.request(ordinary("POST"), false, both.now); });
    REQUIRE(request);
    CHECK(both.client.write(*request, "more than five", false) == errc::none);
    CHECK(both.client.trail(*request, two_trailers) == errc::none);
    both.run();
    CHECK(both.server.body == "more ");
    both.client.lost();
    both.server.lost();
    CHECK(both.client.log == lines{"request released connection_lost", "ended connection_lost"});
    both.server.check_ended();
}
