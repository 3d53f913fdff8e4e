#include "catch.hpp"

#include <h2ws/opening_handshake.hpp>

#include <initializer_list>
#include <string>
#include <vector>

using h2ws::accept;
using h2ws::acceptance;
using h2ws::check_opening_handshake;
using h2ws::connect_request;
using h2ws::errc;
using h2ws::field;
using h2ws::field_list;
using h2ws::read_response;
using h2ws::refuse;
using h2ws::response_kind;

namespace {

using statuses = std::initializer_list<std::uint16_t>;
using section = std::vector<field>;

constexpr field version{"sec-websocket-version", "13"};

section sent(const field_list& list) { return {list.fields().begin(), list.fields().end()}; }

errc check(const section& fields, bool end_stream = false, std::string_view scheme = "https") {
    return check_opening_handshake({.scheme = scheme, .authority = "a", .fields = fields},
                                   end_stream);
}

// A client's request, and a server's view of the same.
const connect_request asked{
    .authority = "a", .subprotocols = "chat, superchat", .extensions = "deflate; x=1, mux"};
const section offered_fields{version,
                             {"sec-websocket-protocol", "chat, superchat"},
                             {"sec-websocket-extensions", "deflate; x=1"},
                             {"sec-websocket-extensions", "mux"}};
const connect_request offered{.authority = "a", .fields = offered_fields};

errc response_error(const section& fields, bool end_stream = false) {
    return read_response(fields, end_stream, asked).error();
}

section ok(const section& fields) {
    section all{{":status", "200"}};
    all.insert(all.end(), fields.begin(), fields.end());
    return all;
}

} // namespace

TEST_CASE("a server takes a complete opening handshake",
          "[rfc6455-4.2.1][R142][R143][rfc8441-5][R27]") {
    CHECK(check({version}) == errc::none);
    CHECK(check({version}, false, "http") == errc::none);
    CHECK(check_opening_handshake(offered, false) == errc::none);
}

TEST_CASE("a server needs no key and ignores one", "[rfc8441-5][R25][R26][S14]") {
    const section fields{version, {"sec-websocket-key", "not even base64"}};
    CHECK(check(fields) == errc::none);
    CHECK(sent(accept({}, {.fields = fields})) == section{{":status", "200"}});
}

TEST_CASE("a server matches websocket without case unless it is told to be strict",
          "[rfc8441-5][R19][rfc9110-7.8][R45][S3]") {
    const section fields{version};
    for (const char* protocol : {"websocket", "WebSocket", "WEBSOCKET"}) {
        const connect_request request{.protocol = protocol, .authority = "a", .fields = fields};
        CHECK(check_opening_handshake(request, false) == errc::none);
        const bool exact = request.protocol == "websocket";
        CHECK(check_opening_handshake(request, false, {.strict_protocol_case = true}) ==
              (exact ? errc::none : errc::protocol_not_supported));
    }
}

TEST_CASE("a server answers 501 to another protocol", "[rfc8441-5][R21][rfc9220-3][R36][R37][S2]") {
    for (const char* protocol : {"connect-udp", "h2c", "websockets", "websocket-1"}) {
        const connect_request request{.protocol = protocol, .authority = "a"};
        CHECK(check_opening_handshake(request, false) == errc::protocol_not_supported);
    }
    CHECK(sent(refuse(errc::protocol_not_supported)) == section{{":status", "501"}});
}

TEST_CASE("a server refuses a request with content or without a stream",
          "[rfc9110-9.3.6][R43][rfc8441-5][R30][S9][S10]") {
    for (const char* length : {"0", "5", "x"})
        CHECK(check({version, {"content-length", length}}) == errc::content_length_on_connect);
    CHECK(check({version}, true) == errc::end_stream_on_connect);
    for (const errc error : {errc::content_length_on_connect, errc::end_stream_on_connect})
        CHECK(sent(refuse(error)) == section{{":status", "400"}});
}

TEST_CASE("a WebSocket's scheme is http or https", "[rfc8441-5][R20]") {
    CHECK(check({version}, false, "HTTPS") == errc::none);
    for (const char* scheme : {"ws", "wss", "ftp"})
        CHECK(check({version}, false, scheme) == errc::websocket_scheme_invalid);
}

