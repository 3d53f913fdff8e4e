// The engine's entry, where nghttp2 was found.
#include "engine.hpp"

namespace h2ws::tools {

const engine nghttp2_engine{"nghttp2", serve_nghttp2, connect_nghttp2, bench_nghttp2};

} // namespace h2ws::tools
