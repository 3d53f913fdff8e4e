#include "serve.hpp"

#include "certificate.hpp"
#include "echo_service.hpp"
#include "engine.hpp"
#include "listener.hpp"
#include "report.hpp"
#include "traced_session.hpp"

#include <h2ws/asio/serve.hpp>
#include <h2ws/asio/tls.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>

namespace h2ws::tools {

namespace {

using ::asio::awaitable;
using ::asio::redirect_error;
using ::asio::use_awaitable;
using ::asio::ip::tcp;

constexpr auto handshake_time = std::chrono::seconds(10);
// The close timer of the tunnels, and a little: then whoever is still there is left behind.
constexpr auto drain_time = std::chrono::seconds(7);

session_options options_of_session(const serve_options& options) {
    session_options chosen;
    chosen.accept_tunnels = true;
    chosen.answer_key = options.answer_key;
    chosen.messages.max_message = options.max_message;
    // A client may send a whole message before it reads: its echo, with a header to each piece,
    // finds room.
    chosen.max_queued = options.max_message + (std::size_t{1} << 20);
    return chosen;
}

template <class Engine>
class echo_server {
public:
    using session_type = traced_session<typename Engine::server>;

    echo_server(::asio::io_context& io, const serve_options& options,
                std::optional<::asio::ssl::context> tls)
        : io_(io),
          options_(options),
          tls_(std::move(tls)),
          signals_(io, SIGINT, SIGTERM),
          drain_timer_(io) {}

    // Runs to its end.
    exit_status run() {
        acceptors_ = listen(io_, options_.listen);
        for (auto& acceptor : acceptors_) co_spawn(io_, accept(acceptor), ::asio::detached);
        signals_.async_wait([this](std::error_code error, int) {
            if (!error) drain();
        });
        const std::uint16_t port = acceptors_.front().local_endpoint().port();
        print_line("listening on " + options_.listen.text(port));
        io_.run();
        return status_;
    }

private:
    // What can be done to a connection from outside: nothing to drain before it is one.
    struct live_connection {
        std::function<void()> drain;
        std::function<void()> close;
    };

    awaitable<void> accept(tcp::acceptor& acceptor) {
        std::error_code error;
        while (!draining_) {
            tcp::socket socket =
                co_await acceptor.async_accept(redirect_error(use_awaitable, error));
            if (draining_) break;
            if (!error)
                co_spawn(io_, converse(std::move(socket), ++connections_), ::asio::detached);
            else
                co_await pause(error);
        }
    }

    // Too many files are open, most likely: some will be closed.
    awaitable<void> pause(std::error_code reason) {
        complain("cannot accept a connection: " + reason.message());
        ::asio::steady_timer timer(io_, std::chrono::milliseconds(100));
        co_await timer.async_wait(use_awaitable);
    }

    awaitable<void> converse(tcp::socket socket, std::uint64_t number) {
        std::error_code ignored; // without it, answers are slower
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls_)
            co_await converse_securely(std::move(socket), number);
        else
            co_await run_session(std::move(socket), number);
        live_.erase(number);
        if (draining_ && live_.empty()) stop();
    }

    awaitable<void> converse_securely(tcp::socket socket, std::uint64_t number) {
        asio::tls_stream stream(std::move(socket), *tls_);
        if (co_await shake_hands(stream, number)) co_await run_session(std::move(stream), number);
    }

