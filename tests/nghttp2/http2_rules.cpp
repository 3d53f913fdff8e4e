// RFC 9113's rules on the wire, in literal frames: what obeys and what breaks each, and how far the
// damage reaches. Where nghttp2 decides before us, what is asserted is nghttp2's (1.52).
#include "../session_pair.hpp"
#include "model.hpp"

#include <tuple>

using namespace session_suite;
using model = nghttp2_model;

namespace {

constexpr std::uint8_t data_type = 0, headers_type = 1, priority_type = 2, reset_type = 3,
                       settings_type = 4, push_type = 5, ping_type = 6, goaway_type = 7,
                       update_type = 8, continuation_type = 9;

octets window_update(std::uint32_t stream, std::uint32_t increment) {
    return model::frame(update_type, 0, stream, model::number(increment));
}
octets setting(std::uint16_t id, std::uint32_t value) {
    return model::frame(settings_type, 0, 0, model::number(id, 2) + model::number(value));
}
const octets settings_ack = model::frame(settings_type, 1, 0, {});

struct seen_frame {
    std::uint8_t type;
    std::uint8_t flags;
    std::uint32_t stream;
    octets payload;
    bool ends() const { return type <= headers_type && (flags & 1) != 0; }
    http2_error code() const { // RST_STREAM's and GOAWAY's
        return static_cast<http2_error>(model::number_at(payload, type == goaway_type ? 4 : 0));
    }
};

std::vector<seen_frame> parsed(std::string_view bytes) {
    std::vector<seen_frame> out;
    if (bytes.starts_with("PRI")) bytes.remove_prefix(24);
    while (bytes.size() >= 9) {
        const std::uint32_t length = model::number_at(bytes, 0, 3);
        out.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                       model::number_at(bytes, 5), octets(bytes.substr(9, length))});
        bytes.remove_prefix(9 + length);
    }
    return out;
}

std::vector<field> tunnel_request() {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", "/"},         {"sec-websocket-version", "13"}};
}

// A session with two echoing tunnels, streams 1 and 3; its peer is made by hand.
template <class Session>
struct conversation {
    explicit conversation(session_options options = {}, const octets& settings = {})
        : side((options.accept_tunnels = true, options), {}, now) {
        side.echoes = true;
        if constexpr (Session::is_client) {
            hears(model::server_preface(true) + settings + settings_ack);
            open();
            open();
            for (const std::uint32_t stream : {1U, 3U})
                hears(model::headers(stream, {{":status", "200"}}, false));
        } else {
            hears(model::client_preface() + settings + settings_ack);
            for (const std::uint32_t stream : {1U, 3U})
                hears(model::headers(stream, tunnel_request(), false));
        }
        REQUIRE(echoes(1));
        REQUIRE(echoes(3));
        mark();
    }

    instant now = seconds(1);
    endpoint<Session> side;
    std::size_t begun = 0;

    void hears(const octets& bytes) {
        side.receive(bytes);
        flush();
    }
    void flush() {
        while (!side.offered().empty()) (void)side.transmit();
    }
    void open() {
        if constexpr (Session::is_client) {
            const auto made = side.call(
                [&](auto& s) { return s.open({.authority = "a.test", .path = "/"}, now); });
            REQUIRE(made);
            side.at(*made);
            flush();
        }
    }

    // A peer's WebSocket frame.
    static octets message(std::string_view text, unsigned first = 0x82) {
        return Session::is_client
                   ? transcript::frame_start(first, false, text.size()) + octets(text)
                   : transcript::from_client(first, text);
    }
    static octets said(std::uint32_t stream, std::string_view text, unsigned first = 0x82) {
        return model::data(stream, message(text, first), false);
    }

