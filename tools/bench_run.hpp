// `h2ws bench` on one HTTP/2 engine: connects, drives the run through its phases, reports.
#pragma once

#include "bench_lane.hpp"
#include "bench_progress.hpp"
#include "bench_report.hpp"
#include "dial.hpp"
#include "opening.hpp"
#include "recycled_memory.hpp"
#include "time_limit.hpp"

#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/system_entropy.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <vector>

namespace h2ws::tools {

template <opening_session Session>
class bench_run final : private bench_driver {
public:
    explicit bench_run(const bench_options& options)
        : options_(options),
          request_(options.where),
          content_(options.size, options.type),
          course_(options, *this),
          progress_(options, course_),
          signals_(io_, SIGINT, SIGTERM),
          limit_(io_),
          phase_timer_(io_),
          due_timer_(io_),
          tick_timer_(io_) {}

    exit_status run() {
        std::exception_ptr thrown;
        co_spawn(io_, connect_all(), [&](std::exception_ptr reason) {
            dialling_ = false;
            if (reason) thrown = reason;
            stop_when_over();
        });
        signals_.async_wait([this](std::error_code error, int) {
            if (!error) interrupt();
        });
        io_.run();
        if (thrown) std::rethrow_exception(thrown);
        if (limit_.exceeded()) course_.fail(timed_out(options_.where.timeout, limit_.step()));
        progress_.end();
        if (begun_ || course_.result().interrupted) report(options_, course_.result());
        // A name that is being looked up cannot be interrupted, and would be waited for.
        if (dialling_) std::_Exit(static_cast<int>(course_.outcome()));
        return course_.outcome();
    }

private:
    // After a timer of the sessions, for what they then have to say.
    static constexpr std::chrono::nanoseconds grace = std::chrono::seconds(1);

    // ---- connections ----------------------------------------------------------------------------

    ::asio::awaitable<void> connect_all() {
        try {
            dial to(options_.where, request_.uri(), trace(false));
            if (!request_.cleartext()) tls_.emplace(to.make_context());
            for (std::size_t i = 0; i < options_.connections && !is_closing(); ++i)
                co_await connect_one(to);
        } catch (const failure& why) {
            course_.fail(why);
        }
    }

    ::asio::awaitable<void> connect_one(dial& to) {
        limit_.start(options_.where.timeout, "connecting to " + std::string(request_.uri().host));
        ::asio::ip::tcp::socket socket = co_await to.connect();
        if (!tls_) co_return begin(std::move(socket));
        limit_.name("in the TLS handshake");
        asio::tls_stream stream = co_await to.secure(std::move(socket), *tls_);
        begin(std::move(stream));
    }

    template <class Stream>
    void begin(Stream stream) {
        if (is_closing()) return;
        limit_.name("waiting for the server's SETTINGS");
        using connection_type = asio::connection<Session, Stream>;
        session_options chosen = options_of_session(options_);
        chosen.memory = memory_.policy();
        const auto connected =
            std::make_shared<connection_type>(std::move(stream), client{entropy_.source()}, chosen);
        auto lane = std::make_unique<bench_connection<connection_type>>(
            connected, course_, content_, request_.wanted(),
            static_cast<std::uint32_t>(lanes_.size() * options_.tunnels));
        const auto handle = [this, at = lane.get()](connection_type&, const stream_event& what) {
            at->handle(what);
            if (std::holds_alternative<settings_received>(what)) stop_limit_when_settled();
        };
        lanes_.push_back(std::move(lane));
        ++live_;
        asio::connect(connected, handle, [this](std::error_code) { // which was told as an event
            --live_;
            stop_when_over();
        });
    }

    // From there on the sessions' own timers see to it that nothing lasts for ever.
    void stop_limit_when_settled() {
        if (lanes_.size() == options_.connections && !is_closing() &&
            std::ranges::all_of(lanes_, &bench_lane::settled))
            limit_.stop();
    }

    // ---- phases ---------------------------------------------------------------------------------

