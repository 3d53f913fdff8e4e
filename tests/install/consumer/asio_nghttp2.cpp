// The same on nghttp2.
#include "on_asio.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

int main() {
    std::printf("asio_nghttp2: ");
    return say_hello<h2ws::nghttp2::server, h2ws::nghttp2::client>();
}
