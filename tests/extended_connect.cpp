#include "catch.hpp"

#include <h2ws/extended_connect.hpp>

#include <array>
#include <string>
#include <vector>

using h2ws::connect_request;
using h2ws::errc;
using h2ws::field;
using h2ws::field_list;
using h2ws::read_request;
using h2ws::request;

namespace {

using section = std::vector<field>;

section received(const section& fields) {
    section all{{":method", "CONNECT"},
                {":protocol", "websocket"},
                {":scheme", "https"},
                {":path", "/chat"},
                {":authority", "a.example"}};
    all.insert(all.end(), fields.begin(), fields.end());
    return all;
}

// Views into the list, which has to be alive still.
section sent(const field_list& list) { return {list.fields().begin(), list.fields().end()}; }

template <class Range>
std::vector<std::string> all(const Range& range) {
    std::vector<std::string> members;
    for (const std::string_view member : range) members.emplace_back(member);
    return members;
}

constexpr connect_request minimal{.authority = "a"};
static_assert(request(minimal).fields().size() == 6);
static_assert(request({.authority = "a:x"}).error() == errc::invalid_argument);

} // namespace

TEST_CASE("a server reads what a client asks for", "[rfc8441-5][R27][R28][rfc8441-4][R13][R15]") {
    const section fields = received({{"origin", "http://www.example.com"},
                                     {"sec-websocket-protocol", "chat"},
                                     {"authorization", "Basic x"},
                                     {"sec-websocket-protocol", "superchat"},
                                     {"sec-websocket-extensions", "permessage-deflate"}});
    const auto asked = read_request(fields);
    REQUIRE(asked);
    CHECK(asked->protocol == "websocket");
    CHECK(asked->scheme == "https");
    CHECK(asked->authority == "a.example");
    CHECK(asked->path == "/chat");
    CHECK(asked->origin() == "http://www.example.com");
    CHECK(asked->find("authorization") == "Basic x");
    CHECK_FALSE(asked->find("cookie"));
    CHECK(asked->fields.size() == 5);
    CHECK(all(asked->offered_subprotocols()) == std::vector<std::string>{"chat", "superchat"});
    auto extensions = asked->offered_extensions();
    CHECK((**extensions.next()).name == "permessage-deflate");
    CHECK(connect_request{}.origin().empty());
}