    void mark() { begun = side.written.size(); }
    std::vector<seen_frame> frames() const { return parsed(side.written.substr(begun)); }
    std::vector<seen_frame> frames(std::uint8_t type, std::uint32_t stream) const {
        std::vector<seen_frame> out;
        for (seen_frame& frame : frames())
            if (frame.type == type && frame.stream == stream) out.push_back(std::move(frame));
        return out;
    }
    std::vector<seen_frame> frames_on(std::uint32_t stream) const {
        std::vector<seen_frame> out;
        for (seen_frame& frame : frames())
            if (frame.stream == stream) out.push_back(std::move(frame));
        return out;
    }
    std::uint64_t granted(std::uint32_t stream) const {
        std::uint64_t sum = 0;
        for (const seen_frame& frame : frames(update_type, stream))
            sum += model::number_at(frame.payload, 0);
        return sum;
    }
    std::size_t sent(std::uint32_t stream) const {
        std::size_t sum = 0;
        for (const seen_frame& frame : frames(data_type, stream)) sum += frame.payload.size();
        return sum;
    }

    bool echoes(std::uint32_t stream) {
        const octets label = std::to_string(stream / 2 + 1);
        const std::size_t before = side.written.size();
        const std::size_t heard = side.log.size();
        hears(said(stream, "echo?"));
        for (const seen_frame& frame : parsed(side.written.substr(before)))
            if (frame.type == data_type && frame.stream == stream)
                return side.log.size() == heard + 1;
        return false;
    }

    // Stream 1 is gone, by our RST_STREAM where there is a code; 3 is as it was.
    void check_stream_error(std::optional<http2_error> code) {
        const auto resets = frames(reset_type, 1);
        CHECK(resets.size() == (code ? 1U : 0U));
        if (code && !resets.empty()) CHECK(resets[0].code() == *code);
        CHECK(frames(goaway_type, 0).empty());
        CHECK_FALSE(side.ended);
        const lines of_one = side.of(1);
        CHECK(std::count_if(of_one.begin(), of_one.end(), [](const std::string& line) {
                  return line.starts_with("closed");
              }) == 1);
        CHECK(of_one.back() == "released");
        CHECK(echoes(3));
    }

    void check_closed_in_order() {
        CHECK(side.count("1 closed none") == 1);
        CHECK(side.of(1).back() == "released");
        CHECK(frames(goaway_type, 0).empty());
        CHECK(echoes(3));
    }

    void check_connection_error(http2_error code) {
        const auto goaways = frames(goaway_type, 0);
        REQUIRE(goaways.size() == 1);
        CHECK(goaways[0].code() == code);
        CHECK(side.ended);
        for (const std::size_t label : {1U, 2U}) {
            CHECK(side.count(std::to_string(label) + " closed connection_lost") == 1);
            CHECK(side.of(label).back() == "released");
        }
        side.check_ended();
        CHECK(side.session.finished());
    }

    void check_nothing_wrong() {
        CHECK(frames(reset_type, 1).empty());
        CHECK(frames(reset_type, 3).empty());
        CHECK(frames(goaway_type, 0).empty());
        CHECK(echoes(1));
        CHECK(echoes(3));
    }
};

using both_roles = std::tuple<nghttp2::server, nghttp2::client>;

} // namespace

