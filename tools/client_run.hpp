// `h2ws connect` on one HTTP/2 engine: reaches the server and has a conversation with it.
#pragma once

#include "conversation.hpp"
#include "counting_session.hpp"
#include "dial.hpp"
#include "ending.hpp"
#include "opening.hpp"
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

namespace h2ws::tools {

template <opening_session Session>
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
    // After a timer of the session, for what it then has to say.
    static constexpr std::chrono::nanoseconds grace = std::chrono::seconds(1);

    using session_type = counting_session<traced_session<Session>>;

    ::asio::awaitable<void> talk() {
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
    ::asio::awaitable<void> converse(Stream stream) {
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
        talking->open(request_.wanted());
        const auto handle = [talking](connection_type&, const stream_event& happened) {
            talking->handle(happened);
        };
        std::error_code ignored; // what it meant was told as connection_ended
        co_await asio::connect(connected, handle,
                               ::asio::redirect_error(::asio::use_awaitable, ignored));
    }

    // A name that is being looked up cannot be interrupted, and ending in order would wait for it.
    [[noreturn]] void give_up() const {
        complain(timed_out(options_.timeout, limit_.step()).message);
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

template <opening_session Session>
exit_status connect_with(const connect_options& options) {
    return client_run<Session>(options).run();
}

} // namespace h2ws::tools