    // TLS, in bounded time. False: it failed, which has been said.
    awaitable<bool> shake_hands(asio::tls_stream& stream, std::uint64_t number) {
        const auto close = [&stream] {
            std::error_code ignored; // it is over anyway
            stream.lowest_layer().close(ignored);
        };
        live_[number] = {close, close};
        ::asio::steady_timer limit(io_, handshake_time);
        const auto in_time = std::make_shared<bool>(true); // outlives this, as the timer's call may
        const auto over = std::make_shared<bool>(false);
        limit.async_wait([close, in_time, over](std::error_code error) {
            if (error || *over) return;
            *in_time = false;
            close();
        });
        std::error_code error;
        co_await stream.async_handshake(::asio::ssl::stream_base::server,
                                        redirect_error(use_awaitable, error));
        *over = true;
        if (draining_) co_return false;
        if (!error && asio::speaks_h2(stream)) co_return true;
        complain("connection " + std::to_string(number) + ": " +
                 (!*in_time ? "the TLS handshake took too long"
                  : error   ? "the TLS handshake failed: " + error.message()
                            : "the client did not negotiate HTTP/2 (ALPN h2)"));
        co_return false;
    }

    template <class Stream>
    awaitable<void> run_session(Stream stream, std::uint64_t number) {
        using connection_type = asio::connection<session_type, Stream>;
        const session_options options = options_of_session(options_);
        const auto accepted =
            std::make_shared<connection_type>(std::move(stream), h2ws::server{}, options);
        if (options_.verbose)
            accepted->session().show_frames(true, [number](const std::string& line) {
                complain("connection " + std::to_string(number) + " " + line);
            });
        echo_service<session_type> service(accepted->session(), options_, number);
        live_[number] = {[&] {
                             service.drain();
                             accepted->wake();
                         },
                         [&] { accepted->close(); }};
        const auto handle = [&service](connection_type&, const stream_event& happened) {
            service.handle(happened);
        };
        std::error_code ignored; // how tunnels ended was told there
        co_await asio::serve(accepted, handle, redirect_error(use_awaitable, ignored));
    }

    void drain() {
        draining_ = true;
        signals_.async_wait([this](std::error_code error, int) {
            if (error) return;
            status_ = exit_status::internal_error;
            io_.stop();
        });
        for (auto& acceptor : acceptors_) acceptor.close();
        for (const auto& call : calls(&live_connection::drain)) call();
        if (live_.empty()) return stop();
        drain_timer_.expires_after(drain_time);
        drain_timer_.async_wait([this](std::error_code error) {
            if (error) return;
            for (const auto& call : calls(&live_connection::close)) call();
        });
    }

    // Copies, because a call may end its connection.
    std::vector<std::function<void()>> calls(std::function<void()> live_connection::*which) const {
        std::vector<std::function<void()>> all;
        for (const auto& [number, connection] : live_) all.push_back(connection.*which);
        return all;
    }

    void stop() {
        signals_.cancel();
        drain_timer_.cancel();
    }

    ::asio::io_context& io_;
    const serve_options& options_;
    std::optional<::asio::ssl::context> tls_;
    ::asio::signal_set signals_;
    ::asio::steady_timer drain_timer_;
    std::vector<tcp::acceptor> acceptors_;
    std::map<std::uint64_t, live_connection> live_;
    std::uint64_t connections_ = 0;
    bool draining_ = false;
    exit_status status_ = exit_status::success;
};

std::optional<::asio::ssl::context> tls_of(const serve_options& options) {
    if (options.cleartext) return std::nullopt;
    ::asio::ssl::context context = asio::server_tls_context();
    if (options.certificate_file.empty()) {
        use_self_signed_certificate(context, options.listen.host);
        return context;
    }
    std::error_code error;
    context.use_certificate_chain_file(options.certificate_file, error);
    if (error)
        throw failure{exit_status::usage, "cannot use the certificate " + options.certificate_file +
                                              ": " + error.message()};
    context.use_private_key_file(options.key_file, ::asio::ssl::context::pem, error);
    if (error)
        throw failure{exit_status::usage,
                      "cannot use the key " + options.key_file + ": " + error.message()};
    return context;
}

} // namespace

exit_status serve(const serve_options& options) {
    return with_engine(options.engine, [&](auto engine) {
        ::asio::io_context io(1);
        echo_server<decltype(engine)> server(io, options, tls_of(options));
        return server.run();
    });
}

} // namespace h2ws::tools
