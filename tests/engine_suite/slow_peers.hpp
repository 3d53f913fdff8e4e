// Peers that stop reading, that trickle, that never acknowledge: what each costs, and what ends it.
#pragma once

#include "../scarce_memory.hpp"
#include "conversation.hpp"

namespace engine_suite {

constexpr keepalive_options no_pings{.interval = never};

// So many seconds, one after the other.
template <class Peer, class Each>
void pass_seconds(Peer& peer, int count, Each&& each) {
    for (int i = 0; i < count; ++i) {
        peer.now += seconds(1);
        peer.side.expire();
        each();
    }
}

// Says as much as is taken on a tunnel, and more.
template <class Peer>
void say_too_much(Peer& peer, tunnel_id tunnel) {
    errc error = errc::none;
    for (int i = 0; i < 1'000 && error == errc::none; ++i) {
        error = peer.side.send(tunnel, octets(1'000, 'x'), opcode::binary);
        peer.side.poll_dry();
    }
    CHECK(error == errc::queue_full);
}

template <class Peer>
tunnel_id tunnel_of(Peer& peer, std::size_t label) {
    for (const auto& [name, state] : peer.side.tunnels)
        if (state.label == label) return {name};
    return {};
}

constexpr std::size_t most_queued = 100'000;
// Beside that a write's worth, and what the streams take.
constexpr std::size_t most_held = most_queued + 64 * 1'024 + 48 * 1'024;

} // namespace engine_suite

using namespace engine_suite;

TEMPLATE_LIST_TEST_CASE("a tunnel whose peer grants nothing ends by its timer, the other goes on",
                        "[engine][slow][S21]", both_roles) {
    scarce_memory memory;
    conversation<TestType> peer(
        {.ping = no_pings, .max_queued = most_queued, .memory = memory.policy()},
        setting(4, 1'000));
    say_too_much(peer, tunnel_of(peer, 1));
    peer.flush();
    pass_seconds(peer, 29, [&] {
        CHECK(peer.echoes(3));
        peer.hears(window_update(3, 100));
    });
    CHECK_FALSE(peer.side.has("1 closed output_stalled"));
    CHECK(memory.peak < most_held);
    pass_seconds(peer, 1, [&] { peer.flush(); });
    CHECK(peer.side.of(1).front().starts_with(TestType::is_client ? "opened" : "requested"));
    CHECK(peer.side.has("1 closed output_stalled"));
    peer.check_stream_error(http2_error::cancel);
}

TEMPLATE_LIST_TEST_CASE("a peer that reads nothing is given up, and costs no more than the limits",
                        "[engine][slow][S21]", both_roles) {
    scarce_memory memory;
    conversation<TestType> peer({.ping = no_pings,
                                 .max_queued = most_queued,
                                 .max_queued_in_all = most_queued,
                                 .memory = memory.policy()});
    CHECK(peer.side.send(tunnel_of(peer, 1), "first") == errc::none);
    REQUIRE_FALSE(peer.side.offered().empty());
    say_too_much(peer, tunnel_of(peer, 1));
    CHECK(peer.side.send(tunnel_of(peer, 2), octets(5'000, 'x')) == errc::queue_full);
    pass_seconds(peer, 29, [&] { // it goes on asking: nothing is answered, what comes is told
        peer.side.receive(peer.said(3, octets(1'000, 'y')));
        peer.side.receive(peer.said(3, "ping", 0x89));
        peer.side.receive(model::frame(ping_type, 0, 0, "12345678"));
    });
    CHECK_FALSE(peer.side.ended);
    CHECK(peer.side.count("2 ping \"ping\"") == 29);
    CHECK(memory.peak < most_held);
    pass_seconds(peer, 1, [] {});
    CHECK(peer.side.has("ended output_stalled"));
    peer.side.check_ended();
    CHECK(peer.side.session.finished());
}

TEMPLATE_LIST_TEST_CASE(
    "a peer that reads an octet a second is not given up, nor does it cost more",
    "[engine][slow][S21]", both_roles) {
    scarce_memory memory;
    conversation<TestType> peer(
        {.ping = no_pings, .max_queued = most_queued, .memory = memory.policy()});
    CHECK(peer.side.send(tunnel_of(peer, 1), "first") == errc::none);
    REQUIRE_FALSE(peer.side.offered().empty());
    say_too_much(peer, tunnel_of(peer, 1));
    pass_seconds(peer, 200, [&] {
        REQUIRE_FALSE(peer.side.offered().empty());
        peer.side.session.transmitted(1);
        peer.side.poll_dry();
    });
    CHECK_FALSE(peer.side.ended);
    CHECK(memory.peak < most_held);
    pass_seconds(peer, 31, [&] { (void)peer.side.offered(); }); // it reads none
    CHECK(peer.side.has("ended output_stalled"));
}

TEMPLATE_LIST_TEST_CASE("a peer that says an octet a second is heard out, and what hears nothing "
                        "meanwhile is pinged and given up",
                        "[engine][slow][rfc6455-5.5.2]", both_roles) {
    const bool pings = GENERATE(true, false);
    CAPTURE(pings);
    scarce_memory memory;
    session_options options{.memory = memory.policy()};
    if (!pings) options.ping = no_pings;
    conversation<TestType> peer(options);
    const std::size_t before = memory.peak;
    const octets text(200, 'x');
    for (const char octet : peer.said(1, text, 0x81))
        pass_seconds(peer, 1, [&] { peer.hears(octets(1, octet)); });
    CHECK(peer.side.has("1 " + transcript::described(opcode::text, text)));
    CHECK_FALSE(peer.side.ended);
    CHECK(memory.peak < before + 10'000);
    CHECK(peer.side.has("2 closed keepalive_timeout") == pings);
    CHECK(peer.echoes(1));
    if (!pings) peer.check_nothing_wrong();
}

TEST_CASE("a request that comes an octet a second has no timer before it is whole",
          "[engine][slow]") {
    scarce_memory memory;
    conversation<model::server> peer({.ping = no_pings, .memory = memory.policy()});
    const std::size_t before = memory.peak;
    for (const char octet : model::headers(5, tunnel_request(), false)) {
        CHECK(peer.side.tunnels.size() == 2);
        pass_seconds(peer, 1, [&] { peer.hears(octets(1, octet)); });
    }
    CHECK(peer.side.has("3 requested /"));
    CHECK(memory.peak < before + 10'000);
    peer.check_nothing_wrong();
}

TEMPLATE_LIST_TEST_CASE("a peer that never acknowledges SETTINGS is not ended, and costs nothing",
                        "[engine][slow][rfc9113-6.5.3]", both_roles) {
    scarce_memory memory;
    conversation<TestType> peer({.ping = no_pings, .memory = memory.policy()}, {}, {});
    const std::size_t before = memory.held;
    for (int minute = 0; minute < 60; ++minute) {
        peer.now += seconds(60);
        peer.side.expire();
        CHECK(peer.echoes(1));
    }
    peer.check_nothing_wrong();
    CHECK(peer.frames(settings_type, 0).empty()); // they are not said again
    peer.now += seconds(60);
    peer.side.expire();
    CHECK(peer.side.session.deadline() == never);
    CHECK(memory.held == before);
}
