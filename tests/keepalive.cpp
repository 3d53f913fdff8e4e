#include "catch.hpp"

#include <h2ws/keepalive.hpp>

using h2ws::keepalive;
using h2ws::keepalive_options;
using h2ws::never;
using action = h2ws::keepalive::action;

namespace {

constexpr keepalive_options options{.interval = 30, .timeout = 10};

constexpr bool gives_up_after_a_ping() {
    keepalive timer;
    timer.start(100);
    return timer.deadline(options) == 130 && timer.expire(options, 129) == action::none &&
           timer.expire(options, 130) == action::send_ping && timer.deadline(options) == 140 &&
           timer.expire(options, 139) == action::none &&
           timer.expire(options, 140) == action::give_up;
}
static_assert(gives_up_after_a_ping());

} // namespace

TEST_CASE("whatever is heard puts the ping off", "[rfc6455-5.5.2]") {
    keepalive timer;
    timer.start(0);
    timer.heard(20);
    CHECK(timer.deadline(options) == 50);
    CHECK(timer.expire(options, 50) == action::send_ping);
    timer.heard(59);
    CHECK(timer.deadline(options) == 89);
    CHECK(timer.expire(options, 60) == action::none);
}

TEST_CASE("a ping that comes late still has its whole timeout", "[rfc6455-5.5.2]") {
    keepalive timer;
    timer.start(0);
    CHECK(timer.expire(options, 500) == action::send_ping);
    CHECK(timer.deadline(options) == 510);
}

TEST_CASE("the peer's time to answer begins when the ping leaves", "[rfc6455-5.5.2]") {
    keepalive timer;
    timer.start(0);
    timer.ping_left(options, 10); // there is none
    CHECK(timer.deadline(options) == 30);
    CHECK(timer.expire(options, 30) == action::send_ping);
    timer.ping_left(options, 100);
    CHECK(timer.deadline(options) == 110);
}

TEST_CASE("what leaves after the ping gives the peer no more time", "[rfc6455-5.5.2]") {
    keepalive timer;
    timer.start(0);
    CHECK(timer.expire(options, 30) == action::send_ping);
    timer.ping_left(options, 31);
    timer.ping_left(options, 35); // a message of ours
    CHECK(timer.deadline(options) == 41);
    CHECK(timer.expire(options, 41) == action::give_up);
}

TEST_CASE("without an interval there is no deadline") {
    keepalive timer;
    timer.start(0);
    const keepalive_options off{.interval = never};
    CHECK(timer.deadline(off) == never);
    CHECK(timer.expire(off, never - 1) == action::none);
}
