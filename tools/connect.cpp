#include "connect.hpp"

#include "conversation.hpp"
#include "counting_session.hpp"
#include "dial.hpp"
#include "engine.hpp"
#include "report.hpp"
#include "time_limit.hpp"
#include "trace.hpp"
#include "traced_session.hpp"

#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/system_entropy.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace h2ws::tools {

namespace {

using ::asio::awaitable;
using ::asio::redirect_error;
using ::asio::use_awaitable;

// The request and all that it is made of.
class opening {
public:
    explicit opening(const connect_options& options)
        : uri_(*parse_uri(options.url)),
          cleartext_(options.cleartext || !uri_.secure) {
        for (const std::string& name : options.subprotocols)
            subprotocols_ += (subprotocols_.empty() ? "" : ", ") + name;
        for (const std::string& line : options.headers) texts_.push_back(parse_header(line));
        for (const auto& [name, value] : texts_) fields_.push_back({name, value});
        if (const field_list list = h2ws::request(wanted()); list.error() != errc::none)
            throw failure{exit_status::usage,
                          "cannot make this request: " + describe(list.error())};
    }
    opening(const opening&) = delete;
    opening& operator=(const opening&) = delete;

    const websocket_uri& uri() const { return uri_; }
    bool cleartext() const { return cleartext_; }

    connect_request wanted() const {
        return {.scheme = cleartext_ ? "http" : "https",
                .authority = uri_.authority,
                .path = uri_.path,
                .subprotocols = subprotocols_,
                .fields = fields_};
    }

private:
    websocket_uri uri_;
    bool cleartext_;
    std::string subprotocols_;
    std::vector<std::pair<std::string, std::string>> texts_;
    std::vector<field> fields_;
};

// After a timer of the session, for what it then has to say.
constexpr std::chrono::nanoseconds grace = std::chrono::seconds(1);

template <class Engine>
class client_run {
public:
    explicit client_run(const connect_options& options)
        : options_(options),
          request_(options),
          limit_(io_) {}

    exit_status run() {
        limit_.start(options_.timeout, "connecting to " + std::string(request_.uri().host));
        std::exception_ptr thrown;
        co_spawn(io_, talk(), [&](std::exception_ptr reason) {
            thrown = reason;
            io_.stop();
        });
        io_.run();
        if (thrown) std::rethrow_exception(thrown);
        if (outcome_) return *outcome_;
        if (!limit_.exceeded()) return exit_status::internal_error;
        give_up();
    }

private:
    using session_type = counting_session<traced_session<typename Engine::client>>;

    awaitable<void> talk() {
        dial to(options_, request_.uri(), trace(options_.verbose));
        if (request_.cleartext()) {
            ::asio::ip::tcp::socket socket = co_await to.connect();
            co_await converse(std::move(socket));
            co_return;
        }
        ::asio::ssl::context context = to.make_context();
        ::asio::ip::tcp::socket socket = co_await to.connect();
        limit_.name("in the TLS handshake");
        asio::tls_stream stream = co_await to.secure(std::move(socket), context);
        co_await converse(std::move(stream));
    }

    template <class Stream>
    awaitable<void> converse(Stream stream) {
        using connection_type = asio::connection<session_type, Stream>;
        session_options options;
        options.waits.handshake = std::max<duration>(limit_.left().count(), 1);
        options.waits.close = options_.timeout.count();
        options.end_with_reset = options_.end_with_reset;
        limit_.extend(grace);
        const auto connected = std::make_shared<connection_type>(
            std::move(stream), client{entropy_.source()}, options);
        if (options_.show_frames)
            connected->session().show_frames(
                false, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
        const auto talking =
            std::make_shared<conversation<connection_type>>(connected, options_, limit_, outcome_);
        talking_ = talking;
        const connect_request wanted = request_.wanted();
        trace(options_.verbose).sent_fields(h2ws::request(wanted));
        talking->open(wanted);
        const auto handle = [talking](connection_type&, const stream_event& happened) {
            talking->handle(happened);
        };
        std::error_code ignored; // what it meant was told as connection_ended
        co_await asio::connect(connected, handle, redirect_error(use_awaitable, ignored));
    }

    // A name that is being looked up cannot be interrupted, and ending in order would wait for it.
    [[noreturn]] void give_up() const {
        std::ostringstream text;
        text << "timed out after " << std::chrono::duration<double>(options_.timeout).count()
             << " s, " << limit_.step();
        complain(text.str());
        std::_Exit(static_cast<int>(exit_status::timeout));
    }

    const connect_options& options_;
    const opening request_;
    system_entropy entropy_;
    std::optional<exit_status> outcome_;
    ::asio::io_context io_{1};
    time_limit limit_;
    std::shared_ptr<void> talking_; // until nothing that it began can come back to it
};

} // namespace

std::pair<std::string, std::string> parse_header(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0)
        throw failure{exit_status::usage, "a header is 'name: value': " + line};
    std::string name = line.substr(0, colon);
    for (char& c : name) c = lower_case(c); // RFC 9113 §8.2 (R56)
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    if (begin == std::string::npos) return {std::move(name), ""};
    const std::size_t last = line.find_last_not_of(" \t");
    return {std::move(name), line.substr(begin, last + 1 - begin)};
}

exit_status connect(const connect_options& options) {
    return with_engine(options.engine,
                       [&](auto engine) { return client_run<decltype(engine)>(options).run(); });
}

} // namespace h2ws::tools