TEST_CASE("what is no extended CONNECT is not read as one", "[rfc8441-4][R14][R16]") {
    const section plain{{":method", "CONNECT"}, {":authority", "a:443"}};
    const section get{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a"}};
    CHECK(read_request(plain).error() == errc::protocol_not_supported);
    CHECK(read_request(get).error() == errc::protocol_not_supported);
    CHECK(h2ws::info(errc::protocol_not_supported).http_status == 501);
    CHECK(read_request(section{{":method", "GET"}}).error() == errc::scheme_invalid);
    CHECK(read_request(received({}), {.connect_enabled = false}).error() ==
          errc::protocol_not_enabled);
    CHECK(read_request(received({}), {.limits = {.fields = 4}}).error() == errc::too_many_fields);
}

TEST_CASE("cookies come in crumbs and can be joined", "[rfc9113-8.2.3][R66]") {
    struct row {
        section fields;
        std::vector<std::string> crumbs;
        std::string_view joined;
    };
    const row rows[] = {
        {{}, {}, ""},
        {{{"cookie", "a=b"}}, {"a=b"}, "a=b"},
        {{{"cookie", "a=b"}, {"x", "y"}, {"cookie", "c=d; e=f"}},
         {"a=b", "c=d; e=f"},
         "a=b; c=d; e=f"},
        {{{"cookie", ""}, {"cookie", "a=b"}, {"cookie", ""}}, {"", "a=b", ""}, "a=b"},
    };
    for (const row& row : rows) {
        const connect_request asked{.fields = row.fields};
        CHECK(all(asked.cookies()) == row.crumbs);
        std::vector<char> out(row.joined.size());
        const auto joined = asked.join_cookies(out);
        REQUIRE(joined);
        CHECK(*joined == row.joined);
        if (out.empty()) continue;
        CHECK(asked.join_cookies(std::span{out}.first(out.size() - 1)).error() ==
              errc::buffer_too_small);
        CHECK(asked.join_cookies({}).error() == errc::buffer_too_small);
    }
}

TEST_CASE("a client's request has its fields in one order",
          "[rfc8441-5][R18][R20][R27][rfc9113-8.3][R70][rfc6455-4.1][R132]") {
    const field own[] = {{"origin", "http://www.example.com"}};
    const connect_request asked{.authority = "server.example.com",
                                .path = "/chat",
                                .subprotocols = "chat, superchat",
                                .extensions = "permessage-deflate",
                                .fields = own};
    CHECK(sent(request(asked)) == section{{":method", "CONNECT"},
                                          {":protocol", "websocket"},
                                          {":scheme", "https"},
                                          {":path", "/chat"},
                                          {":authority", "server.example.com"},
                                          {"sec-websocket-version", "13"},
                                          {"sec-websocket-protocol", "chat, superchat"},
                                          {"sec-websocket-extensions", "permessage-deflate"},
                                          {"origin", "http://www.example.com"}});
    // no key (R26), no host (R24), no empty field
    CHECK(sent(request(minimal)) == section{{":method", "CONNECT"},
                                            {":protocol", "websocket"},
                                            {":scheme", "https"},
                                            {":path", "/"},
                                            {":authority", "a"},
                                            {"sec-websocket-version", "13"}});
}

TEST_CASE("a client sends websocket in lower case", "[rfc8441-5][R18][S3]") {
    CHECK(sent(request({.protocol = "WebSocket", .authority = "a"}))[1] ==
          field{":protocol", "websocket"});
}

TEST_CASE("a request for another protocol has no WebSocket fields", "[rfc8441-4][R10]") {
    const section fields =
        sent(request({.protocol = "connect-udp", .authority = "a", .path = "/x"}));
    CHECK(fields == section{{":method", "CONNECT"},
                            {":protocol", "connect-udp"},
                            {":scheme", "https"},
                            {":path", "/x"},
                            {":authority", "a"}});
    CHECK(request({.protocol = "x", .authority = "a", .subprotocols = "b"}).error() ==
          errc::invalid_argument);
}

TEST_CASE("a URI becomes a request", "[rfc8441-5][R22][rfc9113-8.3.1][R74][R78]") {
    struct row {
        std::string_view uri, scheme, authority, path;
    };
    for (const row& row : {row{"ws://a", "http", "a", "/"},
                           {"wss://a:9?q", "https", "a:9", "/?q"},
                           {"wss://[::1]/b?c", "https", "[::1]", "/b?c"}}) {
        const auto uri = h2ws::parse_uri(row.uri);
        REQUIRE(uri);
        const field_list list =
            request({.scheme = uri->scheme(), .authority = uri->authority, .path = uri->path});
        const section fields = sent(list);
        REQUIRE(fields.size() == 6);
        CHECK(fields[2] == field{":scheme", row.scheme});
        CHECK(fields[3] == field{":path", row.path});
        CHECK(fields[4] == field{":authority", row.authority});
    }
}

TEST_CASE("a request that could not be well-formed is not written",
          "[rfc8441-5][R20][rfc8441-4][R12][rfc9113-8.3.1][R74][R77][R79]") {
    const connect_request wrong[] = {
        {},
        {.protocol = "", .authority = "a"},
        {.protocol = "a b", .authority = "a"},
        {.scheme = "wss", .authority = "a"},
        {.scheme = "ws", .authority = "a"},
        {.scheme = "", .authority = "a"},
        {.authority = "u@a"},
        {.authority = "a:0"},
        {.authority = "a", .path = "*"},
        {.authority = "a", .path = "/a#b"},
        {.authority = "a", .path = "/a b"},
        {.authority = "a", .subprotocols = " b"},
        {.authority = "a", .extensions = "b\r\nc"},
    };
    for (const connect_request& asked : wrong) {
        CHECK(request(asked).error() == errc::invalid_argument);
        CHECK(request(asked).fields().empty());
    }
}

TEST_CASE("a client does not write the fields that are not its own",
          "[rfc8441-5][R23][R24][R26][rfc9113-8.2][R56][rfc9113-8.2.2][R63][rfc9113-8.3][R67]"
          "[rfc9113-8.3.1][R75][rfc9110-9.3.6][R43][rfc6455-4.1][R132]") {
    const field wrong[] = {{":path", "/x"},
                           {":protocol", "websocket"},
                           {"host", "a"},
                           {"connection", "upgrade"},
                           {"upgrade", "websocket"},
                           {"transfer-encoding", "chunked"},
                           {"content-length", "0"},
                           {"sec-websocket-key", "x"},
                           {"sec-websocket-accept", "x"},
                           {"sec-websocket-version", "13"},
                           {"sec-websocket-protocol", "a"},
                           {"sec-websocket-extensions", "a"},
                           {"Origin", "x"},
                           {"x", "a\nb"},
                           {"te", "gzip"}};
    for (const field& line : wrong) {
        CAPTURE(line.name);
        const connect_request asked{.authority = "a", .fields = {&line, 1}};
        CHECK(request(asked).error() == errc::invalid_argument);
    }
    const std::vector<field> many(field_list::max_fields, {"x", "y"});
    CHECK(request({.authority = "a", .fields = many}).error() == errc::too_many_fields);
}

TEST_CASE("a client offers unique tokens as subprotocols", "[rfc6455-4.1][R133]") {
    for (const char* list : {"a", "a, b", "a,b,,c"})
        CHECK(request({.authority = "a", .subprotocols = list}).error() == errc::none);
    for (const char* list : {",", "a, a", "a b", "a, b/c", "\"a\""})
        CHECK(request({.authority = "a", .subprotocols = list}).error() ==
              errc::subprotocol_list_invalid);
}

TEST_CASE("a client offers extensions that match the grammar", "[rfc6455-4.1][R134]") {
    CHECK(request({.authority = "a", .extensions = "a; b=1, c"}).error() == errc::none);
    CHECK(request({.authority = "a", .extensions = "a;"}).error() == errc::extension_list_invalid);
}

TEST_CASE("subprotocols in a request are unique tokens", "[rfc6455-4.2.1][R142]") {
    const auto check = [](const section& fields) {
        return h2ws::check_subprotocols({.fields = fields});
    };
    const char* const name = "sec-websocket-protocol";
    CHECK(check({}) == errc::none);
    CHECK(check({{name, "a,b"}, {name, "c"}}) == errc::none);
    CHECK(check({{name, "a"}, {name, "A"}}) == errc::none); // subprotocols have case
    CHECK(check({{name, ""}}) == errc::subprotocol_list_invalid);
    CHECK(check({{name, "a"}, {name, "b, a"}}) == errc::subprotocol_list_invalid);
    CHECK(check({{name, "a;b"}}) == errc::subprotocol_list_invalid);

    std::string list;
    for (std::size_t i = 0; i < h2ws::max_subprotocols; ++i) list += "s" + std::to_string(i) + ",";
    CHECK(check({{name, list}}) == errc::none);
    list += "one-more";
    CHECK(check({{name, list}}) == errc::subprotocol_list_invalid);
}

TEST_CASE("a request for a tunnel has no content", "[rfc9110-9.3.6][R43]") {
    const section fields{{"content-length", "0"}};
    CHECK(h2ws::check_tunnel(connect_request{}, false) == errc::none);
    CHECK(h2ws::check_tunnel({.fields = fields}, false) == errc::content_length_on_connect);
    CHECK(h2ws::check_tunnel(connect_request{}, true) == errc::end_stream_on_connect);
}

TEST_CASE("what a client sends is what a server reads", "[rfc8441-4][R10][R13]") {
    const field own[] = {{"cookie", "a=b"}};
    const connect_request asked{.scheme = "http",
                                .authority = "a:81",
                                .path = "?q",
                                .subprotocols = "x, y",
                                .extensions = "e; f=1",
                                .fields = own};
    const field_list list = request(asked);
    const auto read = read_request(list);
    REQUIRE(read);
    CHECK(read->scheme == "http");
    CHECK(read->authority == "a:81");
    CHECK(read->path == "/?q");
    CHECK(all(read->offered_subprotocols()) == all(asked.offered_subprotocols()));
    CHECK(read->find("cookie") == "a=b");
}
