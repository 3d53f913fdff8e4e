// Runs a client's connection: open tunnels on its session before or meanwhile.
#pragma once

#include "connection.hpp"

namespace h2ws::asio {

// Runs the client's side of a connection to its end; see connection::async_run.
template <opening_session Session, class Stream, class Handler, class CompletionToken>
auto connect(const std::shared_ptr<connection<Session, Stream>>& connected, Handler handler,
             CompletionToken&& token) {
    return connected->async_run(std::move(handler), std::forward<CompletionToken>(token));
}

} // namespace h2ws::asio
