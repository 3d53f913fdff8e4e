// One coroutine for each websocket: an echo server and its client in one program, two websockets
// over one HTTP/2 connection, a read with a timeout.
#include <h2ws/asio/stream_connection.hpp>
#include <h2ws/http2/session.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>
#include <asio/experimental/awaitable_operators.hpp>

#include <iostream>
#include <string>

using asio::awaitable;
using asio::co_spawn;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;
using namespace asio::experimental::awaitable_operators;

using server = h2ws::asio::stream_connection<h2ws::http2::server, tcp::socket>;
using client = h2ws::asio::stream_connection<h2ws::http2::client, tcp::socket>;
constexpr auto no_throw = asio::experimental::as_tuple(use_awaitable);

awaitable<void> echo(server::stream_type websocket) {
    while (true) {
        std::string message;
        const auto [end, read] =
            co_await websocket.async_read(asio::dynamic_buffer(message), no_throw);
        if (end) co_return; // asio::error::eof: the client has closed
        if (websocket.subprotocol() == "echo")
            co_await websocket.async_write(read.type, asio::buffer(message), use_awaitable);
    }
}

awaitable<void> serve(tcp::acceptor& acceptor) {
    h2ws::session_options options;
    options.accept_tunnels = true;
    server connection(co_await acceptor.async_accept(use_awaitable), h2ws::server{}, options);
    co_spawn(acceptor.get_executor(), connection.async_run(use_awaitable), detached);
    while (true) {
        auto [end, offer] = co_await connection.async_accept(no_throw);
        if (end) break; // and so has the connection
        h2ws::acceptance answer;
        if (offer.request().offered_subprotocols().contains("echo")) answer.subprotocol = "echo";
        co_spawn(acceptor.get_executor(), echo(co_await offer.async_accept(answer, use_awaitable)),
                 detached);
    }
    std::cout << "server: done\n";
}

awaitable<void> talk(client connection, std::string name, std::string_view subprotocols,
                     std::chrono::milliseconds patience) {
    const h2ws::connect_request wanted{
        .scheme = "http", .authority = "localhost", .subprotocols = subprotocols};
    auto websocket = co_await connection.async_open(wanted, use_awaitable);
    asio::steady_timer timer(co_await asio::this_coro::executor);
    for (const std::string_view word : {"hello", "world"}) {
        co_await websocket.async_write(h2ws::opcode::text, asio::buffer(word), use_awaitable);
        std::string answer;
        timer.expires_after(patience);
        const auto first =
            co_await (websocket.async_read(asio::dynamic_buffer(answer), use_awaitable) ||
                      timer.async_wait(use_awaitable));
        std::cout << name << ": " << (first.index() == 0 ? answer : "nobody answers") << std::endl;
        if (first.index() == 1) break;
    }
    co_await websocket.async_close(use_awaitable);
    std::cout << name << ": closed" << std::endl;
}

awaitable<void> connect(tcp::endpoint to) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(to, use_awaitable);
    h2ws::system_entropy entropy; // for masking keys
    const client connection(std::move(socket), h2ws::client{entropy.source()});
    co_spawn(
        connection.get_executor(),
        [=]() -> awaitable<void> {
            co_await talk(connection, "one", "echo", std::chrono::seconds(10));
            co_await talk(connection, "two", "", std::chrono::milliseconds(1));
            connection.shutdown(); // the run ends when the last websocket is gone
        },
        detached);
    co_await connection.async_run(use_awaitable);
}

int main() {
    asio::io_context context{1};
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    co_spawn(context, serve(acceptor), detached);
    co_spawn(context, connect(acceptor.local_endpoint()), detached);
    context.run();
}
