// Streams whose messages are compressed.
#include "../answers_anything.hpp"
#include "../catch.hpp"
#include "streams.hpp"

#include <h2ws/zlib/deflate_answer.hpp>

using namespace streams;
using h2ws::opcode;
using h2ws::zlib::deflate_answer;
using h2ws::zlib::permessage_deflate;

namespace {

using server_type = server_end<local_socket, engine::basic_server<answers_anything>>;
using client_type = client_end<local_socket, engine::basic_client<permessage_deflate>>;
using server_socket = server_type::stream_type;
using client_socket = client_type::stream_type;

h2ws::connect_request offering(std::string_view offer = h2ws::usual_deflate_offer) {
    h2ws::connect_request wanted = chat();
    wanted.extensions = offer;
    return wanted;
}

// Both ends of a connection, running; `body(client, server)`, then it ends in order.
template <class Body>
void with_ends(Body body, const h2ws::session_options& options = {}) {
    asio::io_context context;
    local_socket near(context), far(context);
    asio::local::connect_pair(near, far);
    h2ws::system_entropy entropy;
    server_type server(std::move(far), h2ws::server{}, accepting(options));
    client_type client(std::move(near), h2ws::client{entropy.source()}, options);
    std::optional<std::error_code> server_ended, client_ended;
    server.async_run([&](std::error_code error) { server_ended = error; });
    client.async_run([&](std::error_code error) { client_ended = error; });
    bool whole = false;
    asio::co_spawn(
        context,
        [&]() -> awaitable<void> {
            co_await body(client, server);
            whole = true;
            client.shutdown();
        },
        [](std::exception_ptr thrown) { CHECK(name_of(thrown) == "none"); });
    context.run();
    CHECK(whole);
    CHECK(client_ended == std::error_code());
    CHECK(server_ended == std::error_code());
}

// Takes the next that asks, as far as it offers to compress.
awaitable<server_socket> accepted(server_type server) {
    auto offer = co_await server.async_accept(use_awaitable);
    deflate_answer deflate(offer.request());
    const h2ws::acceptance answer{.extensions = deflate.text()};
    co_return co_await offer.async_accept(answer, deflate.take(), use_awaitable);
}

// A websocket with both of its ends, and what they do.
template <class Body>
void with_sockets(Body body, std::string_view offer = h2ws::usual_deflate_offer,
                  const h2ws::session_options& options = {}) {
    with_ends(
        [&](client_type client, server_type server) -> awaitable<void> {
            std::optional<server_socket> far;
            asio::co_spawn(
                client.get_executor(), accepted(server),
                [&](std::exception_ptr, server_socket made) { far.emplace(std::move(made)); });
            const h2ws::connect_request wanted = offering(offer);
            auto near = co_await client.async_open(wanted, permessage_deflate(), use_awaitable);
            co_await body(std::move(near), std::move(*far));
        },
        options);
}

std::string mixed(std::size_t size) {
    std::string text;
    for (unsigned i = 0; text.size() < size; ++i) text += std::to_string(i * i) + ' ';
    text.resize(size);
    return text;
}

} // namespace

