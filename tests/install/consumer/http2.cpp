// A program of another project that has bytes and no library: nothing is linked.
#include "in_memory.hpp"

#include <h2ws/http2/session.hpp>

int main() {
    std::printf("http2: ");
    return say_hello<h2ws::http2::server, h2ws::http2::client>();
}
