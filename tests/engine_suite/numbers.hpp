// What a client does once it has used all numbers of streams (RFC 9113 section 5.1.1). The file
// that includes it has named a client that has two left `late_client`.
#pragma once

#include "../session_suite/alone.hpp"

namespace engine_suite {

// Its server is made by hand, and takes so many streams at once.
struct late_conversation {
    explicit late_conversation(std::uint32_t streams = 100) {
        us.hears(model::server_preface(true) +
                 model::frame(4, 0, 0, model::number(3, 2) + model::number(streams)));
    }

    alone<late_client> us;

    errc open() {
        const auto made = us.side.call(
            [&](auto& s) { return s.open({.authority = "a.test", .path = "/"}, us.now); });
        if (made) us.side.at(*made);
        us.hears({});
        return made.error();
    }
    errc ask() {
        const std::vector<field> get{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        const auto made = us.side.call([&](auto& s) { return s.request(get, true, us.now); });
        us.hears({});
        return made.error();
    }
    void accepts(std::uint32_t stream) {
        us.hears(model::headers(stream, std::vector<field>{{":status", "200"}}, false));
    }
};

} // namespace engine_suite

using engine_suite::late_conversation;

TEST_CASE("a client whose numbers are used up opens no more, and goes on with what it has",
          "[engine][rfc9113-5.1.1]") {
    late_conversation both;
    CHECK(both.open() == errc::none);
    CHECK(both.ask() == errc::none);
    CHECK(both.open() == errc::not_open);
    CHECK(both.ask() == errc::not_open);
    both.accepts(0x7fff'fffd);
    both.us.hears(model::headers(0x7fff'ffff, std::vector<field>{{":status", "204"}}, true));
    CHECK(both.us.side.has("1 opened 200"));
    CHECK(both.us.side.has("answered 204 end"));
    CHECK(both.us.side.send(both.us.side.last, "still") == errc::none);
    both.us.hears(model::data(0x7fff'fffd, transcript::from_server(0x81, "here"), false));
    CHECK(both.us.side.log.back() == "1 text \"here\"");
    CHECK_FALSE(both.us.side.ended);
}

TEST_CASE("tunnels that wait while the last number is used may be tried elsewhere",
          "[engine][rfc9113-5.1.1][rfc9113-8.7][R89]") {
    late_conversation both(1);
    for (int i = 0; i < 4; ++i) CHECK(both.open() == errc::none);
    both.accepts(0x7fff'fffd);
    CHECK(both.us.side.log.back() == "1 opened 200");
    CHECK(both.us.side.reset(both.us.side.last) == errc::none);
    both.us.hears({}); // the second leaves with the last number
    CHECK(both.us.side.has("3 refused stream_not_processed retryable"));
    CHECK(both.us.side.has("4 refused stream_not_processed retryable"));
    CHECK(both.open() == errc::not_open);
    both.accepts(0x7fff'ffff);
    CHECK(both.us.side.has("2 opened 200"));
}
