// The ends of a connection whose websockets are objects, and what tests of streams call things.
#pragma once

#include <h2ws/asio/stream_connection.hpp>
#include <h2ws/system_entropy.hpp>

#include <asio.hpp>
#include <engine.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace streams {

using strings = std::vector<std::string>;

template <class Transport, class Session = engine::server>
using server_over = h2ws::asio::stream_connection<Session, Transport>;
template <class Transport, class Session = engine::client>
using client_over = h2ws::asio::stream_connection<Session, Transport>;

inline h2ws::session_options accepting(h2ws::session_options options = {}) {
    options.accept_tunnels = true;
    return options;
}

inline h2ws::connect_request chat(std::string_view path = "/chat") {
    return {.scheme = "http", .authority = "localhost", .path = path};
}

// "none", "eof", "operation_aborted", or the name of an errc.
inline std::string name_of(std::error_code error) {
    if (!error) return "none";
    if (error == asio::error::eof) return "eof";
    if (error == asio::error::operation_aborted) return "operation_aborted";
    if (error == asio::error::already_started) return "already_started";
    if (error.category() != h2ws::error_category()) return error.message();
    return std::string(h2ws::info(static_cast<h2ws::errc>(error.value())).name);
}

} // namespace streams
