#include "../../tools/bench_course.hpp"

#include "../catch.hpp"

#include <string>

using namespace h2ws;
using namespace h2ws::tools;

namespace {

struct driver final : bench_driver {
    std::string said;

    void all_open() override { said += "open "; }
    void drained() override { said += "drained "; }
    void failed(const failure& why) override { said += why.message + ' '; }
};

// One tunnel of a run, and a server that answers after `answer_time` and rests for a while.
struct tunnel_alone {
    static constexpr duration answer_time = 100'000; // ns

    explicit tunnel_alone(const bench_options& options) : course(options, told) {}

    void send(instant now) {
        if (!course.may_send(tunnel)) return;
        const bool rests = now >= rest_begin && now < rest_end;
        answered_at = (rests ? rest_end : now) + answer_time;
        course.sent(tunnel, now);
    }

    // To the end of the run, from event to event.
    void run(instant now) {
        course.begin(now);
        while (told.said.empty()) {
            if (!course.has_rate()) send(now);
            while (course.take_due(now)) ++tunnel.due;
            send(now);
            now = earlier(answered_at, course.next_due());
            if (now != answered_at) continue;
            answered_at = never;
            course.echoed(tunnel, true, now);
        }
        course.begin_closing();
    }

    driver told;
    bench_course course;
    bench_tunnel tunnel;
    instant rest_begin = never;
    instant rest_end = never;
    instant answered_at = never;
};

bench_options one_tunnel() {
    bench_options options;
    options.tunnels = 1;
    options.warmup = std::chrono::nanoseconds(0);
    return options;
}

// How many of a histogram's values are at least this large, in thousandths.
unsigned thousandths_from(const latency_histogram& latency, std::uint64_t value) {
    unsigned below = 0;
    while (below < 1'000 && latency.quantile(below + 1, 1'000) < value) ++below;
    return 1'000 - below;
}

constexpr std::uint64_t half_of_the_rest = 150'000'000;

} // namespace

