#include "../session_suite/alone.hpp"
#include "model.hpp"

#include <h2ws/http2/content_length.hpp>

#include <array>

using h2ws::field;
using h2ws::http2::content_length;

namespace {

constexpr bool is_size(std::string_view value) {
    const std::array fields{field{"content-length", value}};
    return content_length{}.read(fields);
}

static_assert(is_size("0") && is_size("5") && is_size("0005") && is_size("999999999999999999"));
static_assert(!is_size("") && !is_size("-1") && !is_size("+1") && !is_size("5, 5") &&
              !is_size("0x5"));
static_assert(!is_size("1000000000000000000"));

} // namespace

TEST_CASE("content is as long as content-length says, or malformed", "[http2][rfc9113-8.1.1]") {
    const std::array five{field{"x", "1"}, field{"content-length", "5"}};
    content_length content;
    REQUIRE(content.read(five));
    CHECK_FALSE(content.complete());
    CHECK(content.receive(2));
    CHECK(content.receive(0));
    CHECK_FALSE(content.complete());
    CHECK_FALSE(content.receive(4));
    CHECK(content.receive(3));
    CHECK(content.complete());
    CHECK_FALSE(content.receive(1));
}

TEST_CASE("content without content-length has any length", "[http2][rfc9113-8.1.1]") {
    content_length content;
    REQUIRE(content.read(std::array{field{"x", "1"}}));
    CHECK(content.receive(1'000'000));
    CHECK(content.complete());
}

TEST_CASE("two content-lengths are malformed, if they are equal too", "[http2][rfc9113-8.1.1]") {
    content_length content;
    CHECK_FALSE(
        content.read(std::array{field{"content-length", "5"}, field{"content-length", "5"}}));
}

TEST_CASE("an answer without content may say how long it would be", "[http2][rfc9113-8.1.1]") {
    content_length content;
    REQUIRE(content.read(std::array{field{"content-length", "5"}}));
    content.expect_none();
    CHECK(content.complete());
    CHECK(content.receive(0));
    CHECK_FALSE(content.receive(1));
}

namespace {

std::vector<field> upload() {
    return {{":method", "POST"},
            {":scheme", "https"},
            {":authority", "a.test"},
            {":path", "/"},
            {"content-length", "5"}};
}

// What a server makes of a request whose content comes in these frames.
lines made_of(const octets& frames) {
    alone<http2_model::server> server;
    server.hears(http2_model::client_preface());
    server.hears(http2_model::headers(1, upload(), false) + frames);
    return server.side.log;
}

} // namespace

TEST_CASE("a request whose content is not as long as it says is reset", "[http2][rfc9113-8.1.1]") {
    using m = http2_model;
    const lines asked{"asked POST /"};
    const lines whole{"asked POST /", "body of 5"};
    const lines broken{"asked POST /", "request released malformed_message"};
    CHECK(made_of(m::data(1, "12", false) + m::data(1, "345", true)) == whole);
    CHECK(made_of(m::data(1, "12345", false) + m::headers(1, {{"x", "1"}}, true)) == whole);
    CHECK(made_of(m::data(1, "1234", true)) == broken);
    CHECK(made_of(m::data(1, "123456", false)) == broken);
    CHECK(made_of(m::data(1, "1234", false) + m::headers(1, {{"x", "1"}}, true)) == broken);
}

TEST_CASE("a request that ends before the content that it announces is rejected",
          "[http2][rfc9113-8.1.1]") {
    alone<http2_model::server> server;
    server.hears(http2_model::client_preface());
    server.hears(http2_model::headers(1, upload(), true));
    CHECK(server.side.log == lines{"rejected malformed_message"});
    CHECK(http2_model::frames(server.side.written, false) == lines{"1 reset PROTOCOL_ERROR"});
}

TEST_CASE("the answer to HEAD says how long it would be", "[http2][rfc9113-8.1.1]") {
    for (const std::string_view method : {"GET", "HEAD"}) {
        CAPTURE(method);
        alone<http2_model::client> client;
        client.hears(http2_model::server_preface(true));
        const std::vector<field> wanted{
            {":method", method}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        REQUIRE(client.side.call([&](auto& s) { return s.request(wanted, true, client.now); }));
        client.hears({});
        client.hears(http2_model::headers(1, {{":status", "200"}, {"content-length", "5"}}, true));
        CHECK(client.side.has("answered 200 end") == (method == "HEAD"));
        CHECK(client.side.has("request released malformed_message") == (method == "GET"));
    }
}
