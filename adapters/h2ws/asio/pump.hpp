// What keeps a connection going: one read, one write and one timer at a time, and the session run
// dry after each.
#pragma once

#include "clock.hpp"
#include "waiting.hpp"

#include <h2ws/bytes.hpp>
#include <h2ws/instant.hpp>
#include <h2ws/session.hpp>

#include <asio.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace h2ws::asio {

class pump_control {
public:
    virtual void wake() = 0;
    virtual void close() = 0;

protected:
    ~pump_control() = default;
};

// Made and started on the connection's executor. What is under way keeps it alive.
template <class Connection, class Handler>
class pump final : public pump_control,
                   public std::enable_shared_from_this<pump<Connection, Handler>> {
public:
    pump(std::shared_ptr<Connection> owner, Handler handler, waiting<std::error_code> done)
        : owner_(std::move(owner)),
          handler_(std::move(handler)),
          done_(std::move(done)),
          timer_(owner_->get_executor()),
          input_(input_size) {}

    // Without an end where the execution context went before.
    ~pump() {
        if (owner_->pump_ == this) owner_->pump_ = nullptr;
    }

    void start() {
        owner_->pump_ = this;
        if (owner_->closed_) return close();
        read();
        wake();
    }

    // Events, output and deadline, until there is nothing more of any.
    void wake() override { advance({}); }

    void close() override {
        if (over_) return close_transport(); // the peer's end is waited for no longer
        fail(::asio::error::operation_aborted, connection_loss::failed);
    }

private:
    static constexpr std::size_t input_size = 65'536;
    static constexpr std::size_t most_buffers = 64;          // to a write
    static constexpr auto goodbye = std::chrono::seconds(1); // for the peer's end

    // Gives the session what arrived and the handler what came of it. Calls from within the handler
    // come here too and are done by the loop that is running.
    void advance(mutable_bytes in) {
        if (std::exchange(advancing_, true)) return;
        const auto keep = this->shared_from_this(); // a handler may let go of everything
        try {
            for (bool more = true; more;) { // making output can end streams, and the session
                give_out(in);
                more = write();
                more = give_out(in) || more;
            }
            arm();
        } catch (...) { // the handler's, or no memory: nobody would go on with the connection
            advancing_ = false;
            end(::asio::error::operation_aborted, connection_loss::failed);
            throw;
        }
        advancing_ = false;
        if (!owner_->session().finished()) return;
        if (!writing_) return leave();
        // The session has given up the transport: nobody takes what is being written.
        fail(::asio::error::timed_out, connection_loss::failed);
    }

    // Whether anything had happened.
    bool give_out(mutable_bytes& in) {
        bool any = false;
        for (; const auto happened = owner_->session().poll(in, now()); any = true) {
            if (const auto* over = std::get_if<connection_ended>(&*happened))
                in_order_ = over->error == errc::none;
            handler_(*owner_, *happened);
        }
        return any;
    }

    void read() {
        try {
            begin_read();
        } catch (...) { // as in `advance`
            end(::asio::error::operation_aborted, connection_loss::failed);
            throw;
        }
    }

    // What throws has begun nothing. This goes for writes and waits too.
    void begin_read() {
        owner_->stream().async_read_some(
            ::asio::buffer(input_.data(), input_.size()),
            [self = this->shared_from_this()](std::error_code error, std::size_t size) {
                self->reading_ = false;
                self->peer_left_ = error == ::asio::error::eof;
                if (self->over_) return self->finish();
                if (self->peer_left_) return self->follow_peer();
                if (error) return self->fail(error, connection_loss::failed);
                self->advance(mutable_bytes{self->input_}.first(size));
                if (!self->over_)
                    self->read();
                else
                    self->finish();
            });
        reading_ = true;
    }

    // The peer has ended in order: so do we. What it took before may not be told to us yet, and
    // decides how its tunnels end; where it takes no more, the session's timers end the wait.
    void follow_peer() {
        if (!writing_) fail(::asio::error::eof, connection_loss::closed_by_peer);
    }

    // Begins a write if there is something to write, and none under way. Whether it did.
    bool write() {
        if (writing_ || over_ || peer_left_) return false;
        const auto spans = owner_->session().transmit(now());
        if (spans.empty()) return false;
        std::size_t count = 0;
        for (const const_bytes span : spans) {
            if (count == most_buffers) break;
            buffers_[count++] = ::asio::const_buffer(span.data(), span.size());
        }
        owner_->stream().async_write_some(
            std::span<const ::asio::const_buffer>(buffers_.data(), count),
            [self = this->shared_from_this()](std::error_code error, std::size_t size) {
                self->writing_ = false;
                if (self->over_) return self->finish();
                if (error && self->peer_left_) return self->follow_peer();
                if (error) return self->fail(error, connection_loss::failed);
                self->owner_->session().transmitted(size);
                self->wake();
                if (self->peer_left_) self->follow_peer();
                if (self->over_) self->finish();
            });
        writing_ = true;
        return true;
    }

    // The timer runs for the earliest deadline there was; one that moved away is found out then.
    void arm() {
        const instant due = owner_->session().deadline();
        if (over_ || due == never || (waiting_ && armed_for_ <= due)) return;
        armed_for_ = due;
        waiting_ = false; // that one is cancelled
        const auto turn = ++turn_;
        timer_.expires_at(time_point(due));
        timer_.async_wait([self = this->shared_from_this(), turn](std::error_code error) {
            if (turn != self->turn_) return; // armed anew
            self->waiting_ = false;
            if (self->over_) return self->finish();
            if (error) return;
            self->owner_->session().expire(now());
            self->wake();
            if (self->over_) self->finish();
        });
        waiting_ = true;
    }

    void fail(std::error_code error, connection_loss how) {
        if (over_) return;
        if (const auto thrown = end(error, how)) std::rethrow_exception(thrown);
    }

    // The transport is of no more use: the tunnels' ends are told, then everything stops. A handler
    // that throws is told the rest all the same; what it threw first is returned.
    std::exception_ptr end(std::error_code error, connection_loss how) {
        if (!std::exchange(over_, true)) {
            if (!owner_->session().ended() || how == connection_loss::failed) error_ = error;
            owner_->session().lost(how);
        }
        std::exception_ptr thrown;
        if (!std::exchange(advancing_, true)) {
            while (!give_out_rest(thrown)) {
            }
            advancing_ = false;
        }
        if (how == connection_loss::closed_by_peer && in_order_) error_ = {};
        stop();
        return thrown;
    }

    // Whether there is no more of it.
    bool give_out_rest(std::exception_ptr& thrown) {
        mutable_bytes nothing;
        try {
            give_out(nothing);
        } catch (...) {
            if (!thrown) thrown = std::current_exception();
            return false;
        }
        return true;
    }

    // Both sides are done: the stream is closed in order.
    void leave() {
        if (std::exchange(over_, true)) return;
        leaving_ = true;
        stop();
    }

    void stop() {
        timer_.cancel();
        std::error_code ignored; // what cannot be cancelled has ended
        owner_->stream().lowest_layer().cancel(ignored);
        finish();
    }

    // When nothing is under way any more: the last words, then the completion.
    void finish() {
        if (reading_ || writing_ || waiting_ || finished_) return;
        if (std::exchange(leaving_, false)) return say_goodbye();
        finished_ = true;
        owner_->pump_ = nullptr;
        close_transport();
        done_.complete_keeping(owner_, error_);
    }

    // A socket that is closed while input waits resets the connection, and the peer may lose what
    // we said last: GOAWAY, a Close. So we say our end, in TLS too, and read until the peer's,
    // which `goodbye` bounds. Without memory the transport is closed at once.
    void say_goodbye() {
        try {
            timer_.expires_after(goodbye);
            timer_.async_wait([self = this->shared_from_this()](std::error_code error) {
                if (!error) self->close_transport();
                self->waiting_ = false;
                self->finish();
            });
            waiting_ = true;
            end_output();
        } catch (...) {
            goodbye_said();
        }
    }

    void goodbye_said() {
        timer_.cancel();
        finish();
    }

    // Where TLS has heard the peer's close_notify nothing is left to be lost. Of a transport of the
    // application's own that says its end by itself no more is known.
    void end_output() {
        if constexpr (requires { owner_->stream().async_shutdown([](std::error_code) {}); }) {
            owner_->stream().async_shutdown(
                [self = this->shared_from_this()](std::error_code error) {
                    self->reading_ = false;
                    const bool heard = !error || error == ::asio::error::eof;
                    if constexpr (requires { self->owner_->stream().next_layer(); })
                        if (!heard) return self->end_transport(self->owner_->stream().next_layer());
                    self->goodbye_said();
                });
            reading_ = true;
        } else {
            end_transport(owner_->stream());
        }
    }

    // A client that leaves in order has heard all that it wanted, and said nothing that matters.
    bool is_to_be_heard() const noexcept {
        return accepting_session<typename Connection::session_type> || !in_order_;
    }

    template <class Transport>
    void end_transport(Transport& transport) {
        if (!is_to_be_heard()) return goodbye_said();
        constexpr auto output = ::asio::socket_base::shutdown_send;
        if constexpr (requires(std::error_code error) { transport.shutdown(output, error); }) {
            std::error_code gone;
            transport.shutdown(output, gone);
            if (!gone) return discard(transport);
        }
        goodbye_said();
    }

    // What still comes is wanted by nobody.
    template <class Transport>
    void discard(Transport& transport) {
        try {
            transport.async_read_some(
                ::asio::buffer(input_.data(), input_.size()),
                [self = this->shared_from_this(), &transport](std::error_code error, std::size_t) {
                    self->reading_ = false;
                    if (error || !self->waiting_) return self->goodbye_said();
                    self->discard(transport);
                });
            reading_ = true;
        } catch (...) {
            goodbye_said();
        }
    }

    void close_transport() {
        std::error_code ignored; // closing is best effort, and may have been done meanwhile
        owner_->stream().lowest_layer().close(ignored);
    }

    std::shared_ptr<Connection> owner_;
    Handler handler_;
    waiting<std::error_code> done_;
    ::asio::steady_timer timer_;
    std::vector<std::byte> input_;
    std::array<::asio::const_buffer, most_buffers> buffers_;
    std::error_code error_;
    instant armed_for_ = never;
    std::uint64_t turn_ = 0;
    bool advancing_ = false;
    bool reading_ = false;
    bool writing_ = false;
    bool waiting_ = false;
    bool peer_left_ = false; // nothing more is read, and no write begun
    bool in_order_ = false;  // so the session ended
    bool over_ = false;      // only what is under way is waited for
    bool leaving_ = false;   // in order
    bool finished_ = false;  // the completion is on its way
};

} // namespace h2ws::asio
