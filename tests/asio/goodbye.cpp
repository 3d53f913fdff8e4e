// What a server says last to a peer that still sends and does not read: it arrives, and the end of
// the transport behind it.
#include "../../tools/certificate.hpp"
#include "../catch.hpp"
#include "../octets.hpp"
#include "ends.hpp"

#include <h2ws/asio/tls.hpp>

#include <chrono>
#include <optional>
#include <string>

using namespace streams;
using asio::ip::tcp;
using h2ws::asio::tls_stream;
using namespace std::chrono_literals;

namespace {

// A client's preface and SETTINGS, and PINGs, of which a server answers a thousand.
std::string flood() {
    std::string out =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(3, '\0') + "\4" + std::string(5, '\0');
    for (int i = 0; i < 40'000; ++i) out += std::string{"\0\0\10\6\0\0\0\0\0flooding", 17};
    return out;
}

// Of the last frame that is whole there: its type, and what of a GOAWAY is its code.
std::string last_frame(const std::string& octets) {
    std::string last = "nothing";
    for (std::size_t at = 0; at + 9 <= octets.size();) {
        const auto octet = [&](std::size_t place) {
            return static_cast<unsigned char>(octets.at(place));
        };
        const std::size_t size = 256U * octet(at + 1) + octet(at + 2);
        if (at + 9 + size > octets.size()) return "a piece";
        last = "type " + std::to_string(octet(at + 3));
        if (octet(at + 3) == 7) last += ", code " + std::to_string(octet(at + 9 + 7));
        at += 9 + size;
    }
    return last;
}

struct outcome {
    std::optional<std::error_code> run_ended;
    std::error_code sent, end;
    std::string said;
};

// The flood goes out whole before anything is read. What our system takes for us is less than the
// server says, so that some of that still waits when the server has done with us.
template <class Stream>
outcome talk(asio::io_context& context, Stream& near, Stream far) {
    outcome all;
    const server_over<Stream> server(std::move(far), h2ws::server{}, accepting());
    server.async_run([&](std::error_code error) { all.run_ended = error; });
    const std::string out = flood();
    asio::async_write(near, asio::buffer(out), [&](std::error_code error, std::size_t) {
        all.sent = error;
        asio::async_read(near, asio::dynamic_buffer(all.said),
                         [&](std::error_code ended, std::size_t) {
                             all.end = ended;
                             std::error_code ignored;
                             near.lowest_layer().close(ignored);
                         });
    });
    context.run();
    return all;
}

// Connected, with a quarter of the room that the server's answers need.
struct sockets {
    asio::io_context context;
    tcp::socket near{context}, far{context};

    sockets() {
        tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
        near.open(tcp::v4());
        near.set_option(asio::socket_base::receive_buffer_size(4'096));
        near.connect(acceptor.local_endpoint());
        far = acceptor.accept();
    }
};

} // namespace

TEST_CASE("GOAWAY reaches a peer that floods and reads late", "[asio]") {
    sockets both;
    const outcome all = talk(both.context, both.near, std::move(both.far));
    CHECK(name_of(all.sent) == "none"); // what nobody wants is read all the same
    CHECK(last_frame(all.said) == "type 7, code 11");
    CHECK(name_of(all.end) == "eof");
    REQUIRE(all.run_ended);
    CHECK(name_of(*all.run_ended) == "none"); // the server ended it, in order
}

TEST_CASE("the same through TLS", "[asio]") {
    sockets both;
    asio::ssl::context server_side = h2ws::asio::server_tls_context();
    asio::ssl::context client_side = h2ws::asio::client_tls_context();
    h2ws::tools::use_self_signed_certificate(server_side, "localhost");
    client_side.set_verify_mode(asio::ssl::verify_none);
    tls_stream near(std::move(both.near), client_side);
    tls_stream far(std::move(both.far), server_side);
    near.async_handshake(tls_stream::client, [](std::error_code error) { CHECK_FALSE(error); });
    far.async_handshake(tls_stream::server, [](std::error_code error) { CHECK_FALSE(error); });
    both.context.run();
    both.context.restart();
    const outcome all = talk(both.context, near, std::move(far));
    CHECK(last_frame(all.said) == "type 7, code 11");
}

TEST_CASE("a peer that never ends is left after a second", "[asio]") {
    sockets both;
    const server_over<tcp::socket> server(std::move(both.far), h2ws::server{}, accepting());
    std::optional<std::error_code> ended;
    server.async_run([&](std::error_code error) { ended = error; });
    const std::string out = flood().substr(0, 100'000);
    asio::async_write(both.near, asio::buffer(out), [](std::error_code, std::size_t) {});
    const auto begin = std::chrono::steady_clock::now();
    both.context.run();
    REQUIRE(ended);
    CHECK(name_of(*ended) == "none");
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK(took >= 1s);
    CHECK(took < 10s);
}
