#include "client_run.hpp"
#include "engine.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

namespace h2ws::tools {

exit_status connect_http2(const connect_options& options) {
    return connect_with<http2::basic_client<zlib::permessage_deflate>>(options);
}

} // namespace h2ws::tools
