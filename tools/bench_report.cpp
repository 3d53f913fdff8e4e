#include "bench_report.hpp"

#include "report.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <utility>

namespace h2ws::tools {

namespace {

struct named_quantile {
    const char* text;
    const char* json;
    std::uint64_t numerator;
    std::uint64_t denominator;
};

constexpr std::array quantiles{
    named_quantile{"p50", "p50", 1, 2}, named_quantile{"p90", "p90", 9, 10},
    named_quantile{"p99", "p99", 99, 100}, named_quantile{"p99.9", "p99_9", 999, 1'000},
    named_quantile{"p99.99", "p99_99", 9'999, 10'000}};

double per(double amount, double of) { return of > 0 ? amount / of : 0; }

double messages_in(const bench_result& result) {
    return static_cast<double>(result.latency.count());
}

// With `decimals` behind the point.
std::string number(double value, int decimals) {
    std::array<char, 400> digits; // of the largest double there are 309
    const int size = std::snprintf(digits.data(), digits.size(), "%.*f", decimals, value);
    return {digits.data(), static_cast<std::size_t>(size)};
}

// Three digits, which are what the histogram knows.
std::string span(double nanoseconds) {
    constexpr std::array<const char*, 4> units{" ns", " us", " ms", " s"};
    std::size_t unit = 0;
    for (; unit + 1 < units.size() && nanoseconds >= 999.5; ++unit) nanoseconds /= 1'000;
    const int decimals = unit == 0 || nanoseconds >= 99.95 ? 0 : nanoseconds >= 9.995 ? 1 : 2;
    return number(nanoseconds, decimals) + units[unit];
}

std::string span(std::uint64_t nanoseconds) { return span(static_cast<double>(nanoseconds)); }

// ---- text ---------------------------------------------------------------------------------------

std::string count_of(double count, const std::string& what) {
    return grouped(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string row(std::string_view name, const std::string& value) {
    std::string line(name);
    line.resize(12, ' ');
    return line + value + '\n';
}

std::string load_of(const bench_options& options) {
    const bool text = options.type == opcode::text;
    std::string line = options.where.url + " by " + options.where.engine + ": " +
                       count_of(static_cast<double>(options.connections), "connection") +
                       ", on each " + count_of(static_cast<double>(options.tunnels), "tunnel") +
                       ", on each up to " +
                       count_of(static_cast<double>(options.in_flight), "message") + " of " +
                       count_of(static_cast<double>(options.size), "byte") + " (" +
                       (text ? "text" : "binary") + ") under way";
    if (options.blocked != 0)
        line += ", and " + grouped(static_cast<double>(options.blocked)) + " blocked beside them";
    if (options.rate > 0) line += ", " + number(options.rate, 0) + " messages/s due";
    return line + '\n';
}

std::string latency_rows(const latency_histogram& latency) {
    std::string text = row("  min", span(latency.min())) + row("  mean", span(latency.mean()));
    for (const named_quantile& each : quantiles)
        text += row(std::string("  ") + each.text,
                    span(latency.quantile(each.numerator, each.denominator)));
    return text + row("  max", span(latency.max()));
}

std::string errors_of(const bench_result& result) {
    return grouped(static_cast<double>(result.wrong_echoes)) + " wrong echoes, " +
           grouped(static_cast<double>(result.unanswered)) + " unanswered, " +
           grouped(static_cast<double>(result.unsent)) + " due and not sent";
}

// ---- JSON ---------------------------------------------------------------------------------------

class json_object {
public:
    json_object& add(std::string_view name, const std::string& value) {
        text_ += text_.size() == 1 ? "\"" : ", \"";
        text_.append(name).append("\": ").append(value);
        return *this;
    }
    json_object& add(std::string_view name, std::uint64_t value) {
        return add(name, std::to_string(value));
    }

    std::string text() const { return text_ + '}'; }

private:
    std::string text_ = "{";
};

std::string quoted(std::string_view text) {
    std::string whole = "\"";
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\') whole += '\\';
        whole += c;
    }
    return whole + '"';
}

std::string boolean(bool value) { return value ? "true" : "false"; }

std::string json_of(const latency_histogram& latency) {
    json_object object;
    object.add("min", latency.min()).add("mean", number(latency.mean(), 0));
    for (const named_quantile& each : quantiles)
        object.add(each.json, latency.quantile(each.numerator, each.denominator));
    return object.add("max", latency.max()).text();
}

void add_load(json_object& object, const bench_options& options) {
    object.add("url", quoted(options.where.url))
        .add("engine", quoted(options.where.engine))
        .add("connections", options.connections)
        .add("tunnels", options.tunnels)
        .add("blocked", options.blocked)
        .add("in_flight", options.in_flight)
        .add("size", options.size)
        .add("type", options.type == opcode::text ? "\"text\"" : "\"binary\"")
        .add("rate", number(options.rate, 3));
}

} // namespace

void report(const bench_options& options, const bench_result& result) {
    print_line(options.json ? json_of(options, result) : text_of(options, result));
}

std::string text_of(const bench_options& options, const bench_result& result) {
    const bool has_rate = options.rate > 0;
    const double messages = messages_in(result);
    const double each_second = per(messages, result.seconds);
    const double cpu = result.cpu_seconds;
    std::string text = load_of(options);
    if (result.interrupted) text += "interrupted: what there was by then\n";
    text += row("tunnels", grouped(static_cast<double>(result.tunnels_opened)) + " opened (p50 " +
                               span(result.opening.quantile(1, 2)) + ", p99 " +
                               span(result.opening.quantile(99, 100)) + "), " +
                               grouped(static_cast<double>(result.tunnels_closed)) + " closed");
    text += row("messages", grouped(messages) + " in " + number(result.seconds, 2) +
                                " s: " + grouped(each_second) + " messages/s, " +
                                grouped(each_second * static_cast<double>(options.size)) +
                                " bytes/s each way");
    text += row("errors", errors_of(result));
    text += row("latency", has_rate ? "from when a message was due"
                                    : "from sending; not corrected: closed loop");
    text += latency_rows(result.latency);
    if (has_rate) text += row("of that", "from when it was sent") + latency_rows(result.service);
    text += row("client CPU", span(per(cpu * 1e9, messages)) + " per message, " +
                                  number(100 * per(cpu, result.seconds), 0) + " % of a core");
    text.pop_back();
    return text;
}

std::string json_of(const bench_options& options, const bench_result& result) {
    const bool has_rate = options.rate > 0;
    const double messages = messages_in(result);
    const double each_second = per(messages, result.seconds);
    json_object object;
    add_load(object, options);
    object.add("interrupted", boolean(result.interrupted))
        .add("tunnels_opened", result.tunnels_opened)
        .add("tunnels_closed", result.tunnels_closed)
        .add("open_ns", json_of(result.opening))
        .add("seconds", number(result.seconds, 6))
        .add("messages", result.latency.count())
        .add("messages_per_second", number(each_second, 1))
        .add("bytes_per_second", number(each_second * static_cast<double>(options.size), 1))
        .add("errors", result.wrong_echoes + result.unanswered)
        .add("wrong_echoes", result.wrong_echoes)
        .add("unanswered", result.unanswered)
        .add("unsent", result.unsent)
        .add("latency_from", quoted(has_rate ? "due" : "sent"))
        .add("coordinated_omission_corrected", boolean(has_rate))
        .add("latency_ns", json_of(result.latency));
    if (has_rate) object.add("service_ns", json_of(result.service));
    return object
        .add("client_cpu_ns_per_message", number(per(result.cpu_seconds * 1e9, messages), 0))
        .add("client_cpu_share", number(per(result.cpu_seconds, result.seconds), 3))
        .text();
}

std::string grouped(double value) {
    std::string digits = number(value, 0);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

} // namespace h2ws::tools
