#include "catch.hpp"

#include <h2ws/uri.hpp>

#include <string>

using h2ws::errc;
using h2ws::field;
using h2ws::field_list;
using h2ws::parse_authority;
using h2ws::parse_uri;
using h2ws::same_authority;

namespace {

static_assert(parse_uri("wss://example.com/chat?a=b")->path == "/chat?a=b");
static_assert(parse_uri("ws://example.com")->port == 80);
static_assert(parse_uri("http://[::1]:8080/x")->host == "::1");
static_assert(parse_uri("ws://example.com#x").error() == errc::uri_invalid);
static_assert(noexcept(parse_uri("")));

} // namespace

TEST_CASE("a WebSocket URI gives a client all that it needs", "[rfc6455-3][R127][rfc8441-5][R20]") {
    struct row {
        std::string_view uri, scheme, host;
        int port;
        std::string_view authority, path;
    };
    const row rows[] = {
        {"ws://example.com", "http", "example.com", 80, "example.com", ""},
        {"wss://example.com", "https", "example.com", 443, "example.com", ""},
        {"WSS://Example.COM/", "https", "Example.COM", 443, "Example.COM", "/"},
        {"http://a", "http", "a", 80, "a", ""},
        {"hTTps://a", "https", "a", 443, "a", ""},
        {"wss://a:8443/b?c#", "", "", 0, "", ""},
        {"wss://a:8443/b?c", "https", "a", 8443, "a:8443", "/b?c"},
        {"ws://a?q", "http", "a", 80, "a", "?q"},
        {"ws://a:1?q/r", "http", "a", 1, "a:1", "?q/r"},
        {"ws://a:65535", "http", "a", 65535, "a:65535", ""},
        {"ws://a:00080", "http", "a", 80, "a:00080", ""},
        {"ws://a:/b", "http", "a", 80, "a", "/b"},
        {"ws://127.0.0.1:9", "http", "127.0.0.1", 9, "127.0.0.1:9", ""},
        {"ws://[::1]", "http", "::1", 80, "[::1]", ""},
        {"ws://[::1]:8080/x", "http", "::1", 8080, "[::1]:8080", "/x"},
        {"ws://[::ffff:1.2.3.4]/", "http", "::ffff:1.2.3.4", 80, "[::ffff:1.2.3.4]", "/"},
        {"ws://a/%23%20@:?@", "http", "a", 80, "a", "/%23%20@:?@"},
    };
    for (const row& row : rows) {
        CAPTURE(row.uri);
        const auto uri = parse_uri(row.uri);
        REQUIRE(uri.has_value() == (row.port != 0));
        if (!uri) continue;
        CHECK(uri->scheme() == row.scheme);
        CHECK(uri->host == row.host);
        CHECK(uri->port == row.port);
        CHECK(uri->authority == row.authority);
        CHECK(uri->path == row.path);
    }
}

TEST_CASE("a URI with a fragment is invalid", "[rfc6455-3][R126]") {
    for (const char* uri : {"ws://a#", "ws://a#b", "ws://a/#b", "ws://a/b?c#d", "ws://a?#"})
        CHECK(parse_uri(uri).error() == errc::uri_invalid);
}

TEST_CASE("an invalid URI fails before anything is sent", "[rfc6455-4.1][R128]") {
    for (const char* uri : {"",
                            "ws",
                            "ws:",
                            "ws:/a",
                            "ws://",
                            "ws:///a",
                            "ws://?q",
                            "ftp://a",
                            "//a",
                            "/a",
                            "a",
                            "wss//a",
                            "ws://u@a",
                            "ws://u:p@a",
                            "ws://@a",
                            "ws://a:0",
                            "ws://a:65536",
                            "ws://a:b",
                            "ws://a:-1",
                            "ws://a:1:2",
                            "ws://:80",
                            "ws://a:99999999999999999999",
                            "ws://[::1",
                            "ws://[]",
                            "ws://[a]",
                            "ws://[::1]a",
                            "ws://[::g]",
                            "ws://::1/",
                            "ws://a b",
                            " ws://a",
                            "ws://a ",
                            "ws://a/b c",
                            "ws://a/\t",
                            "ws://a/\n",
                            "ws://a\x7f",
                            "ws://\xc3\xa9/",
                            "ws://a/\xc3\xa9",
                            "ws://a\\b",
                            "ws://a<b"}) {
        CAPTURE(uri);
        CHECK(parse_uri(uri).error() == errc::uri_invalid);
    }
}

