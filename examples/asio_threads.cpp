// One io_context and one thread per core, and nothing shared: each thread has an acceptor of its
// own on the same port (SO_REUSEPORT), and the kernel spreads the connections.
#include <h2ws/asio/stream_connection.hpp>
#include <h2ws/http2/session.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>
#include <asio/experimental/as_tuple.hpp>

#include <algorithm>
#include <iostream>
#include <list>
#include <string>
#include <thread>
#include <vector>

using asio::awaitable;
using asio::detached;
using asio::use_awaitable;
using asio::ip::tcp;
using server = h2ws::asio::stream_connection<h2ws::http2::server, tcp::socket>;
using client = h2ws::asio::stream_connection<h2ws::http2::client, tcp::socket>;
using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
constexpr auto no_throw = asio::experimental::as_tuple(use_awaitable);

constexpr int thread_count = 4; // std::thread::hardware_concurrency() where it is no example
constexpr int connection_count = 64;

awaitable<void> echo(server::stream_type websocket) {
    while (true) {
        std::string message;
        const auto [end, read] =
            co_await websocket.async_read(asio::dynamic_buffer(message), no_throw);
        if (end) co_return;
        co_await websocket.async_write(read.type, asio::buffer(message), use_awaitable);
    }
}

awaitable<void> serve(server connection) {
    while (true) {
        auto [end, offer] = co_await connection.async_accept(no_throw);
        if (end) co_return;
        auto websocket = co_await offer.async_accept(use_awaitable);
        asio::co_spawn(connection.get_executor(), echo(std::move(websocket)), detached);
    }
}

// A core's own: its context, its acceptor, the connections that came to it.
struct core {
    asio::io_context context{1};
    tcp::acceptor acceptor{context};
    int served = 0;
    std::thread thread;

    explicit core(tcp::endpoint at) {
        acceptor.open(at.protocol());
        acceptor.set_option(reuse_port(true));
        acceptor.bind(at);
        acceptor.listen();
    }

    awaitable<void> listen() {
        h2ws::session_options options;
        options.accept_tunnels = true;
        while (true) {
            auto socket = co_await acceptor.async_accept(use_awaitable);
            ++served;
            const server connection(std::move(socket), h2ws::server{}, options);
            connection.async_run(detached);
            asio::co_spawn(context, serve(connection), detached);
        }
    }
};

// One connection, one websocket, one message and back.
awaitable<void> talk(tcp::endpoint to, h2ws::system_entropy& entropy, int& echoed) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(to, use_awaitable);
    const client connection(std::move(socket), h2ws::client{entropy.source()});
    connection.async_run(detached);
    const h2ws::connect_request wanted{.scheme = "http", .authority = "localhost"};
    auto websocket = co_await connection.async_open(wanted, use_awaitable);
    co_await websocket.async_write(h2ws::opcode::text, asio::buffer("hello", 5), use_awaitable);
    std::string answer;
    co_await websocket.async_read(asio::dynamic_buffer(answer), use_awaitable);
    echoed += answer == "hello";
    co_await websocket.async_close(use_awaitable);
    connection.shutdown();
}

int main() {
    std::list<core> cores;
    tcp::endpoint at(asio::ip::address_v4::loopback(), 0);
    for (int i = 0; i < thread_count; ++i)
        at = cores.emplace_back(at).acceptor.local_endpoint(); // the first finds the port
    for (core& each : cores) {
        asio::co_spawn(each.context, each.listen(), detached);
        each.thread = std::thread([&each] { each.context.run(); });
    }

    int echoed = 0;
    h2ws::system_entropy entropy; // for masking keys
    asio::io_context context{1};
    for (int i = 0; i < connection_count; ++i)
        asio::co_spawn(context, talk(at, entropy, echoed), detached);
    context.run();

    for (core& each : cores) {
        each.context.stop();
        each.thread.join();
    }
    const bool spread =
        std::all_of(cores.begin(), cores.end(), [](const core& each) { return each.served > 0; });
    std::cout << thread_count << " threads served " << echoed << " connections, "
              << (spread ? "each thread some" : "not each thread some") << '\n';
}
