// An echo server and a client of it, both in one loop around poll(2): WebSockets over cleartext
// HTTP/2 on a loopback port. Sockets are all that it needs, and there is nothing to link.
#include <h2ws/http2/session.hpp>
#include <h2ws/system_entropy.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <list>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vector>

h2ws::instant now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

// The server accepts every tunnel and sends back what comes, piece by piece. One that sends and
// does not read is reset.
void handle(h2ws::http2::server& session, const h2ws::stream_event& event) {
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        (void)session.accept(asked->tunnel, {}, now());
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what))
            if (!session.send(said->tunnel, chunk->type, chunk->payload, now(), chunk->last))
                (void)session.reset(said->tunnel, h2ws::http2_error::cancel, now());
        session.consume(said->tunnel, said->wire_bytes); // the client may send as much again
    }
}

// The client says hello, closes when that has come back, and leaves.
void handle(h2ws::http2::client& session, const h2ws::stream_event& event) {
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        (void)session.send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now());
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what)) {
            std::printf("%.*s", static_cast<int>(chunk->payload.size()),
                        h2ws::as_text(chunk->payload).data());
            if (chunk->last) std::puts("");
            if (chunk->last)
                (void)session.send_close(said->tunnel, h2ws::status_code::normal_closure, "done",
                                         now());
        } else if (const auto* over = std::get_if<h2ws::closed>(&said->what)) {
            std::printf("closed: %s\n", h2ws::info(over->error).name.data());
        }
        session.consume(said->tunnel, said->wire_bytes);
    } else if (std::holds_alternative<h2ws::tunnel_released>(event)) {
        session.shutdown(now());
    }
}

// A socket that does not block, and the session on it.
template <h2ws::session Session>
struct connection {
    template <class Role>
    connection(int socket, Role role, const h2ws::session_options& options)
        : fd(socket),
          session(role, options) {
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    ~connection() { close(fd); }

    int fd;
    Session session;
    bool blocked = false; // the socket takes no more

    pollfd interest() const {
        return {fd, static_cast<short>(blocked ? POLLIN | POLLOUT : POLLIN), 0};
    }

    // After every poll(2), whatever it said: time has passed too.
    void turn(short ready) {
        std::byte buffer[16'384];
        h2ws::mutable_bytes in;
        if (ready != 0) {
            const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
            if (size > 0) in = h2ws::mutable_bytes(buffer, static_cast<std::size_t>(size));
            if (size == 0) session.lost(h2ws::connection_loss::closed_by_peer);
            if (size < 0 && errno != EAGAIN) session.lost(h2ws::connection_loss::failed);
        }
        if (session.deadline() <= now()) session.expire(now());
        do { // events bring output, and output brings events
            while (const auto event = session.poll(in, now())) handle(session, *event);
        } while (write());
        if (session.finished()) shutdown(fd, SHUT_WR); // the other end reads that it is over
    }

    // All that there is in one call. False: there is nothing, or the socket is full.
    bool write() {
        std::array<iovec, 64> pieces;
        msghdr message{};
        message.msg_iov = pieces.data();
        for (const h2ws::const_bytes span : session.transmit(now()))
            if (message.msg_iovlen < pieces.size())
                pieces[message.msg_iovlen++] = {const_cast<std::byte*>(span.data()), span.size()};
        blocked = false;
        if (message.msg_iovlen == 0) return false;
        const ssize_t size = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (size >= 0)
            session.transmitted(static_cast<std::size_t>(size));
        else if (blocked = errno == EAGAIN; !blocked)
            session.lost(h2ws::connection_loss::failed);
        return !blocked;
    }
};

// Listens on any free port of 127.0.0.1, and connects `ours` to it.
bool meet(int listener, int ours) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const where = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    return bind(listener, where, size) == 0 && listen(listener, 16) == 0 &&
           getsockname(listener, where, &size) == 0 && connect(ours, where, size) == 0;
}

int main() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    const int ours = socket(AF_INET, SOCK_STREAM, 0);
    if (!meet(listener, ours)) return 1;

    h2ws::session_options accepting;
    accepting.accept_tunnels = true;
    std::list<connection<h2ws::http2::server>> served;
    h2ws::system_entropy entropy;
    connection<h2ws::http2::client> asking(ours, h2ws::client{entropy.source()}, {});
    (void)asking.session.open({.scheme = "http", .authority = "localhost", .path = "/"}, now());
    asking.turn(0);

    while (!asking.session.finished() || !served.empty()) {
        std::vector<pollfd> sockets{{listener, POLLIN, 0}, asking.interest()};
        h2ws::instant deadline = asking.session.deadline();
        for (const auto& each : served) {
            sockets.push_back(each.interest());
            deadline = std::min(deadline, each.session.deadline());
        }
        const auto milliseconds = (deadline - now()) / 1'000'000 + 1;
        poll(sockets.data(), sockets.size(),
             static_cast<int>(std::clamp<h2ws::duration>(milliseconds, 0, 60'000)));

        std::size_t at = 1;
        asking.turn(sockets[at++].revents);
        for (auto& each : served) each.turn(sockets[at++].revents);
        served.remove_if([](const auto& each) { return each.session.finished(); });
        if (sockets[0].revents != 0)
            if (const int accepted = accept(listener, nullptr, nullptr); accepted >= 0)
                served.emplace_back(accepted, h2ws::server{}, accepting).turn(0);
    }
    close(listener);
}
