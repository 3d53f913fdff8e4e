// bare_server [CERTIFICATE KEY]: an echo server of nghttp2 and epoll alone, over TLS with these:
// what ours is measured against. One thread; what a turn of the loop has to say leaves in one
// write.
#include "bare_session.hpp"
#include "bare_socket.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>

namespace {

using namespace bench;

struct connection {
    connection(int descriptor, SSL_CTX* tls) : socket(descriptor, tls) {}

    // Reads, answers, writes. False: it is over.
    bool turn() {
        static std::array<std::uint8_t, 65'536> room;
        bool more = true;
        while (more) {
            const ssize_t size = socket.fill(room);
            if (size == bare_socket::ended) return false;
            if (!session.receive({room.data(), static_cast<std::size_t>(size)})) return false;
            if (socket.established() && !send()) return false;
            more = static_cast<std::size_t>(size) == room.size();
        }
        return session.lasts() || !output.empty();
    }

    // As much as there is room for; what nghttp2 has to say is asked for when the last has left.
    bool send() {
        while (true) {
            while (sent < output.size()) {
                const ssize_t put = socket.write(octets(output).subspan(sent));
                if (put == bare_socket::ended) return false;
                if (put == bare_socket::later) return true;
                sent += static_cast<std::size_t>(put);
            }
            output.clear();
            sent = 0;
            if (!session.collect(output)) return false;
            if (output.empty()) return true;
        }
    }

    bare_socket socket;
    bare_session session;
    std::vector<std::uint8_t> output;
    std::size_t sent = 0; // of it
    bool watched = false; // for room
};

// On a free port of loopback, which is printed.
int listen_anywhere() {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (listener < 0 || bind(listener, any, size) != 0 || listen(listener, SOMAXCONN) != 0 ||
        getsockname(listener, any, &size) != 0)
        std::abort();
    std::printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    return listener;
}

void watch(int poller, int how, connection* which, int descriptor, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = which;
    if (epoll_ctl(poller, how, descriptor, &event) != 0) std::abort();
}

void accept_one(int poller, int listener, SSL_CTX* tls) {
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted < 0) return;
    auto made = std::make_unique<connection>(accepted, tls);
    watch(poller, EPOLL_CTL_ADD, made.get(), accepted, EPOLLIN);
    (void)made.release(); // the loop has it
}

void serve(int poller, connection* which) {
    if (!which->turn()) return delete which;
    const bool full = !which->output.empty();
    if (full == which->watched) return;
    which->watched = full;
    watch(poller, EPOLL_CTL_MOD, which, which->socket.descriptor(),
          full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

} // namespace

int main(int count, char** arguments) {
    if (count != 1 && count != 3) return 2;
    std::signal(SIGPIPE, SIG_IGN); // of OpenSSL's writes
    SSL_CTX* const tls = count == 3 ? bare_tls(arguments[1], arguments[2]) : nullptr;
    const int poller = epoll_create1(EPOLL_CLOEXEC);
    const int listener = listen_anywhere();
    watch(poller, EPOLL_CTL_ADD, nullptr, listener, EPOLLIN);
    std::array<epoll_event, 64> events;
    while (true) {
        const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
        for (int i = 0; i < ready; ++i) {
            auto* const which =
                static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (which == nullptr)
                accept_one(poller, listener, tls);
            else
                serve(poller, which);
        }
    }
}
