#include <h2ws/nghttp2/server.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <poll.h>
#include <unistd.h>

h2ws::instant now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// The application: takes tunnels to /echo and sends back what comes; one that sends and does not
// read is reset. What is said to a tunnel that is gone is an error that nobody here minds.
void handle(h2ws::nghttp2::server& session, const h2ws::stream_event& event) {
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (asked->request->path == "/echo")
            (void)session.accept(asked->tunnel, {}, now());
        else
            (void)session.refuse(asked->tunnel, 404, now());
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            if (!session.send(said->tunnel, chunk->type, chunk->payload, now(), chunk->last))
                (void)session.reset(said->tunnel, h2ws::http2_error::cancel, now());
        session.consume(said->tunnel, said->wire_bytes); // the client may send as much again
    }
}

// A connection to its end, over whatever carries bytes. This is all that a transport has to do.
template <h2ws::session Session>
void run(Session& session, int fd) {
    std::array<std::byte, 16'384> buffer;
    h2ws::mutable_bytes in;
    while (true) {
        for (bool wrote = true; wrote;) { // events bring output, and output brings events
            while (const auto event = session.poll(in, now())) handle(session, *event);
            const auto spans = session.transmit(now());
            wrote = !spans.empty();
            const auto size = wrote ? write(fd, spans[0].data(), spans[0].size()) : 0;
            if (size < 0) session.lost(h2ws::connection_loss::failed);
            if (size > 0) session.transmitted(static_cast<std::size_t>(size));
        }
        if (session.finished()) return;
        pollfd readable{fd, POLLIN, 0};
        const auto milliseconds = (session.deadline() - now()) / 1'000'000 + 1;
        if (poll(&readable, 1,
                 static_cast<int>(std::clamp<h2ws::duration>(milliseconds, 0, 60'000))) == 0)
            session.expire(now());
        else if (const auto size = read(fd, buffer.data(), buffer.size()); size > 0)
            in = h2ws::mutable_bytes(buffer).first(static_cast<std::size_t>(size));
        else
            session.lost(size == 0 ? h2ws::connection_loss::closed_by_peer
                                   : h2ws::connection_loss::failed);
    }
}

void serve(int fd) {
    h2ws::session_options options;
    options.accept_tunnels = true;
    h2ws::nghttp2::server session({}, options);
    run(session, fd);
}
