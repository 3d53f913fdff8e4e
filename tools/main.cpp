// The h2ws command: reads its arguments, runs a subcommand, reports what ended it.
#include "bench_command.hpp"
#include "command_line.hpp"
#include "connect.hpp"
#include "report.hpp"
#include "serve.hpp"

#include <h2ws/status_code.hpp>
#include <h2ws/utf8.hpp>

#include <CLI/CLI.hpp>

#include <charconv>
#include <exception>
#include <fcntl.h>
#include <unistd.h>

namespace h2ws::tools {

namespace {

constexpr const char* exit_statuses = R"(Exit status:
  0 closed cleanly, whoever began     5 ended abnormally (1006): reset, END_STREAM
  1 internal error                      or connection lost without a Close
  2 usage                             6 timeout
  3 refused by the server             7 could not connect (DNS, TCP, TLS, ALPN)
  4 the server broke the protocol     8 the server does not speak RFC 8441)";

// A validator's answer: empty when the text is good.
std::string check_listen_address(std::string& text) {
    return parse_listen_address(text) ? "" : "not HOST:PORT: " + text;
}

std::string check_utf8(std::string& text) {
    return is_utf8(as_bytes(text)) ? "" : "a text message is UTF-8";
}

std::string check_code(std::string& text) {
    std::uint16_t code = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, code);
    const bool good =
        error == std::errc{} && rest == end && is_allowed_on_the_wire(status_code{code});
    return good ? "" : "not a code that a Close may carry: " + text;
}

std::string check_reason(std::string& text) {
    if (text.size() > 123) return "a reason has at most 123 bytes"; // RFC 6455 §5.5
    return is_utf8(as_bytes(text)) ? "" : "a reason is UTF-8";
}

// `PATH=NUMBER`, as many as there are; `allowed` says which numbers.
void add_paths(CLI::App& command, const std::string& name,
               std::map<std::string, std::uint16_t, std::less<>>& numbers, const std::string& type,
               const std::string& what, bool (*allowed)(std::uint16_t)) {
    const auto add = [=, &numbers](const std::string& text) {
        const std::size_t equals = text.rfind('=');
        std::uint16_t number = 0;
        const char* const end = text.data() + text.size();
        const char* const digits = equals == std::string::npos ? end : text.data() + equals + 1;
        const auto [rest, error] = std::from_chars(digits, end, number);
        if (!text.starts_with('/') || error != std::errc{} || rest != end || !allowed(number))
            throw CLI::ValidationError(name, "not " + type + ": " + text);
        numbers[text.substr(0, equals)] = number;
    };
    command.add_option_function<std::string>(name, add, what)
        ->type_name(type)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->trigger_on_parse();
}

class serve_command {
public:
    explicit serve_command(CLI::App& app)
        : command_(*app.add_subcommand("serve", "Echo server on any path; GET / is a page that "
                                                "tries it in a browser")) {
        command_.add_option("--listen", listen_, "Where to listen; port 0: the system chooses")
            ->type_name("HOST:PORT")
            ->check(CLI::Validator(check_listen_address, ""))
            ->required();
        auto* const certificate =
            command_.add_option("--tls-cert", options_.certificate_file, "Certificate chain, PEM")
                ->type_name("FILE");
        auto* const key =
            command_.add_option("--tls-key", options_.key_file, "Its private key, PEM")
                ->type_name("FILE");
        auto* const made = command_.add_flag("--self-signed", self_signed_,
                                             "Make a certificate for localhost for this run");
        auto* const cleartext = command_.add_flag("--cleartext", options_.cleartext,
                                                  "HTTP/2 without TLS, with prior knowledge");
        certificate->needs(key)->excludes(made)->excludes(cleartext);
        key->needs(certificate);
        made->excludes(cleartext);
        add_list(command_, "--subprotocol", options_.subprotocols,
                 "A subprotocol to accept; may be repeated");
        command_.add_option("--max-message", options_.max_message, "Longest message, in bytes")
            ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40))
            ->capture_default_str();
        add_answers();
        command_.add_flag("--deflate", options_.deflate,
                          "Compress messages where the client offers permessage-deflate");
        add_engine(command_, options_.engine);
        command_.add_flag("!--no-answer-key", options_.answer_key,
                          "Do not answer a sec-websocket-key with sec-websocket-accept; RFC 8441 "
                          "uses neither, but undici 7 demands the answer");
        command_.add_flag("--quiet", options_.quiet, "No lines for tunnels opened and closed");
        command_.add_flag("-v", options_.verbose, "Show every HTTP/2 frame and its fields");
    }

    bool chosen() const { return command_.parsed(); }

    exit_status run() {
        if (options_.certificate_file.empty() && !self_signed_ && !options_.cleartext)
            throw failure{exit_status::usage,
                          "serve needs --tls-cert and --tls-key, --self-signed or --cleartext"};
        options_.listen = *parse_listen_address(listen_);
        return serve(options_);
    }

