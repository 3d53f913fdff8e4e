#include "../../examples/memory_session.hpp"
#include "../catch.hpp"
#include "echo.hpp"

#include <asio.hpp>

#include <array>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using local_socket = asio::local::stream_protocol::socket;
using strings = std::vector<std::string>;

namespace {

struct sockets {
    asio::io_context context;
    local_socket server{context};
    local_socket client{context};

    sockets() { asio::local::connect_pair(server, client); }
};

struct ignore_events {
    template <class Connection>
    void operator()(Connection&, const h2ws::stream_event&) const {}
};

h2ws::connect_request chat() {
    return {.scheme = "http", .authority = "localhost", .path = "/chat"};
}

// A client that has asked for a tunnel, and what comes of it once it is run.
struct asking : sockets {
    h2ws::system_entropy entropy;
    strings log;
    std::optional<std::error_code> end;
    const std::shared_ptr<echo::client_connection<local_socket>> asker;

    explicit asking(const h2ws::session_options& options = {})
        : asker(echo::make_client(std::move(client), entropy, options)) {
        REQUIRE(asker->session().open(chat(), h2ws::asio::now()));
    }
    void connect() {
        h2ws::asio::connect(asker, echo::ask{"hello", &log},
                            [this](std::error_code error) { end = error; });
    }
};

// A server's handler throws: its connection ends, the exception leaves run(), and its client is
// told this.
template <class Handler>
void check_throwing(Handler handler, const strings& client_told) {
    asking pair;
    std::optional<std::error_code> end;
    pair.connect();
    h2ws::asio::serve(echo::make_server(std::move(pair.server)), std::move(handler),
                      [&](std::error_code error) { end = error; });
    CHECK_THROWS_AS(pair.context.run(), std::runtime_error);
    pair.context.run();
    CHECK(end == asio::error::operation_aborted);
    CHECK(pair.log == client_told);
}

} // namespace

TEST_CASE("a message is echoed over a socket and both sides end in order", "[asio]") {
    const std::size_t size = GENERATE(std::size_t{5}, std::size_t{3'000'000});
    sockets pair;
    h2ws::system_entropy entropy;
    strings log;
    std::optional<std::error_code> server_end;
    std::optional<std::error_code> client_end;

    const auto client = echo::make_client(std::move(pair.client), entropy);
    REQUIRE(client->session().open(chat(), h2ws::asio::now()));
    h2ws::asio::serve(echo::make_server(std::move(pair.server)), echo::serve{},
                      [&](std::error_code error) { server_end = error; });
    h2ws::asio::connect(client, echo::ask{std::string(size, 'x'), &log},
                        [&](std::error_code error) { client_end = error; });
    pair.context.run();

    CHECK(log == strings{"opened", "echoed", "closed none", "released"});
    CHECK(server_end == std::error_code());
    CHECK(client_end == std::error_code());
}

TEST_CASE("a connection of which nobody keeps a pointer lives until its completion handler has run",
          "[asio]") {
    sockets pair;
    int completed = 0;
    std::weak_ptr<echo::server_connection<local_socket>> connection;
    {
        const auto made = echo::make_server(std::move(pair.server));
        connection = made;
        h2ws::asio::serve(made, echo::serve{}, [&, at = made.get()](std::error_code) {
            REQUIRE_FALSE(connection.expired());
            CHECK(at->session().finished());
            ++completed;
        });
    }
    SECTION("it ends by itself") { pair.client.close(); }
    SECTION("it is closed") {
        asio::post(pair.context, [&] { connection.lock()->close(); });
    }
    pair.context.run();
    CHECK(completed == 1);
    CHECK(connection.expired());
}

