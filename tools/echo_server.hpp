// `h2ws serve` on one HTTP/2 engine: listens, runs a session over every connection, and drains them
// all when a signal comes.
#pragma once

#include "echo_service.hpp"
#include "listener.hpp"
#include "report.hpp"
#include "serve.hpp"
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

session_options options_of_session(const serve_options& options);

// Nothing for cleartext.
std::optional<::asio::ssl::context> tls_of(const serve_options& options);

// Every connection that comes, each with a session of that kind.
template <accepting_session Session>
class echo_server {
public:
    using session_type = traced_session<Session>;

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
        if (options_.verbose) complain("HTTP/2 by " + options_.engine);
        io_.run();
        return status_;
    }

private:
    static constexpr auto handshake_time = std::chrono::seconds(10);
    // The close timer of the tunnels, and a little: then whoever is still there is left behind.
    static constexpr auto drain_time = std::chrono::seconds(7);

    // What can be done to a connection from outside: nothing to drain before it is one.
    struct live_connection {
        std::function<void()> drain;
        std::function<void()> close;
    };

    ::asio::awaitable<void> accept(::asio::ip::tcp::acceptor& acceptor) {
        std::error_code error;
        while (!draining_) {
            ::asio::ip::tcp::socket socket = co_await acceptor.async_accept(
                ::asio::redirect_error(::asio::use_awaitable, error));
            if (draining_) break;
            if (!error)
                co_spawn(io_, converse(std::move(socket), ++connections_), ::asio::detached);
            else
                co_await pause(error);
        }
    }

    // Too many files are open, most likely: some will be closed.
    ::asio::awaitable<void> pause(std::error_code reason) {
        complain("cannot accept a connection: " + reason.message());
        ::asio::steady_timer timer(io_, std::chrono::milliseconds(100));
        co_await timer.async_wait(::asio::use_awaitable);
    }

    ::asio::awaitable<void> converse(::asio::ip::tcp::socket socket, std::uint64_t number) {
        std::error_code ignored; // without it, answers are slower
        socket.set_option(::asio::ip::tcp::no_delay(true), ignored);
        if (tls_)
            co_await converse_securely(std::move(socket), number);
        else
            co_await run_session(std::move(socket), number);
        live_.erase(number);
        if (draining_ && live_.empty()) stop();
    }

    ::asio::awaitable<void> converse_securely(::asio::ip::tcp::socket socket,
                                              std::uint64_t number) {
        asio::tls_stream stream(std::move(socket), *tls_);
        if (co_await shake_hands(stream, number)) co_await run_session(std::move(stream), number);
    }

    // TLS, in bounded time. False: it failed, which has been said.
    ::asio::awaitable<bool> shake_hands(asio::tls_stream& stream, std::uint64_t number) {
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
                                        ::asio::redirect_error(::asio::use_awaitable, error));
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
    ::asio::awaitable<void> run_session(Stream stream, std::uint64_t number) {
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
        co_await asio::serve(accepted, handle,
                             ::asio::redirect_error(::asio::use_awaitable, ignored));
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
    std::vector<::asio::ip::tcp::acceptor> acceptors_;
    std::map<std::uint64_t, live_connection> live_;
    std::uint64_t connections_ = 0;
    bool draining_ = false;
    exit_status status_ = exit_status::success;
};

template <accepting_session Session>
exit_status serve_with(const serve_options& options) {
    ::asio::io_context io(1);
    echo_server<Session> server(io, options, tls_of(options));
    return server.run();
}

} // namespace h2ws::tools
