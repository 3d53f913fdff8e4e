// What a peer does wrong in HTTP/2 itself: the error that is told, the code that is sent, and how
// far it reaches. Both roles, three tunnels open.
#include "model.hpp"

#include <tuple>

using models = std::tuple<http2_model>;

#include "../rule_suite/three_tunnels.hpp"

#include <functional>

namespace {

using m = http2_model;

octets no_octets(int size) { return octets(static_cast<std::size_t>(size), '\0'); }

octets one_setting(std::uint16_t id, std::uint32_t value) {
    return m::frame(4, 0, 0, m::number(id, 2) + m::number(value));
}

// The code of the last GOAWAY that was written; none: there is none with an error.
std::string goaway_code(std::string_view written, bool from_client) {
    if (from_client) written.remove_prefix(24);
    std::string code;
    while (written.size() >= 9) {
        const std::uint32_t length = m::number_at(written, 0, 3);
        if (written[3] == 7) code = h2ws::name(static_cast<http2_error>(m::number_at(written, 13)));
        written.remove_prefix(9 + length);
    }
    return code;
}

struct fault {
    const char* what;
    octets bytes;
    errc error;
};

template <bool IsClient>
void check_connection_fault(const fault& at) {
    CAPTURE(at.what, IsClient);
    three_tunnels<http2_model, IsClient> three;
    three.us.hears(at.bytes);
    CAPTURE(three.us.side.log);
    CHECK(three.us.side.log.back() == "ended " + std::string(info(at.error).name));
    CHECK(goaway_code(three.us.side.written, IsClient) == h2ws::name(info(at.error).stream_error));
    for (std::size_t label = 1; label <= 3; ++label)
        CHECK(last(three.us.side.of(label), 2) == lines{"closed connection_lost", "released"});
    three.us.side.check_ended();
    CHECK(three.us.side.session.finished());
}

template <bool IsClient>
void check_stream_fault(const fault& at) {
    CAPTURE(at.what, IsClient);
    three_tunnels<http2_model, IsClient> three;
    three.us.hears(at.bytes);
    three.check_closed(at.error);
    CHECK(contains(three.frames(),
                   "3 reset " + std::string(h2ws::name(info(at.error).stream_error))));
    three.check_others();
}

std::vector<fault> connection_faults() {
    return {
        {"a frame above 16,384", m::frame(0, 0, 1, no_octets(16'385)), errc::frame_size_invalid},
        {"an unknown frame above it", m::frame(0x77, 0, 1, no_octets(16'385)),
         errc::frame_size_invalid},
        {"DATA on stream 0", m::frame(0, 0, 0, "x"), errc::stream_id_invalid},
        {"HEADERS on stream 0", m::frame(1, 4, 0, ""), errc::stream_id_invalid},
        {"SETTINGS on a stream", m::frame(4, 0, 1, ""), errc::stream_id_invalid},
        {"PING on a stream", m::frame(6, 0, 1, no_octets(8)), errc::stream_id_invalid},
        {"a short PING", m::frame(6, 0, 0, no_octets(7)), errc::frame_size_invalid},
        {"a short RST_STREAM", m::frame(3, 0, 3, no_octets(3)), errc::frame_size_invalid},
        {"a short WINDOW_UPDATE", m::frame(8, 0, 3, no_octets(3)), errc::frame_size_invalid},
        {"an acknowledgement with content", m::frame(4, 1, 0, no_octets(6)),
         errc::frame_size_invalid},
        {"half a setting", m::frame(4, 0, 0, no_octets(5)), errc::frame_size_invalid},
        {"padding longer than DATA", m::frame(0, 8, 3, octets("\x05") + "1234"),
         errc::padding_invalid},
        {"padded DATA without its length", m::frame(0, 8, 3, ""), errc::frame_size_invalid},
        {"padding longer than HEADERS", m::frame(1, 12, 3, octets("\x05") + "1234"),
         errc::padding_invalid},
        {"CONTINUATION after nothing", m::frame(9, 4, 3, ""), errc::frame_unexpected},
        {"another frame inside a block", m::frame(1, 0, 3, "") + m::frame(6, 0, 0, no_octets(8)),
         errc::frame_unexpected},
        {"an unknown frame inside a block", m::frame(1, 0, 3, "") + m::frame(0x77, 0, 0, ""),
         errc::frame_unexpected},
        {"another stream's CONTINUATION", m::frame(1, 0, 3, "") + m::frame(9, 4, 5, ""),
         errc::frame_unexpected},
        {"DATA on an idle stream", m::frame(0, 0, 99, "x"), errc::frame_unexpected},
        {"WINDOW_UPDATE on an idle stream", m::frame(8, 0, 99, m::number(1)),
         errc::frame_unexpected},
        {"RST_STREAM on an idle stream", m::reset(99, 8), errc::frame_unexpected},
        {"HEADERS on an even stream", m::frame(1, 4, 2, "\x88"), errc::frame_unexpected},
        {"PUSH_PROMISE", m::frame(5, 4, 1, m::number(2)), errc::push_not_allowed},
        {"ENABLE_PUSH of 2", one_setting(2, 2), errc::setting_invalid},
        {"MAX_FRAME_SIZE of 16,383", one_setting(5, 16'383), errc::setting_invalid},
        {"MAX_FRAME_SIZE of 2^24", one_setting(5, 1 << 24), errc::setting_invalid},
        {"INITIAL_WINDOW_SIZE of 2^31", one_setting(4, 0x8000'0000), errc::window_exceeded},
        {"INITIAL_WINDOW_SIZE that is too much for a stream",
         m::frame(8, 0, 3, m::number(0x7fff'ffff - (1 << 20))) + one_setting(4, 0x7fff'ffff),
         errc::window_exceeded},
        {"NO_RFC7540_PRIORITIES of 2", one_setting(9, 2), errc::setting_invalid},
        {"a window update of nothing", m::frame(8, 0, 0, m::number(0)),
         errc::window_increment_zero},
        {"the connection's window above 2^31-1", m::frame(8, 0, 0, m::number(0x7fff'ffff)),
         errc::window_exceeded},
        {"a block that cannot be decoded", m::frame(1, 4, 3, "\x80"), errc::compression_error},
        {"33 CONTINUATION frames",
         m::frame(1, 0, 3, "") +
             [] {
                 octets all;
                 for (int i = 0; i < 33; ++i) all += m::frame(9, 0, 3, "");
                 return all;
             }(),
         errc::flooded},
    };
}

} // namespace

TEST_CASE("a fault of the connection is told, and ends all, with its own code",
          "[http2][rfc9113-5.4.1][rfc9113-6][R103]") {
    for (const fault& at : connection_faults()) {
        check_connection_fault<false>(at);
        check_connection_fault<true>(at);
    }
}

TEST_CASE("PRIORITY_UPDATE of what is no request, or of a server's, ends the connection",
          "[http2][rfc9218-7.1]") {
    const auto of = [](std::uint32_t stream) {
        return m::frame(16, 0, 0, m::number(stream) + octets("u=1"));
    };
    check_connection_fault<false>({"stream 0", of(0), errc::stream_id_invalid});
    check_connection_fault<false>({"a push stream", of(2), errc::stream_id_invalid});
    check_connection_fault<true>({"at a client", of(1), errc::frame_unexpected});
    check_connection_fault<false>(
        {"on a stream", m::frame(16, 0, 1, m::number(1)), errc::stream_id_invalid});
    check_connection_fault<false>(
        {"too short", m::frame(16, 0, 0, "123"), errc::frame_size_invalid});
}

TEST_CASE("NO_RFC7540_PRIORITIES stays what the first SETTINGS made of it",
          "[http2][rfc9218-2.1]") {
    const octets priorities_off = m::number(9, 2) + m::number(1);
    const octets priorities_on = m::number(9, 2) + m::number(0);
    // In the first frame the last value counts (RFC 9113 §6.5).
    const std::pair<octets, std::uint32_t> begun[]{
        {{}, 0}, {priorities_on, 0}, {priorities_off, 1}, {priorities_on + priorities_off, 1}};
    for (const auto& [first, value] : begun) {
        CAPTURE(first.size(), value);
        const octets preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + m::frame(4, 0, 0, first);
        alone<m::server> server;
        server.hears(preface + one_setting(9, value));
        CHECK_FALSE(server.side.ended);
        server.hears(one_setting(9, 1 - value));
        CHECK(server.side.log.back() == "ended setting_invalid");
        CHECK(goaway_code(server.side.written, false) == "PROTOCOL_ERROR");
        alone<m::client> client;
        client.hears(preface.substr(24) + one_setting(9, value));
        CHECK_FALSE(client.side.ended);
        client.hears(one_setting(9, 1 - value));
        CHECK(client.side.log.back() == "ended setting_invalid");
    }
}

TEST_CASE("a fault of a stream ends that stream, with its own code", "[http2][rfc9113-5.4.2]") {
    const fault faults[]{
        {"a window update of nothing", m::frame(8, 0, 3, m::number(0)),
         errc::window_increment_zero}, // RFC 9113 §6.9 (R115)
        {"a window above 2^31-1", m::frame(8, 0, 3, m::number(0x7fff'ffff)),
         errc::window_exceeded}, // RFC 9113 §6.9.1 (R119)
        {"PRIORITY of a wrong size", m::frame(2, 0, 3, "1234"), errc::frame_size_invalid},
    };
    for (const fault& at : faults) {
        check_stream_fault<false>(at);
        check_stream_fault<true>(at);
    }
}

TEST_CASE("more than a stream's window allows ends that stream", "[http2][rfc9113-6.9.1][R117]") {
    three_tunnels<http2_model, false> three;
    three.us.side.consumes = false;
    three.us.hears(m::frame(4, 1, 0, "")); // our SETTINGS are acknowledged
    const octets message = transcript::from_client(0x82, no_octets(16'000));
    for (int i = 0; i < 4; ++i) three.us.hears(m::data(3, message, false));
    three.us.hears(m::data(3, message, false));
    three.check_closed(errc::window_exceeded);
    CHECK(contains(three.frames(), "3 reset FLOW_CONTROL_ERROR"));
    three.check_others();
}

TEST_CASE("END_STREAM may come where our SETTINGS took the window below zero",
          "[http2][rfc9113-6.9.1][rfc9113-6.9.2][R118]") {
    three_tunnels<http2_model, false> three({.stream_window = 1'000});
    three.us.side.consumes = three.us.side.echoes = false;
    three.us.hears(m::data(3, transcript::from_client(0x82, no_octets(16'000)), false));
    three.us.hears(m::frame(4, 1, 0, "")); // acknowledged only now
    three.us.hears(m::data(3, "", true));
    three.check_closed(errc::end_stream_without_close);
    CHECK(last(three.frames(), 1) == lines{"3 data 0 end"});
}

TEST_CASE("a frame after END_STREAM ends its stream while our half is open, else the connection",
          "[http2][rfc9113-5.1][R94][R106]") {
    const std::vector<field> get{
        {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    for (const octets& late : {m::data(7, "more", false), m::headers(7, {{"late", "1"}}, true)}) {
        three_tunnels<http2_model, false> three;
        three.us.hears(m::headers(7, get, true)); // not answered yet
        three.us.hears(late);
        CHECK(last(three.frames(), 1) == lines{"7 reset STREAM_CLOSED"});
        CHECK(three.us.side.log.back() == "request released frame_on_closed_stream");
        three.check_others();
    }
    three_tunnels<http2_model, false> three;
    three.us.hears(m::data(3, transcript::from_client(0x88, "\x03\xe8"), true));
    CHECK(three.us.side.of(2).back() == "released");
    three.us.hears(m::data(3, "more", false));
    CHECK(three.us.side.log.back() == "ended frame_on_closed_stream");
    CHECK(goaway_code(three.us.side.written, false) == "STREAM_CLOSED");
}

TEST_CASE("what was on its way when we reset a stream is passed over",
          "[http2][rfc9113-5.1][R96][R93]") {
    three_tunnels<http2_model, false> three;
    CHECK(three.us.side.reset(three.names[1]) == errc::none);
    three.us.hears({});
    const auto resets = [&] {
        const lines all = three.frames();
        return std::count(all.begin(), all.end(), "3 reset CANCEL");
    };
    REQUIRE(resets() == 1);
    three.us.hears(m::data(3, transcript::from_client(0x81, "late"), true));
    three.us.hears(m::headers(3, {{"late", "trailer"}}, true));
    three.us.hears(m::frame(8, 0, 3, m::number(1)) + m::reset(3, 8));
    CHECK(resets() == 1);
    three.check_others();
}

TEST_CASE("what was on its way to many streams that we reset at once is passed over",
          "[http2][rfc9113-5.1][R96]") {
    three_tunnels<http2_model, false> three;
    for (std::uint32_t stream = 7; stream < 407; stream += 2) three.open(stream);
    for (std::size_t i = 3; i < three.names.size(); ++i)
        CHECK(three.us.side.reset(three.names[i]) == errc::none);
    three.us.hears({});
    const std::size_t before = three.us.side.written.size();
    octets late;
    for (int round = 0; round < 10; ++round)
        for (std::uint32_t stream = 7; stream < 407; stream += 2)
            late += m::data(stream, transcript::from_client(0x81, "late"), false);
    three.us.hears(late);
    CHECK(three.us.side.written.size() == before);
    CHECK(three.us.side.session.counters().total(flood::resets_provoked) == 0);
    three.check_others();
}

TEST_CASE("HEADERS on a stream that was skipped end the connection",
          "[http2][rfc9113-5.1.1][R96]") {
    const octets late = m::headers(9, websocket_request(), false);
    three_tunnels<http2_model, false> skipped;
    skipped.us.hears(m::headers(13, websocket_request(), false)); // 7, 9 and 11 are closed by it
    skipped.us.hears(m::frame(8, 0, 9, m::number(1)) + m::reset(9, 8));
    skipped.check_others();
    skipped.us.hears(late);
    CHECK(skipped.us.side.log.back() == "ended frame_unexpected");
    CHECK(goaway_code(skipped.us.side.written, false) == "PROTOCOL_ERROR");
    SECTION("not where it was opened and reset") {
        three_tunnels<http2_model, false> three;
        three.us.hears(m::headers(9, websocket_request(), false));
        CHECK(three.us.side.reset(three.us.side.last) == errc::none);
        three.us.hears({});
        three.us.hears(m::headers(9, {{"late", "trailer"}}, true));
        three.check_others();
    }
    SECTION("nor where so many have ended since that it is forgotten") {
        three_tunnels<http2_model, false> three;
        for (std::uint32_t stream = 11; stream < 11 + 2 * 66; stream += 2)
            three.us.hears(m::headers(stream, websocket_request(), false) + m::reset(stream, 8));
        three.us.hears(late);
        CHECK(last(three.frames(), 1) == lines{"9 reset STREAM_CLOSED"});
        three.check_others();
    }
    SECTION("nor above what our GOAWAY took") {
        three_tunnels<http2_model, false> three;
        three.us.side.shutdown();
        three.us.hears(m::frame(6, 1, 0, "shutdown"));
        three.us.hears(m::headers(13, websocket_request(), false) + late);
        three.check_others();
    }
}

TEST_CASE("frames on a stream that was forgotten reset it again, and no more",
          "[http2][rfc9113-6.1][R106]") {
    three_tunnels<http2_model, false> three;
    three.us.hears(m::reset(3, 8));
    three.us.hears(m::data(3, "late", false));
    CHECK(last(three.frames(), 1) == lines{"3 reset STREAM_CLOSED"});
    three.us.hears(m::data(3, "late", false)); // the same is not said twice
    const lines all = three.frames();
    CHECK(std::count(all.begin(), all.end(), "3 reset STREAM_CLOSED") == 1);
    three.check_others();
}

TEST_CASE("a stream above the limit is refused, its block is decoded",
          "[http2][rfc9113-5.1.2][R98][R93]") {
    three_tunnels<http2_model, false> three({.max_streams = 3});
    three.us.hears(m::headers(7, websocket_request(), false));
    CHECK(last(three.frames(), 1) == lines{"7 reset REFUSED_STREAM"});
    three.us.hears(m::data(7, "early", false));
    three.check_others();
    three.us.hears(m::reset(1, 8));
    three.us.hears(m::headers(9, websocket_request(), false));
    CHECK(three.us.side.last.value != three.names[2].value);
    CHECK(three.us.side.at(three.us.side.last).opened);
}

TEST_CASE("the connection's window is charged for what nobody wants",
          "[http2][rfc9113-6.9][R117][R104]") {
    three_tunnels<http2_model, false> three;
    CHECK(three.us.side.reset(three.names[1]) == errc::none);
    three.us.hears({});
    // ten windows of the connection, with padding
    for (int i = 0; i < 800; ++i)
        three.us.hears(m::frame(0, 8, 3, octets(1, '\x20') + no_octets(16'000)));
    three.check_others();
}

TEST_CASE("a preface that is none, and one without SETTINGS, end the connection",
          "[http2][rfc9113-3.4]") {
    for (const octets& bytes :
         {octets("GET / HTTP/1.1\r\n\r\n"),
          octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + m::frame(6, 0, 0, no_octets(8)),
          octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + m::frame(4, 1, 0, "")}) {
        alone<m::server> server;
        server.hears(bytes);
        CHECK(server.side.log == lines{"ended preface_invalid"});
        CHECK(goaway_code(server.side.written, false) == "PROTOCOL_ERROR");
    }
    alone<m::client> client;
    client.hears(m::frame(6, 0, 0, no_octets(8)));
    CHECK(client.side.log == lines{"ended preface_invalid"});
}

TEST_CASE("a peer that makes us answer and reads nothing is left", "[http2][rfc9113-10.5][R123]") {
    session_options options;
    options.floods.pings = options.floods.settings = flood_limits::unlimited;
    for (const octets& asks : {m::frame(6, 0, 0, no_octets(8)), m::frame(4, 0, 0, "")}) {
        three_tunnels<http2_model, false> three(options);
        three.us.side.receive(asks);
        REQUIRE_FALSE(three.us.side.offered().empty()); // and it stays
        for (int i = 0; i < 1'000; ++i) three.us.side.receive(asks);
        CHECK_FALSE(three.us.side.ended);
        three.us.side.receive(asks);
        CHECK(three.us.side.log.back() == "ended flooded");
        three.us.side.check_ended();
    }
    three_tunnels<http2_model, false> reads(options);
    for (int i = 0; i < 3'000; ++i) reads.us.hears(m::frame(6, 0, 0, no_octets(8)));
    reads.check_others();
}

TEST_CASE("credit waits for a peer that sends and reads nothing, and is not lost",
          "[http2][rfc9113-10.5][R123]") {
    three_tunnels<http2_model, false> three({.stream_window = 1'000});
    three.us.side.echoes = false;
    three.us.hears(m::frame(4, 1, 0, ""));
    three.us.side.receive(m::frame(6, 0, 0, no_octets(8)));
    REQUIRE_FALSE(three.us.side.offered().empty()); // and it stays
    const octets message = transcript::from_client(0x82, no_octets(600));
    const std::size_t before = three.us.side.written.size();
    const auto is_over = [&] { return contains(three.us.side.of(1), "closed window_exceeded"); };
    for (int i = 0; i < 6'000 && (i % 100 != 0 || !is_over()); ++i)
        three.us.side.receive(m::data(1, message, false));
    CHECK(is_over());
    three.us.side.receive(m::data(5, message, false));
    while (!three.us.side.offered().empty()) (void)three.us.side.transmit();
    CHECK(three.us.side.written.size() - before < 65'536 + 200);
    const octets grant = m::frame(8, 0, 5, m::number(static_cast<std::uint32_t>(message.size())));
    CHECK(three.us.side.written.find(grant) != octets::npos);
    three.us.side.echoes = true;
    three.us.hears(m::data(5, transcript::from_client(0x81, "on"), false));
    CHECK(three.said(transcript::from_server(0x81, "on")) == 1);
}
