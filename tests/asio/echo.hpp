// A server that echoes and a client that asks, on sessions of one engine, for the tests of
// the adapter.
#pragma once

#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/serve.hpp>
#include <h2ws/system_entropy.hpp>

#include <engine.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace echo {

inline h2ws::session_options server_options() {
    h2ws::session_options options;
    options.accept_tunnels = true;
    return options;
}

template <class Stream>
using server_connection = h2ws::asio::connection<engine::server, Stream>;
template <class Stream>
using client_connection = h2ws::asio::connection<engine::client, Stream>;

template <class Stream>
std::shared_ptr<server_connection<Stream>>
make_server(Stream stream, const h2ws::session_options& options = server_options()) {
    return std::make_shared<server_connection<Stream>>(std::move(stream), h2ws::server{}, options);
}

template <class Stream>
std::shared_ptr<client_connection<Stream>> make_client(Stream stream, h2ws::system_entropy& entropy,
                                                       const h2ws::session_options& options = {}) {
    return std::make_shared<client_connection<Stream>>(std::move(stream),
                                                       h2ws::client{entropy.source()}, options);
}

// Accepts every tunnel and returns what comes, as it comes.
struct serve {
    template <class Connection>
    void operator()(Connection& at, const h2ws::stream_event& happened) const {
        const h2ws::instant now = h2ws::asio::now();
        if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&happened))
            at.session().accept(asked->tunnel, {}, now).has_value();
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&on_tunnel->what)) {
            at.session()
                .send(on_tunnel->tunnel, chunk->type, chunk->payload, now, chunk->last)
                .has_value();
            at.session().consume(on_tunnel->tunnel, on_tunnel->wire_bytes);
        }
    }
};

// Sends one message when its tunnel opens, closes when it has come back, and leaves.
struct ask {
    std::string message;
    std::vector<std::string>* log;
    std::string received = {};

    template <class Connection>
    void operator()(Connection& at, const h2ws::stream_event& happened) {
        const h2ws::instant now = h2ws::asio::now();
        if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&happened)) {
            log->push_back("opened");
            at.session()
                .send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes(message), now)
                .has_value();
        } else if (const auto* refused = std::get_if<h2ws::tunnel_refused>(&happened)) {
            log->push_back("refused " + std::string(h2ws::info(refused->error).name));
        } else if (const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened)) {
            heard(at, *on_tunnel, now);
        } else if (std::holds_alternative<h2ws::tunnel_released>(happened)) {
            log->push_back("released");
            at.session().shutdown(now);
        }
    }

    template <class Connection>
    void heard(Connection& at, const h2ws::tunnel_event& event, h2ws::instant now) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&event.what)) {
            received += h2ws::as_text(chunk->payload);
            at.session().consume(event.tunnel, event.wire_bytes);
            if (!chunk->last) return;
            log->push_back(received == message ? "echoed" : "garbled");
            at.session()
                .send_close(event.tunnel, h2ws::status_code::normal_closure, "done", now)
                .has_value();
        } else if (const auto* over = std::get_if<h2ws::closed>(&event.what)) {
            log->push_back("closed " + std::string(h2ws::info(over->error).name));
        }
    }
};

} // namespace echo