private:
    // What clients are to be tried with.
    void add_answers() {
        add_paths(command_, "--refuse", options_.refused, "PATH=STATUS",
                  "Answer WebSockets there with this status, 300-599; may be repeated",
                  [](std::uint16_t status) { return status >= 300 && status <= 599; });
        add_paths(command_, "--close", options_.closed, "PATH=CODE",
                  "Close WebSockets there with this code once they are open; may be repeated",
                  [](std::uint16_t code) { return is_allowed_on_the_wire(status_code{code}); });
        command_.add_option("--close-reason", options_.close_reason, "The reason of these Closes")
            ->type_name("TEXT")
            ->check(CLI::Validator(check_reason, ""));
    }

    CLI::App& command_;
    serve_options options_;
    std::string listen_;
    bool self_signed_ = false;
};

class connect_command {
public:
    explicit connect_command(CLI::App& app)
        : command_(*app.add_subcommand("connect", "Open a WebSocket: lines of the input go out as "
                                                  "text messages, messages come out as lines "
                                                  "(binary ones as hex)")) {
        add_where(command_, options_);
        add_what();
        command_.footer(exit_statuses);
    }

    bool chosen() const { return command_.parsed(); }

    exit_status run() {
        options_.linger = nanoseconds(linger_);
        options_.timeout = nanoseconds(timeout_);
        return connect(options_);
    }

private:
    void add_what() {
        auto* const messages = add_list(command_, "--message", options_.messages,
                                        "Send this instead of the input; may be repeated");
        messages->check(CLI::Validator(check_utf8, ""));
        command_.add_flag("--echo", options_.echo, "Return every message until the server closes")
            ->excludes(messages);
        command_
            .add_option("--linger", linger_,
                        "Close after so many seconds of silence when all is sent")
            ->check(CLI::Range(0.0, longest_wait))
            ->capture_default_str();
        command_
            .add_option("--timeout", timeout_,
                        "Seconds for connecting with the handshake, and for closing")
            ->check(CLI::Range(0.001, longest_wait))
            ->capture_default_str();
        command_.add_flag("--deflate", options_.deflate,
                          "Offer to compress messages (permessage-deflate); not for secrets beside "
                          "what others choose");
        command_.add_flag(
            "-v",
            [this](std::int64_t count) {
                options_.verbose = true;
                options_.show_frames = count > 1;
            },
            "Show settings, fields and frames; twice: every HTTP/2 frame too");
        command_
            .add_option_function<std::uint16_t>(
                "--close-code",
                [this](std::uint16_t code) { options_.close_code = status_code{code}; },
                "Close with this code instead of 1000")
            ->check(CLI::Validator(check_code, ""));
        command_.add_option("--close-reason", options_.close_reason, "And with this reason")
            ->type_name("TEXT")
            ->check(CLI::Validator(check_reason, ""));
    }

    CLI::App& command_;
    connect_options options_;
    double linger_ = 0.5;
    double timeout_ = 10;
};

// Where a standard stream is closed, the next file that is opened would take its place.
void keep_standard_streams() {
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; ++stream)
        if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            throw failure{exit_status::internal_error, "cannot open /dev/null"};
}

exit_status run(int count, char** arguments) {
    keep_standard_streams();
    CLI::App app("WebSockets over HTTP/2 (RFC 8441)", "h2ws");
    app.set_version_flag("--version", "h2ws " H2WS_VERSION);
    app.require_subcommand(1);
    serve_command serving(app);
    connect_command connecting(app);
    bench_command benching(app);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_status::success : exit_status::usage;
    }
    if (serving.chosen()) return serving.run();
    return connecting.chosen() ? connecting.run() : benching.run();
}

} // namespace

} // namespace h2ws::tools

int main(int count, char** arguments) {
    using namespace h2ws::tools;
    exit_status status = exit_status::internal_error;
    try {
        status = run(count, arguments);
    } catch (const failure& reason) {
        complain(reason.message);
        status = reason.status;
    } catch (const std::exception& error) {
        complain(error.what());
    }
    return static_cast<int>(status);
}
