// A client of sockets.cpp, on a loopback port, which trusts the certificate made for the test.
#include "../sockets.cpp"

#include "../../../tools/certificate.hpp"

#include <h2ws/asio/connect.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/system_entropy.hpp>

#include <cstdio>
#include <string>

using client_connection = h2ws::asio::connection<h2ws::nghttp2::client, h2ws::asio::tls_stream>;

void on_client_event(client_connection& on, const h2ws::stream_event& event) {
    const h2ws::instant now = h2ws::asio::now();
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        if (!on.session().send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now))
            std::puts("cannot send");
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what)) {
            std::printf("%s\n", std::string(h2ws::as_text(chunk->payload)).c_str());
            if (!on.session().send_close(said->tunnel, h2ws::status_code::normal_closure, "", now))
                std::puts("cannot close");
        } else if (const auto* over = std::get_if<h2ws::closed>(&said->what)) {
            std::printf("closed: %s\n", h2ws::info(over->error).name.data());
            on.session().shutdown(now);
        }
    }
}

asio::awaitable<void> ask(tcp::endpoint server, asio::ssl::context& tls, tcp::acceptor& acceptor) {
    h2ws::asio::tls_stream stream(co_await asio::this_coro::executor, tls);
    co_await stream.lowest_layer().async_connect(server, asio::use_awaitable);
    h2ws::asio::expect_server(stream, "localhost");
    co_await stream.async_handshake(stream.client, asio::use_awaitable);
    h2ws::system_entropy entropy;
    const auto asking =
        std::make_shared<client_connection>(std::move(stream), h2ws::client{entropy.source()});
    if (!asking->session().open({.authority = "localhost"}, h2ws::asio::now()))
        std::puts("cannot open");
    co_await h2ws::asio::connect(asking, on_client_event, asio::use_awaitable);
    acceptor.close();
}

int main() {
    asio::io_context context;
    asio::ssl::context tls = h2ws::asio::server_tls_context();
    h2ws::tools::use_self_signed_certificate(tls, "localhost");
    asio::ssl::context trusting = h2ws::asio::client_tls_context();
    X509_STORE_add_cert(SSL_CTX_get_cert_store(trusting.native_handle()),
                        SSL_CTX_get0_certificate(tls.native_handle()));
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, listen(acceptor, tls), asio::detached);
    asio::co_spawn(context, ask(acceptor.local_endpoint(), trusting, acceptor), asio::detached);
    context.run();
}
