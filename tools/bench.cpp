#include "bench.hpp"

#include "engine.hpp"

#include <algorithm>

namespace h2ws::tools {

session_options options_of_session(const bench_options& options) {
    session_options chosen;
    chosen.waits.handshake = chosen.waits.close = options.where.timeout.count();
    chosen.messages.max_message =
        std::max<std::uint64_t>(chosen.messages.max_message, options.size);
    chosen.end_with_reset = options.where.end_with_reset;
    // As large as windows grow: it is the server that is to be waited for.
    chosen.stream_window = chosen.max_stream_window;
    chosen.connection_window = chosen.max_connection_window;
    return chosen;
}

exit_status bench(const bench_options& options) {
    return engine_named(options.where.engine).bench(options);
}

} // namespace h2ws::tools
