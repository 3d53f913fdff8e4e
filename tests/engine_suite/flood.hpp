// What a peer may do too often: each flood at its limit, and one beyond it.
#pragma once

#include "../scarce_memory.hpp"
#include "conversation.hpp"

namespace engine_suite {

inline std::vector<field> flood_request(std::string_view version) {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", "/"},         {"sec-websocket-version", version}};
}

inline octets request(std::uint32_t stream, std::string_view version = "13") {
    return model::headers(stream, flood_request(version), false);
}

// One occurrence of each kind, on whatever streams it needs; 1 is a tunnel that stays.
struct kind {
    const char* name;
    flood what;
    std::uint32_t flood_limits::*limit;
    octets (*once)(std::uint32_t turn);
};

inline const kind kinds[]{
    {"pings", flood::pings, &flood_limits::pings,
     [](std::uint32_t) { return model::frame(6, 0, 0, "12345678"); }},
    {"settings", flood::settings, &flood_limits::settings,
     [](std::uint32_t) { return model::frame(4, 0, 0, {}); }},
    {"empty DATA", flood::empty_data, &flood_limits::empty_data,
     [](std::uint32_t) { return model::data(1, {}, false); }},
    {"DATA of padding", flood::empty_data, &flood_limits::empty_data,
     [](std::uint32_t) { return model::frame(0, 8, 1, octets("\2\0\0", 3)); }},
    {"PRIORITY", flood::small_frames, &flood_limits::small_frames,
     [](std::uint32_t) { return model::frame(2, 0, 1, octets(5, '\0')); }},
    {"WINDOW_UPDATE", flood::small_frames, &flood_limits::small_frames,
     [](std::uint32_t) { return model::frame(8, 0, 1, model::number(1)); }},
    {"frames of an unknown type", flood::small_frames, &flood_limits::small_frames,
     [](std::uint32_t turn) {
         return model::frame(static_cast<std::uint8_t>(0x20 + turn % 200), 0, turn % 2, "?");
     }},
    {"PING acknowledgements", flood::small_frames, &flood_limits::small_frames,
     [](std::uint32_t) { return model::frame(6, 1, 0, "12345678"); }},
    {"GOAWAY", flood::small_frames, &flood_limits::small_frames,
     [](std::uint32_t) { return model::goaway(0); }},
    {"rapid resets", flood::resets_received, &flood_limits::resets_received,
     [](std::uint32_t turn) { return request(2 * turn + 3) + model::reset(2 * turn + 3, 8); }},
    {"resets provoked by malformed requests", flood::resets_provoked,
     &flood_limits::resets_provoked,
     [](std::uint32_t turn) {
         return model::headers(2 * turn + 3, {{":method", "GET"}}, true);
     }},
    {"resets provoked by a window too large", flood::resets_provoked,
     &flood_limits::resets_provoked,
     [](std::uint32_t turn) {
         return request(2 * turn + 3) + model::frame(8, 0, 2 * turn + 3, model::number(0x7fffffff));
     }},
    {"resets provoked by HEADERS on a tunnel", flood::resets_provoked,
     &flood_limits::resets_provoked,
     [](std::uint32_t turn) {
         return request(2 * turn + 3) + model::headers(2 * turn + 3, {{"x", "y"}}, false);
     }},
    {"handshakes of a wrong version", flood::handshakes, &flood_limits::handshakes,
     [](std::uint32_t turn) { return request(2 * turn + 3, "8"); }},
    {"WebSocket pings", flood::websocket_pings, &flood_limits::websocket_pings,
     [](std::uint32_t) { return model::data(1, transcript::from_client(0x89, "p"), false); }},
};

// GOAWAY's error code, the last that was written.
inline std::optional<std::uint32_t> goaway_code(std::string_view bytes) {
    std::optional<std::uint32_t> code;
    while (bytes.size() >= 9) {
        if (bytes[3] == 7) code = model::number_at(bytes, 13);
        bytes.remove_prefix(9 + model::number_at(bytes, 0, 3));
    }
    return code;
}

struct side {
    explicit side(session_options options) : peer(accepting(options), {}, now) {
        peer.echoes = true;
        hears(model::client_preface());
        hears(request(1));
    }
    static session_options accepting(session_options options) {
        options.accept_tunnels = true;
        return options;
    }
    instant now = seconds(1);
    session_suite::endpoint<model::server> peer;

