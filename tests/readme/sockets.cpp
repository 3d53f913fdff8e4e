#include <h2ws/asio/stream_connection.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/http2/session.hpp>

#include <asio.hpp>

#include <string>

using asio::use_awaitable;
using asio::ip::tcp;
using connection = h2ws::asio::stream_connection<h2ws::http2::server, h2ws::asio::tls_stream>;

// One coroutine for each websocket. Its end is an exception, of the read or the write.
asio::awaitable<void> echo(connection::stream_type socket) {
    for (std::string message;; message.clear()) {
        const auto part = co_await socket.async_read(asio::dynamic_buffer(message), use_awaitable);
        co_await socket.async_write(part.type, asio::buffer(message), use_awaitable);
    }
}

// One for each connection. `tls` is server_tls_context() with your certificate and key.
asio::awaitable<void> serve(tcp::socket accepted, asio::ssl::context& tls) {
    h2ws::asio::tls_stream transport(std::move(accepted), tls);
    co_await transport.async_handshake(transport.server, use_awaitable);
    if (!h2ws::asio::speaks_h2(transport)) co_return; // a client without ALPN
    h2ws::session_options options;
    options.accept_tunnels = true;
    connection on(std::move(transport), h2ws::server{}, options);
    on.async_run(asio::detached); // requests that are no websockets get a 404
    for (;;) {
        auto offer = co_await on.async_accept(use_awaitable);
        auto socket = co_await offer.async_accept(use_awaitable); // or async_refuse
        asio::co_spawn(on.get_executor(), echo(std::move(socket)), asio::detached);
    }
}

asio::awaitable<void> listen(tcp::acceptor& acceptor, asio::ssl::context& tls) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), tls), asio::detached);
    }
}
