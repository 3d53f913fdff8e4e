// A client's and a server's session joined in memory, with one tunnel whose messages are echoed:
// what passes is counted, nothing but the sessions allocates while it does.
#pragma once

#include <h2ws/session.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

namespace bench {

inline bool same_key(void*, h2ws::masking_key& key) noexcept {
    key.fill(std::byte{0x5a});
    return true;
}

template <class Server, class Client>
class tunnel_pair {
public:
    explicit tunnel_pair(std::size_t tunnels = 1)
        : server_(h2ws::server{}, options(tunnels)),
          client_(h2ws::client{{.next = same_key}}, h2ws::session_options{}) {
        run(); // SETTINGS
        for (std::size_t i = 0; i < tunnels; ++i) {
            open();
            run();
        }
        if (opened_ != tunnels) std::abort();
    }

    void open() {
        const auto made =
            client_.open({.scheme = "http", .authority = "localhost", .path = "/"}, now);
        if (!made) std::abort();
        last_ = *made;
    }

    // The closing handshake and the end of the stream.
    void close() {
        if (!client_.send_close(last_, h2ws::status_code::normal_closure, "", now)) std::abort();
        run();
    }

    // Messages to the server, all before any of them leaves, and their echoes.
    void echo(h2ws::const_bytes message, std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i)
            if (!client_.send(last_, h2ws::opcode::binary, message, now)) std::abort();
        run();
    }

    // Until neither side has anything to say.
    void run() {
        poll(server_, {});
        poll(client_, {});
        for (bool moves = true; moves;) {
            moves = carry(client_, server_);
            moves = carry(server_, client_) || moves;
        }
    }

    std::size_t opened() const { return opened_; }
    std::size_t closed() const { return closed_; }             // cleanly, at the client
    std::size_t echoed() const { return echoed_; }             // messages that came back whole
    std::size_t echoed_bytes() const { return echoed_bytes_; } // their payloads

    static constexpr h2ws::instant now = h2ws::seconds(1);

private:
    static h2ws::session_options options(std::size_t tunnels) {
        h2ws::session_options options;
        options.accept_tunnels = true;
        options.max_streams = static_cast<std::uint32_t>(tunnels);
        return options;
    }

    template <class From, class To>
    bool carry(From& from, To& to) {
        bytes_.clear();
        for (const h2ws::const_bytes span : from.transmit(now))
            bytes_.insert(bytes_.end(), span.begin(), span.end());
        if (bytes_.empty()) return false;
        from.transmitted(bytes_.size());
        poll(to, bytes_);
        return true;
    }

    template <class Session>
    void poll(Session& session, h2ws::mutable_bytes in) {
        while (const auto happened = session.poll(in, now)) handle(session, *happened);
    }

    void handle(Server& session, const h2ws::stream_event& happened) {
        if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&happened)) {
            if (!session.accept(asked->tunnel, {}, now)) std::abort();
            return;
        }
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        const auto* chunk = std::get_if<h2ws::message_chunk>(&on_tunnel->what);
        if (chunk == nullptr) return;
        if (!session.send(on_tunnel->tunnel, chunk->type, chunk->payload, now, chunk->last))
            std::abort();
        session.consume(on_tunnel->tunnel, on_tunnel->wire_bytes);
    }

    void handle(Client& session, const h2ws::stream_event& happened) {
        opened_ += std::holds_alternative<h2ws::tunnel_opened>(happened);
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        const auto* last = std::get_if<h2ws::closed>(&on_tunnel->what);
        closed_ += last != nullptr && last->error == h2ws::errc::none;
        const auto* chunk = std::get_if<h2ws::message_chunk>(&on_tunnel->what);
        if (chunk == nullptr) return;
        echoed_ += chunk->last;
        echoed_bytes_ += chunk->payload.size();
        session.consume(on_tunnel->tunnel, on_tunnel->wire_bytes);
    }

    Server server_;
    Client client_;
    h2ws::tunnel_id last_;
    std::size_t opened_ = 0;
    std::size_t closed_ = 0;
    std::size_t echoed_ = 0;
    std::size_t echoed_bytes_ = 0;
    std::vector<std::byte> bytes_;
};

} // namespace bench
