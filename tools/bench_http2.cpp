#include "bench_run.hpp"
#include "engine.hpp"

#include <h2ws/http2/session.hpp>

namespace h2ws::tools {

exit_status bench_http2(const bench_options& options) { return bench_with<http2::client>(options); }

} // namespace h2ws::tools
