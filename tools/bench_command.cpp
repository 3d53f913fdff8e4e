#include "bench_command.hpp"

#include "bench_content.hpp"
#include "command_line.hpp"
#include "report.hpp"

namespace h2ws::tools {

namespace {

constexpr const char* notes =
    R"(Every echo is compared with what was sent, byte by byte, and has to come in the order of sending.
Without --rate the loop is closed: a tunnel sends its next message when an echo comes back, so a
server that stalls is not loaded meanwhile, and its stall is hardly seen in the latencies. With
--rate latencies count from the moment at which a message was due, whenever it could be sent.

Exit status:
  0 all echoes right, or SIGINT       5 a tunnel or a connection ended too early
  1 internal error                    6 timeout
  2 usage; more tunnels than the      7 could not connect (DNS, TCP, TLS, ALPN)
    server's MAX_CONCURRENT_STREAMS   8 the server does not speak RFC 8441
  3 refused by the server             9 an echo was wrong
  4 the server broke the protocol)";

constexpr std::size_t most = 1'000'000;             // of each of three
constexpr std::size_t most_under_way = 100'000'000; // all three multiplied: 8 bytes each

} // namespace

bench_command::bench_command(CLI::App& app)
    : command_(*app.add_subcommand("bench", "Load a server that echoes, check its echoes and "
                                            "measure how long they take")) {
    add_where(command_, options_.where);
    add_load();
    add_length();
    command_.add_flag("--json", options_.json, "The results as one JSON object");
    command_.add_flag("--quiet", options_.quiet, "No progress on standard error");
    command_.footer(notes);
}

exit_status bench_command::run() {
    if (options_.connections * options_.tunnels * options_.in_flight > most_under_way)
        throw failure{exit_status::usage,
                      "these are more messages under way than " + std::to_string(most_under_way)};
    if (text_) options_.type = opcode::text;
    options_.duration = nanoseconds(duration_);
    options_.warmup = nanoseconds(warmup_);
    options_.where.timeout = nanoseconds(timeout_);
    return bench(options_);
}

void bench_command::add_load() {
    command_.add_option("--connections", options_.connections, "Connections")
        ->check(CLI::Range(std::size_t{1}, most))
        ->capture_default_str();
    command_.add_option("--tunnels", options_.tunnels, "WebSockets on each connection")
        ->check(CLI::Range(std::size_t{1}, most))
        ->capture_default_str();
    command_
        .add_option("--blocked", options_.blocked,
                    "More on each, that send all they can and read nothing")
        ->check(CLI::Range(std::size_t{0}, most))
        ->capture_default_str();
    command_
        .add_option("--in-flight", options_.in_flight,
                    "Messages of a WebSocket that are under way at most")
        ->check(CLI::Range(std::size_t{1}, most))
        ->capture_default_str();
    command_.add_option("--size", options_.size, "Bytes of a message")
        ->check(CLI::Range(bench_content::name_size, std::size_t{1} << 30))
        ->capture_default_str();
    command_.add_flag("--text", text_, "Text messages (ASCII) instead of binary ones");
    command_
        .add_option("--rate", options_.rate,
                    "Messages per second, all WebSockets together; 0: as fast as echoes come back")
        ->check(CLI::Range(0.0, 1e9))
        ->capture_default_str();
}

void bench_command::add_length() {
    auto* const duration =
        command_.add_option("--duration", duration_, "Seconds that are measured")
            ->check(CLI::Range(0.001, longest_wait))
            ->capture_default_str();
    command_.add_option("--warmup", warmup_, "Seconds before, whose messages are only checked")
        ->check(CLI::Range(0.0, longest_wait))
        ->capture_default_str();
    command_
        .add_option("--messages", options_.messages,
                    "Measure so many messages, however long that takes")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62))
        ->excludes(duration);
    command_
        .add_option("--timeout", timeout_,
                    "Seconds for each connection, for the handshakes, and without any echo")
        ->check(CLI::Range(0.001, longest_wait))
        ->capture_default_str();
}

} // namespace h2ws::tools
