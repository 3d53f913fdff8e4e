// What a session makes of every fault, whoever speaks HTTP/2: a stream error leaves the other
// streams working, a connection error ends each tunnel once. To be included after
// session_suite.hpp.
#pragma once

#include "session_suite.hpp"

#include <functional>

namespace rule_suite {

// Whether a model speaks HTTP/2 in frames of its own making, and not the in-memory records.
template <class Model>
inline constexpr bool speaks_http2 = requires {
    Model::frame(0, 0, 0, "");
};

// Three tunnels on one connection, whose peer is made by hand. The faults happen on the second.
template <class Model, bool IsClient>
struct three_tunnels {
    using session = std::conditional_t<IsClient, typename Model::client, typename Model::server>;

    explicit three_tunnels(session_options options = {}) : us(options) {
        us.hears(IsClient ? Model::server_preface(true) : Model::client_preface());
        us.side.echoes = true;
        for (std::uint32_t stream = 1; stream < 7; stream += 2) open(stream);
    }

    void open(std::uint32_t stream) {
        if constexpr (IsClient) {
            names.push_back(ask());
            us.hears(Model::headers(stream, std::vector<field>{{":status", "200"}}, false));
        } else {
            us.hears(Model::headers(stream, websocket_request(), false));
            names.push_back(us.side.last);
        }
        REQUIRE(us.side.at(names.back()).opened);
    }

    tunnel_id ask(const connect_request& wanted = {.authority = "a.test"}) requires IsClient {
        const auto made = us.side.session.open(wanted, us.now);
        REQUIRE(made);
        us.side.at(*made);
        us.hears({});
        return *made;
    }

    // A frame as the peer has to send it, and as we have.
    octets theirs(unsigned first_octet, std::string_view payload) const {
        return IsClient ? transcript::from_server(first_octet, payload)
                        : transcript::from_client(first_octet, payload);
    }
    octets ours(unsigned first_octet, std::string_view payload) const {
        return IsClient ? transcript::from_client(first_octet, payload)
                        : transcript::from_server(first_octet, payload);
    }

    void second_hears(const octets& bytes, bool end = false) {
        us.hears(Model::data(3, bytes, end));
    }

    void passes(duration span) {
        us.now += span;
        us.side.expire();
        us.hears({});
    }

    lines frames() const { return Model::frames(us.side.written, IsClient); }
    std::size_t said(const octets& bytes) const {
        std::size_t count = 0;
        for (std::size_t at = 0; (at = us.side.written.find(bytes, at)) != octets::npos; ++at)
            ++count;
        return count;
    }

    // The first and the third tunnel are as if nothing had happened.
    void check_others() {
        CHECK_FALSE(us.side.ended);
        ++round_;
        for (const std::uint32_t stream : {1U, 5U}) {
            const std::string text = "echo " + std::to_string(round_ * 10 + stream);
            us.hears(Model::data(stream, theirs(0x81, text), false));
            CHECK(said(ours(0x81, text)) == 1);
            CHECK(us.side.tunnels.at(names[stream / 2].value).closed == 0);
        }
    }

    // The second has been told of this once. The code is the one that arrived; of a reset of ours
    // it may be told or not.
    void check_closed(errc error, std::string_view code = {}) {
        const std::string line = "closed " + std::string(info(error).name);
        const lines told = us.side.of(2);
        CAPTURE(told);
        CHECK(std::count_if(told.begin(), told.end(), [&](const std::string& one) {
                  return code.empty() ? one == line || one.starts_with(line + ' ')
                                      : one == line + ' ' + std::string(code);
              }) == 1);
        CHECK(us.side.tunnels.at(names[1].value).closed == 1);
    }

