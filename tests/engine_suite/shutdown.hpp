// GOAWAY in two steps (RFC 9113 section 6.8).
#pragma once

#include "conversation.hpp"

namespace engine_suite {

// PING and GOAWAY: "ping", "goaway <last> <code>".
inline lines farewells(std::string_view bytes, bool from_client = false) {
    lines out;
    if (from_client) bytes.remove_prefix(24);
    while (bytes.size() >= 9) {
        if (bytes[3] == 6) out.push_back((bytes[4] & 1) != 0 ? "ping ack" : "ping");
        if (bytes[3] == 7)
            out.push_back("goaway " + std::to_string(model::number_at(bytes, 9)) + ' ' +
                          std::to_string(model::number_at(bytes, 13)));
        bytes.remove_prefix(9 + model::number_at(bytes, 0, 3));
    }
    return out;
}

struct by_hand {
    by_hand() : side(options(), {}, now) {
        side.echoes = true;
        hears(model::client_preface());
        hears(model::headers(1, tunnel_request(), false));
    }
    static session_options options() {
        session_options out;
        out.accept_tunnels = true;
        return out;
    }
    instant now = seconds(1);
    endpoint<model::server> side;

    void hears(const octets& bytes) {
        side.receive(bytes);
        while (!side.offered().empty()) (void)side.transmit();
    }
    void shutdown() {
        side.shutdown();
        hears({});
    }
    octets ping() const { // its opaque data
        std::string_view bytes = side.written;
        while (bytes[3] != 6) bytes.remove_prefix(9 + model::number_at(bytes, 0, 3));
        return octets(bytes.substr(9, 8));
    }
    void pass_until(instant until) {
        for (instant due = side.session.deadline(); due <= until; due = side.session.deadline()) {
            now = due;
            side.expire();
            hears({});
        }
        now = until;
    }
};

inline const octets first_goaway = "goaway 2147483647 0";

} // namespace engine_suite

using namespace engine_suite;

TEST_CASE("a server announces a shutdown, and a round trip later says what it took",
          "[engine][rfc9113-6.8][R113][R114]") {
    by_hand peer;
    peer.shutdown();
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping"});
    // On its way when the client heard of it: nghttp2 hands it on, and it is counted in.
    peer.hears(model::headers(3, tunnel_request(), false));
    peer.hears(model::frame(6, 1, 0, peer.ping()));
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping", "goaway 3 0"});
    // After the second nothing is heard, and it is never raised.
    peer.hears(model::headers(5, tunnel_request(), false));
    peer.side.shutdown();
    peer.hears(model::frame(6, 1, 0, peer.ping()));
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping", "goaway 3 0"});
    CHECK_FALSE(peer.side.has("3 requested /"));
    // The tunnel that was there goes on, then all is done.
    peer.hears(model::data(1, transcript::from_client(0x81, "on"), false));
    CHECK(peer.side.written.ends_with("\x81\x02on"));
    peer.hears(model::data(1, transcript::from_client(0x88, "\x03\xe8"), true));
    peer.hears(model::reset(3, 8));
    CHECK(peer.side.log.back() == "ended none");
    CHECK(peer.side.session.finished());
    peer.side.check_ended();
}

TEST_CASE("an error after the second GOAWAY names no later stream than it",
          "[engine][rfc9113-6.8][R114]") {
    by_hand peer;
    peer.shutdown();
    peer.hears(model::frame(ping_type, 1, 0, peer.ping()));
    peer.hears(model::headers(3, tunnel_request(), false)); // crossed it, and is not looked at
    peer.hears(window_update(0, 0));
    CHECK(farewells(peer.side.written) ==
          lines{first_goaway, "ping", "goaway 1 0", "goaway 1 1"}); // PROTOCOL_ERROR
    peer.side.check_ended();
}

TEST_CASE("a shutdown adds nothing to the GOAWAY of an error before it",
          "[engine][rfc9113-5.4.1][R113]") {
    by_hand peer;
    peer.side.receive(window_update(0, 0));
    peer.shutdown();
    CHECK(farewells(peer.side.written) == lines{"goaway 1 1"}); // PROTOCOL_ERROR
    const errc why = model::framing_error(errc::window_increment_zero);
    CHECK(peer.side.log.back() == "ended " + std::string(info(why).name));
    CHECK(peer.side.session.finished());
    peer.side.check_ended();
}

