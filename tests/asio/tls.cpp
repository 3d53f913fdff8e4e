#include "../../tools/certificate.hpp"
#include "../catch.hpp"
#include "echo.hpp"

#include <h2ws/asio/tls.hpp>

#include <asio.hpp>

#include <optional>
#include <string>
#include <vector>

using asio::ip::tcp;
using h2ws::asio::tls_stream;
using strings = std::vector<std::string>;

namespace {

// A server and a client through TCP and their TLS handshake.
struct secured {
    asio::io_context context;
    asio::ssl::context server_side = h2ws::asio::server_tls_context();
    asio::ssl::context client_side = h2ws::asio::client_tls_context();
    tcp::socket near{context};
    std::optional<tls_stream> server;
    std::optional<tls_stream> client;
    std::error_code server_error;
    std::error_code client_error;

    secured() {
        h2ws::tools::use_self_signed_certificate(server_side, "localhost");
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        near.connect(acceptor.local_endpoint());
        server.emplace(acceptor.accept(), server_side);
    }

    // The certificate is trusted as if a CA had been told.
    void trust() {
        X509* const certificate = SSL_CTX_get0_certificate(server_side.native_handle());
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client_side.native_handle()), certificate);
    }

    // With the client's context as it is by now; the server is expected to be `host`, if one is
    // given.
    void shake_hands(const std::string& host = "") {
        client.emplace(std::move(near), client_side);
        if (!host.empty()) h2ws::asio::expect_server(*client, host);
        server->async_handshake(tls_stream::server, [this](std::error_code error) {
            server_error = error;
            if (error) server->lowest_layer().close();
        });
        client->async_handshake(tls_stream::client, [this](std::error_code error) {
            client_error = error;
            if (error) client->lowest_layer().close();
        });
        context.run();
        context.restart();
    }
};

} // namespace

TEST_CASE("TLS agrees on h2 and carries a tunnel, and both sides end in order", "[asio][R130]") {
    secured pair;
    pair.trust();
    pair.shake_hands("localhost");
    REQUIRE_FALSE(pair.server_error);
    REQUIRE_FALSE(pair.client_error);
    CHECK(h2ws::asio::speaks_h2(*pair.server));
    CHECK(h2ws::asio::speaks_h2(*pair.client));
    CHECK(SSL_version(pair.client->native_handle()) >= TLS1_2_VERSION);

    h2ws::system_entropy entropy;
    strings log;
    std::optional<std::error_code> server_end;
    std::optional<std::error_code> client_end;
    const auto client = echo::make_client(std::move(*pair.client), entropy);
    REQUIRE(client->session().open({.authority = "localhost", .path = "/chat"}, h2ws::asio::now()));
    h2ws::asio::serve(echo::make_server(std::move(*pair.server)), echo::serve{},
                      [&](std::error_code error) { server_end = error; });
    h2ws::asio::connect(client, echo::ask{std::string(400'000, 'y'), &log},
                        [&](std::error_code error) { client_end = error; });
    pair.context.run();
    CHECK(log == strings{"opened", "echoed", "closed none", "released"});
    CHECK(server_end == std::error_code());
    CHECK(client_end == std::error_code());
}

TEST_CASE("a client does not take a certificate that it does not trust", "[asio][R130]") {
    secured pair;
    pair.shake_hands("localhost");
    CHECK(pair.client_error);
    CHECK(pair.server_error);
}

TEST_CASE("a client does not take a certificate for another host", "[asio][R130]") {
    secured pair;
    pair.trust();
    const char* const name = GENERATE("example.com", "127.0.0.2");
    pair.shake_hands(name);
    CHECK(pair.client_error);
}

TEST_CASE("an address in the certificate is as good as a name", "[asio][R130]") {
    secured pair;
    pair.trust();
    pair.shake_hands("127.0.0.1");
    CHECK_FALSE(pair.client_error);
}

TEST_CASE("a server turns away clients that offer other protocols, and knows those without",
          "[asio][rfc9113-3.2]") {
    secured pair;
    pair.client_side.set_verify_mode(asio::ssl::verify_none);
    const unsigned char http_1[]{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    const bool offers = GENERATE(true, false);
    SSL_CTX_set_alpn_protos(pair.client_side.native_handle(), http_1, offers ? sizeof http_1 : 0);
    pair.shake_hands();
    CHECK(static_cast<bool>(pair.server_error) == offers);
    if (!offers) CHECK_FALSE(h2ws::asio::speaks_h2(*pair.server));
}
