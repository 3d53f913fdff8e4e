// One HTTP/2 connection whose websockets are objects: a server accepts them, a client opens them.
//
// clang-format off
//
//     stream_connection<http2::server, tcp::socket> connection(std::move(socket), server{}, options);
//     co_spawn(executor, connection.async_run(use_awaitable), detached);
//     while (true) {
//         auto offer = co_await connection.async_accept(use_awaitable);
//         auto stream = co_await offer.async_accept(use_awaitable);
//         co_spawn(executor, talk(std::move(stream)), detached);
//     }
//
// clang-format on
#pragma once

#include "offer.hpp"

#include <h2ws/session.hpp>

#include <asio.hpp>

#include <memory>
#include <system_error>
#include <utility>

namespace h2ws::asio {

// What a server answers whose application does not care for ordinary requests.
struct not_found {
    template <class Connection>
    void operator()(Connection& at, const stream_event& happened) const {
        if constexpr (accepting_session<typename Connection::session_type>) {
            const auto* asked = std::get_if<request_received>(&happened);
            // It fails when the request is gone.
            if (asked != nullptr && !at.session().respond(asked->request, 404, {}, {}, now()))
                return;
        }
    }
};

// Copies are the same connection, which lives until its run has completed and none is left. As for
// streams: operations may be started from any thread, and go on on the transport's executor.
template <session Session, class Transport>
class stream_connection {
    using router = stream_router<Session, Transport>;
    using connection_type = connection<Session, Transport>;

public:
    using executor_type = typename router::executor_type;
    using stream_type = stream<Session, Transport>;
    using offer_type = offer<Session, Transport>;

    // `transport` is connected, and through its TLS handshake if it has one.
    template <class... SessionArguments>
    explicit stream_connection(Transport transport, SessionArguments&&... arguments)
        : router_(router::make(std::make_shared<connection_type>(
              std::move(transport), std::forward<SessionArguments>(arguments)...))) {}

    executor_type get_executor() const { return router_->get_executor(); }

    // On the executor only. What was said to the session is sent after `wake`.
    Session& session() const noexcept { return router_->connected()->session(); }
    Transport& transport() const noexcept { return router_->connected()->stream(); }
    void wake() const { router_->wake(); }

    // void(std::error_code): runs the connection to its end, once; nothing happens without it. No
    // error: both sides were done; else why the transport failed. Cancellation (terminal, partial)
    // closes it. `handler(connection&, const stream_event&)` gets the events that are for no
    // stream: ordinary requests, raw tunnels, SETTINGS, GOAWAY, the end.
    template <class Handler, class Token>
    auto async_run(Handler handler, Token&& token) const {
        return router_->connected()->async_run(routing<Handler>{router_, std::move(handler)},
                                               std::forward<Token>(token));
    }
    template <class Token>
    auto async_run(Token&& token) const {
        return async_run(not_found{}, std::forward<Token>(token));
    }

    // void(std::error_code, offer): the next request for a websocket. asio::error::eof when the
    // connection ended in order. One at a time. Cancellation (terminal, partial, total): none was
    // taken.
    template <class Token>
        requires accepting_session<Session>
    auto async_accept(Token&& token) const {
        return ::asio::async_initiate<Token, void(std::error_code, offer_type)>(
            operation<router, router, std::error_code, offer_type>(router_, router_), token,
            [](router& on, router&, operation_id id, auto done) {
                on.accept(id, std::move(done));
            });
    }

    // void(std::error_code, stream): asks for a websocket; as many at a time as one likes. What
    // `wanted` points to lives until then. The error says why there is none, and where the server
    // answered, the stream's refusal() what. Cancellation (terminal, partial): a request that has
    // left is reset; total has no effect.
    template <class Token>
        requires opening_session<Session>
    auto async_open(const connect_request& wanted, Token&& token) const {
        return ::asio::async_initiate<Token, void(std::error_code, stream_type)>(
            operation<router, router, std::error_code, stream_type>(router_, router_), token,
            [wanted](router& on, router&, operation_id id, auto done) {
                on.open(id, wanted, std::move(done));
            });
    }

    // The same with what encodes the messages, where the session has such tunnels and `wanted`
    // offers it.
    template <class Extension, class Token>
        requires opening_session<Session>
    auto async_open(const connect_request& wanted, Extension extension, Token&& token) const {
        return ::asio::async_initiate<Token, void(std::error_code, stream_type)>(
            operation<router, router, std::error_code, stream_type>(router_, router_), token,
            [wanted, with = std::move(extension)](router& on, router&, operation_id id,
                                                  auto done) mutable {
                on.open(id, wanted, std::move(done), std::move(with));
            });
    }

    // Takes no new websockets and lets those that are go on; when the last is gone the run
    // completes. From any thread.
    void shutdown() const {
        ::asio::dispatch(get_executor(), [on = router_] {
            on->connected()->session().shutdown(now());
            on->wake();
        });
    }

    // Ends the connection at once, and each stream with errc::connection_lost. From any thread.
    void close() const {
        ::asio::dispatch(get_executor(), [on = router_] { on->connected()->close(); });
    }

private:
    template <class Handler>
    struct routing {
        std::shared_ptr<router> on;
        Handler handler;

        void operator()(connection_type& at, const stream_event& happened) {
            if (!on->route(happened)) handler(at, happened);
        }
    };

    std::shared_ptr<router> router_;
};

} // namespace h2ws::asio
