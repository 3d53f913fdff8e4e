// The way to an HTTP/2 server: its addresses, TCP, TLS, ALPN. Whatever fails is thrown as failure.
#pragma once

#include "connect.hpp"
#include "trace.hpp"

#include <h2ws/asio/tls.hpp>

#include <asio.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace h2ws::tools {

class dial {
public:
    dial(const connect_options& options, const websocket_uri& uri, trace shown);

    // Connects to the first address that answers.
    ::asio::awaitable<::asio::ip::tcp::socket> connect();

    // TLS over it; `context` outlives the stream.
    ::asio::awaitable<asio::tls_stream> secure(::asio::ip::tcp::socket socket,
                                               ::asio::ssl::context& context);

    // A client's context as the options want it.
    ::asio::ssl::context make_context() const;

private:
    [[noreturn]] void fail(std::string_view what, const std::string& why) const;
    std::string why_handshake_failed(asio::tls_stream& stream, std::error_code error) const;
    void show(asio::tls_stream& stream) const;

    const connect_options& options_;
    std::string host_;
    std::string port_;
    trace trace_;
};

} // namespace h2ws::tools
