// Frames, field blocks and settings (RFC 9113 sections 4, 6.1, 6.5): what obeys and what breaks
// each rule, in literal frames, and how far the damage reaches.
#pragma once

#include "conversation.hpp"

using namespace engine_suite;

TEMPLATE_LIST_TEST_CASE("frames of unknown types and unknown flags are passed over",
                        "[engine][rfc9113-4.1][R91][rfc9113-8.5][R86]", both_roles) {
    conversation<TestType> peer;
    for (const std::uint32_t stream : {0U, 1U, 99U})
        for (const std::uint8_t type : {std::uint8_t{0x0b}, std::uint8_t{0x42}, std::uint8_t{0xff}})
            peer.hears(model::frame(type, 0xff, stream, octets(100, '?')));
    const octets ping = model::frame(ping_type, 0xfe, 0, "12345678");
    peer.hears(ping);
    peer.hears(model::frame(data_type, 0xf6, 1, peer.message("flags")));
    CHECK(peer.frames(ping_type, 0).size() == 1);
    CHECK(peer.frames(data_type, 1).size() == 1);
    for (const seen_frame& frame : peer.frames()) {
        CHECK((frame.flags & 0xf0) == 0); // ours are sent as 0
        CHECK(frame.type <= continuation_type);
    }
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("no DATA is longer than the peer's MAX_FRAME_SIZE",
                        "[engine][rfc9113-4.2][R92]", both_roles) {
    for (const std::size_t most : {16'384U, 20'000U}) {
        conversation<TestType> peer({}, most == 16'384 ? octets{} : setting(5, 20'000));
        peer.hears(peer.said(1, octets(16'000, 'x')));
        CHECK(peer.side.send(peer.side.last, octets(100'000, 'y')) == errc::none);
        peer.flush();
        std::size_t longest = 0;
        for (const seen_frame& frame : peer.frames())
            longest = std::max(longest, frame.payload.size());
        CHECK(longest == std::min<std::size_t>(most, 16'384)); // neither engine makes longer ones
        CHECK(peer.sent(3) > 100'000);
    }
}

TEMPLATE_LIST_TEST_CASE("a frame longer than ours ends the connection",
                        "[engine][rfc9113-4.2][R92]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(1, peer.message(octets(16'384 - 8, 'x')).substr(0, 16'384), false));
    CHECK_FALSE(peer.side.ended);
    peer.hears(model::data(1, octets(16'385, 'x'), false));
    peer.check_connection_error(http2_error::frame_size_error);
}

TEMPLATE_LIST_TEST_CASE("nothing may stand between HEADERS and CONTINUATION",
                        "[engine][rfc9113-4.3][R93]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(headers_type, 0, 1, octets("\0\1x\1y", 5)) + peer.said(3, "between"));
    peer.check_connection_error(http2_error::protocol_error);
    CHECK(peer.side.count("2 binary 62 65 74 77 65 65 6e") == 0);
}

TEMPLATE_LIST_TEST_CASE("a field block that cannot be decoded ends the connection",
                        "[engine][rfc9113-4.3][R93]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(headers_type, 4, 1, octets("\xff\xff\xff\xff\xff\x0f", 6)));
    peer.check_connection_error(http2_error::compression_error);
}

TEST_CASE("a field block is decoded also where it is discarded", "[engine][rfc9113-4.3][R93]") {
    conversation<model::server> peer;
    CHECK(peer.side.reset(peer.side.last) == errc::none); // stream 3
    // With incremental indexing (RFC 7541 §6.2.1): it is entry 62 from here on.
    const octets indexed = octets("\x40\6", 2) + "cookie" + "\4a=bc";
    peer.side.receive(model::frame(headers_type, 4, 3, indexed)); // crosses our reset
    peer.flush();
    octets block = model::headers(5, tunnel_request(), false).substr(9) + "\xbe";
    octets seen;
    peer.side.on_event = [&](const stream_event& event) {
        if (const auto* asked = std::get_if<tunnel_requested>(&event)) {
            for (const field& line : asked->request->fields)
                if (line.name == "cookie") seen = line.value;
        }
    };
    peer.side.accepts = false;
    peer.hears(model::frame(headers_type, 4, 5, block));
    CHECK(seen == "a=bc");
    CHECK(peer.echoes(1));
}

TEMPLATE_LIST_TEST_CASE("a code that nobody knows in GOAWAY changes nothing",
                        "[engine][rfc9113-7][R121][rfc9113-6.8][R112]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(goaway_type, 0, 0,
                            model::number(TestType::is_client ? 3 : 0) + // its streams
                                model::number(0xdeadbeef)));
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("DATA without bytes is no end", "[engine][rfc9113-6.1][R105]", both_roles) {
    conversation<TestType> peer;
    const octets message = peer.message("in two", 0x81);
    for (const octets& part : {message.substr(0, 4), octets{}, message.substr(4), octets{}})
        peer.hears(model::data(1, part, false));
    CHECK(peer.side.of(1).back() == "text \"in two\"");
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("padding counts and is credited", "[engine][rfc9113-6.1][R104]",
                        both_roles) {
    conversation<TestType> peer;
    const octets padded =
        octets(1, '\xff') + peer.message("padded") + octets(255, '\0'); // 268 with its length
    for (int i = 0; i < 500; ++i) peer.hears(model::frame(data_type, 8, 1, padded));
    CHECK(peer.granted(1) + 65'535 >= 500 * padded.size());
    CHECK(peer.granted(1) <= 500 * padded.size() + peer.message("echo?").size());
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("padding as long as its frame ends the connection",
                        "[engine][rfc9113-6.1][R104]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(data_type, 8, 1, octets("\x05xxxx", 5)));
    peer.check_connection_error(http2_error::protocol_error);
}

TEMPLATE_LIST_TEST_CASE("DATA on a stream that nobody opened ends the connection",
                        "[engine][rfc9113-6.1][R106]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(99, "x", false));
    peer.check_connection_error(http2_error::protocol_error);
}

TEMPLATE_LIST_TEST_CASE("frames on the wrong kind of stream end the connection",
                        "[engine][rfc9113-5.1][R106]", both_roles) {
    const octets wrong[]{
        model::data(0, "x", false),
        model::reset(0, 8),
        model::reset(99, 8),
        model::frame(settings_type, 0, 1, {}),
        model::frame(ping_type, 0, 1, "12345678"),
        model::frame(goaway_type, 0, 1, octets(8, '\0')),
        model::frame(continuation_type, 4, 1, {}),
        window_update(99, 1),
        model::frame(push_type, 4, 1, model::number(2)),
    };
    for (const octets& frame : wrong) {
        CAPTURE(transcript::spaced_hex(frame));
        conversation<TestType> peer;
        peer.hears(frame);
        peer.check_connection_error(http2_error::protocol_error);
    }
}

TEMPLATE_LIST_TEST_CASE("frames of a wrong size end the connection", "[engine][rfc9113-4.2][R93]",
                        both_roles) {
    const octets wrong[]{
        model::frame(reset_type, 0, 1, "abc"),       model::frame(settings_type, 0, 0, "abc"),
        model::frame(settings_type, 1, 0, "abcdef"), model::frame(ping_type, 0, 0, "abc"),
        model::frame(goaway_type, 0, 0, "abc"),      model::frame(update_type, 0, 1, "abc"),
    };
    for (const octets& frame : wrong) {
        CAPTURE(transcript::spaced_hex(frame));
        conversation<TestType> peer;
        peer.hears(frame);
        peer.check_connection_error(http2_error::frame_size_error);
    }
}

TEMPLATE_LIST_TEST_CASE("settings are applied in order and acknowledged at once",
                        "[engine][rfc9113-6.5.3][R110][rfc9113-6.5][R108][R109]", both_roles) {
    conversation<TestType> peer;
    octets three = model::number(4, 2) + model::number(7) + model::number(0x7777, 2) +
                   model::number(9) + model::number(4, 2) + model::number(65'535 + 50);
    peer.hears(model::frame(settings_type, 0, 0, three));
    const auto answers = peer.frames(settings_type, 0);
    REQUIRE(answers.size() == 1);
    CHECK((answers[0].flags == 1 && answers[0].payload.empty()));
    peer.check_nothing_wrong();
    // The last value counts: 65,585 bytes fit, what was sent before among them.
    CHECK(peer.side.send(peer.side.last, octets(1'000'000, 'x')) == errc::none);
    peer.flush();
    peer.begun = 0;
    CHECK(peer.sent(3) == 65'535 + 50);
}

TEMPLATE_LIST_TEST_CASE("settings with values that are not allowed end the connection",
                        "[engine][rfc9113-6.5.2][R109][R119]", both_roles) {
    const std::tuple<std::uint16_t, std::uint32_t, http2_error> wrong[]{
        {2, 2, http2_error::protocol_error},      {4, 0x8000'0000, http2_error::flow_control_error},
        {5, 16'383, http2_error::protocol_error}, {5, 1 << 24, http2_error::protocol_error},
        {8, 2, http2_error::protocol_error},
    };
    for (const auto& [id, value, code] : wrong) {
        CAPTURE(id, value);
        conversation<TestType> peer;
        peer.hears(setting(id, value));
        const auto goaways = peer.frames(goaway_type, 0);
        REQUIRE(goaways.size() == 1);
        CHECK(goaways[0].code() == code);
        peer.side.check_ended();
    }
}

TEST_CASE("a request with more fields than the limit gets 431", "[engine][rfc9113-10.5.1][R124]") {
    for (const std::size_t count : {2U, 3U}) {
        conversation<model::server> peer({.max_fields = 8});
        std::vector<field> list = tunnel_request();
        for (std::size_t i = 0; i < count; ++i) list.push_back({"x", "y"});
        peer.hears(model::headers(5, list, false));
        CHECK(peer.side.has("rejected too_many_fields") == (count > 2));
        CHECK(peer.side.has("3 requested /") == (count <= 2));
        CHECK(peer.frames(goaway_type, 0).empty());
        CHECK(peer.echoes(1));
    }
}
