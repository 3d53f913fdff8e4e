// An exchange is cut short after each of its steps, in every way there is. A step is one handler
// that the context runs, so each suspension point of each coroutine is among them.
#include "../catch.hpp"
#include "streams.hpp"

#include <algorithm>
#include <stdexcept>

using namespace streams;

namespace {

// Lives in a coroutine's frame.
struct counted {
    int* live;
    explicit counted(int* count) : live(count) { ++*live; }
    counted(const counted&) = delete;
    ~counted() { --*live; }
};

// How often something ended, and how.
struct ending {
    int times = 0;
    std::string how;

    void operator()(std::string name) {
        ++times;
        how = std::move(name);
    }
    bool is_one_of(const strings& names) const {
        return times == 1 && std::find(names.begin(), names.end(), how) != names.end();
    }
};

h2ws::session_options narrow() {
    h2ws::session_options options;
    options.stream_window = 4'096; // so that reads and writes wait
    options.max_queued = 1'000;
    return options;
}

// Two websockets of one connection: the one that is cut short, and one that must not notice.
struct exchange {
    int* live;
    ending victim, victim_served, other, other_served, accepting;
    asio::cancellation_signal stop_victim, stop_served, stop_run;
    pair ends{narrow(), narrow()};
    int left = 2;

    explicit exchange(int* count) : live(count) {
        ends.server->async_run(asio::bind_cancellation_slot(
            stop_run.slot(), [this](std::error_code error) { ends.server_ended = error; }));
        ends.client->async_run([this](std::error_code error) { ends.client_ended = error; });
        asio::co_spawn(ends.context, serve(),
                       [this](std::exception_ptr thrown) { accepting(name_of(thrown)); });
        spawn("/victim", 3, &stop_victim, victim);
        spawn("/other", 6, nullptr, other);
    }

    awaitable<void> serve() {
        const counted frame(live);
        while (true) {
            auto [error, offer] = co_await ends.server->async_accept(tuple);
            if (error) co_return;
            const bool is_victim = offer.request().path == "/victim";
            auto [failed, socket] = co_await offer.async_accept(tuple);
            if (failed) continue;
            ending& end = is_victim ? victim_served : other_served;
            asio::co_spawn(ends.context, echo_counted(std::move(socket)),
                           asio::bind_cancellation_slot(
                               is_victim ? stop_served.slot() : asio::cancellation_slot(),
                               [&end](std::exception_ptr thrown, std::string name) {
                                   end(thrown ? name_of(thrown) : name);
                               }));
        }
    }

    awaitable<std::string> echo_counted(server_stream socket) {
        const counted frame(live);
        co_return co_await echo(std::move(socket));
    }

