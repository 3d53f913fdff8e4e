// Flow control (RFC 9113 section 6.9): both windows, both directions.
#pragma once

#include "conversation.hpp"

namespace engine_suite {

// A request on stream 5 whose answer's body has used up the window, and goes on.
inline request_id answered_to_the_window(conversation<model::server>& peer) {
    peer.hears(model::headers(
        5, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, true));
    const request_id asked = peer.side.asked;
    REQUIRE(peer.side.call([&](auto& session) {
        return session.respond(asked, 200, {}, as_bytes(octets(1 << 20, 'x')), peer.now, false);
    }));
    peer.flush();
    CHECK(peer.sent(5) == 1 << 20);
    return asked;
}

} // namespace engine_suite

using namespace engine_suite;

TEMPLATE_LIST_TEST_CASE("a WINDOW_UPDATE of nothing is an error of what it belongs to",
                        "[engine][rfc9113-6.9][R115]", both_roles) {
    for (const std::uint32_t stream : {0U, 1U}) {
        conversation<TestType> peer;
        peer.hears(window_update(stream, 1));
        CHECK(peer.echoes(1));
        peer.hears(window_update(stream, 0));
        if (stream == 0 || model::zero_increment_ends_all)
            peer.check_connection_error(http2_error::protocol_error);
        else
            peer.check_stream_error(http2_error::protocol_error);
    }
}

TEMPLATE_LIST_TEST_CASE("a WINDOW_UPDATE on a closed stream is no error",
                        "[engine][rfc9113-6.9][R116]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::reset(1, 8));
    peer.hears(window_update(1, 100));
    peer.check_stream_error({});
}

TEMPLATE_LIST_TEST_CASE("DATA beyond our windows is an error of what it exceeds",
                        "[engine][rfc9113-6.9][R117][rfc9113-6.9.1][R119]", both_roles) {
    SECTION("the stream's") {
        conversation<TestType> peer;
        peer.side.consumes = false;
        for (int i = 0; i < 5; ++i)
            peer.hears(model::data(1, peer.message(octets(16'000, 'x')), false));
        peer.check_stream_error(http2_error::flow_control_error);
    }
    SECTION("the connection's, by streams that were reset too") {
        conversation<TestType> peer(
            {.stream_window = 1 << 20, .connection_window = 1 << 16, .max_held = 0});
        peer.side.consumes = false;
        for (int i = 0; i < 5; ++i)
            peer.hears(model::data(i % 2 == 0 ? 1 : 3, peer.message(octets(16'000, 'x')), false));
        peer.check_connection_error(http2_error::flow_control_error);
    }
}

TEMPLATE_LIST_TEST_CASE("a window above 2^31-1 is an error of what it belongs to",
                        "[engine][rfc9113-6.9.1][R119]", both_roles) {
    SECTION("a stream's") {
        conversation<TestType> peer;
        peer.hears(window_update(1, 0x7fff'ffff));
        peer.check_stream_error(http2_error::flow_control_error);
    }
    SECTION("the connection's") {
        conversation<TestType> peer;
        peer.hears(window_update(0, 0x7fff'ffff));
        peer.check_connection_error(http2_error::flow_control_error);
    }
    SECTION("by SETTINGS") {
        conversation<TestType> peer;
        peer.hears(window_update(1, 1 << 20));
        peer.hears(setting(4, 0x7fff'ffff)); // stream 3 bears it
        if (model::window_by_settings_ends_all)
            peer.check_connection_error(http2_error::flow_control_error);
        else
            peer.check_stream_error(http2_error::flow_control_error);
    }
}

TEST_CASE("END_STREAM may leave where a window is used up",
          "[engine][rfc9113-6.9.1][R118][rfc9113-8.5][R87]") {
    conversation<model::server> peer;
    peer.begun = 0; // count all
    const std::size_t left = (1 << 20) - peer.sent(3);
    CHECK(peer.side.send(peer.side.last, octets(left - 10, 'x')) == errc::none);
    peer.flush();
    CHECK(peer.sent(3) == 1 << 20); // stream 3 has no window left
    // RFC 9113 §8.5: its client's END_STREAM without a Close is answered by ours
    peer.hears(model::data(3, {}, true));
    CHECK(peer.side.count("2 closed end_stream_without_close") == 1);
    CHECK(peer.frames(data_type, 3).back().ends() == model::ends_without_window);
    if (!model::ends_without_window) peer.hears(window_update(3, 1));
    CHECK(peer.frames(data_type, 3).back().ends());
    CHECK(peer.frames(data_type, 3).back().payload.empty());
    CHECK(peer.side.count("2 released") == 1);
    CHECK(peer.echoes(1));
}

TEST_CASE("the end of a body that waits for a window waits 30 seconds",
          "[engine][rfc9113-6.9.1][R118][S21]") {
    conversation<model::server> peer;
    const request_id asked = answered_to_the_window(peer);
    CHECK(peer.side.write(asked, "", true) == errc::none);
    peer.flush();
    CHECK(peer.frames(data_type, 5).back().ends() == model::ends_without_window);
    peer.now = after(peer.now, seconds(29));
    peer.side.expire();
    CHECK(peer.side.count("request released output_stalled") == 0);
    peer.now = after(peer.now, seconds(2));
    peer.side.expire();
    peer.flush();
    CHECK(peer.side.has("request released output_stalled") == !model::ends_without_window);
    CHECK(peer.side.has("request released none") == model::ends_without_window);
}

TEST_CASE("trailers need no window", "[engine][rfc9113-8.1][rfc9113-6.9.1][R118]") {
    conversation<model::server> peer;
    const request_id asked = answered_to_the_window(peer);
    const std::vector<field> trailers{{"x-checksum", "1"}};
    CHECK(peer.side.trail(asked, trailers) == errc::none);
    peer.flush();
    CHECK(peer.frames_on(5).back().type == headers_type);
    CHECK(peer.frames_on(5).back().ends());
    CHECK(peer.side.has("request released none"));
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("a smaller INITIAL_WINDOW_SIZE takes windows below zero",
                        "[engine][rfc9113-6.9.2][R120][rfc9113-6.9.1][R118]", both_roles) {
    conversation<TestType> peer;
    peer.begun = 0; // count all
    CHECK(peer.side.send(peer.side.last, octets(2'000'000, 'x')) == errc::none);
    peer.flush();
    const std::size_t full = peer.sent(3);
    CHECK(full == 1 << 20);        // the model's peer gives each stream that
    peer.hears(setting(4, 1'000)); // 1,000 - 1,048,576
    peer.hears(window_update(3, (1 << 20) - 1'000));
    CHECK(peer.sent(3) == full); // zero again
    peer.hears(window_update(3, 17));
    CHECK(peer.sent(3) == full + 17);
    peer.hears(setting(4, 1'100));
    CHECK(peer.sent(3) == full + 117);
    CHECK(peer.frames(goaway_type, 0).empty());
}
