// One HTTP/2 connection: a session over an AsyncStream (TCP, TLS, a Unix socket), read, written and
// timed by Asio. Any model of the session concept will do.
#pragma once

#include "clock.hpp"
#include "pump.hpp"

#include <h2ws/session.hpp>

#include <asio.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace h2ws::asio {

// Owns the stream and the session. All calls on it and on its session are made on the stream's
// executor, one at a time; it lives at least until async_run has completed.
template <session Session, class Stream>
class connection : public std::enable_shared_from_this<connection<Session, Stream>> {
public:
    using session_type = Session;
    using stream_type = Stream;
    using executor_type = typename Stream::executor_type;

    // `stream` is connected, and through its TLS handshake if it has one.
    template <class... SessionArguments>
    explicit connection(Stream stream, SessionArguments&&... arguments)
        : stream_(std::move(stream)),
          session_(std::forward<SessionArguments>(arguments)...) {}

    executor_type get_executor() { return stream_.get_executor(); }
    Stream& stream() noexcept { return stream_; }
    Session& session() noexcept { return session_; }

    // After calls on the session from outside the handler: what they brought is handled and sent.
    void wake() {
        if (pump_ != nullptr) pump_->wake();
    }

    // Ends the connection at once: every tunnel gets its `closed`, async_run completes.
    void close() {
        if (pump_ != nullptr) pump_->close();
    }

    // Runs the connection to its end, once. `handler(connection&, const stream_event&)` gets every
    // event, on the executor, and may call anything on the session but poll, transmit, transmitted
    // and expire. Completes with void(std::error_code): none when both sides were done, else why
    // the transport failed. A handler that throws ends the connection with the exception's way out
    // of the executor's run().
    template <class Handler, class CompletionToken>
    auto async_run(Handler handler, CompletionToken&& token) {
        return ::asio::async_initiate<CompletionToken, void(std::error_code)>(
            [self = this->shared_from_this()](auto completion, Handler on_event) {
                using pump_type = pump<connection, Handler, decltype(completion)>;
                std::make_shared<pump_type>(self, std::move(on_event), std::move(completion))
                    ->start();
            },
            token, std::move(handler));
    }

private:
    template <class, class, class>
    friend class pump;

    Stream stream_;
    Session session_;
    pump_control* pump_ = nullptr; // while it runs
};

} // namespace h2ws::asio
