// One HTTP/2 connection: a session over an AsyncStream (TCP, TLS, a Unix socket), read, written and
// timed by Asio. Any model of the session concept will do.
#pragma once

#include "clock.hpp"
#include "operation.hpp"
#include "pump.hpp"

#include <h2ws/session.hpp>

#include <asio.hpp>

#include <atomic>
#include <memory>
#include <system_error>
#include <utility>

namespace h2ws::asio {

// Owns the stream and the session. All calls on it and on its session are made on the stream's
// executor, one at a time. From async_run on it lives without help: until the completion handler
// has run, or until that is posted to another execution context.
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

    // Ends the connection at once: every tunnel gets its `closed`, async_run completes. One that
    // is started later does so then.
    void close() {
        closed_ = true;
        if (pump_ != nullptr) pump_->close();
    }

    // Runs the connection to its end, once. `handler(connection&, const stream_event&)` gets every
    // event, on the executor, and may call anything on the session but poll, transmit, transmitted
    // and expire. Completes with void(std::error_code): none when both sides were done, else why
    // the transport failed (timed_out: the peer took nothing for waits.stalled), already_started
    // when it runs. A handler that throws ends the connection with the exception's way out of the
    // executor's run(), and so does a want of memory of our own; a completion handler for which its
    // allocator has none is destroyed. Cancellation (terminal, partial) is `close`; total has no
    // effect.
    template <class Handler, class CompletionToken>
    auto async_run(Handler handler, CompletionToken&& token) {
        const auto self = this->shared_from_this();
        return ::asio::async_initiate<CompletionToken, void(std::error_code)>(
            operation<connection, connection, std::error_code>(self, self), token,
            [on_event = std::move(handler)](connection& at, connection&, operation_id id,
                                            waiting<std::error_code> done) mutable {
                at.run(id, std::move(on_event), std::move(done));
            });
    }

    // For `operation`.
    operation_id next_operation() noexcept { return ++operations_; }
    void cancel(operation_id id, ::asio::cancellation_type how) {
        using type = ::asio::cancellation_type;
        if (id == run_id_ && (how & (type::terminal | type::partial)) != type::none) close();
    }

private:
    template <class, class>
    friend class pump;

    template <class Handler>
    void run(operation_id id, Handler handler, waiting<std::error_code> done) {
        if (pump_ != nullptr) return done.complete(::asio::error::already_started);
        run_id_ = id;
        std::make_shared<pump<connection, Handler>>(this->shared_from_this(), std::move(handler),
                                                    std::move(done))
            ->start();
    }

    Stream stream_;
    Session session_;
    pump_control* pump_ = nullptr; // while it runs
    bool closed_ = false;
    std::atomic<operation_id> operations_ = 0;
    operation_id run_id_ = 0;
};

} // namespace h2ws::asio
