// Serves one connection: `co_await h2ws::asio::serve(connection, handler, asio::use_awaitable)`.
#pragma once

#include "connection.hpp"

namespace h2ws::asio {

// Runs the server's side of a connection to its end; see connection::async_run.
template <accepting_session Session, class Stream, class Handler, class CompletionToken>
auto serve(const std::shared_ptr<connection<Session, Stream>>& accepted, Handler handler,
           CompletionToken&& token) {
    return accepted->async_run(std::move(handler), std::forward<CompletionToken>(token));
}

} // namespace h2ws::asio
