// `h2ws serve`: an echo server on any path.
#pragma once

#include "address.hpp"
#include "exit_status.hpp"

#include <h2ws/limits.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace h2ws::tools {

struct serve_options {
    listen_address listen;
    std::string certificate_file; // both empty: made for the run, or cleartext
    std::string key_file;
    bool cleartext = false;
    std::vector<std::string> subprotocols;
    // By path, without a query: what to answer instead of 200, and what to close with at once.
    std::map<std::string, std::uint16_t, std::less<>> refused;
    std::map<std::string, std::uint16_t, std::less<>> closed;
    std::string close_reason; // for the latter
    std::uint64_t max_message = limits{}.max_message;
    std::string engine;
    bool quiet = false;
    bool verbose = false;   // every HTTP/2 frame
    bool deflate = false;   // take offers of permessage-deflate
    bool answer_key = true; // session_options::answer_key
};

// Runs until a signal ends it.
exit_status serve(const serve_options& options);

} // namespace h2ws::tools
