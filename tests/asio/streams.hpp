// Both ends of a connection whose websockets are objects, over a pair of sockets, for the tests of
// streams; and coroutines that echo and talk.
#pragma once

#include "ends.hpp"

#include <asio/experimental/as_tuple.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace streams {

using asio::awaitable;
using asio::use_awaitable;
using local_socket = asio::local::stream_protocol::socket;

inline constexpr auto tuple = asio::experimental::as_tuple(use_awaitable);

template <class Socket = local_socket, class Session = engine::server>
using server_end = server_over<Socket, Session>;
template <class Socket = local_socket, class Session = engine::client>
using client_end = client_over<Socket, Session>;

using server_stream = server_end<>::stream_type;
using client_stream = client_end<>::stream_type;

// What an exception says that ended a coroutine.
inline std::string name_of(std::exception_ptr thrown) {
    try {
        if (thrown) std::rethrow_exception(thrown);
    } catch (const std::system_error& error) {
        return name_of(error.code());
    }
    return "none";
}

// Sends back what comes, message by message; how it ended.
template <class Stream>
awaitable<std::string> echo(Stream socket) {
    while (true) {
        std::string message;
        const auto [read, part] = co_await socket.async_read(asio::dynamic_buffer(message), tuple);
        if (read) co_return name_of(read);
        const auto [written] = co_await socket.async_write(part.type, asio::buffer(message), tuple);
        if (written) co_return name_of(written);
    }
}

// Accepts whatever comes and echoes on each, until the connection ends.
template <class Connection>
awaitable<void> serve(Connection connection, strings* ends = nullptr) {
    while (true) {
        auto [error, offer] = co_await connection.async_accept(tuple);
        if (error) co_return;
        auto [failed, socket] = co_await offer.async_accept(tuple);
        if (failed) continue;
        asio::co_spawn(connection.get_executor(), echo(std::move(socket)),
                       [ends](std::exception_ptr, const std::string& end) {
                           if (ends != nullptr) ends->push_back(end);
                       });
    }
}

// Says each message, waits for its echo, then closes; how that ended.
template <class Stream>
awaitable<std::string> talk(Stream socket, strings messages) {
    for (const std::string& message : messages) {
        co_await socket.async_write(h2ws::opcode::binary, asio::buffer(message), use_awaitable);
        std::string echoed;
        co_await socket.async_read(asio::dynamic_buffer(echoed), use_awaitable);
        if (echoed != message) co_return "garbled";
    }
    const auto [error] =
        co_await socket.async_close(h2ws::status_code::normal_closure, "done", tuple);
    co_return name_of(error);
}

// Both ends over Unix sockets, running.
struct pair {
    asio::io_context context;
    h2ws::system_entropy entropy;
    std::optional<server_end<>> server;
    std::optional<client_end<>> client;
    std::optional<std::error_code> server_ended;
    std::optional<std::error_code> client_ended;

    explicit pair(const h2ws::session_options& servers = {},
                  const h2ws::session_options& clients = {}) {
        local_socket near(context);
        local_socket far(context);
        asio::local::connect_pair(near, far);
        server.emplace(std::move(far), h2ws::server{}, accepting(servers));
        client.emplace(std::move(near), h2ws::client{entropy.source()}, clients);
    }

    void run_ends() {
        server->async_run([this](std::error_code error) { server_ended = error; });
        client->async_run([this](std::error_code error) { client_ended = error; });
    }

    template <class Coroutine>
    void spawn(Coroutine what) {
        asio::co_spawn(context, std::move(what), asio::detached);
    }
};

} // namespace streams
