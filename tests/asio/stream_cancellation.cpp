#include "../catch.hpp"
#include "streams.hpp"

#include <asio/experimental/awaitable_operators.hpp>

using namespace streams;
using asio::cancellation_type;
using h2ws::opcode;

namespace {

h2ws::session_options small_queue() {
    h2ws::session_options options;
    options.max_queued = 10;
    return options;
}

// One open websocket and both its ends; `settle` lets everything happen that can.
struct conversation {
    pair ends;
    client_stream near;
    server_stream far;
    asio::cancellation_signal stop;
    strings log;

    conversation() : ends({}, small_queue()) {
        ends.run_ends();
        ends.server->async_accept([this](std::error_code, server_end<>::offer_type offer) {
            offer.async_accept(
                [this](std::error_code, server_stream made) { far = std::move(made); });
        });
        ends.client->async_open(
            chat(), [this](std::error_code, client_stream made) { near = std::move(made); });
        settle();
        REQUIRE(near);
        REQUIRE(far);
    }

    void settle() {
        while (ends.context.poll() != 0) {
        }
    }
    void cancel(cancellation_type how) {
        stop.emit(how);
        settle();
    }

    // A handler that can be cancelled and says how it ended.
    auto handler(std::string name) {
        return asio::bind_cancellation_slot(stop.slot(), note(std::move(name)));
    }
    struct noting {
        conversation* at;
        std::string name;
        void operator()(std::error_code error) { at->log.push_back(name + ' ' + name_of(error)); }
        void operator()(std::error_code error, h2ws::asio::message_part part) {
            at->log.push_back(name + ' ' + name_of(error) + ' ' + std::to_string(part.size) +
                              (part.first ? " first" : "") + (part.last ? " last" : ""));
        }
        template <class Made>
        void operator()(std::error_code error, Made made) {
            at->log.push_back(name + ' ' + name_of(error) + (made ? " made" : ""));
        }
    };
    noting note(std::string name) { return {this, std::move(name)}; }

    void say(const std::string& text, bool fin = true) {
        near.async_write(opcode::text, asio::buffer(text), fin, note("said"));
        settle();
    }
};

} // namespace

TEST_CASE("a read that is cancelled has taken nothing", "[asio]") {
    const auto how =
        GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
    conversation talk;
    std::string buffer(10, '-');
    talk.far.async_read_some(asio::buffer(buffer), talk.handler("read"));
    talk.settle();
    talk.cancel(how);
    CHECK(talk.log == strings{"read operation_aborted 0"});
    talk.say("hello");
    talk.far.async_read_some(asio::buffer(buffer), talk.note("read"));
    talk.settle();
    CHECK(talk.log == strings{"read operation_aborted 0", "said none", "read none 5 first last"});
}

TEST_CASE("a read of a message that is cancelled tells what it has, and the next goes on",
          "[asio]") {
    conversation talk;
    std::string buffer;
    talk.far.async_read(asio::dynamic_buffer(buffer), talk.handler("read"));
    talk.say("some", false);
    talk.cancel(cancellation_type::total); // it has begun: that would not be without effect
    CHECK(talk.log == strings{"said none"});
    talk.cancel(cancellation_type::partial);
    CHECK(talk.log == strings{"said none", "read operation_aborted 4 first"});
    talk.say(" more");
    talk.far.async_read(asio::dynamic_buffer(buffer), talk.note("read"));
    talk.settle();
    CHECK(talk.log.back() == "read none 5 last");
    CHECK(buffer == "some more");
}

