// A connection that ends at any octet, falls silent at any octet, comes in pieces of any size, and
// clocks that jump. The file that includes this names the `model`, and `counts_half_a_request`:
// whether a stream is one before its field section is complete.
#pragma once

#include "../scarce_memory.hpp"
#include "exchange.hpp"

#include <array>

namespace engine_suite {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t every = 13;
#elif defined(__has_feature)
constexpr std::size_t every = __has_feature(address_sanitizer) ? 13 : 1;
#else
constexpr std::size_t every = 1; // octet
#endif

constexpr std::size_t tunnels = 3; // of an exchange

// What both sides are told when all is well.
struct told_of_all {
    lines client, server;
    std::size_t to_server = 0, to_client = 0; // octets
};

inline told_of_all play_whole(const weather& how = {}) {
    exchange all({}, exchange::whole, exchange::whole, how);
    all.play();
    CHECK_FALSE(all.is_cut());
    all.client.check_ended();
    all.server.check_ended();
    return {all.client.log, all.server.log, all.heard_by_server, all.heard_by_client};
}

inline lines without_keepalive(const lines& log) {
    lines out;
    for (const std::string& line : log)
        if (!line.ends_with("ping \"\"") && !line.ends_with("pong \"\"")) out.push_back(line);
    return out;
}

inline bool is_end(const std::string& line) {
    return line.starts_with("closed") || line.starts_with("refused") || line == "released";
}

// What comes of each tunnel, before its end, is the beginning of what comes when all is well.
template <class Side>
void check_beginning(const Side& side, const lines& whole) {
    for (std::size_t label = 1; label <= tunnels; ++label) {
        const std::string start = std::to_string(label) + ' ';
        lines told = without_keepalive(side.of(label)), all;
        while (!told.empty() && is_end(told.back())) told.pop_back();
        for (const std::string& line : whole)
            if (line.starts_with(start)) all.push_back(line.substr(start.size()));
        all.resize(std::min(all.size(), told.size()));
        CHECK(told == all);
    }
}

template <class Side>
void check_nothing_left(Side& side) {
    side.check_ended();
    CHECK(side.session.finished());
    CHECK(side.session.stream_count() == 0);
    CHECK(side.offered().empty());
}

// Calls `at` with an exchange that stops when one side has heard so many octets, for each number,
// and looks whether its memory comes back.
template <class At>
void stop_everywhere(const told_of_all& all, std::size_t step, At&& at) {
    const std::array<std::size_t, 2> sizes{all.to_server, all.to_client};
    for (const bool of_server : {true, false}) {
        for (std::size_t size = 0; size < sizes[of_server ? 0 : 1]; size += step) {
            CAPTURE(of_server, size);
            scarce_memory memory;
            {
                exchange some({.memory = memory.policy()}, of_server ? size : exchange::whole,
                              of_server ? exchange::whole : size);
                some.play();
                CHECK(some.is_cut());
                at(some);
                check_beginning(some.client, all.client);
                check_beginning(some.server, all.server);
            }
            CHECK(memory.held == 0);
        }
    }
}

template <class Side>
void take_output(Side& side, bool is_taken) {
    while (!side.offered().empty() && is_taken) (void)side.transmit();
}

// Time passes, and nothing arrives; what is written is lost, or waits for ever.
inline void wait_in_silence(exchange& some, bool is_taken) {
    for (int steps = 0;; ++steps) {
        if (steps > 1'000) FAIL("a deadline does not move");
        take_output(some.client, is_taken);
        take_output(some.server, is_taken);
        const instant due = earlier(some.client.session.deadline(), some.server.session.deadline());
        if (due == never) return;
        some.now = std::max(some.now, due);
        some.client.expire();
        some.server.expire();
    }
}

// All tunnels are over. An ordinary request that waits for its answer, or for the rest of its body,
// has no timer, and neither has a connection without tunnels: the application's are to end those.
template <class Side>
void check_tunnels_over(const Side& side, bool asked) {
    for (const auto& [name, state] : side.tunnels) {
        INFO("tunnel " << state.label);
        CHECK(state.released);
        CHECK(state.closed == (state.opened ? 1 : 0));
    }
    const auto released =
        std::count_if(side.log.begin(), side.log.end(),
                      [](const std::string& line) { return line.starts_with("request released"); });
    const std::size_t waits = asked && released == 0 ? 1 : 0;
    CHECK(side.session.stream_count() >= waits);
    CHECK(side.session.stream_count() <= waits + counts_half_a_request);
}

// The clock is moved, and what is due happens.
inline void move_clock(exchange& some, duration span) {
    some.now += span;
    some.client.expire();
    some.server.expire();
}

constexpr duration jumps[]{seconds(1), seconds(3'600), seconds(30 * 86'400),
                           seconds(std::int64_t{200} * 365 * 86'400)};

} // namespace engine_suite

using namespace engine_suite;

TEST_CASE("a connection that ends at any octet ends each tunnel once, behind what came whole",
          "[engine][cuts][rfc6455-7.1.5][R218]") {
    stop_everywhere(play_whole(), every, [](exchange& some) {
        const auto how = some.heard_by_client % 2 == 0 ? connection_loss::failed
                                                       : connection_loss::closed_by_peer;
        some.server.lost(how);
        some.client.lost(how);
        check_nothing_left(some.client);
        check_nothing_left(some.server);
    });
}

TEST_CASE("where no octet more arrives timers end each tunnel", "[engine][cuts][S20][S21]") {
    const bool is_taken = GENERATE(true, false);
    CAPTURE(is_taken);
    stop_everywhere(play_whole(), every, [&](exchange& some) {
        const instant begun = some.now;
        wait_in_silence(some, is_taken);
        CHECK(some.now - begun <= seconds(70)); // a ping, no pong, and the end of the stream
        check_tunnels_over(some.client, true);
        check_tunnels_over(some.server, some.server.has("asked POST /post"));
        some.server.lost();
        some.client.lost();
        check_nothing_left(some.client);
        check_nothing_left(some.server);
    });
}

TEST_CASE("whatever a read or a write takes, the same is told",
          "[engine][cuts][rfc9113-8.5][R84]") {
    const told_of_all whole = play_whole();
    for (std::size_t size = 1; size < 3'000; size += size < 40 ? 1 : size / 3) {
        CAPTURE(size);
        for (const weather& how : {weather{65'535, size, 1'000'000}, weather{65'535, 100'000, size},
                                   weather{65'535, size, size}}) {
            CAPTURE(how.read_size, how.write_size);
            const told_of_all some = play_whole(how);
            CHECK(some.client == whole.client);
            CHECK(some.server == whole.server);
        }
    }
}

TEST_CASE("whatever the clock does between two steps, the same is told", "[engine][cuts]") {
    const told_of_all whole = play_whole();
    const auto played = [](int at, auto&& move) {
        exchange some;
        for (int i = 0; i < exchange::steps; ++i) {
            if (i == at) move(some);
            some.play(i);
        }
        some.client.check_ended();
        some.server.check_ended();
        return told_of_all{without_keepalive(some.client.log), without_keepalive(some.server.log)};
    };
    for (int at = 0; at < exchange::steps; ++at) {
        CAPTURE(at);
        const auto check = [&](auto&& move) {
            const told_of_all some = played(at, move);
            CHECK(some.client == whole.client);
            CHECK(some.server == whole.server);
        };
        for (const duration jump : jumps) {
            CAPTURE(jump);
            check([&](exchange& some) { move_clock(some, jump); });
            check([&](exchange& some) { some.now += jump; }); // nobody calls expire
        }
        check([](exchange& some) { // it stands
            for (int i = 0; i < 100; ++i) move_clock(some, 0);
        });
        check([](exchange& some) { move_clock(some, -seconds(3'600)); });
    }
}

TEST_CASE("a jump of the clock at any octet ends tunnels once, if it does", "[engine][cuts]") {
    const duration jump = GENERATE(seconds(3'600), -seconds(3'600));
    CAPTURE(jump);
    stop_everywhere(play_whole(), 7 * every, [&](exchange& some) {
        move_clock(some, jump);
        some.go_on();
        some.server.shutdown();
        some.client.shutdown();
        wait_in_silence(some, true);
        some.server.lost();
        some.client.lost();
        check_nothing_left(some.client);
        check_nothing_left(some.server);
    });
}