    alone<session> us;
    std::vector<tunnel_id> names;

private:
    std::size_t round_ = 0; // of checks, so that no echo is taken for another
};

// Frames that break a rule of RFC 6455, and what is found wrong with them.
struct fault {
    errc error;
    std::function<octets(bool from_server)> frame;
};

inline octets frame_of(bool from_server, unsigned first_octet, std::string_view payload) {
    return from_server ? transcript::from_server(first_octet, payload)
                       : transcript::from_client(first_octet, payload);
}

inline std::vector<fault> faults() {
    const auto plain = [](errc error, unsigned first_octet, std::string payload) {
        return fault{error,
                     [=](bool from_server) { return frame_of(from_server, first_octet, payload); }};
    };
    // A header alone; four octets of a key follow where they have to.
    const auto header = [](errc error, std::string octets_of_it) {
        return fault{error, [=](bool from_server) {
                         octets out = octets_of_it;
                         if (from_server) return out;
                         out[1] = static_cast<char>(out[1] | '\x80');
                         return out + "keys";
                     }};
    };
    return {
        {errc::unmasked_frame, [](bool from_server) { return frame_of(!from_server, 0x81, "x"); }},
        plain(errc::reserved_bit, 0xc1, "x"),
        plain(errc::reserved_opcode, 0x83, "x"),
        header(errc::length_high_bit, octets("\x82\x7f\x80\0\0\0\0\0\0\0", 10)),
        header(errc::length_not_minimal, octets("\x82\x7e\0\x7d", 4)),
        plain(errc::control_frame_fragmented, 0x09, "x"),
        plain(errc::control_frame_too_long, 0x89, std::string(126, 'x')),
        plain(errc::unexpected_continuation, 0x80, "x"),
        {errc::unfinished_message,
         [](bool from_server) {
             return frame_of(from_server, 0x01, "x") + frame_of(from_server, 0x81, "x");
         }},
        plain(errc::text_not_utf8, 0x81, "\xff"),
        plain(errc::close_payload_too_short, 0x88, "x"),
        plain(errc::close_code_invalid, 0x88, "\x03\xee"),
        plain(errc::close_reason_not_utf8, 0x88, "\x03\xe8\xff"),
        plain(errc::message_too_big, 0x82, std::string(101, 'x')),
        {errc::too_many_fragments,
         [](bool from_server) {
             octets out = frame_of(from_server, 0x01, "x");
             for (int i = 0; i < 4; ++i) out += frame_of(from_server, 0x00, "");
             return out;
         }},
    };
}

template <class Model, bool IsClient>
void check_fault(const fault& broken) {
    three_tunnels<Model, IsClient> three({.messages = {.max_message = 100, .max_fragments = 4}});
    const errc error =
        IsClient && broken.error == errc::unmasked_frame ? errc::masked_frame : broken.error;
    const error_info& row = info(error);
    CAPTURE(row.name, IsClient);
    three.second_hears(broken.frame(IsClient));
    three.check_closed(error);
    const octets close =
        three.ours(0x88, transcript::close_body(static_cast<unsigned>(row.close), row.sentence));
    CHECK(three.said(close) == 1);
    three.check_others();
    three.second_hears(three.theirs(0x88, "\x03\xe8"), true); // what follows changes nothing
    three.passes(seconds(5));
    CHECK(three.said(close) == 1);
    three.check_closed(error);
    CHECK(three.us.side.of(2).back() == "released");
    three.check_others();
}

// One request beside three tunnels; what the session says of it, and what it sends on stream 7.
template <class Model>
void check_request(const std::vector<field>& fields, bool end, errc error, const lines& sent,
                   session_options options = {}) {
    three_tunnels<Model, false> three(options);
    CAPTURE(info(error).name);
    three.us.hears(Model::headers(7, fields, end));
    CHECK(three.us.side.count("rejected " + std::string(info(error).name)) == 1);
    lines on_seven;
    for (const std::string& line : three.frames())
        if (line.starts_with("7 ")) on_seven.push_back(line);
    CHECK(on_seven == sent);
    if constexpr (!speaks_http2<Model>) // where fields are not compressed
        CHECK(three.said(":status" + std::to_string(info(error).http_status)) == 1);
    three.check_others();
    if (end) return;
    three.us.hears(Model::data(7, "what follows is for nobody", true));
    three.check_others();
}

} // namespace rule_suite

