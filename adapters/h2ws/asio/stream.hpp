// One websocket as an object: read, write, close, with any completion token; a coroutine for each
// is the usual way. It comes out of a `stream_connection`.
//
// Threads: every operation may be started from any thread, and goes on on the connection's
// executor, which therefore is a strand where several threads run. What is not an operation is for
// one thread at a time, as with any object. Completion handlers are posted to their associated
// executors.
//
// Errors: `errc` as std::error_code for what happened to the websocket, asio::error::eof for a
// clean end, operation_aborted for what was cancelled or whose stream was destroyed,
// already_started when a read, a write or a close waits already: one of each at a time.
#pragma once

#include "stream_router.hpp"

#include <asio.hpp>

#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

namespace h2ws::asio {

template <class Session, class Transport>
class stream {
    using router = stream_router<Session, Transport>;
    using state = stream_state<Session>;

public:
    using executor_type = typename router::executor_type;

    // None: to be assigned to.
    stream() = default;
    stream(std::shared_ptr<router> on, std::shared_ptr<state> what)
        : router_(std::move(on)),
          state_(std::move(what)) {}
    stream(stream&&) noexcept = default;
    stream& operator=(stream&& other) noexcept {
        stream(std::move(other)).swap(*this);
        return *this;
    }

    // What waits completes with operation_aborted. A websocket that neither side has begun to close
    // is reset: RST_STREAM with CANCEL, which its peer takes for 1006 (RFC 8441 §5). What was
    // written and has not left is dropped then.
    ~stream() {
        if (router_ == nullptr) return;
        router::say_last(std::move(router_), [what = std::move(state_)](router& on) {
            what->leave();
            on.wake();
        });
    }

    explicit operator bool() const noexcept { return router_ != nullptr; }
    executor_type get_executor() const { return router_->get_executor(); }

    // HTTP/2's number of it, the subprotocol that was agreed on.
    std::int32_t stream_id() const noexcept { return state_->stream_id; }
    std::string_view subprotocol() const noexcept { return state_->subprotocol; }

    // What encodes its messages, until it is closed, where the session's tunnels have that; nullptr
    // then. On the connection's executor only.
    auto* extension() const noexcept {
        return router_->connected()->session().extension(state_->tunnel(), now());
    }

    // Why async_open failed, where there was an answer.
    const asio::refusal& refusal() const noexcept { return state_->refusal; }

    // Of the peer's Close, after a read or a close has told the end: 1005 when it had no code, 1006
    // when there was none.
    status_code close_code() const noexcept { return state_->close_code(); }
    std::string_view close_reason() const noexcept { return state_->close_reason(); }

    // void(std::error_code, message_part): some of a message, as soon as there is some. Never of
    // two messages. Cancellation (terminal, partial, total): nothing was taken.
    //
    // A read that waits gets what arrives by one copy, from the connection's input. What arrives
    // while none waits is kept, which is a second one; it is credited to the peer when it is read,
    // so on the wire it was never more than the stream's window.
    template <class Token>
    auto async_read_some(::asio::mutable_buffer to, Token&& token) {
        const mutable_bytes bytes(static_cast<std::byte*>(to.data()), to.size());
        return read<false>(
            [bytes](std::size_t size) {
                return bytes.first(size < bytes.size() ? size : bytes.size());
            },
            std::forward<Token>(token));
    }

    // The same for a whole message, or what of it was not yet read, which is added to `to`
    // (asio::dynamic_buffer). When its max_size is reached the error is errc::buffer_too_small: the
    // next read goes on there. Cancellation: as above, but for terminal and partial a part of the
    // message may have been added; its size is told, and the next read goes on there. Total only
    // has effect before that.
    template <class DynamicBuffer, class Token>
    requires ::asio::is_dynamic_buffer_v2<std::decay_t<DynamicBuffer>>::value auto
    async_read(DynamicBuffer&& to, Token&& token) {
        return read<true>(
            [to = std::decay_t<DynamicBuffer>(to)](std::size_t size) mutable {
                const std::size_t used = to.size();
                const std::size_t room = to.max_size() - used;
                if (size > room) size = room;
                to.grow(size);
                const ::asio::mutable_buffer added = to.data(used, size);
                return mutable_bytes(static_cast<std::byte*>(added.data()), added.size());
            },
            std::forward<Token>(token));
    }

    // void(std::error_code): a message, or a part of it; `fin`: the last. It is complete when the
    // queue of the tunnel has taken it (session_options::max_queued), by one copy; until then
    // `payload` lives. errc::not_open once either side closes. Cancellation (terminal, partial,
    // total): nothing of it is sent.
    template <class Token>
    auto async_write(opcode type, ::asio::const_buffer payload, bool fin, Token&& token) {
        const const_bytes bytes(static_cast<const std::byte*>(payload.data()), payload.size());
        return start<std::error_code>(
            [type, bytes, fin](router& on, state& at, operation_id id, auto done) {
                at.write(id, type, bytes, fin, std::move(done));
                on.wake();
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_write(opcode type, ::asio::const_buffer payload, Token&& token) {
        return async_write(type, payload, true, std::forward<Token>(token));
    }

    // void(std::error_code): at most 125 bytes, which live until then. The peer's pong is heard by
    // the session's keepalive only.
    template <class Token>
    auto async_ping(::asio::const_buffer payload, Token&& token) {
        const const_bytes bytes(static_cast<const std::byte*>(payload.data()), payload.size());
        return start<std::error_code>(
            [bytes](router& on, state& at, operation_id, auto done) {
                at.ping(bytes, std::move(done));
                on.wake();
            },
            std::forward<Token>(token));
    }

    // void(std::error_code): sends Close, after what was written, and completes when the websocket
    // is gone both ways; no error then means that both sides closed. `reason` lives until then.
    // From the start on nothing more is read: what arrives, and what is kept, is dropped; reads
    // complete with the end. Where the peer has closed before, it only waits. Cancellation
    // (terminal, partial): the wait ends, the closing goes on; total has no effect.
    template <class Token>
    auto async_close(status_code code, std::string_view reason, Token&& token) {
        return start<std::error_code>(
            [code, reason](router& on, state& at, operation_id id, auto done) {
                at.close(id, code, reason, std::move(done));
                on.wake();
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_close(Token&& token) {
        return async_close(status_code::normal_closure, {}, std::forward<Token>(token));
    }

private:
    void swap(stream& other) noexcept {
        router_.swap(other.router_);
        state_.swap(other.state_);
    }

    template <bool Whole, class Room, class Token>
    auto read(Room room, Token&& token) {
        return start<std::error_code, message_part>(
            [room = std::move(room)](router& on, state& at, operation_id id, auto done) mutable {
                at.read(id, {std::move(room), Whole}, std::move(done));
                on.wake();
            },
            std::forward<Token>(token));
    }

    template <class... Results, class Begin, class Token>
    auto start(Begin begin, Token&& token) {
        return ::asio::async_initiate<Token, void(Results...)>(
            operation<router, state, Results...>(router_, state_), token, std::move(begin));
    }

    std::shared_ptr<router> router_;
    std::shared_ptr<state> state_;
};

} // namespace h2ws::asio
