// A program of another project that uses Asio: a server and a client over a loopback socket, each a
// coroutine, and a TLS context, so that OpenSSL is linked too.
#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/serve.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>

#include <cstdio>
#include <memory>

using asio::ip::tcp;
using server_connection = h2ws::asio::connection<h2ws::nghttp2::server, tcp::socket>;
using client_connection = h2ws::asio::connection<h2ws::nghttp2::client, tcp::socket>;

void on_server_event(server_connection& connection, const h2ws::stream_event& event) {
    auto& session = connection.session();
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (!session.accept(asked->tunnel, {}, h2ws::asio::now())) std::puts("cannot accept");
        if (!session.send(asked->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"),
                          h2ws::asio::now()))
            std::puts("cannot send");
    }
}

void on_client_event(client_connection& connection, const h2ws::stream_event& event) {
    if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            std::printf("asio: %.*s\n", 5, h2ws::as_text(chunk->payload).data());
        connection.close();
    }
}

asio::awaitable<void> serve(tcp::acceptor& acceptor) {
    h2ws::session_options options;
    options.accept_tunnels = true;
    auto connection = std::make_shared<server_connection>(
        co_await acceptor.async_accept(asio::use_awaitable), h2ws::server{}, options);
    std::error_code lost; // the client just leaves
    co_await h2ws::asio::serve(connection, on_server_event,
                               asio::redirect_error(asio::use_awaitable, lost));
}

asio::awaitable<void> ask(tcp::endpoint endpoint) {
    h2ws::system_entropy entropy;
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    auto connection =
        std::make_shared<client_connection>(std::move(socket), h2ws::client{entropy.source()});
    if (!connection->session().open({.scheme = "http", .authority = "localhost", .path = "/"},
                                    h2ws::asio::now()))
        std::puts("cannot open");
    std::error_code closed; // by ourselves
    co_await h2ws::asio::connect(connection, on_client_event,
                                 asio::redirect_error(asio::use_awaitable, closed));
}

int main() {
    asio::ssl::context tls = h2ws::asio::server_tls_context();
    if (tls.native_handle() == nullptr) return 1;
    asio::io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, serve(acceptor), asio::detached);
    asio::co_spawn(context, ask(acceptor.local_endpoint()), asio::detached);
    context.run();
}