TEST_CASE("a completion handler in another execution context does not keep the connection",
          "[asio]") {
    asio::io_context elsewhere;
    int completed = 0;
    std::weak_ptr<echo::server_connection<local_socket>> connection;
    {
        sockets pair;
        pair.client.close();
        const auto made = echo::make_server(std::move(pair.server));
        connection = made;
        h2ws::asio::serve(made, echo::serve{},
                          asio::bind_executor(elsewhere, [&](std::error_code) { ++completed; }));
        pair.context.run();
    }
    CHECK(completed == 0);
    CHECK(connection.expired()); // before the sockets' context
    elsewhere.run();
    CHECK(completed == 1);
}

TEST_CASE("any completion token serves: a future, a coroutine", "[asio]") {
    sockets pair;
    h2ws::system_entropy entropy;
    strings log;
    const auto client = echo::make_client(std::move(pair.client), entropy);
    REQUIRE(client->session().open(chat(), h2ws::asio::now()));
    std::future<void> served = h2ws::asio::serve(echo::make_server(std::move(pair.server)),
                                                 echo::serve{}, asio::use_future);
    asio::co_spawn(
        pair.context,
        [&]() -> asio::awaitable<void> {
            echo::ask handler{"hello",
                              &log}; // g++ 12 destroys an aggregate made in a co_await twice
            co_await h2ws::asio::connect(client, std::move(handler), asio::use_awaitable);
            log.push_back("left");
        },
        asio::detached);
    pair.context.run();
    CHECK(log == strings{"opened", "echoed", "closed none", "released", "left"});
    CHECK_NOTHROW(served.get());
}

TEST_CASE("a transport that ends gives each tunnel its closed and says why", "[asio][R103][R209]") {
    asking pair;
    pair.connect();

    SECTION("before the handshake") {
        pair.server.close();
        pair.context.run();
        CHECK(pair.log == strings{"refused connection_lost", "released"});
        CHECK(pair.end.has_value());
    }
    SECTION("with a tunnel open") {
        const auto server = echo::make_server(std::move(pair.server));
        h2ws::asio::serve(
            server,
            [](auto& at, const h2ws::stream_event& happened) {
                if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&happened))
                    at.session().accept(asked->tunnel, {}, h2ws::asio::now()).has_value();
                if (std::holds_alternative<h2ws::tunnel_event>(happened)) at.close();
            },
            [](std::error_code error) { CHECK(error == asio::error::operation_aborted); });
        pair.context.run();
        CHECK(pair.log == strings{"opened", "closed connection_lost", "released"});
        CHECK(pair.end.has_value());
    }
}

TEST_CASE("a connection that is closed before it runs ends as soon as it does", "[asio]") {
    asking pair;
    pair.asker->close();
    pair.connect();
    CHECK_FALSE(pair.end.has_value());
    CHECK(pair.context.poll() == 2); // the start and the completion, and nothing waits
    CHECK(pair.log == strings{"refused connection_lost", "released"});
    CHECK(pair.end == asio::error::operation_aborted);
    CHECK_FALSE(pair.asker->stream().is_open());
}

TEST_CASE("timers run from the session's deadline", "[asio][R185]") {
    h2ws::session_options hurried;
    hurried.waits.handshake = h2ws::milliseconds(20);
    asking pair(hurried);
    pair.connect();
    // A server that never decides.
    h2ws::asio::serve(echo::make_server(std::move(pair.server)), ignore_events{},
                      [](std::error_code) {});
    pair.context.run();
    CHECK(pair.log == strings{"refused handshake_timeout", "released"});
    CHECK(pair.end == std::error_code());
}

TEST_CASE("what a call from outside the handler brings is sent by wake", "[asio]") {
    sockets pair;
    h2ws::system_entropy entropy;
    strings log;
    const auto client = echo::make_client(std::move(pair.client), entropy);
    h2ws::asio::serve(echo::make_server(std::move(pair.server)), echo::serve{},
                      [](std::error_code) {});
    h2ws::asio::connect(client, echo::ask{"late", &log}, [](std::error_code) {});
    asio::post(pair.context, [&] {
        REQUIRE(client->session().open(chat(), h2ws::asio::now()));
        client->wake();
    });
    pair.context.run();
    CHECK(log == strings{"opened", "echoed", "closed none", "released"});
}

