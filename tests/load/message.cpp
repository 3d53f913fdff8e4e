// load_message http2=0|1 messages=NUMBER size=NUMBER: messages through one tunnel and back, both
// ends in this process and in memory, whose instructions are counted from outside. Prints what came
// back.
#include "../../bench/tunnel_pair.hpp"

#include "arguments.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <cstdio>

namespace {

template <class Server, class Client>
void echo(std::uint64_t messages, std::size_t size) {
    bench::tunnel_pair<Server, Client> pair;
    const std::vector<std::byte> message(size, std::byte{'x'});
    for (std::uint64_t i = 0; i < messages; ++i) pair.echo(message);
    std::printf("echoed=%zu bytes=%zu\n", pair.echoed(), pair.echoed_bytes());
}

} // namespace

int main(int argc, char** argv) {
    try {
        load::arguments told(argc, argv);
        const bool http2 = told.take("http2", 1) != 0;
        const auto messages = told.take("messages", std::uint64_t{1});
        const auto size = told.take("size", std::uint64_t{125});
        told.all_taken();
        if (http2)
            echo<h2ws::http2::server, h2ws::http2::client>(messages, size);
        else
            echo<h2ws::nghttp2::server, h2ws::nghttp2::client>(messages, size);
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "load_message: %s\n", problem.what());
        return 1;
    }
}
