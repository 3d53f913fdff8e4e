// A session whose peer is made by hand, and what tests on it share.
#pragma once

#include "../session_pair.hpp"

namespace session_suite {

// A session whose peer is made by hand.
template <class Session>
struct alone {
    explicit alone(session_options options = {})
        : side((options.accept_tunnels = true, options), {}, now) {}
    instant now = seconds(1);
    endpoint<Session> side;

    void hears(const octets& bytes) {
        side.receive(bytes);
        while (!side.offered().empty()) (void)side.transmit();
    }
};

inline std::vector<field> websocket_request(std::string_view path = "/") {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", path},        {"sec-websocket-version", "13"}};
}

inline lines last(const lines& all, std::size_t count) {
    return {all.end() - static_cast<std::ptrdiff_t>(std::min(count, all.size())), all.end()};
}

inline bool contains(const lines& all, const std::string& line) {
    return std::find(all.begin(), all.end(), line) != all.end();
}

// Lack of memory is told as such: no peer is blamed for it.
inline void check_no_blame(const lines& log) {
    for (const std::string& line : log) {
        CAPTURE(line);
        for (const char* const wrong :
             {"_invalid", "malformed", "missing", "too_small", "not_enabled", "PROTOCOL_ERROR"})
            CHECK(line.find(wrong) == octets::npos);
        if (line.starts_with("rejected ")) CHECK(line == "rejected no_memory");
    }
}

} // namespace session_suite

using namespace session_suite;
