// Streams over each kind of transport, and how each says its end.
#include "../../tools/certificate.hpp"
#include "../catch.hpp"
#include "streams.hpp"

#include <h2ws/asio/tls.hpp>

#include <filesystem>

#include <unistd.h>

using namespace streams;
using asio::ip::tcp;
using h2ws::asio::tls_stream;

namespace {

// Echoes of two websockets over this connection, both at a time; then both sides leave.
template <class Socket>
void check_conversation(asio::io_context& context, Socket near, Socket far) {
    h2ws::system_entropy entropy;
    const server_end<Socket> server(std::move(far), h2ws::server{}, accepting());
    const client_end<Socket> client(std::move(near), h2ws::client{entropy.source()});
    strings log, served;
    const auto note = [&](std::error_code error) { log.push_back("ended " + name_of(error)); };
    server.async_run(note);
    client.async_run(note);
    asio::co_spawn(context, serve(server, &served), asio::detached);
    int left = 2;
    const strings messages{"a", std::string(400'000, 'b'), "c"};
    for (int i = 0; i < 2; ++i)
        asio::co_spawn(
            context,
            [&]() -> awaitable<std::string> {
                auto socket = co_await client.async_open(chat(), use_awaitable);
                co_return co_await talk(std::move(socket), messages);
            },
            [&](std::exception_ptr thrown, const std::string& how) {
                log.push_back(thrown ? name_of(thrown) : how);
                if (--left == 0) client.shutdown();
            });
    context.run();
    CHECK(log == strings{"none", "none", "ended none", "ended none"});
    CHECK(served == strings{"eof", "eof"});
}

struct tls_pair {
    asio::io_context context;
    asio::ssl::context server_side = h2ws::asio::server_tls_context();
    asio::ssl::context client_side = h2ws::asio::client_tls_context();
    std::optional<tls_stream> near, far;

    tls_pair() {
        h2ws::tools::use_self_signed_certificate(server_side, "localhost");
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client_side.native_handle()),
                            SSL_CTX_get0_certificate(server_side.native_handle()));
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        near.emplace(context, client_side);
        near->next_layer().connect(acceptor.local_endpoint());
        far.emplace(acceptor.accept(), server_side);
        h2ws::asio::expect_server(*near, "localhost");
        near->async_handshake(tls_stream::client,
                              [](std::error_code error) { CHECK_FALSE(error); });
        far->async_handshake(tls_stream::server, [](std::error_code error) { CHECK_FALSE(error); });
        context.run();
        context.restart();
        REQUIRE(h2ws::asio::speaks_h2(*near));
    }
};

} // namespace

TEST_CASE("streams over TCP", "[asio]") {
    asio::io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    tcp::socket near(context);
    near.connect(acceptor.local_endpoint());
    tcp::socket far = acceptor.accept();
    check_conversation(context, std::move(near), std::move(far));
}

TEST_CASE("streams over TLS", "[asio]") {
    tls_pair ends;
    check_conversation(ends.context, std::move(*ends.near), std::move(*ends.far));
}

TEST_CASE("streams over a Unix socket with a name", "[asio]") {
    std::string folder = (std::filesystem::temp_directory_path() / "h2ws.XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    asio::io_context context;
    const asio::local::stream_protocol::endpoint name(folder + "/socket");
    asio::local::stream_protocol::acceptor acceptor(context, name);
    local_socket near(context);
    near.connect(name);
    local_socket far = acceptor.accept();
    std::filesystem::remove_all(folder);
    check_conversation(context, std::move(near), std::move(far));
}

TEST_CASE("TLS that ends without close_notify is told as truncated", "[asio][R209]") {
    tls_pair ends;
    h2ws::system_entropy entropy;
    const client_end<tls_stream> client(std::move(*ends.near), h2ws::client{entropy.source()});
    std::optional<std::error_code> ended, opened;
    client.async_run([&](std::error_code error) { ended = error; });
    client.async_open(chat(), [&](std::error_code error, auto) { opened = error; });
    SECTION("the socket is shut: an attacker could have done it") {
        ends.far->next_layer().shutdown(tcp::socket::shutdown_send);
        ends.context.run();
        CHECK(ended == asio::ssl::error::stream_truncated);
    }
    SECTION("the peer says so") {
        ends.far->async_shutdown([](std::error_code) {});
        ends.context.run();
        CHECK(ended == asio::error::eof);
    }
    CHECK(name_of(opened.value()) == "connection_lost");
}

TEST_CASE("a transport that cannot be written says why, and each stream ends", "[asio][R209]") {
    pair ends;
    ends.run_ends();
    strings log;
    ends.spawn(serve(*ends.server, &log));
    std::optional<client_stream> socket;
    ends.client->async_open(chat(),
                            [&](std::error_code, client_stream made) { socket = std::move(made); });
    while (!socket) REQUIRE(ends.context.run_one() == 1);
    std::string buffer;
    socket->async_read(asio::dynamic_buffer(buffer), [&](std::error_code error, auto) {
        log.push_back("read " + name_of(error));
    });
    // Our direction is shut: reads go on, the next write fails.
    ends.client->transport().shutdown(local_socket::shutdown_send);
    socket->async_write(h2ws::opcode::text, asio::buffer("x", 1), [&](std::error_code error) {
        log.push_back("written " + name_of(error)); // to the queue
    });
    ends.context.run();
    CHECK(log.size() == 3);
    CHECK(std::count(log.begin(), log.end(), "read connection_lost") == 1);
    CHECK(std::count(log.begin(), log.end(), "written none") == 1);
    CHECK(std::count(log.begin(), log.end(), "connection_lost") == 1);
    CHECK(ends.client_ended.value());
    CHECK(ends.server_ended.has_value());
}

TEST_CASE("a handler may let go of the connection that calls it", "[asio]") {
    pair ends;
    ends.run_ends();
    std::optional<std::string> opened;
    ends.client->async_open(chat(), [&](std::error_code error, client_stream) {
        opened = name_of(error);
        ends.client.reset();
        ends.server.reset();
    });
    ends.server->async_accept([&](std::error_code, server_end<>::offer_type offer) {
        ends.server->shutdown();
        offer.async_accept([](std::error_code, server_stream) {}); // and drops it
    });
    ends.context.run();
    CHECK(opened == "none");
    CHECK(ends.client_ended.has_value());
    CHECK(ends.server_ended.has_value());
}