TEST_CASE("a server takes version 13, once", "[rfc6455-4.2.1][R143][rfc6455-4.3][R152][S12]") {
    const auto with = [](const char* value) { return field{"sec-websocket-version", value}; };
    CHECK(check({}) == errc::websocket_version_invalid);
    for (const char* value :
         {"", "8", "013", "+13", "13, 8", "8, 13", "13,", "13 13", "130", "256"})
        CHECK(check({with(value)}) == errc::websocket_version_invalid);
    CHECK(check({version, version}) == errc::websocket_version_invalid);
    CHECK(check({with("8"), version}) == errc::websocket_version_invalid);
}

TEST_CASE("a server says which version it takes when it refuses one",
          "[rfc6455-4.2.2][R144][rfc6455-4.4][R153][S12]") {
    CHECK(sent(refuse(errc::websocket_version_invalid)) ==
          section{{":status", "400"}, {"sec-websocket-version", "13"}});
    CHECK(sent(refuse(errc::subprotocol_list_invalid)) == section{{":status", "400"}});
}

TEST_CASE("a server refuses lists that do not match their grammar",
          "[rfc6455-4.2.1][R142][rfc6455-9.1][R155]") {
    for (const char* list : {"", ",", "a b", "a, a"})
        CHECK(check({version, {"sec-websocket-protocol", list}}) == errc::subprotocol_list_invalid);
    for (const char* list : {"", "a;", "a b", "a; b=\"c d\""})
        CHECK(check({version, {"sec-websocket-extensions", list}}) == errc::extension_list_invalid);
}

TEST_CASE("the faults of a request are found in a fixed order", "[rfc6455-4.2.1][R142]") {
    section fields{{"sec-websocket-extensions", ";"},
                   {"sec-websocket-protocol", ";"},
                   {"content-length", "1"}};
    const auto next = [&](const char* protocol, const char* scheme, bool end_stream) {
        return check_opening_handshake(
            {.protocol = protocol, .scheme = scheme, .authority = "a", .fields = fields},
            end_stream);
    };
    CHECK(next("x", "ws", true) == errc::protocol_not_supported);
    CHECK(next("websocket", "ws", true) == errc::content_length_on_connect);
    fields.pop_back();
    CHECK(next("websocket", "ws", true) == errc::end_stream_on_connect);
    CHECK(next("websocket", "ws", false) == errc::websocket_scheme_invalid);
    CHECK(next("websocket", "http", false) == errc::websocket_version_invalid);
    fields.push_back(version);
    CHECK(next("websocket", "http", false) == errc::subprotocol_list_invalid);
    fields[1].value = "a";
    CHECK(next("websocket", "http", false) == errc::extension_list_invalid);
    fields[0].value = "a";
    CHECK(next("websocket", "http", false) == errc::none);
}

