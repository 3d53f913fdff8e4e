// beast_server [CERTIFICATE KEY]: an echo server of Boost.Beast for WebSockets over HTTP/1.1, each
// on a connection of its own, over TLS with these. One thread, asynchronous.
#include "beast_stream.hpp"

#include <boost/version.hpp>

#include <cstdio>
#include <memory>
#include <utility>

namespace {

using namespace bench;

// Holds itself while an operation of it is pending.
template <class Stream>
class conversation : public std::enable_shared_from_this<conversation<Stream>> {
public:
    template <class... More>
    explicit conversation(tcp::socket socket, More&... more)
        : stream_(std::move(socket), more...) {}

    void start() {
        secure(stream_, asio::ssl::stream_base::server, then([](auto& self) { self.accept(); }));
    }

private:
    // What comes after an operation that did not fail; otherwise it ends here.
    template <class Next>
    auto then(Next next) {
        return [self = this->shared_from_this(), next](boost::system::error_code error,
                                                       std::size_t = 0) {
            if (!error) next(*self);
        };
    }

    void accept() {
        stream_.async_accept(then([](auto& self) { self.read(); }));
    }

    void read() {
        stream_.async_read(message_, then([](auto& self) { self.write(); }));
    }

    void write() {
        stream_.binary(stream_.got_binary());
        stream_.async_write(message_.data(), then([](auto& self) {
                                self.message_.clear();
                                self.read();
                            }));
    }

    beast::websocket::stream<Stream> stream_;
    beast::flat_buffer message_;
};

void accept(tcp::acceptor& acceptor, asio::ssl::context* tls) {
    acceptor.async_accept([&acceptor, tls](boost::system::error_code error, tcp::socket socket) {
        if (error) return;
        socket.set_option(tcp::no_delay(true)); // without it, answers are slower
        if (tls != nullptr)
            std::make_shared<conversation<secure_stream>>(std::move(socket), *tls)->start();
        else
            std::make_shared<conversation<tcp::socket>>(std::move(socket))->start();
        accept(acceptor, tls);
    });
}

} // namespace

int main(int count, char** arguments) {
    if (count != 1 && count != 3) return 2;
    asio::io_context io(1);
    asio::ssl::context tls(asio::ssl::context::tls_server);
    if (count == 3) {
        tls.use_certificate_chain_file(arguments[1]);
        tls.use_private_key_file(arguments[2], asio::ssl::context::pem);
    }
    tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
    std::printf("Boost %s\nlistening on 127.0.0.1:%d\n", BOOST_LIB_VERSION,
                acceptor.local_endpoint().port());
    std::fflush(stdout);
    accept(acceptor, count == 3 ? &tls : nullptr);
    io.run();
}
