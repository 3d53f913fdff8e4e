// Two sessions joined in memory: what one transmits the other polls, and the clock stands until it
// is moved. No sockets, no threads: every run is the same.
#pragma once

#include <h2ws/bytes.hpp>
#include <h2ws/instant.hpp>
#include <h2ws/stream_event.hpp>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace load {

inline std::size_t size_of(std::span<const h2ws::const_bytes> spans) {
    std::size_t size = 0;
    for (const h2ws::const_bytes span : spans) size += span.size();
    return size;
}

// Bytes of DATA frames (RFC 9113 sections 3.4 and 4.1).
inline std::size_t data_in(h2ws::const_bytes frames) {
    constexpr std::size_t preface = 24, header = 9;
    const auto octet = [&](std::size_t at) { return std::to_integer<std::size_t>(frames[at]); };
    std::size_t found = 0;
    if (!frames.empty() && octet(0) == 'P') frames = frames.subspan(preface);
    while (!frames.empty()) {
        const std::size_t size = octet(0) << 16 | octet(1) << 8 | octet(2);
        if (octet(3) == 0) found += size; // DATA
        frames = frames.subspan(header + size);
    }
    return found;
}

template <class Session>
struct end_of_link {
    Session session;
    std::function<void(const h2ws::stream_event&)> handle;

    template <class... Arguments>
    explicit end_of_link(Arguments&&... arguments)
        : session(std::forward<Arguments>(arguments)...) {}

    std::size_t data = 0; // bytes of DATA frames that came

    // Whole frames of HTTP/2 and, of a client, the preface before them.
    void receive(h2ws::mutable_bytes in, h2ws::instant now) {
        data += data_in(in);
        while (const auto happened = session.poll(in, now)) handle(*happened);
    }
};

template <class Server, class Client>
class link {
public:
    link(end_of_link<Server>& server, end_of_link<Client>& client)
        : server_(server),
          client_(client) {}

    h2ws::instant now = h2ws::seconds(1);

    // Until neither side has anything to say.
    void run() {
        for (bool more = true; more;) {
            server_.receive({}, now);
            client_.receive({}, now);
            more = to_server();
            more = to_client() || more;
        }
    }

    // What one side has to say now, to the other. Whether there was anything.
    bool to_server() { return carry(client_, server_); }
    bool to_client() { return carry(server_, client_); }

private:
    template <class From, class To>
    bool carry(From& from, To& to) {
        bytes_.clear();
        for (const h2ws::const_bytes span : from.session.transmit(now))
            bytes_.insert(bytes_.end(), span.begin(), span.end());
        from.session.transmitted(bytes_.size());
        if (!bytes_.empty()) to.receive(bytes_, now);
        return !bytes_.empty();
    }

    end_of_link<Server>& server_;
    end_of_link<Client>& client_;
    std::vector<std::byte> bytes_;
};

} // namespace load
