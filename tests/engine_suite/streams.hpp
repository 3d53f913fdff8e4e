// Streams (RFC 9113 section 5): their states, their number, and the errors that end one.
#pragma once

#include "conversation.hpp"

using namespace engine_suite;

TEMPLATE_LIST_TEST_CASE("what may follow END_STREAM does no harm, what may not ends the connection",
                        "[engine][rfc9113-5.1][R94][rfc9113-6.1][R106][R116]", both_roles) {
    const auto half_closed = [] {
        auto peer = std::make_unique<conversation<TestType>>();
        peer->side.consumes = true;
        peer->hears(model::data(1, peer->message("\x03\xe8", 0x88), TestType::is_client));
        if (!TestType::is_client) peer->hears(model::data(1, {}, true));
        return peer;
    };
    SECTION("WINDOW_UPDATE, PRIORITY and RST_STREAM") {
        const auto peer = half_closed();
        peer->hears(window_update(1, 100) + model::frame(priority_type, 0, 1, octets(5, '\0')) +
                    model::reset(1, 8) + window_update(1, 100));
        peer->check_closed_in_order();
    }
    SECTION("DATA") {
        const auto peer = half_closed();
        peer->hears(peer->said(1, "more"));
        if (TestType::is_client && !model::client_remembers_closed_streams)
            return peer->check_closed_in_order(); // discarded: RFC 9113 §5.1
        REQUIRE(peer->frames(goaway_type, 0).size() == 1);
        CHECK(peer->frames(goaway_type, 0)[0].code() == http2_error::stream_closed);
        CHECK(peer->side.count("1 closed none") == 1);
        CHECK(peer->side.count("2 closed connection_lost") == 1);
        peer->side.check_ended();
    }
}

TEST_CASE("DATA after END_STREAM on a stream that is half open is an error",
          "[engine][rfc9113-5.1][R94][rfc9113-6.1][R106]") {
    // An ordinary request whose answer has not come.
    conversation<model::server> peer;
    peer.hears(model::headers(
        5, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, true));
    peer.hears(window_update(5, 1));
    CHECK(peer.echoes(1));
    SECTION("DATA") { peer.hears(model::data(5, "x", false)); }
    SECTION("HEADERS") { peer.hears(model::headers(5, {{"x", "y"}}, true)); }
    if (model::ends_all_after_end_stream)
        return peer.check_connection_error(http2_error::stream_closed);
    REQUIRE(peer.frames(reset_type, 5).size() == 1);
    CHECK(peer.frames(reset_type, 5)[0].code() == http2_error::stream_closed);
    peer.check_nothing_wrong();
}

TEST_CASE("HEADERS that do not end a request after its head are malformed",
          "[engine][rfc9113-8.1][R49]") {
    conversation<model::server> peer;
    peer.hears(model::headers(
        5, {{":method", "POST"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}},
        false));
    peer.hears(model::headers(5, {{"x", "y"}}, false));
    REQUIRE(peer.frames(reset_type, 5).size() == 1);
    CHECK(peer.frames(reset_type, 5)[0].code() == http2_error::protocol_error);
    peer.check_nothing_wrong();
}

