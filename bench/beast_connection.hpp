// Both ends of a WebSocket of Boost.Beast over a connection of their own in memory, with TLS 1.3 or
// without.
#pragma once

#include "../tools/certificate.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <cstdlib>
#include <type_traits>
#include <utility>

namespace bench {

using beast_memory = boost::beast::test::stream;
using beast_tls = boost::asio::ssl::stream<beast_memory>;

// What all connections share: the loop, and of TLS the certificate.
class beast_shared {
public:
    beast_shared() {
        ::asio::ssl::context made(::asio::ssl::context::tls_server);
        h2ws::tools::use_self_signed_certificate(made, "localhost");
        SSL_CTX* const from = made.native_handle();
        SSL_CTX* const to = server.native_handle();
        if (SSL_CTX_use_certificate(to, SSL_CTX_get0_certificate(from)) != 1 ||
            SSL_CTX_use_PrivateKey(to, SSL_CTX_get0_privatekey(from)) != 1 ||
            SSL_CTX_set_min_proto_version(client.native_handle(), TLS1_3_VERSION) != 1)
            std::abort();
    }

    boost::asio::io_context loop{1};
    boost::asio::ssl::context server{boost::asio::ssl::context::tls_server};
    boost::asio::ssl::context client{boost::asio::ssl::context::tls_client};
};

// One connection.
template <class Layer>
class beast_connection {
public:
    static constexpr bool has_tls = std::is_same_v<Layer, beast_tls>;

    explicit beast_connection(beast_shared& shared)
        : beast_connection(shared, beast_memory(shared.loop)) {}

    // Both have the connection; the loop is run.
    void open() {
        if constexpr (has_tls) {
            using boost::asio::ssl::stream_base;
            server_.next_layer().async_handshake(stream_base::server, [this](error_code error) {
                if (!error) accept();
            });
            client_.next_layer().async_handshake(stream_base::client, [this](error_code error) {
                if (!error) request();
            });
        } else {
            accept();
            request();
        }
        run();
    }

    // By the client; the server, which reads, answers.
    void close() {
        server_.async_read(input_, [this](error_code error, std::size_t) {
            closed_ += error == boost::beast::websocket::error::closed;
        });
        client_.async_close(boost::beast::websocket::close_code::normal,
                            [this](error_code error) { closed_ += !error; });
        run();
    }

    bool opened() {
        if constexpr (has_tls) {
            SSL* const tls = server_.next_layer().native_handle();
            if (SSL_version(tls) != TLS1_3_VERSION || SSL_session_reused(tls) != 0) return false;
        }
        return opened_ == 2;
    }
    bool closed() const { return closed_ == 2; }

private:
    using error_code = boost::system::error_code;
    using stream = boost::beast::websocket::stream<Layer>;

    beast_connection(beast_shared& shared, beast_memory client)
        : loop_(shared.loop),
          server_(layer(boost::beast::test::connect(client), shared.server)),
          client_(layer(std::move(client), shared.client)) {}

    static Layer layer(beast_memory end, boost::asio::ssl::context& with) {
        if constexpr (has_tls)
            return Layer(std::move(end), with);
        else
            return end;
    }

    void accept() {
        server_.async_accept([this](error_code error) { opened_ += !error; });
    }
    void request() {
        client_.async_handshake("localhost", "/", [this](error_code error) { opened_ += !error; });
    }

    void run() {
        loop_.restart();
        loop_.run();
    }

    boost::asio::io_context& loop_;
    stream server_, client_;
    boost::beast::flat_buffer input_;
    int opened_ = 0, closed_ = 0; // ends
};

} // namespace bench
