#include "catch.hpp"

#include <h2ws/extension.hpp>

#include <string>
#include <vector>

using h2ws::check_extensions;
using h2ws::errc;
using h2ws::extension_offer;
using h2ws::extension_reader;
using h2ws::field;

namespace {

constexpr std::string_view name = "sec-websocket-extensions";

static_assert([] {
    extension_reader reader{{}, "permessage-deflate; server_max_window_bits=10"};
    const auto offer = reader.next();
    const auto parameter = *(*offer)->parameters.begin();
    return (*offer)->name == "permessage-deflate" && parameter.name == "server_max_window_bits" &&
           parameter.value == "10" && reader.next() && !*reader.next();
}());

std::string text(const extension_offer& offer) {
    std::string out{offer.name};
    for (const auto& parameter : offer.parameters) {
        out += "|" + std::string{parameter.name};
        if (parameter.value) out += "=" + std::string{*parameter.value};
    }
    return out;
}

// The offers, and "error" in the place of the first that is none.
std::vector<std::string> read(extension_reader reader) {
    std::vector<std::string> offers;
    while (true) {
        const auto offer = reader.next();
        if (!offer) {
            offers.emplace_back("error");
            CHECK(offer.error() == errc::extension_list_invalid);
            CHECK(reader.next().error() == errc::extension_list_invalid);
            return offers;
        }
        if (!*offer) return offers;
        offers.push_back(text(**offer));
    }
}

} // namespace

TEST_CASE("extensions and their parameters are read in order",
          "[rfc6455-4.3][R151][rfc6455-9.1][R154]") {
    struct row {
        std::string_view value;
        std::vector<std::string> offers;
    };
    const row rows[] = {
        {"foo", {"foo"}},
        {"foo, bar; baz=2", {"foo", "bar|baz=2"}},
        {"deflate-stream", {"deflate-stream"}},
        {"mux; max-channels=4; flow-control, deflate-stream",
         {"mux|max-channels=4|flow-control", "deflate-stream"}},
        {"permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\"",
         {"permessage-deflate|client_max_window_bits|server_max_window_bits=10"}},
        {"a;b=c,a;b", {"a|b=c", "a|b"}},
        {"a\t;\tb =\t\"c\" ;d , e", {"a|b=c|d", "e"}},
        {",, a ,,b,", {"a", "b"}},
        {"a;b;b", {"a|b|b"}}, // what a repeated parameter means is for the extension to say
        {"FOO", {"FOO"}},
    };
    for (const row& row : rows) {
        const field line{name, row.value};
        CHECK(read(extension_reader{{&line, 1}}) == row.offers);
        CHECK(read(extension_reader{{}, row.value}) == row.offers);
        CHECK(check_extensions(extension_reader{{&line, 1}}) == errc::none);
    }
}

TEST_CASE("lines of the extension field are one list", "[rfc6455-9.1][R154]") {
    const field lines[] = {{name, "foo"}, {"other", "x"}, {name, ""}, {name, "bar; baz=2"}};
    CHECK(read(extension_reader{lines}) == std::vector<std::string>{"foo", "bar|baz=2"});
    CHECK(read(extension_reader{lines, "first"}) ==
          std::vector<std::string>{"first", "foo", "bar|baz=2"});
}

TEST_CASE("an absent extension field is an empty list", "[rfc6455-9.1][R155]") {
    const field line{"other", "x"};
    CHECK(read(extension_reader{{&line, 1}}).empty());
    CHECK(check_extensions(extension_reader{{}}) == errc::none);
}

TEST_CASE("an extension list that does not match the grammar is invalid",
          "[rfc6455-4.3][R151][rfc6455-9.1][R155]") {
    for (const std::string_view value : {"",
                                         ",",
                                         ";",
                                         "foo;",
                                         "foo;;a",
                                         "foo; =1",
                                         "foo; a=",
                                         "foo; a=\"",
                                         "foo; a=\"\"",
                                         "foo; a=\"b",
                                         "foo bar",
                                         "foo; a b",
                                         "foo=1",
                                         "\"foo\"",
                                         "foo; a=b c",
                                         "foo; a=\"b c\"",
                                         "foo; a=\"b\"c",
                                         "foo; a=\"b\\c\"",
                                         "foo; a=\"b,c\"",
                                         "foo/1",
                                         "foo; a=b=c",
                                         "foo, b\xc3\xa9",
                                         "@"}) {
        const field line{name, value};
        const std::vector<std::string> offers = read(extension_reader{{&line, 1}});
        CAPTURE(value);
        REQUIRE_FALSE(offers.empty());
        CHECK(offers.back() == "error");
        CHECK(check_extensions(extension_reader{{&line, 1}}) == errc::extension_list_invalid);
    }
}

TEST_CASE("an extension is not carried over from one line to the next", "[rfc6455-9.1][R155]") {
    const field lines[] = {{name, "foo;"}, {name, "a=1"}};
    CHECK(read(extension_reader{lines}) == std::vector<std::string>{"error"});
}