TEST_CASE("after our END_STREAM only credit is sent, and it is sent",
          "[engine][rfc9113-5.1][R95]") {
    conversation<model::server> peer;
    peer.hears(peer.said(1, "\x03\xe8", 0x88)); // our Close leaves with END_STREAM
    REQUIRE(peer.frames_on(1).back().ends());
    peer.mark();
    for (int i = 0; i < 20; ++i) peer.hears(model::data(1, octets(16'000, 'x'), false));
    for (const seen_frame& frame : peer.frames_on(1)) CHECK(frame.type == update_type);
    CHECK(peer.granted(1) + 65'535 >= 20 * 16'000);
    peer.hears(model::data(1, {}, true));
    CHECK(peer.side.count("1 closed none") == 1);
    CHECK(peer.echoes(3));
}

TEMPLATE_LIST_TEST_CASE("what was on the way when we reset a stream is discarded and credited",
                        "[engine][rfc9113-5.1][R96][rfc9113-5.4.2][R101][rfc9113-6.9][R117]",
                        both_roles) {
    conversation<TestType> peer({.connection_window = 65'535});
    tunnel_id first;
    for (const auto& [name, state] : peer.side.tunnels)
        if (state.label == 1) first = {name};
    CHECK(peer.side.reset(first) == errc::none);
    peer.flush();
    CHECK(peer.side.reset(first) == errc::not_open);
    for (int i = 0; i < 20; ++i) peer.hears(model::data(1, octets(16'000, 'x'), false));
    peer.hears(model::headers(1, {{"x", "y"}}, true));
    peer.hears(window_update(1, 5));
    CHECK(peer.frames_on(1).size() == 1); // RST_STREAM is the last, and the only one
    CHECK(peer.granted(0) + 65'535 >= 20 * 16'000);
    peer.check_stream_error(http2_error::cancel);
}

TEST_CASE("no more tunnels are asked for than the server's MAX_CONCURRENT_STREAMS",
          "[engine][rfc9113-5.1.2][R97]") {
    conversation<model::client> peer({}, setting(3, 2));
    peer.open();
    CHECK(peer.frames(headers_type, 5).empty());
    peer.hears(peer.said(1, "\x03\xe8", 0x88)); // the Closes are exchanged, its half goes on
    CHECK(peer.frames(headers_type, 5).empty());
    peer.hears(model::data(1, {}, true));
    CHECK(peer.frames(headers_type, 5).size() == 1);
    CHECK(peer.echoes(3));
}

TEST_CASE("a stream above our MAX_CONCURRENT_STREAMS is refused, or ends the connection",
          "[engine][rfc9113-5.1.2][R98]") {
    conversation<model::server> peer({.max_streams = 2});
    // The client has acknowledged the limit.
    peer.hears(model::headers(5, tunnel_request(), false));
    if (model::refuses_streams_too_many) {
        REQUIRE(peer.frames(reset_type, 5).size() == 1);
        CHECK(peer.frames(reset_type, 5)[0].code() == http2_error::refused_stream);
        peer.check_nothing_wrong();
    } else {
        peer.check_connection_error(http2_error::protocol_error);
    }
    // It had not when it sent this.
    instant now = seconds(1);
    endpoint<model::server> early(
        [] {
            session_options options{.max_streams = 1};
            options.accept_tunnels = true;
            return options;
        }(),
        {}, now);
    early.receive(model::client_preface());
    early.receive(model::headers(1, tunnel_request(), false));
    early.receive(model::headers(3, tunnel_request(), false));
    (void)early.transmit();
    CHECK(early.log == lines{"1 requested /"});
    CHECK(model::frames(early.written, false) == lines{"1 headers", "3 reset REFUSED_STREAM"});
}

TEMPLATE_LIST_TEST_CASE("only DATA waits for a window, and only for its own two",
                        "[engine][rfc9113-5.2.1][R99][rfc9113-6.9.1][R118]", both_roles) {
    conversation<TestType> peer;
    peer.hears(setting(4, 0));
    peer.mark();
    CHECK(peer.side.send(peer.side.last, "waits") == errc::none);
    peer.hears(model::frame(ping_type, 0, 0, "12345678"));
    CHECK(peer.frames(ping_type, 0).size() == 1);
    const std::size_t before = peer.sent(3);
    CHECK(peer.side.send(peer.side.last, octets(1'000, 'x')) == errc::none);
    peer.flush();
    CHECK(peer.sent(3) == before); // the window is 65,535 - what was sent, and that less
    peer.hears(window_update(3, 100'000));
    CHECK(peer.sent(3) > before + 1'000);
    peer.hears(window_update(1, 100'000));
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("what is not DATA leaves where the connection's window is used up",
                        "[engine][rfc9113-5.2.1][R99][rfc9113-6.9.1][R118]", both_roles) {
    conversation<TestType> peer;
    peer.begun = 0; // count all
    peer.hears(window_update(3, 0x4000'0000));
    for (int i = 0; i < 17; ++i) {
        CHECK(peer.side.send(peer.side.last, octets(1'000'000, 'x')) == errc::none);
        peer.flush();
    }
    CHECK(peer.sent(1) + peer.sent(3) == 65'535 + (1 << 24)); // the model's peer gives that
    peer.mark();
    peer.side.echoes = false;
    peer.hears(model::frame(ping_type, 0, 0, "12345678"));
    for (int i = 0; i < 4; ++i) peer.hears(peer.said(3, octets(16'000, 'x')));
    CHECK(peer.side.reset(peer.side.last) == errc::none);
    peer.flush();
    REQUIRE_FALSE(peer.frames(ping_type, 0).empty());
    CHECK(peer.frames(ping_type, 0)[0].flags == 1); // its acknowledgement
    CHECK(peer.granted(3) > 0);
    CHECK(peer.frames(reset_type, 3).size() == 1);
    CHECK(peer.sent(3) == 0);
    peer.side.echoes = true;
    peer.hears(window_update(0, 100));
    CHECK(peer.echoes(1));
}

TEMPLATE_LIST_TEST_CASE("a tunnel that is not consumed does not stop the others",
                        "[engine][rfc9113-5.2.2][R100]", both_roles) {
    // What the tunnel holds and the others say is more than the connection's window.
    conversation<TestType> peer({.connection_window = 65'535});
    peer.side.consumes = false;
    for (int i = 0; i < 4; ++i)
        peer.hears(model::data(1, peer.message(octets(16'000, 'x')), false));
    CHECK(peer.granted(1) == 0); // it is held
    peer.side.consumes = true;
    for (int i = 0; i < 1'000; ++i) REQUIRE(peer.echoes(3));
}

TEMPLATE_LIST_TEST_CASE("RST_STREAM is not answered by RST_STREAM, and nothing follows it",
                        "[engine][rfc9113-5.4.2][R102][rfc9113-6.4][R107]", both_roles) {
    for (const std::uint32_t code : {0U, 2U, 8U, 0xdeadbeefU}) { // RFC 9113 §7 (R121): any code
        CAPTURE(code);
        conversation<TestType> peer({}, setting(4, 1'000));
        // Output waits for the window, and is dropped.
        peer.side.echoes = true;
        peer.hears(peer.said(1, octets(10'000, 'x')));
        peer.mark();
        peer.hears(model::reset(1, code));
        peer.hears(window_update(1, 100'000) + window_update(0, 100'000));
        CHECK(peer.frames_on(1).empty());
        peer.check_stream_error({});
        CHECK(peer.side.of(1)[peer.side.of(1).size() - 2].starts_with("closed reset_by_peer"));
    }
}

TEMPLATE_LIST_TEST_CASE("END_STREAM says how a tunnel ended, not the reset right behind it",
                        "[engine][S18]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(1, {}, true) + model::reset(1, 0));
    CHECK(
        peer.side.of(1)[peer.side.of(1).size() - 2].starts_with("closed end_stream_without_close"));
}

TEST_CASE("tunnels that wait for their answer have a limit of their own",
          "[engine][rfc9113-10.5.2][R125]") {
    conversation<model::server> peer({.max_pending = 3});
    peer.side.accepts = false;
    for (const std::uint32_t stream : {5U, 7U, 9U, 11U})
        peer.hears(model::headers(stream, tunnel_request(), false));
    CHECK(peer.side.has("5 requested /"));
    CHECK(peer.side.has("rejected too_many_tunnels"));
    CHECK(peer.frames(headers_type, 11).size() == 1);
    CHECK(peer.frames(headers_type, 9).empty());
    CHECK(peer.echoes(1));
}

TEST_CASE("a lost connection ends each tunnel as 1006 would", "[engine][rfc6455-7.2.1][R103]") {
    conversation<model::server> peer;
    peer.side.lost();
    CHECK(peer.side.count("1 closed connection_lost") == 1);
    CHECK(peer.side.count("2 closed connection_lost") == 1);
    peer.side.check_ended();
}

TEST_CASE("any 2xx opens a tunnel", "[engine][rfc9113-8.5]") {
    // S4. nghttp2 1.52 takes a 204 for an answer without content and resets at the first DATA.
    for (const char* const status : {"200", "201", "299", "204"}) {
        CAPTURE(status);
        conversation<model::client> peer;
        peer.open();
        peer.hears(model::headers(5, {{":status", status}}, false));
        CHECK(peer.side.has("3 opened " + octets(status)));
        const bool goes_on = status != octets("204") || model::tunnels_through_204;
        CHECK(peer.echoes(5) == goes_on);
        CHECK(peer.frames(reset_type, 5).size() == (goes_on ? 0U : 1U));
        CHECK(peer.echoes(1));
    }
}
