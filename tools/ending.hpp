// How a tunnel, a connection or the time for it ended: the exit status, and the sentence for
// whoever reads.
#pragma once

#include "exit_status.hpp"
#include "report.hpp"

#include <h2ws/status_code.hpp>
#include <h2ws/stream_event.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace h2ws::tools {

// What had become of the tunnel before it ended.
struct ending_context {
    std::string step;                    // what was waited for
    std::optional<status_code> received; // in the peer's Close
    bool settled = false;                // the server's SETTINGS came
};

// With an answer other than 2xx, its first line in the sentence.
failure refusal(const tunnel_refused& refused);

// Of a tunnel, or of the connection under it. Not for errc::none.
failure ending(errc error, http2_error code, const ending_context& before);

// Of a connection whose end nobody wanted.
failure ending(const connection_ended& end, const ending_context& before);

// The time for a step is over.
failure timed_out(std::chrono::nanoseconds limit, const std::string& step);

} // namespace h2ws::tools