TEST_CASE("a server accepts with 200 and nothing that is empty",
          "[rfc8441-5.1][R32][rfc9113-8.5][R83][rfc6455-4.2.2][R148][rfc8441-5][R26][S4]") {
    CHECK(sent(accept({}, offered)) == section{{":status", "200"}});
    const field own[] = {{"server", "h2ws"}};
    CHECK(sent(accept({.subprotocol = "chat",
                       .extensions = "deflate; y, mux",
                       .sec_websocket_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                       .fields = own,
                       .status = 204},
                      offered)) == section{{":status", "204"},
                                           {"sec-websocket-protocol", "chat"},
                                           {"sec-websocket-extensions", "deflate; y, mux"},
                                           {"sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
                                           {"server", "h2ws"}});
}

TEST_CASE("a server accepts with a 2xx only", "[rfc9113-8.5][R83][rfc8441-5.1][R32]") {
    for (const std::uint16_t status : statuses{0, 100, 101, 199, 300, 404, 1000})
        CHECK(accept({.status = status}, offered).error() == errc::invalid_argument);
    for (const std::uint16_t status : statuses{200, 201, 299})
        CHECK(accept({.status = status}, offered).error() == errc::none);
}

TEST_CASE("a server chooses only what was offered",
          "[rfc6455-4.2.2][R148][R149][rfc6455-9][R157]") {
    for (const char* subprotocol : {"Chat", "other", "chat, superchat", "chat,"})
        CHECK(accept({.subprotocol = subprotocol}, offered).error() ==
              errc::subprotocol_not_offered);
    CHECK(accept({.subprotocol = "chat"}, connect_request{}).error() ==
          errc::subprotocol_not_offered);
    for (const char* extensions : {"other", "deflate, other", "Mux"})
        CHECK(accept({.extensions = extensions}, offered).error() == errc::extension_not_offered);
    CHECK(accept({.extensions = "mux"}, connect_request{}).error() == errc::extension_not_offered);
    CHECK(accept({.extensions = "mux;"}, offered).error() == errc::extension_list_invalid);
    CHECK(accept({.subprotocol = "other"}, offered).fields().empty());
}

TEST_CASE("a server's acceptance has no content-length and no connection field",
          "[rfc9110-9.3.6][R41][rfc9113-8.2.2][R63][rfc9113-8.3][R67][R68]") {
    const field wrong[] = {{"content-length", "0"},
                           {"transfer-encoding", "chunked"},
                           {"upgrade", "websocket"},
                           {":status", "200"},
                           {":protocol", "websocket"},
                           {"sec-websocket-accept", "x"},
                           {"sec-websocket-protocol", "chat"},
                           {"Server", "x"},
                           {"x", "a\r\nb"}};
    for (const field& line : wrong) {
        CAPTURE(line.name);
        CHECK(accept({.fields = {&line, 1}}, offered).error() == errc::invalid_argument);
    }
    CHECK(accept({.sec_websocket_accept = "a\nb"}, offered).error() == errc::invalid_argument);
}

TEST_CASE("a server refuses with any other final status", "[rfc6455-4.2.2][R145][R146][R147]") {
    const field own[] = {{"www-authenticate", "Basic"}, {"content-length", "0"}};
    CHECK(sent(refuse(401, own)) ==
          section{{":status", "401"}, {"www-authenticate", "Basic"}, {"content-length", "0"}});
    for (const std::uint16_t status : statuses{300, 302, 403, 404, 503, 599})
        CHECK(refuse(status).error() == errc::none);
    for (const std::uint16_t status : statuses{0, 100, 101, 199, 200, 204, 299, 600, 1000})
        CHECK(refuse(status).error() == errc::invalid_argument);
    const field wrong{"connection", "close"};
    CHECK(refuse(403, {&wrong, 1}).error() == errc::invalid_argument);
}

TEST_CASE("an error says with which status a request is refused",
          "[rfc9113-8.1.1][R53][rfc9113-8.2.1][R62][rfc9113-10.5.1][R124][S5]") {
    CHECK(sent(refuse(errc::too_many_fields)) == section{{":status", "431"}});
    CHECK(sent(refuse(errc::too_many_tunnels)) == section{{":status", "503"}});
    CHECK(sent(refuse(errc::field_value_invalid)) == section{{":status", "400"}});
    CHECK(refuse(errc::none).error() == errc::invalid_argument);
    CHECK(refuse(errc::connection_lost).error() == errc::invalid_argument);
}

TEST_CASE("any 2xx opens the tunnel and any other final status refuses it",
          "[rfc9110-9.3.6][R40][rfc6455-4.1][R136][rfc9113-8.1][R46][rfc8441-5.1][R32][S4]") {
    struct row {
        const char* status;
        response_kind kind;
    };
    const row rows[] = {
        {"100", response_kind::interim},  {"103", response_kind::interim},
        {"199", response_kind::interim},  {"200", response_kind::accepted},
        {"204", response_kind::accepted}, {"299", response_kind::accepted},
        {"300", response_kind::refused},  {"302", response_kind::refused},
        {"401", response_kind::refused},  {"501", response_kind::refused},
        {"999", response_kind::refused},
    };
    for (const row& row : rows) {
        const section fields{{":status", row.status}, {"location", "/x"}};
        const auto response = read_response(fields, false, asked);
        REQUIRE(response);
        CHECK(response->kind == row.kind);
        CHECK(std::to_string(response->status) == row.status);
        CHECK(response->fields.size() == 1);
    }
    CHECK(read_response(section{{":status", "404"}}, true, asked)->kind == response_kind::refused);
}

TEST_CASE("a client takes no malformed answer",
          "[rfc9113-8.1.1][R54][rfc9113-8.1][R47][rfc9113-8.6][R48]") {
    CHECK(response_error({{":status", "101"}}) == errc::status_101);
    CHECK(response_error({{":status", "103"}}, true) == errc::interim_with_end_stream);
    CHECK(response_error({}) == errc::status_invalid);
    CHECK(response_error(ok({{"upgrade", "websocket"}})) == errc::connection_specific_field);
    CHECK(response_error(ok({{"transfer-encoding", "chunked"}})) ==
          errc::connection_specific_field);
    CHECK(read_response(ok({}), false, asked, {.limits = {.fields = 0}}).error() ==
          errc::too_many_fields);
}

TEST_CASE("an answer that opens the tunnel does not end the stream", "[rfc8441-5][R29][R30]") {
    CHECK(response_error(ok({}), true) == errc::end_stream_on_response);
}

TEST_CASE("a client ignores content-length in a 2xx", "[rfc9110-9.3.6][R42]") {
    for (const char* length : {"0", "5", "x"})
        CHECK(response_error(ok({{"content-length", length}})) == errc::none);
}

TEST_CASE("a client neither requires nor checks sec-websocket-accept", "[rfc8441-5][R25][S14]") {
    CHECK(response_error(ok({})) == errc::none);
    CHECK(response_error(ok({{"sec-websocket-accept", "nonsense"}})) == errc::none);
}

TEST_CASE("a client takes a subprotocol that it offered", "[rfc6455-4.1][R138][R139][R141]") {
    const char* const name = "sec-websocket-protocol";
    const section chosen = ok({{name, "superchat"}});
    CHECK(read_response(chosen, false, asked)->subprotocol == "superchat");
    CHECK(read_response(ok({}), false, asked)->subprotocol.empty());
    for (const char* value : {"", "other", "Chat", "chat, superchat", "chat,", "\"chat\""})
        CHECK(response_error(ok({{name, value}})) == errc::subprotocol_not_offered);
    CHECK(response_error(ok({{name, "chat"}, {name, "chat"}})) == errc::subprotocol_not_offered);
    CHECK(read_response(chosen, false, {.authority = "a"}).error() ==
          errc::subprotocol_not_offered);
}

TEST_CASE("a client takes an answer without subprotocol unless it requires one",
          "[rfc6455-4.1][R140][S13]") {
    CHECK(response_error(ok({})) == errc::none);
    CHECK(read_response(ok({}), false, asked, {.require_subprotocol = true}).error() ==
          errc::subprotocol_missing);
    CHECK(read_response(ok({}), false, {.authority = "a"}, {.require_subprotocol = true}));
}

TEST_CASE("a client takes extensions that it offered",
          "[rfc6455-4.1][R137][R141][rfc6455-9.1][R155][R156]") {
    const char* const name = "sec-websocket-extensions";
    const section chosen = ok({{name, "mux"}, {name, "deflate; y=2"}});
    const auto response = read_response(chosen, false, asked);
    REQUIRE(response);
    auto reader = response->extensions();
    CHECK((**reader.next()).name == "mux"); // in the server's order
    CHECK((**reader.next()).name == "deflate");
    CHECK_FALSE(*reader.next());
    for (const char* value : {"other", "mux, other", "Mux"})
        CHECK(response_error(ok({{name, value}})) == errc::extension_not_offered);
    for (const char* value : {"", "mux;", "mux; a=\"b c\"", "mux x"})
        CHECK(response_error(ok({{name, value}})) == errc::extension_list_invalid);
    CHECK(read_response(chosen, false, {.authority = "a"}).error() == errc::extension_not_offered);
}

TEST_CASE("an answer to another protocol is not held to WebSocket rules", "[rfc8441-4][R17]") {
    const section fields = ok({{"sec-websocket-protocol", "x"}});
    const auto response =
        read_response(fields, false, {.protocol = "connect-udp", .authority = "a"});
    REQUIRE(response);
    CHECK(response->kind == response_kind::accepted);
}

TEST_CASE("client and server agree on the example of the RFC",
          "[rfc8441-5.1][R32][rfc8441-5][R29]") {
    const field origin[] = {{"origin", "http://www.example.com"}};
    const connect_request wanted{.authority = "server.example.com",
                                 .path = "/chat",
                                 .subprotocols = "chat, superchat",
                                 .extensions = "permessage-deflate",
                                 .fields = origin};
    const field_list question = h2ws::request(wanted);
    const auto seen = h2ws::read_request(question);
    REQUIRE(seen);
    REQUIRE(check_opening_handshake(*seen, false) == errc::none);
    const field_list answer = accept({.subprotocol = "chat"}, *seen);
    CHECK(sent(answer) == section{{":status", "200"}, {"sec-websocket-protocol", "chat"}});
    const auto response = read_response(answer, false, wanted);
    REQUIRE(response);
    CHECK(response->kind == response_kind::accepted);
    CHECK(response->subprotocol == "chat");
}