    void hears(const octets& bytes) {
        peer.receive(bytes);
        while (!peer.offered().empty()) (void)peer.transmit();
    }
    bool echoes() {
        const std::size_t before = peer.written.size();
        hears(model::data(1, transcript::from_client(0x81, "still"), false));
        return peer.written.substr(before).ends_with(octets("\x81\x05still"));
    }
};

inline flood_limits limited(std::uint32_t flood_limits::*which, std::uint32_t to) {
    flood_limits limits;
    limits.*which = to;
    return limits;
}

} // namespace engine_suite

using namespace engine_suite;

TEST_CASE("each flood passes at its limit and ends the connection beyond it",
          "[engine][flood][rfc9113-10.5][R123]") {
    for (const kind& of : kinds) {
        CAPTURE(of.name);
        constexpr std::uint32_t limit = 20;
        side at({.floods = limited(of.limit, limit)});
        const std::uint32_t before = at.peer.session.counters().in_interval(of.what);
        for (std::uint32_t turn = before; turn < limit; ++turn) at.hears(of.once(turn));
        CHECK(at.peer.session.counters().in_interval(of.what) == limit);
        CHECK(at.echoes());
        CHECK_FALSE(goaway_code(at.peer.written).has_value());
        // the echo's DATA has earned two
        const std::uint32_t earned = of.what == flood::small_frames ? 2 : 0;
        for (std::uint32_t turn = 0; turn <= earned; ++turn) at.hears(of.once(limit + turn));
        CHECK(at.peer.session.counters().total(of.what) > limit);
        CHECK(goaway_code(at.peer.written) == 0xbU);
        CHECK(at.peer.log.back() == "ended flooded");
        CHECK(at.peer.count("1 closed connection_lost") == 1);
        CHECK(at.peer.session.finished());
        at.peer.check_ended();
    }
}

TEST_CASE("the next interval allows as much again", "[engine][flood][R123]") {
    for (const kind& of : kinds) {
        CAPTURE(of.name);
        constexpr std::uint32_t limit = 20;
        side at({.floods = limited(of.limit, limit)});
        for (std::uint32_t turn = 0; turn < 3 * limit; ++turn) {
            if (turn % 10 == 0) at.now += seconds(10);
            at.hears(of.once(turn));
        }
        CHECK(at.echoes());
        CHECK_FALSE(goaway_code(at.peer.written).has_value());
    }
}