    bool is_closing() const { return course_.phase() == bench_phase::closing; }

    // With time for the handler that is told of it to return.
    void all_open() override {
        ::asio::post(io_, [this] {
            if (course_.phase() == bench_phase::opening) start();
        });
    }

    void start() {
        begun_ = true;
        const instant now = asio::now();
        course_.begin(now);
        wait(phase_timer_, course_.measured_from(), [this] { measure(); });
        tick();
        if (course_.has_rate()) return send_due();
        for (const auto& lane : lanes_) {
            lane->start(now);
            lane->wake();
        }
    }

    void measure() {
        course_.measuring_begins();
        if (options_.messages == 0)
            wait(phase_timer_, after(course_.measured_from(), options_.duration.count()),
                 [this] { stop_sending(); });
    }

    void stop_sending() {
        send_due(); // to the last, though a timer was late
        course_.stop_sending();
    }

    // What is due on one connection after the other leaves together.
    void send_due() {
        const instant now = asio::now();
        bench_lane* last = nullptr;
        while (const auto message = course_.take_due(now)) {
            const std::uint64_t tunnel = *message % course_.tunnels();
            bench_lane* const lane = lanes_[tunnel / options_.tunnels].get();
            if (last != nullptr && last != lane) last->wake();
            last = lane;
            lane->add_due(tunnel % options_.tunnels, now);
        }
        if (last != nullptr) last->wake();
        if (const instant next = course_.next_due(); next != never)
            wait(due_timer_, next, [this] { send_due(); });
    }

    void tick() {
        tick_timer_.expires_after(std::chrono::seconds(1));
        tick_timer_.async_wait([this](std::error_code error) {
            if (error || is_closing()) return;
            const instant now = asio::now();
            progress_.show(now);
            if (now - options_.where.timeout.count() > course_.waiting_since())
                course_.fail(timed_out(options_.where.timeout, "waiting for an echo"));
            tick();
        });
    }

    void interrupt() {
        course_.interrupted();
        // Another one ends it at once.
        signals_.async_wait([this](std::error_code error, int) {
            if (error) return;
            course_.fail({exit_status::internal_error, "interrupted before it had ended in order"});
            io_.stop();
        });
        if (course_.phase() == bench_phase::running)
            course_.stop_sending();
        else
            close();
    }

    void drained() override { close(); }

    void failed(const failure& why) override {
        progress_.end();
        complain(why.message);
        close();
    }

    void close() {
        if (is_closing()) return;
        course_.begin_closing();
        for (::asio::steady_timer* timer : {&phase_timer_, &due_timer_, &tick_timer_})
            timer->cancel();
        limit_.start(options_.where.timeout + grace, "closing");
        for (const auto& lane : lanes_) lane->close();
        ::asio::post(io_, [this] { stop_when_over(); });
    }

    void stop_when_over() {
        if (is_closing() && live_ == 0) io_.stop();
    }

    template <class Then>
    void wait(::asio::steady_timer& timer, instant until, Then then) {
        timer.expires_at(asio::time_point(until));
        timer.async_wait([this, then](std::error_code error) {
            if (!error && !is_closing()) then();
        });
    }

    const bench_options& options_;
    const opening request_;
    system_entropy entropy_;
    recycled_memory memory_;
    bench_content content_;
    bench_course course_;
    bench_progress progress_;
    std::optional<::asio::ssl::context> tls_;
    ::asio::io_context io_{1};
    ::asio::signal_set signals_;
    time_limit limit_;
    ::asio::steady_timer phase_timer_;
    ::asio::steady_timer due_timer_;
    ::asio::steady_timer tick_timer_;
    std::vector<std::unique_ptr<bench_lane>> lanes_;
    std::size_t live_ = 0; // connections
    bool dialling_ = true;
    bool begun_ = false;
};

template <opening_session Session>
exit_status bench_with(const bench_options& options) {
    return bench_run<Session>(options).run();
}

} // namespace h2ws::tools
