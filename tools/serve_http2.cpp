// `h2ws serve` on h2ws/http2: a file of its own, because it takes as long to compile as all the
// rest.
#include "echo_server.hpp"
#include "engine.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

namespace h2ws::tools {

exit_status serve_http2(const serve_options& options) {
    return serve_with<http2::basic_server<zlib::permessage_deflate>>(options);
}

} // namespace h2ws::tools
