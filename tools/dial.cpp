#include "dial.hpp"

#include "report.hpp"

namespace h2ws::tools {

using ::asio::awaitable;
using ::asio::redirect_error;
using ::asio::use_awaitable;
using ::asio::ip::tcp;

dial::dial(const connect_options& options, const websocket_uri& uri, trace shown)
    : options_(options),
      host_(uri.host),
      port_(std::to_string(uri.port)),
      trace_(shown) {}

awaitable<tcp::socket> dial::connect() {
    const auto executor = co_await ::asio::this_coro::executor;
    std::error_code error;
    tcp::resolver resolver(executor);
    const auto found =
        co_await resolver.async_resolve(host_, port_, redirect_error(use_awaitable, error));
    if (error) fail("cannot resolve " + host_, error.message());
    tcp::socket socket(executor);
    const auto reached =
        co_await ::asio::async_connect(socket, found, redirect_error(use_awaitable, error));
    if (error) fail("cannot connect to " + host_ + " port " + port_, error.message());
    trace_.note("connected to " + reached.address().to_string() + " port " + port_);
    std::error_code ignored; // without it, messages wait for each other
    socket.set_option(tcp::no_delay(true), ignored);
    co_return socket;
}

awaitable<asio::tls_stream> dial::secure(tcp::socket socket, ::asio::ssl::context& context) {
    asio::tls_stream stream(std::move(socket), context);
    asio::expect_server(stream, host_);
    std::error_code error;
    co_await stream.async_handshake(::asio::ssl::stream_base::client,
                                    redirect_error(use_awaitable, error));
    if (error)
        fail("the TLS handshake with " + host_ + " failed", why_handshake_failed(stream, error));
    show(stream);
    if (!asio::speaks_h2(stream))
        fail(host_ + " did not negotiate HTTP/2", "ALPN did not choose h2");
    co_return stream;
}

::asio::ssl::context dial::make_context() const {
    ::asio::ssl::context context = asio::client_tls_context();
    if (options_.insecure) context.set_verify_mode(::asio::ssl::verify_none);
    if (options_.ca_file.empty()) return context;
    std::error_code error;
    context.load_verify_file(options_.ca_file, error);
    if (error)
        throw failure{exit_status::usage,
                      "cannot use the CA file " + options_.ca_file + ": " + error.message()};
    return context;
}

void dial::fail(std::string_view what, const std::string& why) const {
    throw failure{exit_status::not_connected, std::string(what) + ": " + why};
}

std::string dial::why_handshake_failed(asio::tls_stream& stream, std::error_code error) const {
    const bool about_certificate = error.category() == ::asio::error::get_ssl_category() &&
                                   ERR_GET_REASON(static_cast<unsigned long>(error.value())) ==
                                       SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (!about_certificate) return error.message();
    const long found = SSL_get_verify_result(stream.native_handle());
    if (found == X509_V_OK) return "the certificate is not for " + host_;
    return std::string("the certificate is not trusted: ") + X509_verify_cert_error_string(found);
}

void dial::show(asio::tls_stream& stream) const {
    SSL* const tls = stream.native_handle();
    std::string text = SSL_get_version(tls);
    text.append(", ").append(SSL_get_cipher_name(tls));
    text += asio::speaks_h2(stream) ? ", ALPN h2" : ", no ALPN";
    trace_.note(text);
}

} // namespace h2ws::tools
