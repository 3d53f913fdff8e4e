// An exchange is interrupted after each handler that runs: an operation is cancelled in every way,
// a websocket or a connection goes. Each handler is called once, and the other websocket's messages
// are what they would have been.
#include "../catch.hpp"
#include "dialogue.hpp"

#include <algorithm>

using namespace streams;
using asio::cancellation_type;
using side = memory_pipe::side;

namespace {

h2ws::session_options narrow() {
    h2ws::session_options options;
    options.stream_window = 100; // so that reads and writes wait
    options.max_queued = 50;
    return options;
}

struct scene : stage {
    dialogue<memory_pipe::end> both{*this,
                                    between.of(side::near),
                                    between.of(side::far),
                                    {"up", std::string(150, 'u')},
                                    {std::string(150, 'd'), "down"},
                                    narrow(),
                                    narrow()};
};

// Runs so many handlers, if there are as many.
void run(scene& of, int steps) {
    of.both.run();
    while (steps-- > 0 && of.context.poll_one() != 0) {
    }
}

// After how many handlers `when` holds.
template <class Condition>
std::vector<int> steps_when(Condition when) {
    scene whole;
    whole.both.run();
    std::vector<int> steps;
    for (int step = 0;; ++step) {
        REQUIRE(step < 5'000);
        if (when(whole)) steps.push_back(step);
        if (whole.context.poll_one() == 0) return steps;
    }
}

// At each of those, or at every so many of them where others meet the same code.
template <class Condition, class Act, class Check>
void at_each_step(Condition when, Act act, Check check, std::size_t stride = 1) {
    const std::vector<int> steps = steps_when(when);
    CHECK_FALSE(steps.empty());
    for (std::size_t i = 0; i < steps.size(); i += stride) {
        const int step = steps[i];
        INFO("after " << step << " handlers");
        scene disturbed;
        run(disturbed, step);
        REQUIRE(when(disturbed));
        act(disturbed);
        REQUIRE(disturbed.settle());
        CHECK(disturbed.handlers.each_once());
        check(disturbed);
    }
}

bool is_one_of(const std::string& name, const strings& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

bool always(const scene&) { return true; }

bool waits(asio::cancellation_signal& stop) { return stop.slot().has_handler(); }

} // namespace

TEST_CASE("an operation that is cancelled at any step and begun again changes nothing", "[asio]") {
    const auto how =
        GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
    using signal_of = asio::cancellation_signal& (*)(scene&);
    const auto signal = GENERATE(values<signal_of>({
        [](scene& at) -> auto& { return at.both.asking[0]->stop.read;
}
, [](scene& at) -> auto& { return at.both.asking[0]->stop.write; }
, [](scene& at) -> auto& { return at.both.asking[0]->stop.close; }
, [](scene& at) -> auto& { return at.both.answering[0]->stop.read; }
, [](scene& at) -> auto& { return at.both.answering[0]->stop.write; }
, [](scene& at) -> auto& { return at.both.stop_accept; }
,
}));
at_each_step([&](scene& at) { return waits(signal(at)); }, [&](scene& at) { signal(at).emit(how); },
             [](const scene& at) { CHECK(at.both.undisturbed()); });
}

TEST_CASE("an open that is cancelled at any step is reset, or has had its effect", "[asio]") {
    const auto how =
        GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
    int cancelled = 0;
    at_each_step([](scene& at) { return waits(at.both.asking[0]->stop.make); },
                 [&](scene& at) { at.both.asking[0]->stop.make.emit(how); },
                 [&](const scene& at) {
                     CHECK(at.both.ended_in_order());
                     CHECK(at.both.undisturbed(1));
                     const bool aborted = at.both.open_ends[0] == "operation_aborted";
                     CHECK((aborted || at.both.undisturbed(0)));
                     cancelled += aborted;
                 });
    CHECK((cancelled > 3) == (how != cancellation_type::total));
}

TEST_CASE("a websocket that is destroyed at any step ends its operations, and no other's",
          "[asio][R31]") {
    const bool of_server = GENERATE(false, true);
    int aborted = 0, reset = 0;
    at_each_step(
        [&](const scene& at) {
            return of_server ? at.both.answering[0]->begun : at.both.asking[0]->begun;
        },
        [&](scene& at) {
            if (of_server)
                at.both.answering[0]->drop();
            else
                at.both.asking[0]->drop();
        },
        [&](const scene& at) {
            CHECK(at.both.ended_in_order());
            CHECK(at.both.undisturbed(1));
            const std::string& ours =
                of_server ? at.both.answering[0]->read_end : at.both.asking[0]->read_end;
            const std::string& theirs =
                of_server ? at.both.asking[0]->read_end : at.both.answering[0]->read_end;
            CHECK(is_one_of(ours, {"operation_aborted", "eof", "none"}));
            CHECK(is_one_of(theirs, {"reset_by_peer", "eof"}));
            aborted += ours == "operation_aborted";
            reset += theirs == "reset_by_peer";
        });
    CHECK(aborted > 30);
    CHECK(reset > 30);
}

TEST_CASE("a connection that is closed at any step, from either side, ends each operation once",
          "[asio][R209]") {
    const bool of_server = GENERATE(false, true);
    at_each_step(
        always,
        [&](scene& at) {
            if (of_server)
                at.both.server->close();
            else
                at.both.client->close();
        },
        [](const scene& at) { CHECK(at.both.consistent()); });
}

TEST_CASE("a run that is cancelled at any step closes, unless that has to be without effect",
          "[asio][R209]") {
    const bool of_server = GENERATE(false, true);
    const auto how =
        GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
    int closed = 0;
    at_each_step(
        always,
        [&](scene& at) { (of_server ? at.both.stop_server : at.both.stop_client).emit(how); },
        [&](const scene& at) {
            CHECK(at.both.consistent());
            closed += !at.both.undisturbed();
        },
        3);
    CHECK((closed > 30) == (how != cancellation_type::total));
    if (how == cancellation_type::total) CHECK(closed == 0);
}

TEST_CASE("a connection of which nobody keeps a copy goes on at any step", "[asio]") {
    at_each_step(
        [](const scene& at) { return at.both.answering[0]->begun && at.both.answering[1]->begun; },
        [](scene& at) { at.both.server.reset(); },
        [](const scene& at) { CHECK(at.both.undisturbed()); });
}

TEST_CASE("a peer that stops reading at any step, and goes on, misses nothing", "[asio]") {
    const side from = GENERATE(side::near, side::far);
    at_each_step(
        always,
        [&](scene& at) {
            at.between.hold(from, true);
            REQUIRE(at.settle());
            at.between.hold(from, false);
        },
        [](const scene& at) { CHECK(at.both.undisturbed()); }, 2);
}

TEST_CASE("a peer that stopped reading at any step is left all the same", "[asio][R209]") {
    const side from = GENERATE(side::near, side::far);
    at_each_step(
        always,
        [&](scene& at) {
            at.between.hold(from, true);
            REQUIRE(at.settle());
            if (from == side::near)
                at.both.client->close();
            else
                at.both.server->close();
        },
        [](const scene& at) { CHECK(at.both.consistent()); }, 2);
}
