// A client of sockets.cpp, on a loopback port, which trusts the certificate made for the test.
#include "../sockets.cpp"

#include "../../../tools/certificate.hpp"

#include <h2ws/system_entropy.hpp>

#include <cstdio>

using client_connection =
    h2ws::asio::stream_connection<h2ws::http2::client, h2ws::asio::tls_stream>;

asio::awaitable<void> ask(tcp::acceptor& acceptor, asio::ssl::context& tls,
                          h2ws::masking_key_source keys) {
    h2ws::asio::tls_stream transport(acceptor.get_executor(), tls);
    co_await transport.lowest_layer().async_connect(acceptor.local_endpoint(), use_awaitable);
    h2ws::asio::expect_server(transport, "localhost");
    co_await transport.async_handshake(transport.client, use_awaitable);
    client_connection on(std::move(transport), h2ws::client{keys});
    on.async_run([](std::error_code error) { std::printf("ended: %d\n", error.value()); });
    auto socket = co_await on.async_open({.authority = "localhost"}, use_awaitable);
    std::string said = "hello", echoed;
    co_await socket.async_write(h2ws::opcode::text, asio::buffer(said), use_awaitable);
    co_await socket.async_read(asio::dynamic_buffer(echoed), use_awaitable);
    std::printf("%s\n", echoed.c_str());
    co_await socket.async_close(use_awaitable);
    std::printf("closed: %d\n", static_cast<int>(socket.close_code()));
    on.shutdown();
    acceptor.close();
}

int main() {
    h2ws::system_entropy entropy;
    asio::io_context context;
    asio::ssl::context tls = h2ws::asio::server_tls_context();
    h2ws::tools::use_self_signed_certificate(tls, "localhost");
    asio::ssl::context trusting = h2ws::asio::client_tls_context();
    X509_STORE_add_cert(SSL_CTX_get_cert_store(trusting.native_handle()),
                        SSL_CTX_get0_certificate(tls.native_handle()));
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    asio::co_spawn(context, listen(acceptor, tls), asio::detached);
    asio::co_spawn(context, ask(acceptor, trusting, entropy.source()), asio::detached);
    context.run();
}
