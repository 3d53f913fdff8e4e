// The content of what we send: none where none may be, and as long as its content-length.
#pragma once

#include "by_hand.hpp"

namespace session_suite {

inline const std::vector<field> three_long{{"content-length", "3"}};

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("the answer to HEAD has the fields of GET and no content",
                        "[session][rfc9113-8.1.1][R52]", models) {
    for (const bool end : {true, false}) {
        CAPTURE(end);
        asked_server<TestType> it;
        const request_id asked = it.asked(1, ordinary("HEAD"), true);
        CHECK(it.responds(asked, 200, three_long, "abc", end) == errc::none);
        CHECK(it.frames() == lines{"1 headers end"});
        CHECK(it.server.side.write(asked, "abc", true) == errc::not_open);
        CHECK(it.log() == lines{"asked HEAD / end", "request released none"});
    }
    pair<TestType> both;
    REQUIRE(both.client.call(
        [&](auto& session) { return session.request(ordinary("HEAD"), true, both.now); }));
    both.client.on_event = [&](const stream_event& found) {
        if (const auto* answer = std::get_if<response_received>(&found))
            CHECK(find_field(answer->head->fields, "content-length") == "3");
    };
    both.run();
    REQUIRE(both.server.call([&](auto& session) {
        return session.respond(both.server.asked, 200, three_long, as_bytes("abc"), both.now);
    }));
    both.run();
    CHECK(both.client.log == lines{"answered 200 end", "request released none"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("an answer whose status has no content is sent without",
                        "[session][rfc9113-8.1.1][R52]", models) {
    for (const std::uint16_t status : std::initializer_list<std::uint16_t>{204, 205, 304}) {
        CAPTURE(status);
        asked_server<TestType> it;
        const request_id asked = it.asked(1, ordinary("GET"), true);
        CHECK(it.responds(asked, status, {}, "x") == errc::invalid_argument);
        if (status == 204)
            CHECK(it.responds(asked, status, three_long, "") == errc::invalid_argument);
        if (status == 205)
            CHECK(it.responds(asked, status, three_long, "") == errc::content_length_mismatch);
        CHECK(it.frames().empty());
        const std::span<const field> fields =
            status == 304 ? std::span<const field>(three_long) : std::span<const field>{};
        CHECK(it.responds(asked, status, fields, "", false) == errc::none);
        CHECK(it.frames() == lines{"1 headers end"});
        CHECK(it.log().back() == "request released none");
    }
}

TEMPLATE_LIST_TEST_CASE("an answer is as long as its content-length, or is not sent",
                        "[session][rfc9113-8.1.1][R52]", models) {
    asked_server<TestType> it;
    const request_id asked = it.asked(1, ordinary("GET"), true);
    const auto writes = [&](std::string_view text, bool end) {
        const errc error = it.server.side.write(asked, text, end);
        it.hears({});
        return error;
    };
    constexpr errc mismatch = errc::content_length_mismatch;
    CHECK(it.responds(asked, 200, three_long, "ab") == mismatch);
    CHECK(it.responds(asked, 200, three_long, "abcd") == mismatch);
    CHECK(it.responds(asked, 200, three_long, "abcd", false) == mismatch);
    const std::vector<field> twice{three_long[0], three_long[0]}, none{{"content-length", "x"}};
    CHECK(it.responds(asked, 200, twice, "abc") == errc::invalid_argument);
    CHECK(it.responds(asked, 200, none, "abc") == errc::invalid_argument);
    CHECK(it.frames().empty());
    SECTION("whole") {
        CHECK(it.responds(asked, 200, three_long, "abc") == errc::none);
        CHECK(it.frames() == lines{"1 headers", "1 data 3 end"});
    }
    SECTION("in parts") {
        CHECK(it.responds(asked, 200, three_long, "a", false) == errc::none);
        CHECK(writes("bcd", false) == mismatch);
        CHECK(writes("b", true) == mismatch);
        CHECK(it.trails(asked, three_long) == mismatch);
        CHECK(it.trails(asked, {}) == mismatch);
        CHECK(writes("b", false) == errc::none);
        CHECK(writes("c", true) == errc::none);
        CHECK(it.frames() == lines{"1 headers", "1 data 1", "1 data 1", "1 data 1 end"});
    }
    CHECK(it.log().back() == "request released none");
}

TEMPLATE_LIST_TEST_CASE("a request is as long as its content-length, or is not sent",
                        "[session][rfc9113-8.1.1][R52]", models) {
    asking_client<TestType> it;
    auto& side = it.client.side;
    const auto asks = [&](const char* length, bool end) {
        std::vector<field> fields = ordinary("POST");
        fields.push_back({"content-length", length});
        return side.call(
            [&](auto& session) { return session.request(fields, end, it.client.now); });
    };
    CHECK(asks("3", true).error() == errc::content_length_mismatch);
    CHECK(asks("three", false).error() == errc::invalid_argument);
    CHECK(side.session.stream_count() == 0);
    const auto request = asks("3", false);
    REQUIRE(request);
    CHECK(side.write(*request, "abcd", false) == errc::content_length_mismatch);
    CHECK(side.write(*request, "ab", true) == errc::content_length_mismatch);
    CHECK(side.write(*request, "abc", true) == errc::none);
    it.hears({});
    CHECK(it.frames() == lines{"1 headers", "1 data 3 end"});
    CHECK(asks("0", true));
}
