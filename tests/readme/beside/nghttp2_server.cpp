// A client of nghttp2_server.cpp, at the other end of a pair of sockets and in the same loop.
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/system_entropy.hpp>

void handle(h2ws::nghttp2::client& session, const h2ws::stream_event& event);

#include "../nghttp2_server.cpp"

#include <cstdio>
#include <string>
#include <sys/socket.h>
#include <thread>

void handle(h2ws::nghttp2::client& session, const h2ws::stream_event& event) {
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        if (!session.send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now()))
            std::puts("cannot send");
    } else if (const auto* refused = std::get_if<h2ws::tunnel_refused>(&event)) {
        std::printf("refused with %d\n", refused->status);
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what)) {
            std::printf("%s\n", std::string(h2ws::as_text(chunk->payload)).c_str());
            if (!session.send_close(said->tunnel, h2ws::status_code::normal_closure, "", now()))
                std::puts("cannot close");
        } else if (const auto* over = std::get_if<h2ws::closed>(&said->what)) {
            std::printf("closed: %s\n", h2ws::info(over->error).name.data());
        }
    } else if (std::holds_alternative<h2ws::tunnel_released>(event)) {
        if (session.stream_count() == 1) session.shutdown(now());
    }
}

int main() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return 1;
    std::thread server(serve, ends[0]);
    h2ws::system_entropy entropy;
    h2ws::nghttp2::client session({entropy.source()});
    for (const char* const path : {"/nothing", "/echo"})
        if (!session.open({.scheme = "http", .authority = "localhost", .path = path}, now()))
            return 1;
    run(session, ends[1]);
    close(ends[1]);
    server.join();
    close(ends[0]);
}