TEST_CASE("with a rate a server's rest is in the latency of all that was due meanwhile") {
    bench_options options = one_tunnel();
    options.rate = 1'000;
    options.messages = 1'000;
    tunnel_alone alone(options);
    alone.rest_begin = seconds(1) + milliseconds(300);
    alone.rest_end = seconds(1) + milliseconds(600);
    alone.run(seconds(1));
    const bench_result& result = alone.course.result();
    CHECK(alone.told.said == "drained ");
    CHECK(result.latency.count() == 1'000);
    CHECK((result.unsent == 0 && result.unanswered == 0 && result.wrong_echoes == 0));
    // Due in the first half of the rest, each a millisecond after the other, and some more while
    // what had piled up was sent.
    CHECK(thousandths_from(result.latency, half_of_the_rest) >= 150);
    CHECK(thousandths_from(result.latency, half_of_the_rest) <= 200);
    CHECK(result.latency.max() == 300'100'000);
    CHECK(result.latency.quantile(1, 2) == latency_histogram::highest_equivalent(100'000));
    // Sent was a single one of them.
    CHECK(thousandths_from(result.service, half_of_the_rest) == 1);
    CHECK(result.service.max() == 300'100'000);
    CHECK(result.service.count() == 1'000);
}

TEST_CASE("in a closed loop a server's rest is in the latency of one message") {
    bench_options options = one_tunnel();
    options.messages = 1'000;
    tunnel_alone alone(options);
    alone.rest_begin = seconds(1) + milliseconds(30);
    alone.rest_end = seconds(1) + milliseconds(330);
    alone.run(seconds(1));
    const bench_result& result = alone.course.result();
    CHECK(result.latency.count() == 1'000);
    CHECK(thousandths_from(result.latency, half_of_the_rest) == 1);
    CHECK(result.service.count() == 0);
    CHECK(result.seconds == 0.4); // 1,000 answers and the rest
}

TEST_CASE("a run begins when all are open, blocked ones too, which are not counted") {
    bench_options options = one_tunnel();
    options.blocked = 1;
    driver told;
    bench_course course(options, told);
    bench_tunnel loaded;
    bench_tunnel blocked;
    blocked.blocked = true;
    course.opened(loaded, 1'000);
    CHECK(told.said.empty());
    course.opened(blocked, 2'000);
    CHECK(told.said == "open ");
    CHECK(course.tunnels() == 1);
    CHECK(course.result().tunnels_opened == 1);
    CHECK(course.result().opening.max() == 1'000);
}

TEST_CASE("what the warm-up sends is checked and not measured") {
    bench_options options = one_tunnel();
    options.warmup = std::chrono::milliseconds(1);
    SECTION("in a closed loop") { options.messages = 20; }
    SECTION("with a rate") {
        options.rate = 1'000'000.0 / 100;
        options.messages = 20;
    }
    tunnel_alone alone(options);
    alone.run(seconds(1));
    CHECK(alone.tunnel.sent == 30);
    CHECK(alone.tunnel.echoed == 30);
    CHECK(alone.course.echoes() == 30);
    CHECK(alone.course.result().latency.count() == 20);
}

TEST_CASE("a rate and a duration make a number of messages") {
    bench_options options = one_tunnel();
    options.rate = 1'000;
    options.duration = std::chrono::milliseconds(250);
    options.warmup = std::chrono::milliseconds(50);
    driver told;
    bench_course course(options, told);
    course.begin(seconds(1));
    CHECK(course.measured_from() == seconds(1) + milliseconds(50));
    std::uint64_t due = 0;
    while (course.take_due(seconds(1) + milliseconds(299))) ++due;
    CHECK(due == 300);
    CHECK(course.next_due() == never);
}

TEST_CASE("a number of messages is not one more where its product was rounded up") {
    bench_options options = one_tunnel();
    options.rate = 100;
    options.duration = std::chrono::milliseconds(70); // 0.07 * 100 is more than 7
    driver told;
    bench_course course(options, told);
    course.begin(seconds(1));
    std::uint64_t due = 0;
    while (course.take_due(seconds(9))) ++due;
    CHECK(due == 7);
}

TEST_CASE("messages of many tunnels are due by turns") {
    bench_options options = one_tunnel();
    options.tunnels = 4;
    options.rate = 1'000;
    options.messages = 8;
    driver told;
    bench_course course(options, told);
    course.begin(seconds(1));
    bench_tunnel last;
    last.number = 3;
    for (int i = 0; i < 8; ++i) (void)course.take_due(seconds(2));
    last.due = 2;
    course.sent(last, seconds(2));
    course.echoed(last, true, seconds(2));
    CHECK(course.result().latency.max() == seconds(1) - milliseconds(3));
    course.sent(last, seconds(2));
    course.echoed(last, true, seconds(2));
    CHECK(course.result().latency.min() == seconds(1) - milliseconds(7));
}

TEST_CASE("a tunnel sends as far as its window and what is due") {
    bench_options options = one_tunnel();
    options.in_flight = 2;
    driver told;
    bench_course closed_loop(options, told);
    bench_tunnel tunnel;
    CHECK_FALSE(closed_loop.may_send(tunnel)); // not begun
    closed_loop.begin(seconds(1));
    closed_loop.sent(tunnel, seconds(1));
    CHECK(closed_loop.may_send(tunnel));
    closed_loop.sent(tunnel, seconds(1));
    CHECK_FALSE(closed_loop.may_send(tunnel));
    closed_loop.echoed(tunnel, true, seconds(2));
    CHECK(closed_loop.may_send(tunnel));
    closed_loop.stop_sending();
    CHECK_FALSE(closed_loop.may_send(tunnel));

    options.rate = 1;
    bench_course paced(options, told);
    bench_tunnel waiting;
    paced.begin(seconds(1));
    CHECK_FALSE(paced.may_send(waiting));
    waiting.due = 1;
    CHECK(paced.may_send(waiting));
}

TEST_CASE("a wrong echo is counted, is no measured message, and ends the command with 9") {
    bench_options options = one_tunnel();
    driver told;
    bench_course course(options, told);
    bench_tunnel tunnel;
    course.begin(seconds(1));
    course.sent(tunnel, seconds(1));
    course.echoed(tunnel, false, seconds(2));
    CHECK(course.result().wrong_echoes == 1);
    CHECK(course.result().latency.count() == 0);
    CHECK(course.outcome() == exit_status::wrong_echo);
    course.unasked();
    CHECK(course.result().wrong_echoes == 2);
}

TEST_CASE("what is under way or due at the end is counted") {
    bench_options options = one_tunnel();
    options.rate = 1'000;
    driver told;
    bench_course course(options, told);
    bench_tunnel tunnel;
    course.begin(seconds(1));
    CHECK(course.waiting_since() == never);
    while (course.take_due(seconds(1) + milliseconds(9))) ++tunnel.due;
    CHECK(tunnel.due == 10);
    course.sent(tunnel, seconds(1) + milliseconds(10));
    CHECK(course.waiting_since() == seconds(1) + milliseconds(10));
    course.stop_sending();
    CHECK(told.said.empty());
    course.begin_closing();
    CHECK(course.result().unanswered == 1);
    CHECK(course.result().unsent == 9);
}

TEST_CASE("the first failure is the outcome and is told once") {
    bench_options options = one_tunnel();
    driver told;
    bench_course course(options, told);
    CHECK(course.outcome() == exit_status::success);
    course.fail({exit_status::refused, "first"});
    course.fail({exit_status::timeout, "second"});
    CHECK(told.said == "first ");
    CHECK(course.outcome() == exit_status::refused);
}
