#include "bench_course.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cmath>

namespace h2ws::tools {

namespace {

double cpu_seconds() {
    rusage used{};
    if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
    const auto seconds = [](const timeval& span) {
        return static_cast<double>(span.tv_sec) + static_cast<double>(span.tv_usec) * 1e-6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// So many are due within the span, the first at once; a product that is a whole number is one,
// whatever it was rounded to.
std::uint64_t messages_of(std::chrono::nanoseconds span, double rate) {
    const double seconds = std::chrono::duration<double>(span).count();
    return static_cast<std::uint64_t>(std::ceil(seconds * rate - 1e-6));
}

} // namespace

bench_course::bench_course(const bench_options& options, bench_driver& driver)
    : options_(options),
      driver_(driver),
      tunnels_(std::uint64_t{options.connections} * options.tunnels),
      sent_at_(tunnels_ * options.in_flight),
      unopened_(tunnels_ + std::uint64_t{options.connections} * options.blocked) {}

void bench_course::begin(instant now) {
    phase_ = bench_phase::running;
    begun_at_ = now;
    measured_from_ = after(now, options_.warmup.count());
    if (!has_rate()) return;
    first_measured_ = messages_of(options_.warmup, options_.rate);
    end_of_due_ =
        first_measured_ + (options_.messages != 0 ? options_.messages
                                                  : messages_of(options_.duration, options_.rate));
    measured_from_ = due(first_measured_);
}

void bench_course::measuring_begins() { cpu_at_begin_ = cpu_seconds(); }

void bench_course::stop_sending() {
    if (phase_ != bench_phase::running) return;
    phase_ = bench_phase::draining;
    if (outstanding_ == 0) driver_.drained();
}

void bench_course::begin_closing() {
    phase_ = bench_phase::closing;
    result_.unanswered = outstanding_;
    if (next_due_ > first_measured_) result_.unsent = next_due_ - first_measured_ - measured_sent_;
    if (result_.latency.count() == 0) return;
    result_.seconds = static_cast<double>(last_measured_ - measured_from_) * 1e-9;
    result_.cpu_seconds = cpu_seconds() - cpu_at_begin_;
}

std::optional<std::uint64_t> bench_course::take_due(instant now) noexcept {
    if (next_due() > now) return std::nullopt;
    return next_due_++;
}

instant bench_course::next_due() const noexcept {
    return phase_ != bench_phase::running || next_due_ == end_of_due_ ? never : due(next_due_);
}

void bench_course::opened(bench_tunnel& at, instant now) {
    at.unanswered = false;
    if (!at.blocked) {
        result_.opening.record(static_cast<std::uint64_t>(now - at.asked_at));
        ++result_.tunnels_opened;
    }
    if (--unopened_ == 0 && phase_ == bench_phase::opening) driver_.all_open();
}

bool bench_course::may_send(const bench_tunnel& at) const noexcept {
    if (phase_ != bench_phase::running || at.sent - at.echoed == options_.in_flight) return false;
    return !has_rate() || at.sent < at.due;
}

void bench_course::sent(bench_tunnel& at, instant now) {
    sent_at(at, at.sent) = now;
    if (outstanding_++ == 0) progress_at_ = now;
    if (began(at, at.sent++) < measured_from_) return;
    if (++measured_sent_ == options_.messages) phase_ = bench_phase::draining;
}

void bench_course::echoed(bench_tunnel& at, bool right, instant now) {
    const std::uint64_t message = at.echoed++;
    const instant start = began(at, message);
    --outstanding_;
    ++echoes_;
    progress_at_ = now;
    if (!right) ++result_.wrong_echoes;
    if (right && start >= measured_from_) {
        result_.latency.record(static_cast<std::uint64_t>(now - start));
        if (has_rate())
            result_.service.record(static_cast<std::uint64_t>(now - sent_at(at, message)));
        last_measured_ = now;
    }
    if (phase_ == bench_phase::draining && outstanding_ == 0) driver_.drained();
}

void bench_course::fail(const failure& why) {
    if (outcome_) return;
    outcome_ = why.status;
    driver_.failed(why);
}

exit_status bench_course::outcome() const noexcept {
    if (outcome_) return *outcome_;
    return result_.wrong_echoes == 0 ? exit_status::success : exit_status::wrong_echo;
}

instant bench_course::due(std::uint64_t message) const noexcept {
    return begun_at_ + static_cast<instant>(static_cast<double>(message) * 1e9 / options_.rate);
}

// When a tunnel's message of that number was due, or without a rate sent.
instant bench_course::began(const bench_tunnel& at, std::uint64_t message) const noexcept {
    if (has_rate()) return due(message * tunnels_ + at.number);
    return sent_at_[at.number * options_.in_flight + message % options_.in_flight];
}

instant& bench_course::sent_at(const bench_tunnel& at, std::uint64_t message) noexcept {
    return sent_at_[at.number * options_.in_flight + message % options_.in_flight];
}

} // namespace h2ws::tools
