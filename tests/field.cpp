#include "catch.hpp"

#include <h2ws/field.hpp>

#include <string>
#include <vector>

using h2ws::check_field;
using h2ws::errc;
using h2ws::field;
using h2ws::field_values;
using h2ws::token_list;

namespace {

static_assert(h2ws::is_token("websocket") && h2ws::is_token("!#$%&'*+-.^_`|~09azAZ"));
static_assert(!h2ws::is_token("") && !h2ws::is_token("a b") && !h2ws::is_token("a,b"));
static_assert(!h2ws::is_token("a/b") && !h2ws::is_token("\"a\"") && !h2ws::is_token("\xc3\xa9"));
static_assert(h2ws::equal_ignoring_case("WebSocket", "wEBsOCKET"));
static_assert(!h2ws::equal_ignoring_case("websocket", "websockets"));
static_assert(!h2ws::equal_ignoring_case("[", "{")); // 0x20 apart, and no letters
static_assert(h2ws::trim(" \t a b\t ") == "a b" && h2ws::trim(" \t").empty());
static_assert(check_field({":method", "CONNECT"}) == errc::none);
static_assert(noexcept(check_field({})));

template <class Range>
std::vector<std::string> all(const Range& range) {
    std::vector<std::string> members;
    for (const std::string_view member : range) members.emplace_back(member);
    return members;
}

} // namespace

TEST_CASE("a field name in lower case is valid", "[rfc9113-8.2][R56][rfc9113-8.2.1][R57]") {
    for (const char* name : {"a", "x-request-id", "sec-websocket-version", ":path", "x_1.~"})
        CHECK(check_field({name, "v"}) == errc::none);
}

TEST_CASE("every octet that no field name may have is rejected at any place",
          "[rfc9113-8.2.1][R56][R57][R58]") {
    for (int octet = 0; octet < 256; ++octet) {
        const bool forbidden = octet <= 0x20 || (octet >= 0x41 && octet <= 0x5a) || octet >= 0x7f;
        if (!forbidden) continue;
        for (std::size_t place = 0; place < 3; ++place) {
            std::string name = "abc";
            name[place] = static_cast<char>(octet);
            CHECK(check_field({name, "v"}) == errc::field_name_invalid);
        }
    }
}

TEST_CASE("a colon stands only at the head of a pseudo-header field's name",
          "[rfc9113-8.2.1][R58]") {
    for (const char* name : {"a:b", "ab:", "::path", ":pa:th"})
        CHECK(check_field({name, "v"}) == errc::field_name_invalid);
    CHECK(field{":path", "/"}.is_pseudo());
    CHECK_FALSE(field{"path", "/"}.is_pseudo());
    CHECK_FALSE(field{}.is_pseudo());
}

TEST_CASE("an empty field name is invalid", "[rfc9113-8.2.1][R59]") {
    CHECK(check_field({"", "v"}) == errc::field_name_invalid);
    CHECK(check_field({":", "v"}) == errc::field_name_invalid);
}

TEST_CASE("a field value has no control character but a tab", "[rfc9113-8.2.1][R60]") {
    for (int octet = 0; octet < 256; ++octet) {
        const bool allowed = (octet >= 0x20 && octet != 0x7f) || octet == '\t';
        const std::string value{'a', static_cast<char>(octet), 'b'};
        CHECK(check_field({"x", value}) == (allowed ? errc::none : errc::field_value_invalid));
    }
    for (const char octet : {'\0', '\r', '\n'}) {
        CHECK(check_field({"x", {&octet, 1}}) == errc::field_value_invalid);
    }
}

TEST_CASE("a field value has no white space at its ends", "[rfc9113-8.2.1][R61]") {
    for (const char* value : {" a", "a ", "\ta", "a\t", " ", "\t"})
        CHECK(check_field({"x", value}) == errc::field_value_invalid);
    CHECK(check_field({"x", ""}) == errc::none);
    CHECK(check_field({"x", "a b\tc"}) == errc::none);
}

TEST_CASE("connection-specific fields are rejected", "[rfc9113-8.2.2][R63][rfc8441-5][R23]") {
    for (const char* name :
         {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"})
        CHECK(check_field({name, "x"}) == errc::connection_specific_field);
    CHECK(check_field({"upgrade-insecure-requests", "1"}) == errc::none);
}

TEST_CASE("te has no value but trailers", "[rfc9113-8.2.2][R64]") {
    CHECK(check_field({"te", "trailers"}) == errc::none);
    CHECK(check_field({"te", "Trailers"}) == errc::none);
    for (const char* value : {"", "gzip", "trailers, gzip", "trailers;q=1", "trailer"})
        CHECK(check_field({"te", value}) == errc::te_invalid);
}

TEST_CASE("a field is found by its name, the first one first", "[rfc8441-5][R28]") {
    const field lines[] = {{"a", "1"}, {"b", ""}, {"a", "2"}};
    CHECK(h2ws::find_field(lines, "a") == "1");
    CHECK(h2ws::find_field(lines, "b") == "");
    CHECK_FALSE(h2ws::find_field(lines, "c"));
    CHECK(all(field_values(lines, "a")) == std::vector<std::string>{"1", "2"});
    CHECK(field_values(lines, "c").empty());
    CHECK(field_values({}, "c").empty());
}

TEST_CASE("a list runs over a text and all lines of a field", "[rfc6455-9.1][R154]") {
    struct row {
        std::string_view text;
        std::vector<field> lines;
        std::vector<std::string> members;
    };
    const row rows[] = {
        {"", {}, {}},
        {"", {{"p", ""}}, {}},
        {"", {{"p", " , ,,\t"}}, {}},
        {"", {{"p", "a"}}, {"a"}},
        {"", {{"p", "a,b"}}, {"a", "b"}},
        {"", {{"p", " a , b\t"}}, {"a", "b"}},
        {"", {{"p", "a"}, {"q", "x"}, {"p", ""}, {"p", "b,c"}}, {"a", "b", "c"}},
        {"", {{"p", ",a,,b,"}}, {"a", "b"}},
        {"", {{"p", "a b"}}, {"a b"}}, // whether it is a token is not the list's question
        {"x, y", {{"p", "a"}}, {"x", "y", "a"}},
        {"x", {{"q", "a"}}, {"x"}},
    };
    for (const row& row : rows) {
        const token_list list{row.lines, "p", row.text};
        CHECK(all(list) == row.members);
        CHECK(list.empty() == row.members.empty());
        for (const std::string& member : row.members) CHECK(list.contains(member));
        CHECK_FALSE(list.contains("zz"));
    }
}