TEST_CASE("streams compress what they write, and read what it was", "[asio][rfc7692-6][R228]") {
    with_sockets([](client_socket near, server_socket far) -> awaitable<void> {
        CHECK(near.extension()->active());
        CHECK(far.extension()->active());
        asio::co_spawn(near.get_executor(), echo(std::move(far)), asio::detached);
        const strings messages{"", "x", mixed(300'000), std::string(1'000'000, 'z'), mixed(70)};
        const std::string end = co_await talk(std::move(near), messages);
        CHECK(end == "none");
    });
}

TEST_CASE("a peer that does not offer it gets messages as they are", "[asio][rfc7692-5][R224]") {
    const auto body = [](client_socket near, server_socket far) -> awaitable<void> {
        CHECK_FALSE(near.extension()->active());
        CHECK_FALSE(far.extension()->active());
        asio::co_spawn(near.get_executor(), echo(std::move(far)), asio::detached);
        const strings messages{mixed(300'000)};
        const std::string end = co_await talk(std::move(near), messages);
        CHECK(end == "none");
    };
    with_sockets(body, "");
    with_sockets(body, "permessage-deflate; server_max_window_bits=7");
}

TEST_CASE("a bad answer fails the open, and the connection goes on", "[asio][rfc7692-5][R225]") {
    with_ends([](client_type client, server_type server) -> awaitable<void> {
        asio::co_spawn(
            client.get_executor(),
            [](server_type on) -> awaitable<void> {
                auto offer = co_await on.async_accept(use_awaitable);
                const h2ws::acceptance answer{.extensions =
                                                  "permessage-deflate; server_max_window_bits=7"};
                auto socket = co_await offer.async_accept(answer, use_awaitable);
                auto [error, part] = co_await socket.async_read_some({}, tuple);
                CHECK(name_of(error) == "reset_by_peer");
                auto next = co_await accepted(on);
                (void)co_await echo(std::move(next));
            }(server),
            asio::detached);
        const h2ws::connect_request wanted = offering();
        auto [error, refused] = co_await client.async_open(wanted, permessage_deflate(), tuple);
        CHECK(name_of(error) == "deflate_parameters_invalid");
        auto next = co_await client.async_open(wanted, permessage_deflate(), use_awaitable);
        CHECK(next.extension()->active());
        const strings messages{mixed(5'000)};
        const std::string end = co_await talk(std::move(next), messages);
        CHECK(end == "none");
    });
}

TEST_CASE("what nobody reads is credited when it is read, as it came", "[asio][R117]") {
    h2ws::session_options options;
    options.stream_window = options.max_stream_window = 2'000;
    const auto body = [](client_socket near, server_socket far) -> awaitable<void> {
        const std::string text = mixed(100'000); // of which more than one window is left
        for (int i = 0; i < 3; ++i)
            co_await near.async_write(opcode::text, asio::buffer(text), use_awaitable);
        for (int i = 0; i < 3; ++i) {
            std::string got;
            co_await far.async_read(asio::dynamic_buffer(got), use_awaitable);
            CHECK(got == text);
        }
        asio::co_spawn(near.get_executor(), echo(std::move(far)), asio::detached);
        const std::string end = co_await talk(std::move(near), {});
        CHECK(end == "none");
    };
    with_sockets(body, h2ws::usual_deflate_offer, options);
}

TEST_CASE("what inflates where nobody reads ends its stream, not the others",
          "[asio][rfc6455-10.4][R262]") {
    h2ws::session_options options;
    options.max_held = 20'000;
    options.max_connection_window = options.connection_window;
    with_ends(
        [](client_type client, server_type server) -> awaitable<void> {
            std::optional<server_socket> silent;
            asio::co_spawn(
                client.get_executor(),
                [](server_type on, std::optional<server_socket>& first) -> awaitable<void> {
                    first.emplace(co_await accepted(on));
                    while (true) {
                        auto next = co_await accepted(on);
                        asio::co_spawn(on.get_executor(), echo(std::move(next)), asio::detached);
                    }
                }(server, silent),
                asio::detached);
            const h2ws::connect_request wanted = offering();
            auto near = co_await client.async_open(wanted, permessage_deflate(), use_awaitable);
            auto other = co_await client.async_open(wanted, permessage_deflate(), use_awaitable);
            const std::string zeros(1'000'000, '\0');
            std::error_code end;
            while (!end) {
                auto [error] =
                    co_await near.async_write(opcode::binary, asio::buffer(zeros), tuple);
                end = error;
                std::string echoed;
                co_await other.async_write(opcode::text, asio::buffer("x", 1), use_awaitable);
                co_await other.async_read(asio::dynamic_buffer(echoed), use_awaitable);
                CHECK(echoed == "x");
            }
            CHECK(name_of(end) == "not_open");
            std::string got;
            auto [error, part] = co_await silent->async_read(asio::dynamic_buffer(got), tuple);
            CHECK(name_of(error) == "inflates_too_much");
            CHECK(got.empty());
            const strings messages{mixed(5'000)};
            const std::string outcome = co_await talk(std::move(other), messages);
            CHECK(outcome == "none");
        },
        options);
}
