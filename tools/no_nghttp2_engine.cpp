// The engine's entry, where nghttp2 was not found.
#include "engine.hpp"

namespace h2ws::tools {

const engine nghttp2_engine{"nghttp2", nullptr, nullptr, nullptr};

} // namespace h2ws::tools
