// A program of another project that uses Asio, and no other library for HTTP/2.
#include "on_asio.hpp"

#include <h2ws/http2/session.hpp>

int main() {
    std::printf("asio: ");
    return say_hello<h2ws::http2::server, h2ws::http2::client>();
}
