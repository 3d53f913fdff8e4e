// Interim (1xx) answers of ordinary requests.
#pragma once

#include "by_hand.hpp"

TEMPLATE_LIST_TEST_CASE("a client is told of each interim answer, in order",
                        "[session][rfc9113-8.1][R46]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        REQUIRE(both.client.call(
            [&](auto& session) { return session.request(ordinary("GET"), true, both.now); }));
        both.run();
        const request_id asked = both.server.asked;
        const std::vector<field> hint{{"link", "</style.css>"}, {"x", ""}};
        CHECK(both.server.inform(asked, 103, hint) == errc::none);
        CHECK(both.server.inform(asked, 100) == errc::none);
        CHECK(both.server.inform(asked, 199, hint) == errc::none);
        REQUIRE(both.server.call([&](auto& session) {
            return session.respond(asked, 200, {}, as_bytes("yes"), both.now);
        }));
        both.run();
        CHECK(both.client.log == lines{"interim 103 link=</style.css> x=", "interim 100",
                                       "interim 199 link=</style.css> x=", "answered 200",
                                       "body of 3", "request released none"});
        CHECK(both.server_frames()[0] == "1 headers");
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("interim answers that come in one read are told one by one",
                        "[session][rfc9113-8.1][R46]", models) {
    asking_client<TestType> it;
    it.asks("GET");
    it.asks("POST");
    const auto answer = [](std::uint32_t stream, const char* status, const char* value, bool end) {
        const std::vector<field> fields{{":status", status}, {"a", value}, {"b", value}};
        return TestType::headers(stream, fields, end);
    };
    const octets all = answer(1, "103", "1", false) + answer(1, "103", "2", false) +
                       answer(3, "100", "3", false) + answer(1, "150", "4", false) +
                       answer(3, "103", "5", false) + answer(3, "200", "6", true) +
                       answer(1, "404", "7", false) + TestType::data(1, "no", true);
    const lines expected{"interim 103 a=1 b=1",   "interim 103 a=2 b=2", "interim 100 a=3 b=3",
                         "interim 150 a=4 b=4",   "interim 103 a=5 b=5", "answered 200 end",
                         "request released none", "answered 404",        "body of 2",
                         "request released none"};
    SECTION("whole") { it.hears(all); }
    SECTION("in octets") { it.hears_bytes(all); }
    lines told = it.log();
    CHECK(told == expected);
    CHECK(it.client.side.session.stream_count() == 0);
}

TEMPLATE_LIST_TEST_CASE("an interim answer is told though its stream is reset behind it",
                        "[session][rfc9113-8.1][R46]", models) {
    asking_client<TestType> it;
    it.asks("GET");
    const std::vector<field> fields{{":status", "103"}, {"a", "1"}};
    it.hears(TestType::headers(1, fields, false) + TestType::reset(1, 8));
    CHECK(it.log() == lines{"interim 103 a=1", "request released reset_by_peer"});
}

TEMPLATE_LIST_TEST_CASE("interim answers to a request for a tunnel are passed over",
                        "[session][rfc9113-8.1][R46]", models) {
    asking_client<TestType> it;
    const auto made = it.client.side.call([&](auto& session) {
        return session.open({.authority = "a.test", .path = "/"}, it.client.now);
    });
    REQUIRE(made);
    it.hears({});
    it.hears(TestType::headers(1, std::vector<field>{{":status", "103"}, {"a", "1"}}, false) +
             TestType::headers(1, std::vector<field>{{":status", "200"}}, false));
    CHECK(it.log() == lines{"1 opened 200"});
}

TEMPLATE_LIST_TEST_CASE("a server sends interim answers before the final one only",
                        "[session][rfc9113-8.6][R48][rfc9113-8.2][R56]", models) {
    asked_server<TestType> it;
    const request_id asked = it.asked(1, ordinary("GET"), true);
    const std::vector<field> upper{{"Link", "x"}}, pseudo{{":path", "/"}},
        length{{"content-length", "0"}};
    CHECK(it.informs(asked, 101) == errc::invalid_argument);
    CHECK(it.informs(asked, 99) == errc::invalid_argument);
    CHECK(it.informs(asked, 200) == errc::invalid_argument);
    CHECK(it.informs(asked, 103, upper) == errc::invalid_argument);
    CHECK(it.informs(asked, 103, pseudo) == errc::invalid_argument);
    CHECK(it.informs(asked, 103, length) == errc::invalid_argument);
    CHECK(it.responds(asked, 100, {}, {}) == errc::invalid_argument);
    CHECK(it.frames().empty());
    CHECK(it.informs(asked, 100) == errc::none);
    CHECK(it.frames() == lines{"1 headers"});
    CHECK(it.responds(asked, 200, {}, "", false) == errc::none);
    CHECK(it.informs(asked, 103) == errc::not_open);
    CHECK(it.frames() == lines{"1 headers", "1 headers"});
    CHECK(it.informs(request_id{77}, 103) == errc::not_open);
}