TEST_CASE("a peer that never answers the PING gets the second GOAWAY all the same",
          "[engine][rfc9113-6.8][R113]") {
    by_hand peer;
    const instant begun = peer.now;
    peer.shutdown();
    peer.hears(model::frame(6, 1, 0, "another!")); // not the answer
    peer.pass_until(begun + seconds(5) - 1);
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping"});
    peer.pass_until(begun + seconds(5));
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping", "goaway 1 0"});
    peer.hears(model::frame(6, 1, 0, peer.ping())); // too late
    CHECK(farewells(peer.side.written) == lines{first_goaway, "ping", "goaway 1 0"});
    CHECK(peer.side.session.deadline() > begun + seconds(5));
    peer.hears(model::data(1, transcript::from_client(0x81, "on"), false));
    CHECK(peer.side.written.ends_with("\x81\x02on"));
}

TEST_CASE("a connection without streams ends after the second GOAWAY",
          "[engine][rfc9113-6.8][R113]") {
    instant now = seconds(1);
    endpoint<model::server> side({}, {}, now);
    side.receive(model::client_preface());
    side.shutdown();
    (void)side.transmit();
    CHECK_FALSE(side.ended);
    CHECK_FALSE(side.session.finished());
    now += seconds(5);
    side.expire();
    while (!side.offered().empty()) (void)side.transmit();
    side.poll_dry();
    CHECK(farewells(side.written) == lines{first_goaway, "ping", "goaway 0 0"});
    CHECK(side.log == lines{"ended none"});
    CHECK(side.session.finished());
}

TEST_CASE("a client says GOAWAY once, since a server may open nothing",
          "[engine][rfc9113-6.8][R111][R113]") {
    session_suite::pair<model> both;
    both.server.echoes = true;
    const tunnel_id tunnel = both.opened();
    both.client.shutdown();
    both.run();
    CHECK(farewells(both.client.written, true) == lines{"goaway 0 0"});
    CHECK(both.client.session.open({.authority = "a", .path = "/"}, both.now).error() ==
          errc::not_open);
    CHECK(both.client.send(tunnel, "on") == errc::none);
    both.run();
    CHECK(both.client.of(1).back() == "text \"on\"");
    both.finish();
}

TEST_CASE("both sides shut down at once and finish", "[engine][rfc9113-6.8][R112]") {
    session_suite::pair<model> both;
    both.server.echoes = true;
    const tunnel_id tunnel = both.opened();
    both.client.shutdown();
    both.server.shutdown();
    both.run();
    CHECK(farewells(both.server.written) == lines{first_goaway, "ping", "goaway 1 0"});
    CHECK(both.client.send(tunnel, "on") == errc::none);
    both.run();
    CHECK(both.client.of(1).back() == "text \"on\"");
    both.finish();
}

TEST_CASE("a client's tunnels above the last stream are refused and may be asked for again",
          "[engine][rfc9113-6.8][R112][R111][rfc9113-8.7][R89]") {
    instant now = seconds(1);
    endpoint<model::client> side({}, {}, now);
    side.receive(model::server_preface(true));
    for (int i = 0; i < 3; ++i) {
        const auto made =
            side.call([&](auto& s) { return s.open({.authority = "a.test", .path = "/"}, now); });
        REQUIRE(made);
        side.at(*made);
    }
    (void)side.transmit();
    side.receive(model::headers(1, {{":status", "200"}}, false));
    side.receive(model::goaway(0x7fff'ffff) + model::goaway(3));
    CHECK(side.log == lines{"1 opened 200", "goaway 2147483647 NO_ERROR", "goaway 3 NO_ERROR",
                            "3 refused stream_not_processed retryable", "3 released"});
    side.receive(model::headers(3, {{":status", "200"}}, false));
    side.receive(model::data(1, "\x81\x02on", false));
    CHECK(side.has("2 opened 200"));
    CHECK(side.of(1).back() == "text \"on\"");
    CHECK(side.session.open({.authority = "a", .path = "/"}, now).error() == errc::not_open);
}