TEST_CASE("bytes that are no HTTP/2 end the connection, not the program", "[asio]") {
    sockets pair;
    std::optional<std::error_code> end;
    bool told = false;
    h2ws::asio::serve(
        echo::make_server(std::move(pair.server)),
        [&](auto&, const h2ws::stream_event& happened) {
            if (const auto* over = std::get_if<h2ws::connection_ended>(&happened))
                told = over->error != h2ws::errc::none &&
                       over->code == h2ws::http2_error::protocol_error;
        },
        [&](std::error_code error) { end = error; });
    asio::write(pair.client, asio::buffer("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", 35));
    pair.context.run();
    CHECK(told);
    CHECK(end.has_value());
}

TEST_CASE("a handler that throws ends its connection and the exception leaves run()", "[asio]") {
    check_throwing(
        [](auto&, const h2ws::stream_event& happened) {
            if (std::holds_alternative<h2ws::tunnel_requested>(happened))
                throw std::runtime_error("no");
        },
        {"refused connection_lost", "released"});
}

TEST_CASE("a handler that throws each time is told every end, and its connection ends", "[asio]") {
    const bool closes = GENERATE(false, true);
    CAPTURE(closes);
    strings told;
    check_throwing(
        [&](auto& at, const h2ws::stream_event& happened) {
            if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&happened))
                at.session().accept(asked->tunnel, {}, h2ws::asio::now()).has_value();
            if (std::holds_alternative<h2ws::tunnel_released>(happened)) told.push_back("released");
            if (std::holds_alternative<h2ws::connection_ended>(happened)) told.push_back("ended");
            if (std::holds_alternative<h2ws::tunnel_event>(happened) && closes) at.close();
            if (!std::holds_alternative<h2ws::tunnel_requested>(happened))
                throw std::runtime_error("no");
        },
        {"opened", "closed connection_lost", "released"});
    CHECK(told == strings{"released", "ended"});
}

TEST_CASE("the connection's end is told also where making output brings it", "[asio][R113]") {
    sockets pair;
    h2ws::system_entropy entropy;
    int server_told = 0, client_told = 0;
    const auto count = [](int& told) {
        return [&told](auto&, const h2ws::stream_event& happened) {
            told += std::holds_alternative<h2ws::connection_ended>(happened);
        };
    };
    using server_type = h2ws::asio::connection<examples::memory_server, local_socket>;
    using client_type = h2ws::asio::connection<examples::memory_client, local_socket>;
    const auto client =
        std::make_shared<client_type>(std::move(pair.client), h2ws::client{entropy.source()});
    const auto server = std::make_shared<server_type>(std::move(pair.server), h2ws::server{},
                                                      echo::server_options());
    h2ws::asio::serve(server, count(server_told), [](std::error_code) {});
    h2ws::asio::connect(client, count(client_told), [](std::error_code) {});
    asio::post(pair.context, [&] {
        client->session().shutdown(h2ws::asio::now());
        client->wake();
    });
    pair.context.run();
    CHECK(server_told == 1);
    CHECK(client_told == 1);
}

TEST_CASE("destroying the executor destroys what runs on it", "[asio]") {
    h2ws::system_entropy entropy;
    strings log;
    {
        sockets pair;
        const auto client = echo::make_client(std::move(pair.client), entropy);
        REQUIRE(client->session().open(chat(), h2ws::asio::now()));
        h2ws::asio::serve(echo::make_server(std::move(pair.server)), echo::serve{},
                          [](std::error_code) {});
        h2ws::asio::connect(client, echo::ask{"hello", &log}, [](std::error_code) {});
        for (int i = 0; i < 5; ++i) pair.context.run_one();
    }
    CHECK(log.size() < 4);
}