    awaitable<std::string> converse(std::string path, std::size_t count) {
        const counted frame(live);
        auto socket = co_await ends.client->async_open(chat(path), use_awaitable);
        co_await socket.async_ping(asio::buffer("?", 1), use_awaitable);
        strings messages;
        for (std::size_t i = 0; i < count; ++i) messages.emplace_back(i * 3'000, 'm');
        co_return co_await talk(std::move(socket), std::move(messages));
    }

    void spawn(std::string path, std::size_t count, asio::cancellation_signal* stop, ending& end) {
        asio::co_spawn(
            ends.context, converse(std::move(path), count),
            asio::bind_cancellation_slot(stop != nullptr ? stop->slot() : asio::cancellation_slot(),
                                         [this, &end](std::exception_ptr thrown, std::string name) {
                                             end(thrown ? name_of(thrown) : name);
                                             if (--left == 0) ends.client->shutdown();
                                         }));
    }

    // False: it was over before.
    bool run(int steps) {
        while (steps-- > 0)
            if (ends.context.run_one() == 0) return false;
        return true;
    }

    void check_connection_ended_in_order() const {
        CHECK(ends.client_ended == std::error_code());
        CHECK(ends.server_ended == std::error_code());
        CHECK(accepting.times == 1);
        CHECK(other.is_one_of({"none"}));
        CHECK(other_served.is_one_of({"eof"}));
    }
};

// `act` after each number of steps, until the exchange is over before it. How many there were.
template <class Act, class Check>
int after_every_step(Act act, Check check) {
    for (int steps = 0;; ++steps) {
        int live = 0;
        bool goes_on = false;
        {
            exchange scene(&live);
            goes_on = scene.run(steps);
            INFO("after " << steps << " steps");
            act(scene);
            scene.ends.context.run();
            check(scene);
            CHECK(live == 0);
        }
        if (!goes_on) return steps;
        if (steps == 10'000) FAIL("it does not end");
    }
}

} // namespace

TEST_CASE("an exchange that nobody disturbs ends in order", "[asio]") {
    int live = 0;
    exchange scene(&live);
    scene.ends.context.run();
    scene.check_connection_ended_in_order();
    CHECK(scene.victim.is_one_of({"none"}));
    CHECK(scene.victim_served.is_one_of({"eof"}));
    CHECK(live == 0);
}

TEST_CASE("a client's websocket that is cancelled at any step is reset, and no other notices",
          "[asio][R31]") {
    int reset = 0;
    const int steps = after_every_step(
        [](exchange& scene) { scene.stop_victim.emit(asio::cancellation_type::terminal); },
        [&](const exchange& scene) {
            scene.check_connection_ended_in_order();
            CHECK(scene.victim.is_one_of({"operation_aborted", "none"}));
            // It may have been cancelled before it was accepted.
            if (scene.victim_served.times != 0)
                CHECK(scene.victim_served.is_one_of({"reset_by_peer", "not_open", "eof"}));
            reset += scene.victim_served.how == "reset_by_peer";
        });
    CHECK(steps > 50);
    CHECK(reset > 10);
}

TEST_CASE("a server's websocket that is cancelled at any step is reset, and no other notices",
          "[asio][R31]") {
    int reset = 0;
    const int steps = after_every_step(
        [](exchange& scene) { scene.stop_served.emit(asio::cancellation_type::terminal); },
        [&](const exchange& scene) {
            scene.check_connection_ended_in_order();
            CHECK(scene.victim_served.is_one_of({"operation_aborted", "eof"}));
            CHECK(scene.victim.is_one_of({"reset_by_peer", "not_open", "none"}));
            reset += scene.victim.how == "reset_by_peer";
        });
    CHECK(steps > 50);
    CHECK(reset > 10);
}

TEST_CASE("a connection that is closed at any step ends each operation once", "[asio][R209]") {
    const bool by_cancellation = GENERATE(false, true);
    const int steps = after_every_step(
        [&](exchange& scene) {
            if (by_cancellation)
                scene.stop_run.emit(asio::cancellation_type::terminal);
            else
                scene.ends.server->close();
        },
        [](const exchange& scene) {
            REQUIRE(scene.ends.server_ended.has_value());
            CHECK(scene.ends.client_ended.has_value());
            CHECK((!*scene.ends.server_ended ||
                   *scene.ends.server_ended == asio::error::operation_aborted));
            CHECK(scene.accepting.times == 1);
            CHECK(scene.victim.times == 1);
            CHECK(scene.other.times == 1);
            CHECK(scene.victim_served.times <= 1);
            CHECK(scene.other_served.times <= 1);
        });
    CHECK(steps > 50);
}

TEST_CASE("a context that is destroyed at any step takes every coroutine with it", "[asio]") {
    for (int steps = 0;; ++steps) {
        int live = 0;
        bool goes_on = false;
        {
            exchange scene(&live);
            goes_on = scene.run(steps);
        }
        INFO("after " << steps << " steps");
        REQUIRE(live == 0);
        if (!goes_on) {
            CHECK(steps > 50);
            break;
        }
    }
}

TEST_CASE("a context that is destroyed before the connection runs takes what waits with it",
          "[asio]") {
    int live = 0;
    {
        pair ends;
        const auto wait = [&]() -> awaitable<void> {
            const counted frame(&live);
            const auto kept = *ends.server; // the frame owns what it waits for
            co_await kept.async_accept(use_awaitable);
        };
        const auto open = [&]() -> awaitable<void> {
            const counted frame(&live);
            const auto kept = *ends.client;
            co_await kept.async_open(chat(), use_awaitable);
        };
        ends.spawn(wait);
        ends.spawn(open);
        ends.context.poll();
        CHECK(live == 2);
    }
    CHECK(live == 0);
}

TEST_CASE("a stream that is destroyed while it reads and writes ends both, once", "[asio]") {
    bool over = false;
    for (int steps = 0; !over; ++steps) {
        REQUIRE(steps < 10'000);
        pair ends(narrow(), narrow());
        ends.run_ends();
        strings served;
        ends.spawn(serve(*ends.server, &served));
        std::optional<client_stream> socket;
        ends.client->async_open(chat(), [&](std::error_code error, client_stream made) {
            CHECK_FALSE(error);
            socket = std::move(made);
        });
        while (!socket) REQUIRE(ends.context.run_one() == 1);
        ending read, first, second;
        std::string buffer;
        const std::string message(20'000, 'm');
        socket->async_read(asio::dynamic_buffer(buffer),
                           [&](std::error_code error, auto) { read(name_of(error)); });
        socket->async_write(h2ws::opcode::text, asio::buffer(message),
                            [&](std::error_code error) { first(name_of(error)); });
        socket->async_write(h2ws::opcode::text, asio::buffer(message),
                            [&](std::error_code error) { second(name_of(error)); });
        for (int i = 0; i < steps && second.times == 0; ++i) REQUIRE(ends.context.run_one() == 1);
        over = second.times != 0 && read.times != 0;
        socket.reset();
        ends.client->shutdown();
        ends.context.run();
        INFO("after " << steps << " steps");
        CHECK(read.is_one_of({"operation_aborted", "none"}));
        CHECK(first.is_one_of({"none"}));
        CHECK(second.is_one_of({"operation_aborted", "none", "already_started"}));
        CHECK(served.size() == 1);
        CHECK(ends.client_ended == std::error_code());
        if (second.times != 0 && steps > 200) break;
    }
}

TEST_CASE("what a handler throws when a stream is destroyed leaves run()", "[asio]") {
    // An io_context's own executor keeps exceptions for run(), a strand does not.
    using strand_socket = asio::basic_stream_socket<asio::local::stream_protocol,
                                                    asio::strand<asio::io_context::executor_type>>;
    asio::io_context context;
    h2ws::system_entropy entropy;
    strand_socket near(asio::make_strand(context)), far(asio::make_strand(context));
    asio::local::connect_pair(near, far);
    const server_end<strand_socket> server(std::move(far), h2ws::server{}, accepting());
    const client_end<strand_socket> client(std::move(near), h2ws::client{entropy.source()});
    std::optional<std::error_code> end;
    server.async_run([](std::error_code) {});
    client.async_run(
        [](auto&, const h2ws::stream_event& happened) {
            if (std::holds_alternative<h2ws::connection_ended>(happened))
                throw std::runtime_error("no");
        },
        [&](std::error_code error) { end = error; });
    asio::co_spawn(context, serve(server), asio::detached);
    std::optional<client_end<strand_socket>::stream_type> socket;
    client.async_open(chat(), [&](std::error_code, auto made) { socket = std::move(made); });
    while (!socket) REQUIRE(context.run_one() == 1);
    client.shutdown();
    while (context.poll() != 0) {
    }
    // The last stream: without it the session ends.
    asio::post(client.get_executor(), [&] { socket.reset(); });
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    context.run();
    CHECK(end == asio::error::operation_aborted);
}
