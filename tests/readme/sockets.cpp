#include <h2ws/asio/serve.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <asio.hpp>

#include <memory>

using asio::ip::tcp;
using connection = h2ws::asio::connection<h2ws::nghttp2::server, h2ws::asio::tls_stream>;

void on_event(connection& on, const h2ws::stream_event& event) {
    const h2ws::instant now = h2ws::asio::now();
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        (void)on.session().accept(asked->tunnel, {}, now);
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            (void)on.session().send(said->tunnel, chunk->type, chunk->payload, now, chunk->last);
        on.session().consume(said->tunnel, said->wire_bytes);
    }
}

asio::awaitable<void> serve_one(tcp::socket socket, asio::ssl::context& tls) {
    h2ws::asio::tls_stream stream(std::move(socket), tls);
    co_await stream.async_handshake(stream.server, asio::use_awaitable);
    if (!h2ws::asio::speaks_h2(stream)) co_return; // a client without ALPN
    h2ws::session_options options;
    options.accept_tunnels = true;
    const auto served = std::make_shared<connection>(std::move(stream), h2ws::server{}, options);
    co_await h2ws::asio::serve(served, on_event, asio::use_awaitable);
}

// `tls` is server_tls_context() with your certificate and key.
asio::awaitable<void> listen(tcp::acceptor& acceptor, asio::ssl::context& tls) {
    for (;;) {
        auto socket = co_await acceptor.async_accept(asio::use_awaitable);
        asio::co_spawn(acceptor.get_executor(), serve_one(std::move(socket), tls), asio::detached);
    }
}
