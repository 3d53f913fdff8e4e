// What a server's application answers: somebody asks for a websocket. It comes out of a
// `stream_connection`; threads and errors as for `stream`.
#pragma once

#include "stream.hpp"

#include <asio.hpp>

#include <memory>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

namespace h2ws::asio {

// A client that asks a server for a websocket. One that is destroyed without an answer is refused
// with 503.
template <class Session, class Transport>
class offer {
    using router = stream_router<Session, Transport>;
    using state = stream_state<Session>;

public:
    using executor_type = typename router::executor_type;
    using stream_type = stream<Session, Transport>;

    // None: to be assigned to.
    offer() = default;
    offer(std::shared_ptr<router> on, std::shared_ptr<state> what, kept_request asked)
        : router_(std::move(on)),
          state_(std::move(what)),
          request_(std::move(asked)) {}
    offer(offer&&) noexcept = default;
    offer& operator=(offer&& other) noexcept {
        offer(std::move(other)).swap(*this);
        return *this;
    }
    ~offer() {
        if (router_ == nullptr) return;
        router::say_last(std::move(router_), [what = std::move(state_)](router& on) {
            on.refuse_offer(*what, 503, {}, {}); // it may be gone already
        });
    }

    explicit operator bool() const noexcept { return router_ != nullptr; }
    executor_type get_executor() const { return router_->get_executor(); }

    // Lives as long as the offer.
    const connect_request& request() const noexcept { return request_.get(); }

    // void(std::error_code, stream). What `answer` points to lives until then. Errors: not_open
    // when the request is gone or was answered, else those of `accept`. Not to be cancelled: it
    // waits for nothing.
    template <class Token>
    auto async_accept(const acceptance& answer, Token&& token) {
        return ::asio::async_initiate<Token, void(std::error_code, stream_type)>(
            operation<router, state, std::error_code, stream_type>(router_, state_), token,
            [answer](router& on, state& at, operation_id, auto done) {
                on.accept_offer(at, answer, std::move(done));
            });
    }
    // The same with what encodes the messages, where the session has such tunnels: what was agreed
    // on with the request stands in `answer` too.
    template <class Extension, class Token>
    auto async_accept(const acceptance& answer, Extension extension, Token&& token) {
        return ::asio::async_initiate<Token, void(std::error_code, stream_type)>(
            operation<router, state, std::error_code, stream_type>(router_, state_), token,
            [answer, with = std::move(extension)](router& on, state& at, operation_id,
                                                  auto done) mutable {
                on.accept_offer(at, answer, std::move(done), std::move(with));
            });
    }
    template <class Token>
    auto async_accept(Token&& token) {
        return async_accept(acceptance{}, std::forward<Token>(token));
    }

    // void(std::error_code): answers with a status from 300 to 599 and a body. `fields` and `body`
    // live until then. Errors: as above.
    template <class Token>
    auto async_refuse(std::uint16_t status, std::span<const field> fields, std::string_view body,
                      Token&& token) {
        return ::asio::async_initiate<Token, void(std::error_code)>(
            operation<router, state, std::error_code>(router_, state_), token,
            [=](router& on, state& at, operation_id, auto done) {
                done.complete(state::code_of(on.refuse_offer(at, status, fields, body)));
            });
    }
    template <class Token>
    auto async_refuse(std::uint16_t status, Token&& token) {
        return async_refuse(status, {}, {}, std::forward<Token>(token));
    }

private:
    void swap(offer& other) noexcept {
        router_.swap(other.router_);
        state_.swap(other.state_);
        std::swap(request_, other.request_);
    }

    std::shared_ptr<router> router_;
    std::shared_ptr<state> state_;
    kept_request request_;
};

} // namespace h2ws::asio
