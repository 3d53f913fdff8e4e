// One connection of `h2ws bench` with its tunnels: opens them, keeps messages under way, checks
// what comes back, closes them.
#pragma once

#include "bench_content.hpp"
#include "bench_course.hpp"
#include "ending.hpp"

#include <h2ws/asio/connection.hpp>
#include <h2ws/session.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace h2ws::tools {

// As the run sees it, whatever its transport is.
class bench_lane {
public:
    virtual ~bench_lane() = default;

    // A message of its tunnel of that number, counted on this connection, is due.
    virtual void add_due(std::size_t tunnel, instant now) = 0;
    // All of them may send.
    virtual void start(instant now) = 0;
    // What `add_due` and `start` have sent goes out.
    virtual void wake() = 0;
    // Closes every tunnel, then the connection.
    virtual void close() = 0;
    virtual bool settled() const = 0; // the server's SETTINGS came
};

template <class Connection>
class bench_connection final : public bench_lane {
public:
    // The tunnels' numbers begin at `first`. The course and the content are shared by all
    // connections of the run, and outlive them, as does what `wanted` points to.
    bench_connection(std::shared_ptr<Connection> connection, bench_course& course,
                     bench_content& content, const connect_request& wanted, std::uint32_t first)
        : connection_(std::move(connection)),
          session_(connection_->session()),
          course_(course),
          content_(content),
          wanted_(wanted),
          tunnels_(course.options().tunnels + course.options().blocked) {
        for (bench_tunnel& at : tunnels_) at.number = first++;
        for (std::size_t i = course.options().tunnels; i < tunnels_.size(); ++i)
            tunnels_[i].blocked = true;
    }

    void handle(const stream_event& happened) {
        std::visit([this](const auto& what) { this->on(what); }, happened);
    }

    void add_due(std::size_t tunnel, instant now) override {
        ++tunnels_[tunnel].due;
        send(tunnels_[tunnel], now);
    }

    void start(instant now) override {
        for (bench_tunnel& at : tunnels_) send(at, now);
    }

    void wake() override { connection_->wake(); }

    void close() override {
        const instant now = asio::now();
        for (std::size_t i = 0; i < asked_; ++i) close(tunnels_[i], now);
        leave_when_released();
        wake();
    }

    bool settled() const override { return settled_; }

private:
    // Requests that wait for their answers together: a server may bound them, and ours refuses more
    // than session_options::max_pending of one read.
    static constexpr std::size_t most_asked = 32;

    // ---- what happens ---------------------------------------------------------------------------

    void on(const settings_received& settings) {
        if (std::exchange(settled_, true)) return;
        const std::size_t most = settings.values.max_concurrent_streams;
        if (settings.connect == connect_answer::yes && most < tunnels_.size())
            return course_.fail({exit_status::usage,
                                 "the server allows " + std::to_string(most) +
                                     " concurrent streams on a connection, which are too few for " +
                                     std::to_string(tunnels_.size()) +
                                     " tunnels: more connections with fewer tunnels will do"});
        open_more();
    }

    void on(const tunnel_opened& opened) {
        bench_tunnel& where = at(opened.tunnel);
        const instant now = asio::now();
        course_.opened(where, now);
        if (where.blocked) fill(where, now);
        ++answered_;
        open_more();
    }

    void on(const tunnel_refused& refused) {
        at(refused.tunnel).unanswered = false;
        ++answered_;
        if (course_.phase() == bench_phase::closing) return; // it was reset, unanswered
        if (refused.error == errc::status_not_2xx) return course_.fail(refusal(refused));
        if (refused.error != errc::connection_lost) // connection_ended says more
            course_.fail(ending(refused.error, refused.stream_error, context({})));
    }

    void on(const tunnel_event& happened) {
        bench_tunnel& where = at(happened.tunnel);
        if (const auto* chunk = std::get_if<message_chunk>(&happened.what))
            return receive(where, *chunk, happened.wire_bytes);
        if (const auto* close = std::get_if<close_frame>(&happened.what))
            where.received = close->code;
        else if (const auto* last = std::get_if<closed>(&happened.what))
            end(where, *last);
    }

    void on(const tunnel_writable& writable) {
        bench_tunnel& where = at(writable.tunnel);
        where.full = false;
        send(where, asio::now());
    }

    void on(const tunnel_released&) {
        ++released_;
        leave_when_released();
    }

