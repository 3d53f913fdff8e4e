#include "catch.hpp"

#include <h2ws/closing_handshake.hpp>

using h2ws::closing_handshake;
using h2ws::direction;
using h2ws::lifecycle;
using h2ws::passage;
using h2ws::step;

namespace {

struct cell {
    direction at;
    passage what;
    direction next;
    bool counts;
};

// Every cell, written out by hand from RFC 6455 §5.5.1 and §7.1 and RFC 8441 §5.
constexpr cell cells[] = {
    {direction::open, passage::data, direction::open, true},
    {direction::open, passage::close, direction::closing, true},
    {direction::open, passage::end_stream, direction::ended, true},
    {direction::open, passage::reset, direction::ended, true},
    {direction::closing, passage::data, direction::closing, false},  // R162, S17
    {direction::closing, passage::close, direction::closing, false}, // the first one decides
    {direction::closing, passage::end_stream, direction::ended, true},
    {direction::closing, passage::reset, direction::ended, true},
    {direction::broken, passage::data, direction::broken, false}, // R208
    {direction::broken, passage::close, direction::broken, false},
    {direction::broken, passage::end_stream, direction::ended, true},
    {direction::broken, passage::reset, direction::ended, true},
    {direction::ended, passage::data, direction::ended, false},
    {direction::ended, passage::close, direction::ended, false},
    {direction::ended, passage::end_stream, direction::ended, false},
    {direction::ended, passage::reset, direction::ended, false},
};

static_assert(std::size(cells) == lifecycle.size() * lifecycle[0].size());

// A handshake whose receiving half is in this state.
constexpr closing_handshake received(direction at) {
    closing_handshake made;
    if (at == direction::closing) made.receive(passage::close);
    if (at == direction::broken) made.fail();
    if (at == direction::ended) made.receive(passage::end_stream);
    return made;
}

static_assert(closing_handshake{}.received() == direction::open);
static_assert(closing_handshake{}.sent() == direction::open);
static_assert(received(direction::broken).received() == direction::broken);

} // namespace

TEST_CASE("every cell of the lifecycle is as it was decided", "[rfc6455-7.1][R202][R208][S17]") {
    for (const cell& c : cells) {
        const auto row = static_cast<std::size_t>(c.at);
        const auto column = static_cast<std::size_t>(c.what);
        INFO("state " << row << ", passage " << column);
        CHECK(lifecycle[row][column] == step{c.next, c.counts});
    }
}

TEST_CASE("both directions follow the table, each for itself", "[rfc6455-7.1.3][R202]") {
    for (const cell& c : cells) {
        INFO("state " << static_cast<int>(c.at) << ", passage " << static_cast<int>(c.what));
        closing_handshake theirs = received(c.at);
        CHECK(theirs.receive(c.what) == c.counts);
        CHECK(theirs.received() == c.next);
        CHECK(theirs.sent() == direction::open);

        if (c.at == direction::broken) continue; // only what is received can be broken
        closing_handshake ours;
        if (c.at == direction::closing) ours.send(passage::close);
        if (c.at == direction::ended) ours.send(passage::reset);
        CHECK(ours.send(c.what) == c.counts);
        CHECK(ours.sent() == c.next);
        CHECK(ours.received() == direction::open);
    }
}

TEST_CASE("failing breaks what is received as long as it is open", "[rfc6455-7.1.7][R208]") {
    for (const direction at :
         {direction::open, direction::closing, direction::broken, direction::ended}) {
        closing_handshake handshake = received(at);
        handshake.fail();
        CHECK(handshake.received() == (at == direction::open ? direction::broken : at));
        CHECK(handshake.sent() == direction::open);
    }
}

TEST_CASE("the handshake is complete when a Close has passed in both directions",
          "[rfc6455-7.1.4][R186][R203][S22]") {
    closing_handshake answered;
    CHECK_FALSE(answered.complete());
    answered.receive(passage::close);
    CHECK_FALSE(answered.complete());
    answered.send(passage::close);
    CHECK(answered.complete());

    closing_handshake first;
    first.send(passage::close);
    CHECK_FALSE(first.complete());
    first.receive(passage::data);
    CHECK_FALSE(first.complete());
    first.receive(passage::close);
    CHECK(first.complete());

    closing_handshake half_ended; // we closed, gave up waiting, and then the Close came
    half_ended.send(passage::close);
    half_ended.send(passage::end_stream);
    CHECK_FALSE(half_ended.complete());
    half_ended.receive(passage::close);
    CHECK(half_ended.complete());
}

TEST_CASE("no other ending completes the handshake", "[rfc6455-7.1.4][R203]") {
    for (const passage what : {passage::data, passage::end_stream, passage::reset}) {
        closing_handshake handshake;
        handshake.send(passage::close);
        handshake.receive(what);
        CHECK_FALSE(handshake.complete());
    }
    closing_handshake failed;
    failed.fail();
    failed.receive(passage::close);
    failed.send(passage::close);
    CHECK_FALSE(failed.complete());
}
