// One WebSocket of `h2ws connect` from its opening to its end: says what is to be said, shows what
// arrives, and finds out how it went.
#pragma once

#include "connect.hpp"
#include "echo.hpp"
#include "ending.hpp"
#include "report.hpp"
#include "speaker.hpp"
#include "time_limit.hpp"
#include "trace.hpp"

#include <h2ws/asio/connection.hpp>
#include <h2ws/message_buffer.hpp>
#include <h2ws/session.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace h2ws::tools {

template <class Connection>
class conversation {
public:
    using session_type = typename Connection::session_type;

    // `outcome` is what the command will end with, once that is known. It, the options and the
    // limit outlive this.
    conversation(std::shared_ptr<Connection> connection, const connect_options& options,
                 time_limit& limit, std::optional<exit_status>& outcome)
        : connection_(std::move(connection)),
          session_(connection_->session()),
          options_(options),
          limit_(limit),
          outcome_(outcome),
          trace_(options.verbose),
          echo_(session_),
          speaker_(*connection_, options, [this] { close(); }),
          patience_(connection_->get_executor()) {}

    // What `wanted` points to outlives this.
    void open(const connect_request& wanted) {
        wanted_ = wanted;
        limit_.name("waiting for the server's SETTINGS");
        const auto opened = session_.open(wanted, asio::now());
        if (!opened) throw failure{status_of(opened.error()), describe(opened.error())};
        tunnel_ = *opened;
    }

    void handle(const stream_event& happened) {
        std::visit([this](const auto& what) { this->on(what); }, happened);
    }

private:
    // After the WebSocket has failed, for the server to end its stream: then we do.
    static constexpr std::chrono::nanoseconds failed_time = std::chrono::seconds(1);
    // After both Closes, for the same: our half ends after one second of it.
    static constexpr std::chrono::nanoseconds clean_time = std::chrono::seconds(2);
    // After that, or after the close timer, for what is still to be written.
    static constexpr std::chrono::nanoseconds grace = std::chrono::seconds(1);

    // ---- what happens ---------------------------------------------------------------------------

    void on(const settings_received& settings) {
        const bool enabled = settings.connect == connect_answer::yes;
        trace_.settings(enabled, settings.values);
        if (std::exchange(settled_, true)) return;
        limit_.name("waiting for the answer to the opening handshake");
        if (enabled) trace_.sent_fields(h2ws::request(wanted_)); // RFC 8441 §3: not before
    }

    void on(const tunnel_opened& opened) {
        limit_.stop();
        show(opened.response->status, opened.response->fields);
        if (!options_.echo) speaker_.start(tunnel_);
    }

    void on(const tunnel_refused& refused) {
        if (refused.error != errc::status_not_2xx)
            return conclude(refused.error, refused.stream_error);
        show(refused.status, refused.fields);
        fail(refusal(refused));
    }

    void on(const tunnel_event& happened) {
        if (const auto* chunk = std::get_if<message_chunk>(&happened.what))
            return receive(*chunk, happened.wire_bytes);
        if (const auto* asked = std::get_if<ping>(&happened.what))
            return trace_.received(opcode::ping, asked->payload.size());
        if (const auto* answered = std::get_if<pong>(&happened.what))
            return trace_.received(opcode::pong, answered->payload.size());
        if (const auto* close = std::get_if<close_frame>(&happened.what))
            return receive_close(*close);
        const auto& last = std::get<closed>(happened.what);
        conclude(last.error, last.stream_error);
    }

    void on(const tunnel_writable&) {
        echo_.resume(tunnel_, asio::now());
        speaker_.resume(asio::now());
    }

    void on(const tunnel_released&) { session_.shutdown(asio::now()); }

    void on(const goaway_received& going) {
        trace_.note("GOAWAY, " + std::string(name(going.code)) + ", last stream " +
                    std::to_string(going.last_stream_id));
    }

    // Only here it is known why a connection was lost.
    void on(const connection_ended& end) {
        if (outcome_) return;
        fail(ending(end, before()));
    }

    void on(const auto&) {}

    void show(std::uint16_t status, std::span<const field> fields) const {
        const std::string text = std::to_string(status);
        const field line{":status", text};
        trace_.received_fields({&line, 1});
        trace_.received_fields(fields);
    }

