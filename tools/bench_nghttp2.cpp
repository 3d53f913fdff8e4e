#include "bench_run.hpp"
#include "engine.hpp"

#include <h2ws/nghttp2/client.hpp>

namespace h2ws::tools {

exit_status bench_nghttp2(const bench_options& options) {
    return bench_with<nghttp2::client>(options);
}

} // namespace h2ws::tools
