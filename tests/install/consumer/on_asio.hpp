// A server and a client over a loopback socket, each a coroutine, whatever speaks HTTP/2 for them;
// and a TLS context, so that OpenSSL is linked too.
#pragma once

#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/serve.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>

#include <cstdio>
#include <memory>

using asio::ip::tcp;

template <h2ws::accepting_session Server>
void handle(h2ws::asio::connection<Server, tcp::socket>& connection,
            const h2ws::stream_event& event) {
    auto& session = connection.session();
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (!session.accept(asked->tunnel, {}, h2ws::asio::now())) std::puts("cannot accept");
        if (!session.send(asked->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"),
                          h2ws::asio::now()))
            std::puts("cannot send");
    }
}

template <h2ws::opening_session Client>
void handle(h2ws::asio::connection<Client, tcp::socket>& connection,
            const h2ws::stream_event& event) {
    if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            std::printf("%.*s\n", 5, h2ws::as_text(chunk->payload).data());
        connection.close();
    }
}

template <class Server>
asio::awaitable<void> serve(tcp::acceptor& acceptor) {
    h2ws::session_options options;
    options.accept_tunnels = true;
    auto connection = std::make_shared<h2ws::asio::connection<Server, tcp::socket>>(
        co_await acceptor.async_accept(asio::use_awaitable), h2ws::server{}, options);
    std::error_code lost; // the client just leaves
    co_await h2ws::asio::serve(
        connection, [](auto& on, const auto& event) { handle(on, event); },
        asio::redirect_error(asio::use_awaitable, lost));
}

template <class Client>
asio::awaitable<void> ask(tcp::endpoint endpoint) {
    h2ws::system_entropy entropy;
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    auto connection = std::make_shared<h2ws::asio::connection<Client, tcp::socket>>(
        std::move(socket), h2ws::client{entropy.source()});
    if (!connection->session().open({.scheme = "http", .authority = "localhost", .path = "/"},
                                    h2ws::asio::now()))
        std::puts("cannot open");
    std::error_code closed; // by ourselves
    co_await h2ws::asio::connect(
        connection, [](auto& on, const auto& event) { handle(on, event); },
        asio::redirect_error(asio::use_awaitable, closed));
}

template <class Server, class Client>
int say_hello() {
    asio::ssl::context tls = h2ws::asio::server_tls_context();
    if (tls.native_handle() == nullptr) return 1;
    asio::io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, serve<Server>(acceptor), asio::detached);
    asio::co_spawn(context, ask<Client>(acceptor.local_endpoint()), asio::detached);
    context.run();
    return 0;
}