TEMPLATE_LIST_TEST_CASE("frames of unknown types and unknown flags are passed over",
                        "[nghttp2][rfc9113-4.1][R91]", both_roles) {
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
                        "[nghttp2][rfc9113-4.2][R92]", both_roles) {
    for (const std::size_t most : {16'384U, 20'000U}) {
        conversation<TestType> peer({}, most == 16'384 ? octets{} : setting(5, 20'000));
        peer.hears(peer.said(1, octets(16'000, 'x')));
        CHECK(peer.side.send(peer.side.last, octets(100'000, 'y')) == errc::none);
        peer.flush();
        std::size_t longest = 0;
        for (const seen_frame& frame : peer.frames())
            longest = std::max(longest, frame.payload.size());
        CHECK(longest == std::min<std::size_t>(most, 16'384)); // nghttp2 makes none that are longer
        CHECK(peer.sent(3) > 100'000);
    }
}

TEMPLATE_LIST_TEST_CASE("a frame longer than ours ends the connection",
                        "[nghttp2][rfc9113-4.2][R92]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(1, peer.message(octets(16'384 - 8, 'x')).substr(0, 16'384), false));
    CHECK_FALSE(peer.side.ended);
    peer.hears(model::data(1, octets(16'385, 'x'), false));
    peer.check_connection_error(http2_error::frame_size_error);
}

TEMPLATE_LIST_TEST_CASE("nothing may stand between HEADERS and CONTINUATION",
                        "[nghttp2][rfc9113-4.3][R93]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(headers_type, 0, 1, octets("\0\1x\1y", 5)) + peer.said(3, "between"));
    peer.check_connection_error(http2_error::protocol_error);
    CHECK(peer.side.count("2 binary 62 65 74 77 65 65 6e") == 0);
}

TEMPLATE_LIST_TEST_CASE("a field block that cannot be decoded ends the connection",
                        "[nghttp2][rfc9113-4.3][R93]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(headers_type, 4, 1, octets("\xff\xff\xff\xff\xff\x0f", 6)));
    peer.check_connection_error(http2_error::compression_error);
}

TEST_CASE("a field block is decoded also where it is discarded", "[nghttp2][rfc9113-4.3][R93]") {
    conversation<nghttp2::server> peer;
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

TEMPLATE_LIST_TEST_CASE("what may follow END_STREAM does no harm, what may not ends the connection",
                        "[nghttp2][rfc9113-5.1][R94][rfc9113-6.1][R106][R116]", both_roles) {
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
    SECTION("DATA: nghttp2 remembers closed streams on a server only") {
        const auto peer = half_closed();
        peer->hears(peer->said(1, "more"));
        if (TestType::is_client) return peer->check_closed_in_order(); // discarded: RFC 9113 §5.1
        REQUIRE(peer->frames(goaway_type, 0).size() == 1);
        CHECK(peer->frames(goaway_type, 0)[0].code() == http2_error::stream_closed);
        CHECK(peer->side.count("1 closed none") == 1);
        CHECK(peer->side.count("2 closed connection_lost") == 1);
        peer->side.check_ended();
    }
}

TEST_CASE("DATA after END_STREAM on a stream that is half open ends the connection",
          "[nghttp2][rfc9113-5.1][R94][rfc9113-6.1][R106]") {
    // An ordinary request whose answer has not come: nghttp2 makes a connection error of what may
    // be a stream error (RFC 9113 §5.4.1).
    conversation<nghttp2::server> peer;
    peer.hears(model::headers(
        5, {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}}, true));
    peer.hears(window_update(5, 1));
    CHECK(peer.echoes(1));
    SECTION("DATA") { peer.hears(model::data(5, "x", false)); }
    SECTION("HEADERS") { peer.hears(model::headers(5, {{"x", "y"}}, true)); }
    peer.check_connection_error(http2_error::stream_closed);
}

TEST_CASE("after our END_STREAM only credit is sent, and it is sent",
          "[nghttp2][rfc9113-5.1][R95]") {
    conversation<nghttp2::server> peer;
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
                        "[nghttp2][rfc9113-5.1][R96][rfc9113-5.4.2][R101][rfc9113-6.9][R117]",
                        both_roles) {
    conversation<TestType> peer;
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
    CHECK(peer.granted(0) + (1 << 20) >= 20 * 16'000);
    peer.check_stream_error(http2_error::cancel);
}

TEST_CASE("no more tunnels are asked for than the server's MAX_CONCURRENT_STREAMS",
          "[nghttp2][rfc9113-5.1.2][R97]") {
    conversation<nghttp2::client> peer({}, setting(3, 2));
    peer.open();
    CHECK(peer.frames(headers_type, 5).empty());
    peer.hears(peer.said(1, "\x03\xe8", 0x88)); // the Closes are exchanged, its half goes on
    CHECK(peer.frames(headers_type, 5).empty());
    peer.hears(model::data(1, {}, true));
    CHECK(peer.frames(headers_type, 5).size() == 1);
    CHECK(peer.echoes(3));
}

TEST_CASE("a stream above our MAX_CONCURRENT_STREAMS is refused, or ends the connection",
          "[nghttp2][rfc9113-5.1.2][R98]") {
    conversation<nghttp2::server> peer({.max_streams = 2});
    // The client has acknowledged the limit: nghttp2 takes it for an attack.
    peer.hears(model::headers(5, tunnel_request(), false));
    peer.check_connection_error(http2_error::protocol_error);
    // It had not when it sent this.
    instant now = seconds(1);
    endpoint<nghttp2::server> early(
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
                        "[nghttp2][rfc9113-5.2.1][R99][rfc9113-6.9.1][R118]", both_roles) {
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

TEMPLATE_LIST_TEST_CASE("a tunnel that is not consumed does not stop the others",
                        "[nghttp2][rfc9113-5.2.2][R100]", both_roles) {
    conversation<TestType> peer;
    peer.side.consumes = false;
    for (int i = 0; i < 4; ++i)
        peer.hears(model::data(1, peer.message(octets(16'000, 'x')), false));
    CHECK(peer.granted(1) == 0); // it is held
    peer.side.consumes = true;
    for (int i = 0; i < 1'000; ++i) REQUIRE(peer.echoes(3));
}

TEMPLATE_LIST_TEST_CASE("RST_STREAM is not answered by RST_STREAM, and nothing follows it",
                        "[nghttp2][rfc9113-5.4.2][R102][rfc9113-6.4][R107]", both_roles) {
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
                        "[nghttp2][S18]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(1, {}, true) + model::reset(1, 0));
    CHECK(
        peer.side.of(1)[peer.side.of(1).size() - 2].starts_with("closed end_stream_without_close"));
}

TEMPLATE_LIST_TEST_CASE("a code that nobody knows in GOAWAY changes nothing",
                        "[nghttp2][rfc9113-7][R121][rfc9113-6.8][R112]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(goaway_type, 0, 0,
                            model::number(TestType::is_client ? 3 : 0) + // its streams
                                model::number(0xdeadbeef)));
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("padding counts and is credited", "[nghttp2][rfc9113-6.1][R104]",
                        both_roles) {
    conversation<TestType> peer;
    const octets padded =
        octets(1, '\xff') + peer.message("padded") + octets(255, '\0'); // 268 with its length
    for (int i = 0; i < 500; ++i) peer.hears(model::frame(data_type, 8, 1, padded));
    CHECK(peer.granted(1) + 65'535 >= 500 * padded.size());
    CHECK(peer.granted(1) <= 500 * padded.size());
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("padding as long as its frame ends the connection",
                        "[nghttp2][rfc9113-6.1][R104]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::frame(data_type, 8, 1, octets("\x05xxxx", 5)));
    peer.check_connection_error(http2_error::protocol_error);
}

TEMPLATE_LIST_TEST_CASE("DATA on a stream that nobody opened ends the connection",
                        "[nghttp2][rfc9113-6.1][R106]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::data(99, "x", false));
    peer.check_connection_error(http2_error::protocol_error);
}

TEMPLATE_LIST_TEST_CASE("frames on the wrong kind of stream end the connection",
                        "[nghttp2][rfc9113-5.1][R106]", both_roles) {
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

TEMPLATE_LIST_TEST_CASE("frames of a wrong size end the connection", "[nghttp2][rfc9113-4.2][R93]",
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
                        "[nghttp2][rfc9113-6.5.3][R110][rfc9113-6.5][R108][R109]", both_roles) {
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
                        "[nghttp2][rfc9113-6.5.2][R109][R119]", both_roles) {
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

TEMPLATE_LIST_TEST_CASE("a WINDOW_UPDATE of nothing ends the connection",
                        "[nghttp2][rfc9113-6.9][R115]", both_roles) {
    // On a stream it may be an error of the stream alone; nghttp2 makes more of it.
    for (const std::uint32_t stream : {0U, 1U}) {
        conversation<TestType> peer;
        peer.hears(window_update(stream, 1));
        CHECK(peer.echoes(1));
        peer.hears(window_update(stream, 0));
        peer.check_connection_error(http2_error::protocol_error);
    }
}

TEMPLATE_LIST_TEST_CASE("a WINDOW_UPDATE on a closed stream is no error",
                        "[nghttp2][rfc9113-6.9][R116]", both_roles) {
    conversation<TestType> peer;
    peer.hears(model::reset(1, 8));
    peer.hears(window_update(1, 100));
    peer.check_stream_error({});
}

TEMPLATE_LIST_TEST_CASE("DATA beyond our windows is an error of what it exceeds",
                        "[nghttp2][rfc9113-6.9][R117][rfc9113-6.9.1][R119]", both_roles) {
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
                        "[nghttp2][rfc9113-6.9.1][R119]", both_roles) {
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
        peer.check_stream_error(http2_error::flow_control_error);
    }
}

TEST_CASE("END_STREAM waits for credit where a window is used up",
          "[nghttp2][rfc9113-6.9.1][R118]") {
    // An empty DATA frame may be sent then; nghttp2 asks for none.
    conversation<nghttp2::server> peer;
    peer.begun = 0; // count all
    const std::size_t left = (1 << 20) - peer.sent(3);
    CHECK(peer.side.send(peer.side.last, octets(left - 10, 'x')) == errc::none);
    peer.flush();
    CHECK(peer.sent(3) == 1 << 20); // stream 3 has no window left
    // RFC 9113 §8.5: its client's END_STREAM without a Close is answered by ours
    peer.hears(model::data(3, {}, true));
    CHECK(peer.side.count("2 closed end_stream_without_close") == 1);
    CHECK_FALSE(peer.frames(data_type, 3).back().ends());
    peer.hears(window_update(3, 1));
    CHECK(peer.frames(data_type, 3).back().ends());
    CHECK(peer.frames(data_type, 3).back().payload.empty());
    CHECK(peer.side.count("2 released") == 1);
    CHECK(peer.echoes(1));
}

TEMPLATE_LIST_TEST_CASE("a smaller INITIAL_WINDOW_SIZE takes windows below zero",
                        "[nghttp2][rfc9113-6.9.2][R120]", both_roles) {
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

TEST_CASE("a request with more fields than the limit gets 431", "[nghttp2][rfc9113-10.5.1][R124]") {
    for (const std::size_t count : {2U, 3U}) {
        conversation<nghttp2::server> peer({.max_fields = 8});
        std::vector<field> list = tunnel_request();
        for (std::size_t i = 0; i < count; ++i) list.push_back({"x", "y"});
        peer.hears(model::headers(5, list, false));
        CHECK(peer.side.has("rejected too_many_fields") == (count > 2));
        CHECK(peer.side.has("3 requested /") == (count <= 2));
        CHECK(peer.frames(goaway_type, 0).empty());
        CHECK(peer.echoes(1));
    }
}

TEST_CASE("tunnels that wait for their answer have a limit of their own",
          "[nghttp2][rfc9113-10.5.2][R125]") {
    conversation<nghttp2::server> peer({.max_pending = 3});
    peer.side.accepts = false;
    for (const std::uint32_t stream : {5U, 7U, 9U, 11U})
        peer.hears(model::headers(stream, tunnel_request(), false));
    CHECK(peer.side.has("5 requested /"));
    CHECK(peer.side.has("rejected too_many_tunnels"));
    CHECK(peer.frames(headers_type, 11).size() == 1);
    CHECK(peer.frames(headers_type, 9).empty());
    CHECK(peer.echoes(1));
}

TEST_CASE("a lost connection ends each tunnel as 1006 would", "[nghttp2][rfc6455-7.2.1][R103]") {
    conversation<nghttp2::server> peer;
    peer.side.lost();
    CHECK(peer.side.count("1 closed connection_lost") == 1);
    CHECK(peer.side.count("2 closed connection_lost") == 1);
    peer.side.check_ended();
}

TEST_CASE("nghttp2 takes a 204 answer for one without content", "[nghttp2][rfc9113-8.5]") {
    // Any 2xx opens a tunnel (S4); nghttp2 1.52 resets the stream at its first DATA.
    for (const char* const status : {"200", "201", "299", "204"}) {
        CAPTURE(status);
        conversation<nghttp2::client> peer;
        peer.open();
        peer.hears(model::headers(5, {{":status", status}}, false));
        CHECK(peer.side.has("3 opened " + octets(status)));
        CHECK(peer.echoes(5) == (status != octets("204")));
        CHECK(peer.frames(reset_type, 5).size() == (status != octets("204") ? 0U : 1U));
        CHECK(peer.echoes(1));
    }
}
