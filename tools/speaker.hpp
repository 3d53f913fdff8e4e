// What a client says by itself: the messages of the command line or the lines of the input, as fast
// as they are taken, and then nothing, until the server has been silent for a while.
#pragma once

#include "connect.hpp"
#include "input_reader.hpp"
#include "outgoing_lines.hpp"
#include "report.hpp"
#include "trace.hpp"

#include <h2ws/asio/connection.hpp>
#include <h2ws/session.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace h2ws::tools {

template <class Connection>
class speaker {
public:
    // `close` is called when all is said and the server is silent.
    speaker(Connection& connection, const connect_options& options, std::function<void()> close)
        : connection_(connection),
          session_(connection.session()),
          options_(options),
          close_(std::move(close)),
          trace_(options.verbose),
          silence_(connection.get_executor()) {}

    void start(tunnel_id tunnel) {
        tunnel_ = tunnel;
        open_ = true;
        if (!options_.messages.empty()) {
            lines_.add_messages(options_.messages);
            return resume(asio::now());
        }
        reader_.emplace(connection_.get_executor(), [this](const std::string& bytes) {
            reading_ = false;
            take(bytes);
        });
        resume(asio::now());
    }

    // Sends what the queue takes, then asks for more; called again when there is room.
    void resume(instant now) {
        if (!open_) return;
        for (; !lines_.empty(); lines_.pop()) {
            const const_bytes text = as_bytes(lines_.front());
            const std::size_t before = session_.queued(tunnel_);
            if (!session_.send(tunnel_, opcode::text, text, now)) return; // full, or just closing
            trace_.sent(opcode::text, text.size());
            leaves_by_ = std::max(leaves_by_, session_.transmitted_size()) +
                         (session_.queued(tunnel_) - before);
        }
        if (lines_.ended()) return linger(now);
        if (!std::exchange(reading_, true)) reader_->read();
    }

    // The server has said something.
    void heard(instant now) { heard_at_ = now; }

    void stop() {
        open_ = false;
        silence_.cancel();
    }

    // Whether something of the input could not be sent.
    bool refused_input() const noexcept { return refused_input_; }

private:
    void take(const std::string& bytes) {
        if (!open_) return;
        if (const std::string wrong = lines_.add_input(bytes); !wrong.empty()) {
            complain(wrong);
            refused_input_ = true;
        }
        resume(asio::now());
        connection_.wake();
    }

    void linger(instant now) {
        if (std::exchange(lingering_, true)) return;
        heard_at_ = now;
        wait(options_.linger);
    }

    void wait(std::chrono::nanoseconds span) {
        silence_.expires_after(span);
        silence_.async_wait([this](std::error_code error) {
            if (error || !open_) return;
            const std::chrono::nanoseconds silent(asio::now() - heard_at_);
            if (session_.transmitted_size() < leaves_by_)
                wait(options_.linger); // the last message is still leaving
            else if (silent < options_.linger)
                wait(options_.linger - silent);
            else
                close_();
        });
    }

    Connection& connection_;
    typename Connection::session_type& session_;
    const connect_options& options_;
    std::function<void()> close_;
    trace trace_;
    ::asio::steady_timer silence_;
    outgoing_lines lines_;
    tunnel_id tunnel_;
    instant heard_at_ = 0;
    std::uint64_t leaves_by_ = 0; // how much has left when the last message has
    bool open_ = false;
    bool reading_ = false; // a piece of input was asked for
    bool lingering_ = false;
    bool refused_input_ = false;
    std::optional<input_reader> reader_; // last, so that nothing is read into what is gone
};

} // namespace h2ws::tools