TEST_CASE("a write that is cancelled while it waits sends nothing", "[asio]") {
    const auto how =
        GENERATE(cancellation_type::terminal, cancellation_type::partial, cancellation_type::total);
    conversation talk;
    const std::string much(100'000, 'm'); // more than the window
    talk.say(much);
    talk.near.async_write(opcode::text, asio::buffer("nothing of it", 13), talk.handler("write"));
    talk.settle();
    CHECK(talk.log == strings{"said none"});
    talk.cancel(how);
    CHECK(talk.log == strings{"said none", "write operation_aborted"});
    std::string got;
    talk.far.async_read(asio::dynamic_buffer(got), talk.note("read"));
    talk.settle();
    CHECK(got == much);
    talk.say("after");
    got.clear();
    talk.far.async_read(asio::dynamic_buffer(got), talk.note("read"));
    talk.settle();
    CHECK(got == "after");
}

TEST_CASE("a close that is cancelled is no longer waited for, and goes on", "[asio]") {
    conversation talk;
    std::string buffer;
    const std::string much(100'000, 'm');
    talk.near.async_write(opcode::text, asio::buffer(much), asio::detached);
    talk.near.async_close(talk.handler("close")); // behind what waits for the window
    talk.settle();
    talk.cancel(cancellation_type::total);
    CHECK(talk.log.empty());
    talk.cancel(cancellation_type::terminal);
    CHECK(talk.log == strings{"close operation_aborted"});
    talk.far.async_read(asio::dynamic_buffer(buffer), talk.note("read"));
    talk.settle();
    talk.far.async_read(asio::dynamic_buffer(buffer), talk.note("read"));
    talk.settle();
    CHECK(talk.log.back() == "read eof 0");
}

TEST_CASE("an accept that is cancelled has taken no offer", "[asio]") {
    const auto how = GENERATE(cancellation_type::terminal, cancellation_type::total);
    conversation talk;
    talk.ends.server->async_accept(talk.handler("accept"));
    talk.settle();
    talk.cancel(how);
    CHECK(talk.log == strings{"accept operation_aborted"});
    talk.ends.client->async_open(chat("/next"), talk.note("open"));
    talk.settle();
    talk.ends.server->async_accept(talk.note("accept"));
    talk.settle();
    // The offer was dropped by its handler: refused.
    CHECK(talk.log ==
          strings{"accept operation_aborted", "accept none made", "open status_not_2xx made"});
}

TEST_CASE("an open that is cancelled resets its request, and the connection goes on", "[asio]") {
    conversation talk;
    talk.ends.client->async_open(chat("/next"), talk.handler("open"));
    talk.settle();
    talk.cancel(cancellation_type::total);
    CHECK(talk.log.empty());
    talk.cancel(cancellation_type::terminal);
    CHECK(talk.log == strings{"open operation_aborted"});
    std::optional<std::string> late;
    talk.ends.server->async_accept(
        [&](std::error_code error, server_end<>::offer_type) { late = name_of(error); });
    talk.settle();
    CHECK_FALSE(late); // its offer has gone with it
    talk.say("still here");
    std::string got;
    talk.far.async_read(asio::dynamic_buffer(got), talk.note("read"));
    talk.settle();
    CHECK(got == "still here");
}

TEST_CASE("a run that is cancelled closes the connection, and a second one is refused", "[asio]") {
    conversation talk;
    talk.ends.server->async_run(talk.note("run"));
    talk.settle();
    CHECK(talk.log == strings{"run already_started"});
    talk.log.clear();
    std::string buffer;
    talk.far.async_read(asio::dynamic_buffer(buffer), talk.note("read"));
    talk.ends.server->close();
    talk.ends.context.run();
    CHECK(talk.log == strings{"read connection_lost 0"});
    CHECK(talk.ends.server_ended == asio::error::operation_aborted);
    CHECK(talk.ends.client_ended.has_value());
}

TEST_CASE("a cancellation that comes after the result changes nothing", "[asio]") {
    conversation talk;
    talk.say("hello");
    std::string buffer(10, '-');
    talk.far.async_read_some(asio::buffer(buffer), talk.handler("read"));
    while (talk.log.size() == 1 && buffer[0] == '-') talk.ends.context.poll_one();
    talk.stop.emit(cancellation_type::terminal); // the handler is on its way
    talk.settle();
    CHECK(talk.log == strings{"said none", "read none 5 first last"});
    talk.far.async_read_some(asio::buffer(buffer), talk.note("read"));
    talk.stop.emit(cancellation_type::terminal); // nor does it reach the next
    talk.settle();
    CHECK(talk.log.size() == 2);
}

TEST_CASE("a timer beside a read is a timeout, and the websocket goes on", "[asio]") {
    using namespace asio::experimental::awaitable_operators;
    conversation talk;
    bool timed_out = false;
    std::string got;
    asio::co_spawn(
        talk.ends.context,
        [&]() -> awaitable<void> {
            std::string buffer;
            asio::steady_timer timer(talk.ends.context, asio::steady_timer::clock_type::now());
            const auto first =
                co_await (talk.far.async_read(asio::dynamic_buffer(buffer), use_awaitable) ||
                          timer.async_wait(use_awaitable));
            timed_out = first.index() == 1;
            co_await talk.near.async_write(opcode::text, asio::buffer("late", 4), use_awaitable);
            timer.expires_at(asio::steady_timer::time_point::max());
            const auto second =
                co_await (talk.far.async_read(asio::dynamic_buffer(got), use_awaitable) ||
                          timer.async_wait(use_awaitable));
            CHECK(second.index() == 0);
            co_await talk.near.async_close(use_awaitable);
            talk.ends.client->shutdown();
        },
        [](std::exception_ptr thrown) { CHECK(name_of(thrown) == "none"); });
    talk.ends.context.run();
    CHECK(timed_out);
    CHECK(got == "late");
}