TEST_CASE("the default limits are in force", "[engine][flood][rfc9113-10.5][R123]") {
    for (const kind& of : kinds) {
        CAPTURE(of.name);
        side at({});
        octets input;
        for (std::uint32_t turn = 0; turn <= flood_limits{}.*of.limit + 2; ++turn) {
            input += of.once(turn);
            if (input.size() < 10'000) continue;
            at.hears(input);
            input.clear();
        }
        at.hears(input);
        CHECK(goaway_code(at.peer.written) == 0xbU);
        CHECK(at.peer.log.back() == "ended flooded");
        at.peer.check_ended();
    }
}

TEST_CASE("memory does not grow while a peer floods and does not read",
          "[engine][flood][rfc9113-10.5][R123]") {
    for (const kind& of : kinds) {
        CAPTURE(of.name);
        scarce_memory memory;
        std::size_t most = 0;
        {
            session_options options{.memory = memory.policy()};
            options.accept_tunnels = true;
            instant now = seconds(1);
            session_suite::endpoint<model::server> peer(options, {}, now);
            peer.receive(model::client_preface() + request(1));
            octets input;
            for (std::uint32_t turn = 0; turn < 2'000 && !peer.ended; ++turn) {
                peer.receive(of.once(turn));
                (void)peer.offered(); // nothing of it is taken
                most = std::max(most, memory.held);
            }
        }
        CHECK(memory.held == 0);
        // 256 streams of 1.2 KiB with their requests at most, and one write
        CHECK(most < 1'000'000);
    }
}

TEST_CASE("requests that came in one read are held one at a time, though each was reset at once",
          "[engine][flood][rfc9113-10.5][R123]") {
    for (const bool of_tunnel : {false, true}) {
        CAPTURE(of_tunnel);
        const octets value(100, 'v');
        std::vector<field> fields = of_tunnel ? flood_request("13")
                                              : std::vector<field>{{":method", "GET"},
                                                                   {":scheme", "https"},
                                                                   {":authority", "a.test"},
                                                                   {":path", "/"}};
        fields.insert(fields.end(), 40, field{"x-large", value});
        octets input;
        for (std::uint32_t stream = 3; stream < 1'000; stream += 2)
            input += model::headers(stream, fields, !of_tunnel) + model::reset(stream, 8);
        scarce_memory memory;
        {
            side at({.memory = memory.policy()});
            memory.peak = memory.held;
            const std::size_t before = memory.held;
            at.hears(input);
            CHECK(memory.peak - before < 40'000); // 10 of 500
            CHECK(at.echoes());
        }
        CHECK(memory.held == 0);
    }
}

TEST_CASE("ten thousand tunnels that are opened and closed in order trip nothing",
          "[engine][flood][R123]") {
    session_suite::pair<model> both;
    both.server.echoes = true;
    for (int turn = 0; turn < 10'000; ++turn) {
        const tunnel_id tunnel = both.opened();
        if (both.client.send(tunnel, "hello") != errc::none) FAIL("not sent");
        if (both.client.ping(tunnel, "p") != errc::none) FAIL("not sent");
        both.run();
        if (both.client.close(tunnel) != errc::none) FAIL("not closed");
        both.run();
        both.client.log.clear();
        both.server.log.clear();
        both.client.tunnels.clear();
        both.server.tunnels.clear();
    }
    CHECK_FALSE(both.server.ended);
    CHECK_FALSE(both.client.ended);
    const flood_guard& seen = both.server.session.counters();
    CHECK(seen.total(flood::resets_received) == 0);
    CHECK(seen.total(flood::resets_provoked) == 0);
    CHECK(seen.total(flood::handshakes) == 0);
    CHECK(seen.total(flood::websocket_pings) == 10'000);
    both.finish();
}

TEST_CASE("a reset after both Closes is not counted", "[engine][flood][R123]") {
    side at({.floods = limited(&flood_limits::resets_received, 0)});
    for (std::uint32_t stream = 3; stream < 4'000; stream += 2) {
        at.hears(request(stream));
        // Its Close is answered, and answers ours: then it resets instead of END_STREAM (S20).
        at.hears(model::data(stream, transcript::from_client(0x88, "\x03\xe8"), false));
        at.hears(model::reset(stream, 8));
    }
    CHECK_FALSE(goaway_code(at.peer.written).has_value()); // nghttp2's own limit is 1,000
    CHECK(at.echoes());
    at.hears(request(4'001));
    at.hears(model::reset(4'001, 8)); // before them it is
    CHECK(goaway_code(at.peer.written) == 0xbU);
}

TEST_CASE("resets of a stream that is gone are small frames", "[engine][flood][R123]") {
    side at({.floods = limited(&flood_limits::small_frames, 20)});
    at.hears(request(3) + model::reset(3, 8));
    const auto resets = at.peer.session.counters().total(flood::resets_received);
    for (auto turn = at.peer.session.counters().in_interval(flood::small_frames); turn < 20; ++turn)
        at.hears(model::reset(3, 8));
    CHECK_FALSE(at.peer.ended);
    at.hears(model::reset(3, 8));
    CHECK(goaway_code(at.peer.written) == 0xbU);
    CHECK(at.peer.log.back() == "ended flooded");
    CHECK(at.peer.session.counters().total(flood::resets_received) == resets);
}

TEST_CASE("an application's own resets are not the peer's fault", "[engine][flood][R123]") {
    side at({.floods = limited(&flood_limits::resets_provoked, 0)});
    for (std::uint32_t stream = 3; stream < 100; stream += 2) {
        at.hears(request(stream));
        CHECK(at.peer.reset(at.peer.last, http2_error::protocol_error) == errc::none);
        at.hears({});
    }
    CHECK(at.peer.session.counters().total(flood::resets_provoked) == 0);
    CHECK(at.echoes());
}

TEST_CASE("WINDOW_UPDATE is earned by what we send", "[engine][flood][R123]") {
    side at({.floods = limited(&flood_limits::small_frames, 10)});
    for (int turn = 0; turn < 1'000; ++turn) {
        REQUIRE(at.echoes());
        at.hears(model::frame(8, 0, 0, model::number(7)) + model::frame(8, 0, 1, model::number(7)));
    }
    CHECK(at.peer.session.counters().total(flood::small_frames) > 2'000);
    CHECK_FALSE(at.peer.ended);
}

TEST_CASE("acknowledgements that a peer does not read are bounded over intervals",
          "[engine][flood][R123]") {
    instant now = seconds(1);
    session_suite::endpoint<model::server> peer({}, {}, now);
    peer.receive(model::client_preface());
    (void)peer.offered(); // stays: nothing more leaves nghttp2
    std::uint32_t turn = 0;
    for (; turn < 5'000 && !peer.ended; ++turn) {
        if (turn % 900 == 0) now += seconds(10);
        peer.receive(model::frame(6, 0, 0, "12345678"));
    }
    CHECK(turn < 1'105); // pings and settings of one interval, and one
    CHECK(peer.log.back() == "ended flooded");
}

TEST_CASE("more CONTINUATION frames than nghttp2 takes end the connection",
          "[engine][flood][rfc9113-10.5.1][R123]") {
    for (const std::size_t count : {model::max_continuations, model::max_continuations + 1}) {
        side at({});
        octets block = request(3).substr(9);
        octets input = model::frame(1, 0, 3, block.substr(0, 10));
        block.erase(0, 10);
        for (std::size_t i = 1; i < count; ++i) {
            input += model::frame(9, 0, 3, block.substr(0, 1));
            block.erase(0, 1);
        }
        input += model::frame(9, 4, 3, block);
        at.hears(input);
        CHECK(at.peer.ended == (count > model::max_continuations));
        CHECK(at.peer.has("2 requested /") == (count <= model::max_continuations));
    }
}

TEST_CASE("a client counts what its server does", "[engine][flood][R123]") {
    instant now = seconds(1);
    session_suite::endpoint<model::client> client({.floods = limited(&flood_limits::pings, 5)}, {},
                                                  now);
    client.receive(model::server_preface(true));
    for (int turn = 0; turn < 5; ++turn) client.receive(model::frame(6, 0, 0, "12345678"));
    (void)client.transmit();
    CHECK_FALSE(client.ended);
    client.receive(model::frame(6, 0, 0, "12345678"));
    (void)client.transmit();
    CHECK(client.log.back() == "ended flooded");
    CHECK(goaway_code(client.written.substr(24)) == 0xbU);
}

TEST_CASE("interim answers that never end are a flood",
          "[engine][flood][rfc9113-10.5][R123][R46]") {
    for (const bool of_tunnel : {false, true}) {
        CAPTURE(of_tunnel);
        instant now = seconds(1);
        session_suite::endpoint<model::client> client(
            {.floods = limited(&flood_limits::small_frames, 20)}, {}, now);
        client.receive(model::server_preface(true));
        client.call([&](auto& session) {
            if (of_tunnel)
                CHECK(session.open({.authority = "a.test", .path = "/"}, now));
            else
                CHECK(session.request(std::vector<field>{{":method", "GET"},
                                                         {":scheme", "https"},
                                                         {":authority", "a.test"},
                                                         {":path", "/"}},
                                      true, now));
            return 0;
        });
        (void)client.transmit();
        const octets interim = model::headers(1, {{":status", "103"}}, false);
        const auto counted = client.session.counters().total(flood::small_frames);
        for (auto turn = counted; turn < 20; ++turn) client.receive(interim);
        (void)client.transmit();
        CHECK_FALSE(client.ended);
        client.receive(interim);
        (void)client.transmit();
        REQUIRE(client.ended);
        CHECK(client.log.back() == "ended flooded");
        CHECK(goaway_code(client.written.substr(24)) == 0xbU);
    }
}