using namespace rule_suite;

// ---- stream errors ------------------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a frame that breaks a rule closes its tunnel and no other",
                        "[rules][rfc6455-7.1.7][R206][R207][rfc9113-5.4.2]", models) {
    for (const fault& broken : faults()) {
        check_fault<TestType, false>(broken);
        check_fault<TestType, true>(broken);
    }
}

TEMPLATE_LIST_TEST_CASE("an ending without a Close closes its tunnel and no other",
                        "[rules][rfc9113-8.5][R85][R87][rfc8441-5][R31]", models) {
    const auto both_sides = [](auto&& play) {
        three_tunnels<TestType, false> server({.waits = {.idle = seconds(20)}, .ping = {}});
        play(server, false);
        three_tunnels<TestType, true> client({.waits = {.idle = seconds(20)}, .ping = {}});
        play(client, true);
    };
    SECTION("END_STREAM") {
        both_sides([](auto& three, bool is_client) {
            three.second_hears({}, true);
            three.check_closed(errc::end_stream_without_close);
            CHECK(last(three.frames(), 1) == lines{is_client ? "3 reset CANCEL" : "3 data 0 end"});
            three.check_others();
        });
    }
    SECTION("a reset, with any code") {
        both_sides([](auto& three, bool) {
            three.us.hears(TestType::reset(3, 2));
            three.check_closed(errc::reset_by_peer, "INTERNAL_ERROR");
            CHECK(three.us.side.of(2).back() == "released");
            three.check_others();
        });
    }
    SECTION("a reset of ours") {
        both_sides([](auto& three, bool) {
            CHECK(three.us.side.reset(three.names[1]) == errc::none);
            three.us.hears({});
            CHECK(last(three.frames(), 1) == lines{"3 reset CANCEL"});
            three.check_closed(errc::reset_by_us);
            three.check_others();
        });
    }
    SECTION("HEADERS on the tunnel") {
        for (const bool end : {true, false})
            both_sides([end](auto& three, bool) {
                three.us.hears(TestType::headers(3, std::vector<field>{{"x", "y"}}, end));
                CHECK(last(three.frames(), 1) == lines{"3 reset PROTOCOL_ERROR"});
                three.check_closed(errc::headers_on_tunnel);
                three.check_others();
            });
    }
    SECTION("a Close that nobody answers") {
        both_sides([](auto& three, bool is_client) {
            CHECK(three.us.side.close(three.names[1]) == errc::none);
            three.us.hears({});
            three.passes(seconds(5));
            CHECK(last(three.frames(), 1) ==
                  lines{is_client ? "3 reset CANCEL" : "3 reset NO_ERROR"});
            three.check_closed(errc::close_timeout);
            three.check_others();
        });
    }
    SECTION("silence") {
        both_sides([](auto& three, bool) {
            three.passes(seconds(19));
            three.us.hears(TestType::data(1, three.theirs(0x81, "a"), false) +
                           TestType::data(5, three.theirs(0x81, "b"), false));
            three.passes(seconds(1));
            three.check_closed(errc::idle_timeout);
            CHECK(three.said(three.ours(
                      0x88, transcript::close_body(1001, info(errc::idle_timeout).sentence))) == 1);
            three.check_others();
        });
    }
    SECTION("a ping that nobody answers") {
        const session_options options{.ping = {.interval = seconds(10), .timeout = seconds(3)}};
        three_tunnels<TestType, false> three(options);
        three.passes(seconds(10));
        CHECK(three.said(three.ours(0x89, "")) >= 3);
        for (const std::uint32_t stream : {1U, 5U})
            three.us.hears(TestType::data(stream, three.theirs(0x8a, ""), false));
        three.passes(seconds(3));
        three.check_closed(errc::keepalive_timeout);
        three.check_others();
    }
}