    // ---- what arrives ---------------------------------------------------------------------------

    void receive(const message_chunk& chunk, std::size_t wire_bytes) {
        const instant now = asio::now();
        speaker_.heard(now);
        trace_.received(chunk.type, chunk.payload.size(), chunk.first, chunk.last);
        const auto whole = message_.add(chunk);
        if (!whole) {
            fail({exit_status::internal_error, describe(whole.error())});
            (void)session_.reset(tunnel_, http2_error::cancel, now);
            return;
        }
        if (*whole) print_message(chunk.type);
        if (!options_.echo) return session_.consume(tunnel_, wire_bytes);
        trace_.sent(chunk.type, chunk.payload.size(), chunk.first, chunk.last);
        echo_.receive(tunnel_, chunk, wire_bytes, now);
    }

    void print_message(opcode type) {
        if (type == opcode::text) return print_line(message_.text());
        constexpr std::string_view digits = "0123456789abcdef";
        std::string hex;
        for (const std::byte octet : message_.bytes()) {
            const auto value = std::to_integer<std::size_t>(octet);
            hex += digits[value / 16];
            hex += digits[value % 16];
        }
        print_line(hex);
    }

    void receive_close(const close_frame& close) {
        trace_.received_close(close.code, close.reason);
        received_ = close.code;
        if (!closing_) trace_.sent_close(close.code); // which answers it
        if (!closing_ && close.code != status_code::normal_closure &&
            close.code != status_code::going_away && close.code != status_code::no_status_received)
            complain("the server closed with " +
                     std::to_string(static_cast<std::uint16_t>(close.code)) +
                     (close.reason.empty() ? "" : ": " + printable(close.reason)));
        if (!closing_) limit_.start(options_.timeout + grace, "closing");
        speaker_.stop();
    }

    // ---- how it ends ---------------------------------------------------------------------------

    void close() {
        speaker_.stop();
        closing_ = true;
        limit_.start(options_.timeout + grace, "waiting for the server's Close");
        // It is open, or its end has been told and is being dealt with.
        if (session_.send_close(tunnel_, options_.close_code, options_.close_reason, asio::now()))
            trace_.sent_close(options_.close_code);
        connection_->wake();
    }

    void conclude(errc error, http2_error code) {
        speaker_.stop();
        if (error == errc::none) return end_clean();
        if (error == errc::connection_lost) return; // connection_ended says more
        fail(ending(error, code, before()));
    }

    ending_context before() const { return {limit_.step(), received_, settled_}; }

    void end_clean() {
        if (outcome_) return;
        const auto code = received_.value_or(status_code::no_status_received);
        trace_.note("closed with " + std::to_string(static_cast<std::uint16_t>(code)) +
                    (closing_ ? " by this end" : " by the server") + ", clean");
        outcome_ = speaker_.refused_input() ? exit_status::usage : exit_status::success;
        leave_within(clean_time);
    }

    void fail(const failure& why) {
        if (outcome_) return;
        complain(why.message);
        outcome_ = why.status;
        leave_within(failed_time);
    }

    // A server that does not end its half of the stream is not waited for any longer.
    void leave_within(std::chrono::nanoseconds most) {
        const auto wait = std::min(options_.timeout, most);
        limit_.start(wait + grace, "ending");
        patience_.expires_after(wait);
        patience_.async_wait([this](std::error_code error) {
            // It may be gone.
            if (!error && session_.reset(tunnel_, http2_error::cancel, asio::now()))
                connection_->wake();
        });
    }

    const std::shared_ptr<Connection> connection_;
    session_type& session_;
    const connect_options& options_;
    time_limit& limit_;
    std::optional<exit_status>& outcome_;
    trace trace_;
    echo<session_type> echo_;
    speaker<Connection> speaker_;
    message_buffer message_;
    ::asio::steady_timer patience_; // with a server that does not end the stream
    connect_request wanted_;        // shown once it leaves
    tunnel_id tunnel_;
    std::optional<status_code> received_; // in the server's Close
    bool settled_ = false;                // SETTINGS came
    bool closing_ = false;                // by us, first
};

} // namespace h2ws::tools
