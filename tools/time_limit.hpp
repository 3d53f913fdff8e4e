// How long a step of a connection may take, and what to call it when it took too long. The end of
// that time stops the io_context.
#pragma once

#include <asio.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace h2ws::tools {

class time_limit {
public:
    explicit time_limit(::asio::io_context& io) : io_(io), timer_(io) {}

    // From now on, for this step and those that are only named.
    void start(std::chrono::nanoseconds span, std::string step) {
        step_ = std::move(step);
        timer_.expires_after(span);
        timer_.async_wait([this](std::error_code error) {
            const bool is_over = timer_.expiry() <= std::chrono::steady_clock::now();
            if (error || !running_ || !is_over) return; // it was started anew
            exceeded_ = true;
            io_.stop();
        });
        running_ = true;
    }

    // The next step, within the same time.
    void name(std::string step) { step_ = std::move(step); }

    // More time for the same step.
    void extend(std::chrono::nanoseconds more) { start(left() + more, std::move(step_)); }

    std::chrono::nanoseconds left() const {
        return timer_.expiry() - std::chrono::steady_clock::now();
    }

    void stop() {
        running_ = false;
        timer_.cancel();
    }

    bool exceeded() const noexcept { return exceeded_; }
    const std::string& step() const noexcept { return step_; }

private:
    ::asio::io_context& io_;
    ::asio::steady_timer timer_;
    std::string step_;
    bool running_ = false;
    bool exceeded_ = false;
};

} // namespace h2ws::tools
