// `h2ws connect`: one WebSocket, from the command line.
#pragma once

#include "exit_status.hpp"

#include <h2ws/field.hpp>
#include <h2ws/status_code.hpp>
#include <h2ws/uri.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace h2ws::tools {

struct connect_options {
    std::string url; // one that parse_uri takes
    bool cleartext = false;
    std::string ca_file;
    bool insecure = false;
    std::vector<std::string> subprotocols;
    std::vector<std::string> headers; // "name: value"
    std::vector<std::string> messages;
    bool echo = false;
    std::chrono::nanoseconds linger = std::chrono::milliseconds(500);
    std::chrono::nanoseconds timeout = std::chrono::seconds(10);
    status_code close_code = status_code::normal_closure;
    std::string close_reason;
    bool deflate = false;        // offer permessage-deflate
    bool end_with_reset = false; // session_options::end_with_reset
    std::string engine;
    bool verbose = false;
    bool show_frames = false; // HTTP/2's
};

// The name in lower case and the value without white space around it; a failure when there is no
// colon.
std::pair<std::string, std::string> parse_header(const std::string& line);

exit_status connect(const connect_options& options);

} // namespace h2ws::tools
