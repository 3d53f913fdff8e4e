// What the connections of a run have in common: how far the run is, which messages may be sent, and
// what is counted. Messages are numbered over all tunnels, which have their turns one after the
// other: with a rate, that number says when a message is due.
#pragma once

#include "bench.hpp"
#include "bench_result.hpp"
#include "report.hpp"

#include <h2ws/instant.hpp>
#include <h2ws/session.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace h2ws::tools {

// One WebSocket of the run.
struct bench_tunnel {
    std::uint32_t number = 0; // of all
    tunnel_id id;
    instant asked_at = 0;
    std::uint64_t due = 0; // messages; with a rate
    std::uint64_t sent = 0;
    std::uint64_t echoed = 0;
    std::size_t offset = 0;              // in the message that comes back
    bool wrong = false;                  // what came of that so far
    bool blocked = false;                // beside the load: sends all it can, and reads nothing
    bool full = false;                   // the queue was, when it was last sent on
    bool close_ours = false;             // the closing handshake was begun by us
    bool unanswered = true;              // no answer to its request yet
    std::optional<status_code> received; // in the server's Close
};

enum class bench_phase : std::uint8_t {
    opening,  // tunnels
    running,  // messages are sent
    draining, // echoes are waited for
    closing,  // tunnels
};

// Whoever drives the run: told of what changes its phase, from within a connection's handler.
class bench_driver {
public:
    virtual void all_open() = 0;
    virtual void drained() = 0;
    virtual void failed(const failure& why) = 0;

protected:
    ~bench_driver() = default;
};

class bench_course {
public:
    // Both outlive it.
    bench_course(const bench_options& options, bench_driver& driver);

    const bench_options& options() const noexcept { return options_; }
    bench_phase phase() const noexcept { return phase_; }
    std::uint64_t tunnels() const noexcept { return tunnels_; }
    bool has_rate() const noexcept { return options_.rate > 0; }

    // ---- of the run -----------------------------------------------------------------------------

    void begin(instant now);
    void stop_sending();  // then `drained`, as soon as all that was sent is back
    void begin_closing(); // what was not back by now is given up

    instant measured_from() const noexcept { return measured_from_; }
    void measuring_begins(); // now: after this, processor time counts

    // With a rate: the number of the next message, if it is due by now and the run has one more.
    std::optional<std::uint64_t> take_due(instant now) noexcept;
    instant next_due() const noexcept; // never: there is none

    // ---- of a tunnel ----------------------------------------------------------------------------

    void opened(bench_tunnel& at, instant now);
    void closed_clean() noexcept { ++result_.tunnels_closed; }

    bool may_send(const bench_tunnel& at) const noexcept;
    void sent(bench_tunnel& at, instant now);
    void echoed(bench_tunnel& at, bool right, instant now);
    void unasked() noexcept { ++result_.wrong_echoes; } // an echo of nothing

    // ---- how it ends ----------------------------------------------------------------------------

    // The first reason is what the command ends with, and says.
    void fail(const failure& why);
    void interrupted() noexcept { result_.interrupted = true; }
    exit_status outcome() const noexcept;

    // Since when all that was sent waits for its echo; never: nothing waits.
    instant waiting_since() const noexcept { return outstanding_ == 0 ? never : progress_at_; }

    const bench_result& result() const noexcept { return result_; }
    std::uint64_t echoes() const noexcept { return echoes_; } // in all

private:
    instant due(std::uint64_t message) const noexcept;
    instant began(const bench_tunnel& at, std::uint64_t message) const noexcept;
    instant& sent_at(const bench_tunnel& at, std::uint64_t message) noexcept;

    const bench_options& options_;
    bench_driver& driver_;
    const std::uint64_t tunnels_;
    std::vector<instant> sent_at_; // of the messages under way, `in_flight` for each tunnel
    bench_result result_;
    bench_phase phase_ = bench_phase::opening;
    std::optional<exit_status> outcome_;
    instant begun_at_ = never;
    instant measured_from_ = never;
    instant last_measured_ = 0;
    instant progress_at_ = 0;
    double cpu_at_begin_ = 0;
    std::uint64_t next_due_ = 0; // message, with a rate, as the next two
    std::uint64_t first_measured_ = 0;
    std::uint64_t end_of_due_ = 0;
    std::uint64_t measured_sent_ = 0;
    std::uint64_t outstanding_ = 0;
    std::uint64_t unopened_; // tunnels, blocked ones too
    std::uint64_t echoes_ = 0;
};

} // namespace h2ws::tools