TEMPLATE_LIST_TEST_CASE("output that the peer does not take resets its tunnel and no other",
                        "[rules][rfc9113-6.9]", models) {
    pair<TestType> both({}, {.ping = {.interval = never}}, {.ping = {.interval = never}});
    both.server.echoes = true;
    const tunnel_id a = both.opened("/a");
    const tunnel_id b = both.opened("/b");
    const tunnel_id theirs = both.server.last;
    const tunnel_id c = both.opened("/c");
    both.client.consumes = false;
    CHECK(both.server.send(theirs, octets(200'000, 'x'), opcode::binary) == errc::none);
    both.run();
    both.client.consumes = true; // from here on; what b has been told stays with it
    both.pass(seconds(31));
    CHECK(both.server.has("2 closed output_stalled"));
    CHECK(both.client.has("2 closed reset_by_peer CANCEL"));
    for (const tunnel_id other : {a, c}) {
        CHECK(both.client.send(other, "still here") == errc::none);
        both.run();
        CHECK(
            both.client.has(std::to_string(both.client.at(other).label) + " text \"still here\""));
    }
    CHECK(both.client.at(b).closed == 1);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE(
    "a malformed request is reset and no other stream is",
    "[rules][rfc9113-8.1.1][R52][R53][rfc9113-8.2][R56][rfc9113-8.2.1][R57][R59][R60]"
    "[rfc9113-8.2.2][R63][R64][rfc9113-8.3][R69][R70][R71][rfc9113-8.3.1][R72][R76]"
    "[R77][R78][R80][rfc9113-8.5][R82][rfc9113-8.7][R90]",
    models) {
    const auto with = [](std::size_t at, field line) {
        std::vector<field> list = websocket_request();
        list[at] = line;
        return list;
    };
    const auto also = [](field line) {
        std::vector<field> list = websocket_request();
        list.push_back(line);
        return list;
    };
    const auto without = [](std::size_t at) {
        std::vector<field> list = websocket_request();
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(at));
        return list;
    };
    struct row {
        errc error;
        std::vector<field> fields;
    };
    const std::vector<field> no_protocol{
        {":method", "CONNECT"}, {":authority", "a.test:1"}, {":path", "/"}};
    const row rows[] = {
        {errc::field_name_invalid, also({"Upper", "x"})},
        {errc::field_value_invalid, also({"x", "a\nb"})},
        {errc::connection_specific_field, also({"connection", "close"})},
        {errc::te_invalid, also({"te", "gzip"})},
        {errc::pseudo_field_undefined, with(1, {":unknown", "x"})},
        {errc::pseudo_field_misplaced, also({":path", "/late"})},
        {errc::pseudo_field_repeated, with(2, {":path", "/twice"})},
        {errc::method_missing, without(0)},
        {errc::scheme_invalid, with(2, {":scheme", "1"})},
        {errc::path_invalid, with(4, {":path", "no-slash"})},
        {errc::authority_missing, without(3)},
        {errc::authority_invalid, with(3, {":authority", "user@a.test"})},
        {errc::host_mismatch, also({"host", "b.test"})},
        {errc::connect_with_scheme_or_path, no_protocol},
        {errc::protocol_without_connect, with(0, {":method", "GET"})},
        {errc::protocol_invalid, with(1, {":protocol", "two words"})},
    };
    for (const row& wrong : rows) {
        three_tunnels<TestType, false> three;
        CAPTURE(info(wrong.error).name);
        three.us.hears(TestType::headers(7, wrong.fields, false));
        CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
        const auto told =
            std::count_if(three.us.side.log.begin(), three.us.side.log.end(),
                          [](const std::string& line) { return line.starts_with("rejected "); });
        CHECK(told == 1);
        // nghttp2 resets some streams without saying why.
        const bool silent =
            speaks_http2<TestType> && three.us.side.has("rejected malformed_message");
        CHECK((silent || three.us.side.has("rejected " + std::string(info(wrong.error).name))));
        three.check_others();
    }
    three_tunnels<TestType, false> strict;
    CHECK(strict.us.side.session.stream_count() == 3);
}

TEMPLATE_LIST_TEST_CASE("a request that breaks a rule of its own gets a status",
                        "[rules][rfc6455-4.2.1][R142][rfc6455-4.4][R153][rfc9110-9.3.6][R43]"
                        "[rfc9113-8.1.1][R53][rfc6455-7.2.2][R210][S23]",
                        models) {
    const auto also = [](field line) {
        std::vector<field> list = websocket_request();
        list.push_back(line);
        return list;
    };
    std::vector<field> foreign = websocket_request(), other_scheme = foreign, old = foreign;
    foreign[1].value = "connect-udp";
    other_scheme[2].value = "ftp";
    old.back().value = "12";
    const lines refused{"7 headers end", "7 reset NO_ERROR"}, ended{"7 headers end"};
    check_request<TestType>(foreign, false, errc::protocol_not_supported, refused);
    check_request<TestType>(other_scheme, false, errc::websocket_scheme_invalid, refused);
    check_request<TestType>(old, false, errc::websocket_version_invalid, refused);
    check_request<TestType>(also({"sec-websocket-protocol", "a, a"}), false,
                            errc::subprotocol_list_invalid, refused);
    check_request<TestType>(also({"sec-websocket-extensions", "a;"}), false,
                            errc::extension_list_invalid, refused);
    check_request<TestType>(also({"content-length", "5"}), false, errc::content_length_on_connect,
                            refused);
    check_request<TestType>(websocket_request(), true, errc::end_stream_on_connect, ended);
    check_request<TestType>(also({"more", "than six"}), false, errc::too_many_fields, refused,
                            {.max_fields = 6});
}

TEMPLATE_LIST_TEST_CASE("a server that takes no tunnels resets a request for one",
                        "[rules][rfc8441-3][R9]", models) {
    instant now = seconds(1);
    endpoint<typename TestType::server> server({}, {}, now);
    const auto hears = [&](const octets& bytes) {
        server.receive(bytes);
        while (!server.offered().empty()) (void)server.transmit();
    };
    hears(TestType::client_preface());
    hears(TestType::headers(1, websocket_request(), false));
    CHECK((server.log == lines{"rejected protocol_not_enabled"} ||
           (speaks_http2<TestType> && server.log == lines{"rejected malformed_message"})));
    CHECK(TestType::frames(server.written, false) == lines{"1 reset PROTOCOL_ERROR"});
    hears(TestType::headers(
        3,
        std::vector<field>{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}},
        true));
    CHECK(server.has("asked GET / end"));
}

TEMPLATE_LIST_TEST_CASE("data before the answer is bounded and resets its stream only",
                        "[rules][rfc6455-4.1][R135][rfc9113-10.5.2][R125][S11]", models) {
    three_tunnels<TestType, false> three({.max_pending = 1});
    three.us.side.accepts = false;
    three.us.hears(TestType::headers(7, websocket_request("/slow"), false));
    three.us.hears(TestType::headers(9, websocket_request("/one-too-many"), false));
    CHECK(three.us.side.count("rejected too_many_tunnels") == 1);
    three.us.hears(TestType::data(7, octets(4'096, 'x'), false));
    CHECK(three.us.side.of(4) == lines{"requested /slow"});
    three.us.hears(TestType::data(7, "x", false));
    CHECK(three.us.side.of(4) ==
          lines{"requested /slow", "closed early_data_too_long ENHANCE_YOUR_CALM", "released"});
    CHECK(last(three.frames(), 1) == lines{"7 reset ENHANCE_YOUR_CALM"});
    three.check_others();
}

TEMPLATE_LIST_TEST_CASE("a client refuses an answer that it cannot take and keeps its tunnels",
                        "[rules][rfc9113-8.1.1][R54][rfc9113-8.1][R47][R51][rfc9113-8.6][R48]"
                        "[rfc9113-8.3.2][R81][rfc6455-4.1][R137][R138][rfc9113-8.7][R89]",
                        models) {
    using answer = std::vector<field>;
    struct row {
        errc error;
        answer fields;
        bool end;
        std::string sent;
    };
    const row rows[] = {
        {errc::status_invalid, {{":status", "2x0"}}, false, "7 reset PROTOCOL_ERROR"},
        {errc::status_101, {{":status", "101"}}, false, "7 reset PROTOCOL_ERROR"},
        {errc::interim_with_end_stream, {{":status", "103"}}, true, "7 reset PROTOCOL_ERROR"},
        {errc::connection_specific_field,
         {{":status", "200"}, {"upgrade", "websocket"}},
         false,
         "7 reset PROTOCOL_ERROR"},
        {errc::subprotocol_not_offered,
         {{":status", "200"}, {"sec-websocket-protocol", "other"}},
         false,
         "7 reset CANCEL"},
        {errc::extension_not_offered,
         {{":status", "200"},
          {"sec-websocket-protocol", "chat"},
          {"sec-websocket-extensions", "other"}},
         false,
         "7 reset CANCEL"},
        {errc::subprotocol_missing, {{":status", "200"}}, false, "7 reset CANCEL"},
        {errc::end_stream_on_response, {{":status", "200"}}, true, "7 reset CANCEL"},
    };
    for (const row& wrong : rows) {
        three_tunnels<TestType, true> three({.require_subprotocol = true});
        CAPTURE(info(wrong.error).name);
        (void)three.ask({.authority = "a.test", .subprotocols = "chat"});
        three.us.hears(TestType::headers(7, wrong.fields, wrong.end));
        CHECK(last(three.frames(), 1) == lines{wrong.sent});
        const lines told = three.us.side.of(4);
        REQUIRE(told.size() == 2);
        const bool silent = speaks_http2<TestType> && told[0] == "refused malformed_message";
        CHECK((silent || told[0] == "refused " + std::string(info(wrong.error).name)));
        CHECK(told[1] == "released");
        three.check_others();
    }
    three_tunnels<TestType, true> three;
    (void)three.ask();
    const answer no{{":status", "403"}};
    three.us.hears(TestType::headers(7, no, false) + TestType::data(7, "go away", true) +
                   TestType::reset(7, 0)); // RFC 9113 §8.1: the answer counts all the same
    CHECK(three.us.side.of(4) == lines{"refused status_not_2xx 403 go away", "released"});
    (void)three.ask();
    three.us.hears(TestType::reset(9, 7));
    CHECK(three.us.side.of(5) == lines{"refused stream_not_processed retryable", "released"});
    (void)three.ask();
    three.passes(seconds(10));
    CHECK(three.us.side.of(6) == lines{"refused handshake_timeout", "released"});
    CHECK(last(three.frames(), 1) == lines{"11 reset CANCEL"});
    three.check_others();
}

// ---- connection errors --------------------------------------------------------------------------

namespace rule_suite {

// Every tunnel got one `closed` and one tunnel_released, then the connection's end came, last.
template <class Three>
void check_connection_ended(Three& three, errc error) {
    CAPTURE(info(error).name, three.us.side.log);
    CHECK(three.us.side.log.back() == "ended " + std::string(info(error).name));
    CHECK(three.us.side.count(three.us.side.log.back()) == 1);
    for (std::size_t label = 1; label <= 3; ++label)
        CHECK(last(three.us.side.of(label), 2) == lines{"closed connection_lost", "released"});
    three.us.side.check_ended();
    CHECK(three.us.side.session.stream_count() == 0);
    three.us.hears({});
    CHECK(three.us.side.session.finished());
}

} // namespace rule_suite

TEMPLATE_LIST_TEST_CASE("a connection error ends each tunnel once, then the connection",
                        "[rules][rfc9113-5.4.1][rfc9113-5.4.3][R103][rfc8441-3][R2][R7]", models) {
    SECTION("the transport is lost") {
        three_tunnels<TestType, false> server;
        server.us.side.lost();
        check_connection_ended(server, errc::connection_lost);
        three_tunnels<TestType, true> client;
        client.us.side.lost(connection_loss::closed_by_peer);
        check_connection_ended(client, errc::connection_lost);
    }
    SECTION("bytes that are no frame, or one that is too long") {
        three_tunnels<TestType, false> server;
        server.us.hears(octets(64, '\xff'));
        check_connection_ended(server, errc::connection_error);
        three_tunnels<TestType, true> client;
        client.us.hears(octets(64, '\xff'));
        check_connection_ended(client, errc::connection_error);
    }
    if constexpr (speaks_http2<TestType>) {
        const auto setting = [](char id, std::uint32_t value) {
            return TestType::frame(4, 0, 0, octets{'\0', id} + TestType::number(value));
        };
        SECTION("SETTINGS_ENABLE_CONNECT_PROTOCOL with a value that it has not") {
            three_tunnels<TestType, false> server;
            server.us.hears(setting(8, 2));
            check_connection_ended(server, errc::settings_value_invalid);
            three_tunnels<TestType, true> client;
            client.us.hears(setting(8, 2));
            check_connection_ended(client, errc::settings_value_invalid);
        }
        SECTION("SETTINGS_ENABLE_CONNECT_PROTOCOL taken back") {
            three_tunnels<TestType, true> client;
            client.us.hears(setting(8, 0));
            check_connection_ended(client, errc::settings_withdrawn);
        }
        SECTION("one thing too often") {
            three_tunnels<TestType, false> server({.floods = {.settings = 10}});
            for (int i = 0; i < 10; ++i) server.us.hears(TestType::frame(4, 0, 0, ""));
            check_connection_ended(server, errc::flooded);
        }
        SECTION("a window update of nothing, on the connection") {
            three_tunnels<TestType, false> server;
            server.us.hears(TestType::frame(8, 0, 0, TestType::number(0)));
            check_connection_ended(server, errc::connection_error);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("frames of unknown types pass on an open tunnel and on the connection",
                        "[rules][rfc9113-8.5][R86][R84]", models) {
    if constexpr (speaks_http2<TestType>) {
        three_tunnels<TestType, false> three;
        const octets hello = three.theirs(0x81, "in pieces");
        three.us.hears(TestType::frame(0x42, 0xff, 3, "anything") +
                       TestType::data(3, hello.substr(0, 5), false) +
                       TestType::frame(0xfe, 0, 0, "") + TestType::data(3, hello.substr(5), false));
        CHECK(three.us.side.has("2 text \"in pieces\""));
        three.check_others();
    } else { // it has no types beyond its own: the same bytes, cut
        three_tunnels<TestType, false> three;
        const octets hello = three.theirs(0x81, "in pieces");
        three.us.hears(TestType::data(3, hello.substr(0, 5), false) +
                       TestType::data(3, hello.substr(5), false));
        CHECK(three.us.side.has("2 text \"in pieces\""));
        three.check_others();
    }
}

TEMPLATE_LIST_TEST_CASE("a second head after the final answer is malformed",
                        "[rules][rfc9113-8.1][R46][R49][R50]", models) {
    const std::vector<field> ok{{":status", "200"}}, no{{":status", "403"}}, trailers{{"x", "y"}},
        interim{{":status", "103"}};
    SECTION("after a 2xx") {
        three_tunnels<TestType, true> three;
        (void)three.ask();
        three.us.hears(TestType::headers(7, interim, false) + TestType::headers(7, ok, false));
        CHECK(three.us.side.of(4) == lines{"opened 200"});
        three.us.hears(TestType::headers(7, ok, false));
        CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
        CHECK(last(three.us.side.of(4), 1) == lines{"released"});
        three.check_others();
    }
    if constexpr (speaks_http2<TestType>) {
        SECTION("after a refusal") {
            three_tunnels<TestType, true> three;
            (void)three.ask();
            three.us.hears(TestType::headers(7, no, false) + TestType::headers(7, trailers, false));
            CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
            CHECK(three.us.side.of(4).size() == 2);
            three.check_others();
        }
        SECTION("with a pseudo-header field in trailers") {
            three_tunnels<TestType, true> three;
            (void)three.ask();
            three.us.hears(TestType::headers(7, no, false) + TestType::headers(7, ok, true));
            CHECK(last(three.frames(), 1) == lines{"7 reset PROTOCOL_ERROR"});
            three.check_others();
        }
    }
}

// ---- the connection goes on ---------------------------------------------------------------------

TEMPLATE_LIST_TEST_CASE("a client that was told to go away opens no stream and keeps its tunnels",
                        "[rules][rfc9113-6.8][R111][R112][rfc9113-8.7][R89]", models) {
    three_tunnels<TestType, true> three;
    const tunnel_id refused = three.ask();
    three.us.hears(TestType::goaway(5));
    CHECK(three.us.side.has("goaway 5 NO_ERROR"));
    CHECK(three.us.side.of(4) == lines{"refused stream_not_processed retryable", "released"});
    CHECK(three.us.side.tunnels.at(refused.value).released);
    const std::size_t sent = three.frames().size();
    CHECK(three.us.side.session.open({.authority = "a.test"}, three.us.now).error() ==
          errc::not_open);
    three.us.hears({});
    CHECK(three.frames().size() == sent);
    three.check_others();
    three.second_hears(three.theirs(0x81, "and this one"));
    CHECK(three.us.side.has("2 text \"and this one\""));
}

TEMPLATE_LIST_TEST_CASE("a client sends nothing on a tunnel before the answer",
                        "[rules][rfc6455-4.1][R135]", models) {
    three_tunnels<TestType, true> three;
    const tunnel_id waits = three.ask();
    const std::size_t sent = three.us.side.written.size();
    CHECK(three.us.side.send(waits, "too early") == errc::not_open);
    CHECK(three.us.side.ping(waits, "too early") == errc::not_open);
    CHECK(three.us.side.close(waits) == errc::not_open);
    three.us.hears({});
    CHECK(three.us.side.written.size() == sent);
    three.us.hears(TestType::headers(7, std::vector<field>{{":status", "200"}}, false));
    CHECK(three.us.side.send(waits, "now") == errc::none);
    three.us.hears({});
    CHECK(three.said(three.ours(0x81, "now")) == 1);
}

TEMPLATE_LIST_TEST_CASE("a server speaks at once when it has accepted",
                        "[rules][rfc6455-4.2.2][R150]", models) {
    three_tunnels<TestType, false> three;
    three.us.side.accepts = false;
    three.us.hears(TestType::headers(7, websocket_request("/slow"), false));
    const tunnel_id asked = three.us.side.last;
    CHECK(three.us.side.send(asked, "too early") == errc::not_open);
    CHECK(three.us.side.accept(asked) == errc::none);
    CHECK(three.us.side.send(asked, "welcome") == errc::none);
    three.us.hears({});
    CHECK(three.said(three.ours(0x81, "welcome")) == 1);
    three.check_others();
}

TEMPLATE_LIST_TEST_CASE("bytes for tunnels that die give the connection its credit back",
                        "[rules][rfc9113-6.9][R117]", models) {
    pair<TestType> both;
    both.server.consumes = false;
    for (int i = 0; i < 20; ++i) { // 20 windows of a stream are more than the connection's
        const tunnel_id tunnel = both.opened("/dies");
        CHECK(both.client.send(tunnel, octets(60'000, 'x'), opcode::binary) == errc::none);
        both.run();
        CHECK(both.client.reset(tunnel) == errc::none);
        both.run();
    }
    both.server.consumes = true;
    both.check_credit(1 << 20);
    both.finish();
}
