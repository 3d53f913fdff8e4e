// `h2ws serve` on nghttp2: a file of its own, because it takes as long to compile as all the rest.
#include "echo_server.hpp"
#include "engine.hpp"

#include <h2ws/nghttp2/server.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

namespace h2ws::tools {

exit_status serve_nghttp2(const serve_options& options) {
    return serve_with<nghttp2::basic_server<zlib::permessage_deflate>>(options);
}

} // namespace h2ws::tools
