// An echo server and a client of it in one program: WebSockets over cleartext HTTP/2 on a loopback
// port, coroutines on Asio.
#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/serve.hpp>
#include <h2ws/http2/session.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>

#include <iostream>
#include <memory>

using asio::ip::tcp;
using server_connection = h2ws::asio::connection<h2ws::http2::server, tcp::socket>;
using client_connection = h2ws::asio::connection<h2ws::http2::client, tcp::socket>;

// The server accepts every tunnel and sends back what comes, piece by piece.
void on_server_event(server_connection& connection, const h2ws::stream_event& event) {
    auto& session = connection.session();
    const h2ws::instant now = h2ws::asio::now();
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (!session.accept(asked->tunnel, {}, now)) std::cerr << "cannot accept\n";
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what);
        if (chunk == nullptr) return;
        if (!session.send(said->tunnel, chunk->type, chunk->payload, now, chunk->last))
            std::cerr << "cannot send\n";
        session.consume(said->tunnel, said->wire_bytes); // the client may send as much again
    }
}

// The client says hello on each tunnel that opens, and closes it when the echo is there.
void on_client_event(client_connection& connection, const h2ws::stream_event& event) {
    auto& session = connection.session();
    const h2ws::instant now = h2ws::asio::now();
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        if (!session.send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now))
            std::cerr << "cannot send\n";
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what)) {
            std::cout << h2ws::as_text(chunk->payload) << '\n';
            if (!session.send_close(said->tunnel, h2ws::status_code::normal_closure, "", now))
                std::cerr << "cannot close\n";
        } else if (const auto* over = std::get_if<h2ws::closed>(&said->what)) {
            std::cout << (over->error == h2ws::errc::none ? "closed clean\n" : "closed\n");
        }
    } else if (std::holds_alternative<h2ws::tunnel_released>(event)) {
        if (session.stream_count() == 1) session.shutdown(now); // this was the last
    }
}

asio::awaitable<void> serve_one(tcp::acceptor& acceptor) {
    auto socket = co_await acceptor.async_accept(asio::use_awaitable);
    h2ws::session_options options;
    options.accept_tunnels = true;
    auto connection =
        std::make_shared<server_connection>(std::move(socket), h2ws::server{}, options);
    co_await h2ws::asio::serve(connection, on_server_event, asio::use_awaitable);
}

asio::awaitable<void> talk(tcp::endpoint server) {
    h2ws::system_entropy entropy; // for masking keys
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(server, asio::use_awaitable);
    auto connection =
        std::make_shared<client_connection>(std::move(socket), h2ws::client{entropy.source()});
    for (int i = 0; i < 2; ++i) { // two WebSockets, one connection
        const auto tunnel = connection->session().open(
            {.scheme = "http", .authority = "localhost", .path = "/chat"}, h2ws::asio::now());
        if (!tunnel) std::cerr << h2ws::info(tunnel.error()).sentence << '\n';
    }
    co_await h2ws::asio::connect(connection, on_client_event, asio::use_awaitable);
}

int main() {
    asio::io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, serve_one(acceptor), asio::detached);
    asio::co_spawn(context, talk(acceptor.local_endpoint()), asio::detached);
    context.run();
}
