#include "catch.hpp"

#include <h2ws/message_head.hpp>

#include <string>
#include <vector>

using h2ws::check_trailers;
using h2ws::errc;
using h2ws::field;
using h2ws::read_request_head;
using h2ws::read_response_head;
using h2ws::request_kind;

namespace {

using section = std::vector<field>;

const section extended{{":method", "CONNECT"},
                       {":protocol", "websocket"},
                       {":scheme", "https"},
                       {":path", "/chat"},
                       {":authority", "a.example"}};

// The extended CONNECT with one line replaced or, when the value is "-", left out.
section with(const field& line) {
    section fields;
    for (const field& own : extended) {
        if (own.name != line.name) fields.push_back(own);
        if (own.name == line.name && line.value != "-") fields.push_back(line);
    }
    return fields;
}

section also(section fields, const section& more) {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

errc request_error(const section& fields) { return read_request_head(fields).error(); }
errc response_error(const section& fields, bool end_stream = false) {
    return read_response_head(fields, end_stream).error();
}

constexpr field get[] = {
    {":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "a.example"}};
static_assert(read_request_head(get)->kind == request_kind::ordinary);

} // namespace

TEST_CASE("a request is recognised by method and :protocol together",
          "[rfc8441-4][R14][R16][rfc9113-8.5][R82]") {
    const auto tunnel = read_request_head(extended);
    REQUIRE(tunnel);
    CHECK(tunnel->kind == request_kind::extended_connect);
    CHECK(tunnel->method == "CONNECT");
    CHECK(tunnel->protocol == "websocket");
    CHECK(tunnel->scheme == "https");
    CHECK(tunnel->path == "/chat");
    CHECK(tunnel->authority == "a.example");
    CHECK(tunnel->fields.empty());

    const section plain{{":method", "CONNECT"}, {":authority", "a:443"}, {"x", "y"}};
    const auto proxy = read_request_head(plain);
    REQUIRE(proxy);
    CHECK(proxy->kind == request_kind::connect);
    CHECK(proxy->authority == "a:443");
    REQUIRE(proxy->fields.size() == 1);
    CHECK(proxy->fields[0] == field{"x", "y"});

    const section post{
        {":path", "/x"}, {":scheme", "http"}, {":method", "POST"}, {"host", "a.example"}};
    const auto ordinary = read_request_head(post);
    REQUIRE(ordinary);
    CHECK(ordinary->kind == request_kind::ordinary);
    CHECK(ordinary->method == "POST");
    CHECK(read_request_head(with({":protocol", "connect-udp"}))->kind ==
          request_kind::extended_connect);
}

TEST_CASE("pseudo-header fields may come in any order", "[rfc9113-8.3][R70]") {
    const section backwards{extended.rbegin(), extended.rend()};
    CHECK(request_error(backwards) == errc::none);
}

TEST_CASE(
    "an extended CONNECT needs each of its pseudo-header fields once and valid",
    "[rfc8441-4][R11][R12][R13][R15][rfc8441-5][R24][rfc9113-8.3.1][R72][R77][R78][R79][R80]") {
    struct row {
        field line;
        errc error;
    };
    const row rows[] = {
        {{":protocol", ""}, errc::protocol_invalid},
        {{":protocol", "a b"}, errc::protocol_invalid},
        {{":protocol", "websocket, h2c"}, errc::protocol_invalid},
        {{":scheme", "-"}, errc::scheme_invalid},
        {{":scheme", ""}, errc::scheme_invalid},
        {{":scheme", "1"}, errc::scheme_invalid},
        {{":scheme", "wss"}, errc::none}, // no rule of this layer
        {{":path", "-"}, errc::path_invalid},
        {{":path", ""}, errc::path_invalid},
        {{":path", "*"}, errc::path_invalid},
        {{":path", "chat"}, errc::path_invalid},
        {{":path", "/a#b"}, errc::path_invalid},
        {{":path", "/\xc3\xa9"}, errc::path_invalid},
        {{":path", "/a?b=c"}, errc::none},
        {{":authority", "-"}, errc::authority_missing},
        {{":authority", ""}, errc::authority_missing},
        {{":authority", "user@a"}, errc::authority_invalid},
        {{":authority", "a:b"}, errc::authority_invalid},
        {{":authority", "[::1]:8080"}, errc::none},
        {{":method", "-"}, errc::method_missing},
        {{":method", ""}, errc::method_missing},
        {{":method", "connect"}, errc::protocol_without_connect}, // methods have case
    };
    for (const row& row : rows) {
        CAPTURE(row.line.name, row.line.value);
        CHECK(request_error(with(row.line)) == row.error);
    }
}

TEST_CASE(":protocol without CONNECT is malformed", "[rfc8441-4][R14]") {
    for (const char* method : {"GET", "POST", "OPTIONS", "HEAD"}) {
        CHECK(request_error(with({":method", method})) == errc::protocol_without_connect);
        section first{{":protocol", "websocket"},
                      {":method", method},
                      {":scheme", "https"},
                      {":path", "/"},
                      {":authority", "a"}};
        CHECK(request_error(first) == errc::protocol_without_connect);
    }
}

TEST_CASE("a server that did not enable extended CONNECT rejects :protocol", "[rfc8441-3][R9]") {
    CHECK(read_request_head(extended, {.connect_enabled = false}).error() ==
          errc::protocol_not_enabled);
    CHECK(read_request_head(get, {.connect_enabled = false}));
    CHECK(h2ws::info(errc::protocol_not_enabled).stream_error == h2ws::http2_error::protocol_error);
}

TEST_CASE("undefined, repeated and misplaced pseudo-header fields are malformed",
          "[rfc9113-8.3][R67][R68][R69][R70][R71][rfc8441-4][R11]") {
    for (const char* name : {":status", ":foo", ":host", ":protocols"})
        CHECK(request_error(also(extended, {{name, "200"}})) == errc::pseudo_field_undefined);
    for (const field& line : extended) {
        CHECK(request_error(also(extended, {line})) == errc::pseudo_field_repeated);
        section late = with({line.name, "-"});
        late.push_back({"x", "y"});
        late.push_back(line);
        CHECK(request_error(late) == errc::pseudo_field_misplaced);
    }
}

TEST_CASE(
    "a request with an invalid field is malformed",
    "[rfc9113-8.1.1][R52][rfc9113-8.2.1][R57][R60][rfc9113-8.2.2][R63][R64][rfc8441-5][R23]") {
    struct row {
        field line;
        errc error;
    };
    const row rows[] = {{{"X", "y"}, errc::field_name_invalid},
                        {{"", "y"}, errc::field_name_invalid},
                        {{"x", "a\nb"}, errc::field_value_invalid},
                        {{"x", " a"}, errc::field_value_invalid},
                        {{"connection", "upgrade"}, errc::connection_specific_field},
                        {{"upgrade", "websocket"}, errc::connection_specific_field},
                        {{"te", "gzip"}, errc::te_invalid}};
    for (const row& row : rows) {
        CHECK(request_error(also(extended, {row.line})) == row.error);
        CHECK(h2ws::info(row.error).stream_error == h2ws::http2_error::protocol_error);
    }
}

TEST_CASE("host names the entity of :authority or the request is malformed",
          "[rfc9113-8.3.1][R73][R75][R76][S8]") {
    for (const char* host : {"a.example", "A.Example", "a.example:443"}) {
        const section fields = also(extended, {{"host", host}});
        const auto head = read_request_head(fields);
        REQUIRE(head);
        CHECK(head->authority == "a.example");
    }
    for (const char* host : {"b.example", "a.example:80", "", "u@a.example"})
        CHECK(request_error(also(extended, {{"host", host}})) == errc::host_mismatch);
    for (const char* second : {"b", "a.example"}) // RFC 9112 §3.2: also the same once more
        CHECK(request_error(also(extended, {{"host", "a.example"}, {"host", second}})) ==
              errc::host_mismatch);
    // host does not stand in for :authority
    CHECK(request_error(also(with({":authority", "-"}), {{"host", "a.example"}})) ==
          errc::authority_missing);
}

TEST_CASE("a CONNECT without :protocol has an authority and nothing else", "[rfc9113-8.5][R82]") {
    const field method{":method", "CONNECT"}, authority{":authority", "a:443"};
    CHECK(request_error({method, authority}) == errc::none);
    CHECK(request_error({method, authority, {":scheme", "https"}}) ==
          errc::connect_with_scheme_or_path);
    CHECK(request_error({method, authority, {":path", "/"}}) == errc::connect_with_scheme_or_path);
    CHECK(request_error({method}) == errc::authority_missing);
    CHECK(request_error({method, {":authority", "a"}}) == errc::authority_invalid);
    CHECK(request_error({method, {":authority", "u@a:1"}}) == errc::authority_invalid);
}

TEST_CASE("an ordinary request has a method, a scheme and a path",
          "[rfc9113-8.3.1][R72][R77][R78][R79][R80]") {
    const field method{":method", "GET"}, scheme{":scheme", "https"}, path{":path", "/"};
    const field authority{":authority", "a"};
    CHECK(request_error({method, scheme, path, authority}) == errc::none);
    CHECK(request_error({method, scheme, path, authority, {"host", "a"}}) == errc::none);
    CHECK(request_error({method, scheme, path, {"host", "a"}}) == errc::none);
    // RFC 9110 §7.2: host says what :authority does not
    CHECK(request_error({method, scheme, path}) == errc::authority_missing);
    CHECK(request_error({method, scheme, path, {"host", ""}}) == errc::authority_invalid);
    CHECK(request_error({method, scheme, path, {"host", "u@a"}}) == errc::authority_invalid);
    CHECK(request_error({method, scheme, path, {"host", "a"}, {"host", "a"}}) ==
          errc::host_mismatch);
    CHECK(request_error({}) == errc::method_missing);
    CHECK(request_error({scheme, path}) == errc::method_missing);
    CHECK(request_error({{":method", "G T"}, scheme, path}) == errc::method_missing);
    CHECK(request_error({method, path}) == errc::scheme_invalid);
    CHECK(request_error({method, scheme}) == errc::path_invalid);
    CHECK(request_error({method, scheme, {":path", "*"}}) == errc::path_invalid);
    CHECK(request_error({{":method", "OPTIONS"}, scheme, {":path", "*"}, authority}) == errc::none);
    CHECK(request_error({{":method", "OPTIONS"}, scheme, {":path", "*"}}) ==
          errc::authority_missing);
    CHECK(request_error({method, scheme, path, {":authority", ""}}) == errc::authority_invalid);
    CHECK(request_error({method, scheme, path, {":authority", "u@a"}}) == errc::authority_invalid);
    CHECK(request_error({method, {":scheme", "coap"}, {":path", "x"}}) == errc::none);
    CHECK(request_error({method, {":scheme", "coap"}, {":path", "a b"}}) == errc::path_invalid);
}

TEST_CASE("a field section larger than the limit is refused with 431", "[rfc9113-10.5.1][R124]") {
    CHECK(h2ws::info(errc::too_many_fields).http_status == 431);
    section fields = extended;
    while (fields.size() < h2ws::field_limits{}.fields) fields.push_back({"x", "y"});
    CHECK(request_error(fields) == errc::none);
    fields.push_back({"x", "y"});
    CHECK(request_error(fields) == errc::too_many_fields);

    std::size_t size = 0;
    for (const field& line : extended) size += line.name.size() + line.value.size() + 32;
    CHECK(read_request_head(extended, {.limits = {.bytes = size}}));
    CHECK(read_request_head(extended, {.limits = {.bytes = size - 1}}).error() ==
          errc::too_many_fields);
    CHECK(read_request_head(extended, {.limits = {.bytes = 0}}).error() == errc::too_many_fields);
}

TEST_CASE("a response has one status of three digits", "[rfc9113-8.3.2][R81][rfc9113-8.1.1][R54]") {
    for (const std::string status :
         {"100", "103", "199", "200", "204", "299", "300", "404", "599"}) {
        const section fields{{":status", status}, {"x", "y"}};
        const auto head = read_response_head(fields, false);
        REQUIRE(head);
        CHECK(std::to_string(head->status) == status);
        CHECK(head->is_interim() == (status[0] == '1'));
        CHECK(head->is_success() == (status[0] == '2'));
        REQUIRE(head->fields.size() == 1);
        CHECK(head->fields[0] == field{"x", "y"});
    }
    for (const char* status : {"", "2", "20", "2000", "2OO", "+20", "099", "000", "-20", "20 0"})
        CHECK(response_error({{":status", status}}) == errc::status_invalid);
    CHECK(response_error({}) == errc::status_invalid);
    CHECK(response_error({{"x", "y"}}) == errc::status_invalid);
}

TEST_CASE("a response has no other pseudo-header field than :status",
          "[rfc9113-8.3][R68][R69][R70][R71][rfc8441-4][R10]") {
    const field status{":status", "200"};
    for (const char* name : {":protocol", ":method", ":path", ":foo"}) {
        CHECK(response_error({status, {name, "websocket"}}) == errc::pseudo_field_undefined);
        CHECK(response_error({{name, "websocket"}}) == errc::pseudo_field_undefined);
    }
    CHECK(response_error({status, status}) == errc::pseudo_field_repeated);
    CHECK(response_error({{"x", "y"}, status}) == errc::pseudo_field_misplaced);
    CHECK(response_error({status, {"upgrade", "websocket"}}) == errc::connection_specific_field);
    CHECK(response_error({status, {"X", "y"}}) == errc::field_name_invalid);
    CHECK(read_response_head(section{status}, false, {.fields = 0}).error() ==
          errc::too_many_fields);
}

TEST_CASE("101 is malformed", "[rfc9113-8.6][R48]") {
    CHECK(response_error({{":status", "101"}}) == errc::status_101);
    CHECK(response_error({{":status", "101"}}, true) == errc::status_101);
}

TEST_CASE("an interim response does not end the stream", "[rfc9113-8.1][R46][R47]") {
    for (const char* status : {"100", "103", "199"}) {
        CHECK(response_error({{":status", status}}) == errc::none);
        CHECK(response_error({{":status", status}}, true) == errc::interim_with_end_stream);
    }
    CHECK(response_error({{":status", "200"}}, true) == errc::none);
}

TEST_CASE("trailers have no pseudo-header field", "[rfc9113-8.1][R50][rfc8441-4][R10]") {
    CHECK(check_trailers(section{{"grpc-status", "0"}}) == errc::none);
    CHECK(check_trailers(section{}) == errc::none);
    for (const char* name : {":protocol", ":status", ":foo"})
        CHECK(check_trailers(section{{name, "200"}}) == errc::pseudo_field_undefined);
    CHECK(check_trailers(section{{"x", "y"}, {":path", "/"}}) == errc::pseudo_field_misplaced);
    CHECK(check_trailers(section{{"X", "y"}}) == errc::field_name_invalid);
    CHECK(check_trailers(section{{"x", "y"}}, {.bytes = 33}) == errc::too_many_fields);
}