    // Once all tunnels are gone, nobody minds how the server ends the connection.
    void on(const connection_ended& end) {
        if (course_.phase() == bench_phase::closing && released_ == asked_) return;
        course_.fail(ending(end, context({})));
    }

    void on(const auto&) {}

    // ---- tunnels --------------------------------------------------------------------------------

    void open_more() {
        const instant now = asio::now();
        while (course_.phase() == bench_phase::opening && asked_ < tunnels_.size() &&
               asked_ - answered_ < most_asked) {
            const auto opened = session_.open(wanted_, now);
            if (!opened) return course_.fail(ending(opened.error(), {}, context({})));
            tunnels_[asked_].id = *opened;
            tunnels_[asked_++].asked_at = now;
        }
    }

    // The names of tunnels that are opened one after the other follow each other, though nobody
    // has promised that.
    bench_tunnel& at(tunnel_id id) {
        const std::uint64_t guess = id.value - tunnels_.front().id.value;
        if (guess < asked_ && tunnels_[guess].id == id) return tunnels_[guess];
        return *std::ranges::find(tunnels_, id, &bench_tunnel::id);
    }

    void close(bench_tunnel& each, instant now) {
        each.close_ours = true;
        if (each.unanswered || each.blocked) // it cannot be closed yet, or its Close would wait
            (void)session_.reset(each.id, http2_error::cancel, now);
        else // or its end has come, and been told
            (void)session_.send_close(each.id, status_code::normal_closure, "", now);
    }

    void end(bench_tunnel& where, const closed& last) {
        if (last.error == errc::connection_lost) return; // connection_ended says more
        if (where.blocked && where.close_ours) return;
        if (last.error != errc::none)
            return course_.fail(ending(last.error, last.stream_error, context(where.received)));
        if (where.close_ours) return course_.closed_clean();
        const auto code = where.received.value_or(status_code::no_status_received);
        course_.fail(
            {exit_status::abnormal_ending, "the server closed a tunnel before the end, with " +
                                               std::to_string(static_cast<std::uint16_t>(code))});
    }

    void leave_when_released() {
        if (course_.phase() == bench_phase::closing && released_ == asked_)
            session_.shutdown(asio::now());
    }

    ending_context context(std::optional<status_code> received) const {
        return {settled_ ? "in the opening or the closing handshake"
                         : "waiting for the server's SETTINGS",
                received, settled_};
    }

    // ---- messages -------------------------------------------------------------------------------

    void send(bench_tunnel& where, instant now) {
        if (where.blocked) return fill(where, now);
        while (!where.full && course_.may_send(where)) {
            const const_bytes message =
                content_.make(where.number, static_cast<std::uint32_t>(where.sent));
            const auto done = session_.send(where.id, course_.options().type, message, now);
            where.full = done.error() == errc::queue_full;
            if (!done) return; // or it has ended, which will be told
            course_.sent(where, now);
        }
    }

    // As much as there is room for, until its end.
    void fill(bench_tunnel& where, instant now) {
        while (!where.close_ours) {
            const const_bytes message =
                content_.make(where.number, static_cast<std::uint32_t>(where.sent++));
            if (!session_.send(where.id, course_.options().type, message, now)) return;
        }
    }

    void receive(bench_tunnel& where, const message_chunk& chunk, std::size_t wire_bytes) {
        if (where.blocked) return; // and so its window is used up
        where.wrong |= chunk.type != course_.options().type ||
                       !content_.matches(where.number, static_cast<std::uint32_t>(where.echoed),
                                         where.offset, chunk.payload);
        where.offset += chunk.payload.size();
        session_.consume(where.id, wire_bytes);
        if (!chunk.last) return;
        const bool right = !where.wrong && where.offset == content_.size();
        where.offset = 0;
        where.wrong = false;
        if (course_.phase() == bench_phase::closing) return;
        if (where.echoed == where.sent) return course_.unasked();
        const instant now = asio::now();
        course_.echoed(where, right, now);
        send(where, now);
    }

    const std::shared_ptr<Connection> connection_;
    typename Connection::session_type& session_;
    bench_course& course_;
    bench_content& content_;
    const connect_request wanted_;
    std::vector<bench_tunnel> tunnels_;
    std::size_t asked_ = 0;    // for; they are at the front
    std::size_t answered_ = 0; // of these
    std::size_t released_ = 0; // of these
    bool settled_ = false;
};

} // namespace h2ws::tools
