#include "client_run.hpp"
#include "engine.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

namespace h2ws::tools {

exit_status connect_nghttp2(const connect_options& options) {
    return connect_with<nghttp2::basic_client<zlib::permessage_deflate>>(options);
}

} // namespace h2ws::tools
