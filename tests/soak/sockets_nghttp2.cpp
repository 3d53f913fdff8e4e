#include "socket_side.hpp"

#include <h2ws/nghttp2/session.hpp>

namespace soak {

std::unique_ptr<socket_party> make_nghttp2_socket(bool client, transport over,
                                                  const session_options& options, story& told,
                                                  test::dice& random) {
    using extension = zlib::permessage_deflate;
    if (client)
        return std::make_unique<socket_side<nghttp2::basic_client<extension>>>(
            std::move(over), options, told, random);
    return std::make_unique<socket_side<nghttp2::basic_server<extension>>>(std::move(over), options,
                                                                           told, random);
}

} // namespace soak
