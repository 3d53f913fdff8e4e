// A program of another project that uses nghttp2, without sockets.
#include "in_memory.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

int main() {
    std::printf("nghttp2: ");
    return say_hello<h2ws::nghttp2::server, h2ws::nghttp2::client>();
}
