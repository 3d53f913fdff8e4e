// Ordinary requests and raw tunnels, beside WebSockets.
#pragma once

#include "alone.hpp"

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
        CHECK(both.server.inform(asked, 103) == errc::none);
        CHECK(respond(200, "an ", false));
        CHECK(respond(200, {}, true).error() == errc::not_open);
        both.run();
        CHECK(both.server.write(asked, "ans", false) == errc::none);
        CHECK(both.server.write(asked, "wer", true) == errc::none);
        both.run();
        CHECK(both.client.body == "an answer");
        CHECK(both.client.count("interim 103") == 1);
        CHECK(both.client.count("answered 200") == 1);
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

TEMPLATE_LIST_TEST_CASE("raw tunnels carry bytes where they are accepted", "[session][R16][S2]",
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

TEMPLATE_LIST_TEST_CASE("requests above the peer's limit wait for their turn, in order",
                        "[session][rfc9113-5.1.2][R97]", models) {
    session_options few;
    few.max_streams = 2;
    pair<TestType> both({}, few, {.max_waiting = 3});
    const tunnel_id tunnel = both.opened();
    const auto ask = [&](std::string_view path, bool end) {
        const std::vector<field> post{
            {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", path}};
        return both.client.call(
            [&](auto& session) { return session.request(post, end, both.now); });
    };
    REQUIRE(ask("/first", true));
    const auto second = ask("/second", false);
    REQUIRE(second);
    CHECK(both.client.session.stream_id(*second) == 0);
    CHECK(both.client.write(*second, "its body", true) == errc::none);
    const tunnel_id other = both.open("/other");
    REQUIRE(ask("/third", true));
    CHECK(ask("/fourth", true).error() == errc::queue_full);
    both.run();
    CHECK(both.server.has("asked POST /first end"));
    CHECK_FALSE(both.server.has("asked POST /second"));
    const auto answer = [&] {
        REQUIRE(both.server.call([&](auto& session) {
            return session.respond(both.server.asked, 200, {}, {}, both.now);
        }));
        both.run();
    };
    answer();
    CHECK(both.server.has("asked POST /second"));
    CHECK(both.server.body == "its body");
    CHECK_FALSE(both.client.at(other).opened);
    answer();
    CHECK(both.client.at(other).opened);
    CHECK_FALSE(both.server.has("asked POST /third end"));
    CHECK(both.client.close(tunnel) == errc::none);
    both.run();
    CHECK(both.server.has("asked POST /third end"));
    answer();
    CHECK(both.client.count("request released none") == 3);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a request that waits is given back when the server goes away",
                        "[session][rfc9113-6.8][R111][rfc9113-8.7][R89]", models) {
    session_options few;
    few.max_streams = 1;
    pair<TestType> both({}, few, {});
    (void)both.opened();
    const std::vector<field> get{
        {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    REQUIRE(both.client.call([&](auto& session) { return session.request(get, true, both.now); }));
    both.run();
    both.server.shutdown();
    both.run();
    CHECK(both.client.has("request released stream_not_processed"));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a request that would be malformed is not sent",
                        "[session][rfc9113-8.1.1][R52]", models) {
    session_options few;
    few.max_streams = 1;
    const bool waits = GENERATE(false, true);
    CAPTURE(waits);
    pair<TestType> both({}, few, {.max_fields = 6, .max_field_bytes = 400});
    if (waits) (void)both.opened();
    const std::size_t before = both.client_frames().size();
    const auto ask = [&](std::vector<field> more) {
        std::vector<field> fields{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        fields.insert(fields.end(), more.begin(), more.end());
        return both.client
            .call([&](auto& session) { return session.request(fields, true, both.now); })
            .error();
    };
    const std::string long_value(200, 'x');
    CHECK(ask({{"Upper", "1"}}) == errc::field_name_invalid);
    CHECK(ask({{"a", "line\r\nbreak"}}) == errc::field_value_invalid);
    CHECK(ask({{"connection", "close"}}) == errc::connection_specific_field);
    CHECK(ask({{":path", "/"}}) == errc::pseudo_field_repeated);
    CHECK(ask({{":protocol", "websocket"}}) == errc::protocol_not_enabled);
    CHECK(ask({{"a", "1"}, {"b", "2"}, {"c", "3"}}) == errc::too_many_fields);
    CHECK(ask({{"a", long_value}}) == errc::too_many_fields);
    both.run();
    CHECK(both.client_frames().size() == before);
    CHECK(ask({{"a", "1"}, {"b", "2"}}) == errc::none);
    both.client.lost();
    both.server.lost();
    both.client.check_ended();
}

TEMPLATE_LIST_TEST_CASE("either side resets a request, and both are told once",
                        "[session][rfc9113-5.4.2]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    const std::vector<field> fields{
        {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    const auto ask = [&] {
        const auto made = both.client.call(
            [&](auto& session) { return session.request(fields, false, both.now); });
        REQUIRE(made);
        both.run();
        return *made;
    };
    const auto reset = [&](auto& side, request_id which) {
        const errc error = side.call([&](auto& session) {
                                   return session.reset(which, http2_error::cancel, both.now);
                               })
                               .error();
        both.run();
        return error;
    };
    const request_id ours = ask();
    CHECK(reset(both.client, ours) == errc::none);
    CHECK(last(both.client_frames(), 1) == lines{"3 reset CANCEL"});
    CHECK(reset(both.client, ours) == errc::not_open);
    CHECK(both.client.count("request released reset_by_us") == 1);
    CHECK(both.server.count("request released reset_by_peer") == 1);
    (void)ask();
    const request_id theirs = both.server.asked;
    CHECK(both.server
              .call([&](auto& session) {
                  return session.respond(theirs, 200, {}, as_bytes("half"), both.now, false);
              })
              .error() == errc::none);
    both.run();
    CHECK(reset(both.server, theirs) == errc::none);
    CHECK(both.client.count("request released reset_by_peer") == 1);
    CHECK(both.server.count("request released reset_by_us") == 1);
    CHECK(both.client.send(tunnel, "goes on") == errc::none);
    both.run();
    CHECK(both.server.has("1 text \"goes on\""));
    both.finish();
}

namespace session_suite {

inline std::vector<field> post(const char* length) {
    return {{":method", "POST"},
            {":scheme", "https"},
            {":authority", "a.test"},
            {":path", "/"},
            {"content-length", length}};
}

// A client that asked, and the server's answer by hand.
template <class Model>
struct asked_by_hand {
    explicit asked_by_hand(const char* method) {
        client.hears(Model::server_preface(true));
        const std::vector<field> fields{
            {":scheme", "https"}, {":method", method}, {":authority", "a.test"}, {":path", "/"}};
        REQUIRE(client.side.call(
            [&](auto& session) { return session.request(fields, true, client.now); }));
        client.hears({});
    }
    void answers(const char* status, const char* length, bool end) {
        const std::vector<field> fields{{":status", status}, {"content-length", length}};
        client.hears(Model::headers(1, fields, end));
    }
    void sends(std::string_view bytes, bool end) { client.hears(Model::data(1, bytes, end)); }
    bool was_reset() const {
        return contains(Model::frames(client.side.written, true), "1 reset PROTOCOL_ERROR");
    }

    alone<typename Model::client> client;
};

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("a request whose content is not as long as it says is reset",
                        "[session][rfc9113-8.1.1][R52]", models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    const std::vector<field> late{{"x-checksum", "1"}};
    const auto asks = [&](const char* length) {
        server.hears(TestType::headers(1, post(length), false));
    };
    const auto sends = [&](std::string_view bytes, bool end) {
        server.hears(TestType::data(1, bytes, end));
    };
    const auto answers = [&](bool end) {
        REQUIRE(server.side.call([&](auto& session) {
            return session.respond(server.side.asked, 200, {}, as_bytes("yes"), server.now, end);
        }));
        server.hears({});
    };
    const auto was_reset = [&](std::string_view told) {
        CHECK(contains(TestType::frames(server.side.written, false), "1 reset PROTOCOL_ERROR"));
        CHECK(server.side.body == told);
        CHECK_FALSE(server.side.log.back() == "request released none");
        CHECK(server.side.session.stream_count() == 0);
        CHECK_FALSE(server.side.ended);
    };
    SECTION("it is as long") {
        asks("6");
        sends("abc", false);
        sends("def", false);
        sends("", true);
        CHECK(server.side.log == lines{"asked POST /", "body of 6"});
        answers(true);
        CHECK(server.side.log.back() == "request released none");
    }
    SECTION("it has none and says so") {
        server.hears(TestType::headers(1, post("0"), true));
        CHECK(server.side.log == lines{"asked POST / end"});
    }
    SECTION("it is longer") {
        asks("6");
        sends("abc", false);
        sends("defg", false);
        was_reset("abc");
    }
    SECTION("it is shorter") {
        asks("6");
        sends("abc", true);
        was_reset("abc");
    }
    SECTION("it is shorter, and trailers end it") {
        asks("6");
        sends("abc", false);
        server.hears(TestType::headers(1, late, true));
        was_reset("abc");
    }
    SECTION("it is longer, and was answered") {
        asks("6");
        sends("abc", false);
        answers(true);
        sends("defg", true);
        was_reset("abc");
    }
    SECTION("it is as long, and was answered before") {
        asks("6");
        sends("abc", false);
        answers(true);
        sends("def", true);
        CHECK(server.side.log.back() == "request released none");
        CHECK(server.side.body == "abcdef");
    }
    SECTION("there is none") {
        server.hears(TestType::headers(1, post("1"), true));
        CHECK(server.side.log == lines{"rejected malformed_message"});
        was_reset("");
    }
    SECTION("its length is none") {
        for (const char* length : {"-1", "1 ", "18446744073709551616", "1, 1", "", "0x1"})
            CHECK(content_length(post(length)).error() == errc::malformed_message);
        asks("six");
        CHECK(server.side.log == lines{"rejected malformed_message"});
        was_reset("");
    }
}

TEMPLATE_LIST_TEST_CASE("an answer whose content is not as long as it says is reset",
                        "[session][rfc9113-8.1.1][R52][R54]", models) {
    asked_by_hand<TestType> it("GET");
    SECTION("it is as long") {
        it.answers("200", "3", false);
        it.sends("abc", true);
        CHECK(it.client.side.log == lines{"answered 200", "body of 3", "request released none"});
        return;
    }
    SECTION("without content a length of its representation is fine") {
        it.answers("304", "3", true);
        CHECK(it.client.side.log == lines{"answered 304 end", "request released none"});
        return;
    }
    SECTION("it is longer") {
        it.answers("200", "3", false);
        it.sends("abcd", false);
        CHECK(it.client.side.body.empty());
    }
    SECTION("it is shorter") {
        it.answers("200", "3", false);
        it.sends("ab", true);
        CHECK(it.client.side.count("body of 2") == 0);
    }
    SECTION("there is none") {
        it.answers("200", "3", true);
        CHECK(it.client.side.count("answered 200 end") == 0);
    }
    SECTION("there is some where none may be") {
        it.answers("304", "3", false);
        it.sends("abc", true);
        CHECK(it.client.side.body.empty());
    }
    CHECK(it.was_reset());
    CHECK(it.client.side.session.stream_count() == 0);
    CHECK_FALSE(it.client.side.has("request released none"));
}

TEMPLATE_LIST_TEST_CASE("a whole answer counts, whatever reset follows it with NO_ERROR",
                        "[session][rfc9113-8.1][R51]", models) {
    alone<typename TestType::client> client;
    client.hears(TestType::server_preface(true));
    REQUIRE(client.side.call(
        [&](auto& session) { return session.request(post("9"), false, client.now); }));
    client.hears({});
    const std::vector<field> too_large{{":status", "413"}};
    client.hears(TestType::headers(1, too_large, false));
    SECTION("it is whole") {
        client.hears(TestType::data(1, "no", true) + TestType::reset(1, 0));
        CHECK(client.side.log == lines{"answered 413", "body of 2", "request released none"});
    }
    SECTION("it is whole, and the reset says more") {
        client.hears(TestType::data(1, "no", true) + TestType::reset(1, 2));
        CHECK(client.side.log.back() == "request released reset_by_peer");
    }
    SECTION("it is not") {
        client.hears(TestType::data(1, "no", false) + TestType::reset(1, 0));
        CHECK(client.side.log == lines{"answered 413", "request released reset_by_peer"});
    }
}

TEMPLATE_LIST_TEST_CASE("a request that the server has not processed may be tried again",
                        "[session][rfc9113-8.7][R89]", models) {
    asked_by_hand<TestType> it("GET");
    SECTION("it is refused") {
        it.client.hears(TestType::reset(1, 7));
        CHECK(it.client.side.has("request released stream_not_processed"));
    }
    SECTION("it is above the last that the server took") {
        it.client.hears(TestType::goaway(0));
        CHECK(it.client.side.has("request released stream_not_processed"));
    }
    SECTION("it was answered before") {
        it.answers("200", "3", false);
        it.client.hears(TestType::reset(1, 7));
        CHECK(it.client.side.has("request released reset_by_peer"));
    }
}

TEMPLATE_LIST_TEST_CASE("the answer to HEAD says how long the content would be",
                        "[session][rfc9113-8.1.1][R52]", models) {
    asked_by_hand<TestType> it("HEAD");
    SECTION("and has none") {
        it.answers("200", "3", true);
        CHECK(it.client.side.log == lines{"answered 200 end", "request released none"});
    }
    SECTION("and may end later") {
        it.answers("200", "3", false);
        it.sends("", true);
        CHECK(it.client.side.log.back() == "request released none");
    }
    SECTION("and is malformed where there is some") {
        it.answers("200", "3", false);
        it.sends("abc", true);
        CHECK(it.was_reset());
        CHECK(it.client.side.body.empty());
    }
}