TEST_CASE("a path is completed for :path", "[rfc8441-5][R22][rfc9113-8.3.1][R78]") {
    struct row {
        std::string_view path, sent;
    };
    for (const row& row :
         {row{"", "/"}, {"/", "/"}, {"?q", "/?q"}, {"/a?b", "/a?b"}, {"?", "/?"}, {"//a", "//a"}}) {
        field_list list;
        h2ws::add_path(list, row.path);
        REQUIRE(list.fields().size() == 1);
        CHECK(list.fields()[0] == field{":path", row.sent});
    }
    for (const char* path : {"*", "a", "a/b", "/a#b", "/a b", "/\xc3\xa9", "#", "/a\r\nb"}) {
        field_list list;
        h2ws::add_path(list, path);
        CHECK(list.error() == errc::invalid_argument);
    }
}

TEST_CASE("an absolute path begins with a slash", "[rfc9113-8.3.1][R78][R79]") {
    for (const char* path : {"/", "/a", "/a?b=c", "/?", "/{a}|b"})
        CHECK(h2ws::is_absolute_path(path));
    for (const char* path : {"", "*", "a", "?q", "/a#b", "/a b", "/\xc3\xa9", "/\x7f"})
        CHECK_FALSE(h2ws::is_absolute_path(path));
}

TEST_CASE("an authority has a host, maybe a port, and no user", "[rfc9113-8.3.1][R77]") {
    CHECK(parse_authority("a")->host == "a");
    CHECK_FALSE(parse_authority("a:")->port);
    CHECK(parse_authority("[::1]:5")->port == 5);
    for (const char* text : {"", "u@a", "u:p@a", ":1", "a:x", "a:65536", "[::1", "a/b", "a?b"})
        CHECK(parse_authority(text).error() == errc::authority_invalid);
}

TEST_CASE("authorities are compared without case and default port", "[rfc9113-8.3.1][R76]") {
    struct row {
        std::string_view a, b, scheme;
        bool same;
    };
    const row rows[] = {
        {"a", "A", "https", true},      {"a", "a:443", "https", true},
        {"a:443", "a", "HTTPS", true},  {"a", "a:80", "http", true},
        {"a:", "a:80", "http", true},   {"[::A]", "[::a]:80", "http", true},
        {"a:0443", "a:443", "x", true}, {"a", "b", "https", false},
        {"a", "a:80", "https", false},  {"a", "a:443", "http", false},
        {"a", "a:443", "x", false},     {"a", "a.", "https", false},
        {"a", "u@a", "https", false},   {"a", "", "https", false},
        {"a", "a,a", "https", false},
    };
    for (const row& row : rows) {
        CAPTURE(row.a, row.b);
        CHECK(same_authority(row.a, row.b, row.scheme) == row.same);
        CHECK(same_authority(row.b, row.a, row.scheme) == row.same);
    }
}

TEST_CASE("a scheme begins with a letter", "[rfc9113-8.3.1][R80]") {
    for (const char* scheme : {"http", "https", "a", "coap+tcp", "x-1.2"})
        CHECK(h2ws::is_scheme(scheme));
    for (const char* scheme : {"", "1a", "+a", "a b", "a:", "http:"})
        CHECK_FALSE(h2ws::is_scheme(scheme));
}
