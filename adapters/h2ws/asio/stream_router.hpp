// The websockets of one connection: an event of the session finds the one that it is for, an
// operation its session. It stands behind `stream_connection`, `stream` and `offer`, and all of it
// runs on the connection's executor but what says otherwise.
#pragma once

#include "connection.hpp"
#include "context_end.hpp"
#include "kept_request.hpp"
#include "operation.hpp"
#include "stream_state.hpp"

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace h2ws::asio {

template <class Session, class Transport>
class stream;
template <class Session, class Transport>
class offer;

template <class Session, class Transport>
class stream_router final : public std::enable_shared_from_this<stream_router<Session, Transport>>,
                            public holds_handlers {
public:
    using connection_type = connection<Session, Transport>;
    using executor_type = typename connection_type::executor_type;
    using state_type = stream_state<Session>;
    using stream_type = stream<Session, Transport>;
    using offer_type = offer<Session, Transport>;
    using waiting_open = waiting<std::error_code, stream_type>;
    using waiting_accept = waiting<std::error_code, offer_type>;

    // From any thread.
    static std::shared_ptr<stream_router> make(std::shared_ptr<connection_type> connected) {
        const auto made = std::make_shared<stream_router>(std::move(connected));
        ::asio::use_service<context_end>(
            ::asio::query(made->get_executor(), ::asio::execution::context))
            .add(made);
        return made;
    }

    explicit stream_router(std::shared_ptr<connection_type> connected)
        : connection_(std::move(connected)) {}

    // From any thread.
    executor_type get_executor() const { return connection_->get_executor(); }
    operation_id next_operation() noexcept { return ++operations_; }
    const std::shared_ptr<connection_type>& connected() const noexcept { return connection_; }

    // What was said to the session is handled and sent.
    void wake() { connection_->wake(); }

    // What a destructor says, on the executor; from any thread, which keeps nothing of `on`. What
    // the connection's handler throws then leaves the executor's run(). Without memory it is not
    // said: the connection's end, or the session's timers, end what it was about.
    template <class Call>
    static void say_last(std::shared_ptr<stream_router> on, Call call) noexcept {
        try {
            const executor_type executor = on->get_executor();
            ::asio::dispatch(executor, [executor, on = std::move(on), last = std::move(call)] {
                try {
                    last(*on);
                } catch (...) {
                    ::asio::post(executor, [thrown = std::current_exception()] {
                        std::rethrow_exception(thrown);
                    });
                }
            });
        } catch (...) { // no memory
        }
    }

    // ---- operations -----------------------------------------------------------------------------

    void accept(operation_id id, waiting_accept done) {
        if (accept_) return done.complete(::asio::error::already_started, {});
        if (!offers_.empty()) {
            offered next = std::move(offers_.front());
            offers_.pop_front();
            return done.complete({}, offer_of(next.state, std::move(next.request)));
        }
        if (ended_) return done.complete(end_, {});
        accept_ = std::move(done);
        accept_id_ = id;
    }

    // What encodes the messages is given, or is the session's usual.
    template <class... Extension>
    void accept_offer(state_type& at, const acceptance& answer, waiting_open done,
                      Extension&&... extension) {
        const auto sent =
            session().accept(at.tunnel(), answer, now(), std::forward<Extension>(extension)...);
        if (!sent) return done.complete(make_error_code(sent.error()), {});
        at.subprotocol = answer.subprotocol;
        at.stream_id = session().stream_id(at.tunnel());
        done.complete({}, stream_of(at));
        wake();
    }

    errc refuse_offer(const state_type& at, std::uint16_t status, std::span<const field> fields,
                      std::string_view body) {
        if constexpr (!accepting_session<Session>)
            return errc::not_open;
        else {
            const auto sent = session().refuse(at.tunnel(), status, now(), fields, body);
            wake();
            return sent.error();
        }
    }

    template <class... Extension>
    void open(operation_id id, const connect_request& wanted, waiting_open done,
              Extension&&... extension) {
        const auto opened = session().open(wanted, now(), std::forward<Extension>(extension)...);
        if (!opened) return done.complete(make_error_code(opened.error()), {});
        try {
            entry& made = add(*opened);
            made.opening = std::move(done);
            made.opening_id = id;
        } catch (...) { // no memory: nobody would ever hear of it
            (void)session().reset(*opened, http2_error::cancel, now());
            wake();
            throw;
        }
        wake();
    }

    // An accept that is cancelled has had no effect. An open's request may have left: its stream is
    // reset.
    void cancel(operation_id id, ::asio::cancellation_type how) {
        using type = ::asio::cancellation_type;
        if (accept_ && id == accept_id_)
            return accept_.complete(::asio::error::operation_aborted, {});
        if ((how & (type::terminal | type::partial)) == type::none) return;
        for (auto& [name, each] : entries_) {
            if (!each.opening || each.opening_id != id) continue;
            each.opening.complete(::asio::error::operation_aborted, {});
            each.state->leave();
            return wake();
        }
    }

    // ---- events ---------------------------------------------------------------------------------

    // Whether it was for a websocket of ours.
    bool route(const stream_event& happened) {
        return std::visit([this](const auto& what) { return this->on(what); }, happened);
    }

private:
    struct entry {
        std::shared_ptr<state_type> state;
        waiting_open opening;
        operation_id opening_id = 0;
    };

    struct offered {
        std::shared_ptr<state_type> state;
        kept_request request;
    };

    bool on(const tunnel_requested& what) {
        if (!is_websocket(what.request->protocol)) return false; // a raw tunnel
        offered next{add(what.tunnel).state, kept_request(*what.request)};
        if (accept_)
            accept_.complete({}, offer_of(next.state, std::move(next.request)));
        else
            offers_.push_back(std::move(next)); // the session bounds them: max_pending
        return true;
    }

    bool on(const tunnel_opened& what) {
        entry* const at = find(what.tunnel);
        if (at == nullptr) return false;
        at->state->subprotocol = what.response->subprotocol;
        at->state->stream_id = session().stream_id(what.tunnel);
        if (at->opening) at->opening.complete({}, stream_of(*at->state));
        return true;
    }

    bool on(const tunnel_refused& what) {
        entry* const at = find(what.tunnel);
        if (at == nullptr) return false;
        at->state->refusal = {what.status, what.retryable, std::string(what.body)};
        if (at->opening) at->opening.complete(make_error_code(what.error), stream_of(*at->state));
        return true;
    }

    bool on(const tunnel_event& what) {
        entry* const at = find(what.tunnel);
        if (at == nullptr) return false;
        state_type& state = *at->state;
        if (const auto* chunk = std::get_if<message_chunk>(&what.what))
            state.arrived(*chunk, what.wire_bytes);
        else if (const auto* frame = std::get_if<close_frame>(&what.what))
            state.close_received(*frame);
        else if (const auto* over = std::get_if<h2ws::closed>(&what.what))
            state.closed(over->error);
        return true;
    }

    bool on(const tunnel_writable& what) {
        entry* const at = find(what.tunnel);
        if (at != nullptr) at->state->write_again();
        return at != nullptr;
    }

    bool on(const tunnel_released& what) {
        const auto found = entries_.find(what.tunnel.value);
        if (found == entries_.end()) return false;
        const std::shared_ptr<state_type> state = std::move(found->second.state);
        entries_.erase(found);
        std::erase_if(offers_, [&](const offered& each) { return each.state == state; });
        state->release();
        return true;
    }

    // The owner of the connection hears it too.
    bool on(const connection_ended& what) {
        ended_ = true;
        end_ = what.error == errc::none ? std::error_code(::asio::error::eof)
                                        : make_error_code(what.error);
        accept_.complete(end_, {});
        return false;
    }

    template <class Other>
    bool on(const Other&) {
        return false;
    }

    // The handlers may own anything, this router too: nothing is touched while they go.
    void context_ends() noexcept override {
        const auto self = this->shared_from_this();
        auto entries = std::exchange(entries_, {});
        for (auto& [name, each] : entries) {
            const waiting_open opening = std::move(each.opening);
            const auto handlers = each.state->take_handlers();
        }
        const waiting_accept last = std::move(accept_);
    }

    Session& session() noexcept { return connection_->session(); }

    entry& add(tunnel_id tunnel) {
        return entries_
            .emplace(tunnel.value,
                     entry{std::make_shared<state_type>(session(), tunnel, unread_), {}})
            .first->second;
    }

    entry* find(tunnel_id tunnel) {
        const auto found = entries_.find(tunnel.value);
        return found == entries_.end() ? nullptr : &found->second;
    }

    stream_type stream_of(state_type& at) {
        return stream_type(this->shared_from_this(), at.shared_from_this());
    }

    offer_type offer_of(std::shared_ptr<state_type> at, kept_request request) {
        return offer_type(this->shared_from_this(), std::move(at), std::move(request));
    }

    const std::shared_ptr<connection_type> connection_;
    std::atomic<operation_id> operations_ = 0;
    const std::shared_ptr<std::size_t> unread_ = std::make_shared<std::size_t>(0);
    std::unordered_map<std::uint64_t, entry> entries_;
    std::deque<offered> offers_; // nobody has taken them yet
    waiting_accept accept_;
    operation_id accept_id_ = 0;
    std::error_code end_; // once it has ended
    bool ended_ = false;
};

} // namespace h2ws::asio
