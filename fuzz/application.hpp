// An application on a session, which decides as a script says, and asserts what every application
// may rely on: each tunnel has one `closed` or is refused, and then its release; nothing comes
// behind, nor behind the connection's end.
#pragma once

#include "supply.hpp"

#include <h2ws/session.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace fuzz {

inline constexpr h2ws::instant now = h2ws::seconds(1);

template <class Session>
class application {
public:
    application(Session& session, supply decisions) : session_(session), decide_(decisions) {}

    void handle(const h2ws::stream_event& happened) {
        require(!over_);
        std::visit([this](const auto& what) { this->on(what); }, happened);
    }

    void open() {
        for (int i = 0; i < 4; ++i) {
            const auto made =
                session_.open({.authority = "a.test", .subprotocols = i == 1 ? "chat" : ""}, now);
            if (made) tunnels_[made->value];
        }
    }

    // When the connection has ended.
    void finish() {
        require(over_);
        for (const auto& [name, at] : tunnels_) require(at.released && (at.closed || at.refused));
    }

    const std::string& told() const { return told_; }

private:
    struct tunnel {
        bool closed = false, refused = false, released = false;
        std::size_t size = 0;
    };

    tunnel& at(h2ws::tunnel_id which) {
        const auto found = tunnels_.find(which.value);
        require(found != tunnels_.end() && !found->second.released);
        return found->second;
    }

    void say(std::string_view what, std::uint64_t number = 0) {
        told_.append(what).append(" ").append(std::to_string(number)).append("\n");
    }

    void on(const h2ws::tunnel_requested& asked) {
        if constexpr (!Session::is_client) {
            require(tunnels_.emplace(asked.tunnel.value, tunnel{}).second);
            say("requested", asked.tunnel.value);
            const std::size_t answer = decide_.number(15);
            if (answer == 15) {
                at(asked.tunnel).refused = true;
                (void)session_.refuse(asked.tunnel, 403, now);
            } else if (answer != 14) {
                (void)session_.accept(asked.tunnel, {}, now);
            }
        }
    }
    void on(const h2ws::tunnel_opened& opened) {
        at(opened.tunnel);
        say("opened", opened.tunnel.value);
        (void)session_.send(opened.tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), now);
    }
    void on(const h2ws::tunnel_refused& refused) {
        at(refused.tunnel).refused = true;
        say("refused", refused.status);
    }
    void on(const h2ws::tunnel_event& said) {
        tunnel& where = at(said.tunnel);
        require(!where.closed);
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&said.what)) {
            where.size += chunk->payload.size();
            session_.consume(said.tunnel, said.wire_bytes);
            if (!chunk->last) return;
            say("message", where.size);
            where.size = 0;
            act(said.tunnel);
        } else if (const auto* last = std::get_if<h2ws::closed>(&said.what)) {
            where.closed = true;
            say("closed " + std::string(h2ws::info(last->error).name), said.tunnel.value);
            require(!session_.send(said.tunnel, h2ws::opcode::text, h2ws::const_bytes(), now));
        } else {
            say("control", said.what.index());
        }
    }
    void on(const h2ws::tunnel_data& data) { session_.consume(data.tunnel, data.wire_bytes); }
    void on(const h2ws::tunnel_released& gone) {
        at(gone.tunnel).released = true;
        say("released", gone.tunnel.value);
        require(!session_.send_ping(gone.tunnel, {}, now));
    }
    void on(const h2ws::request_received& asked) {
        if constexpr (!Session::is_client) {
            say("request", asked.end);
            (void)session_.respond(asked.request, 200, {}, h2ws::as_bytes("body"), now);
        }
    }
    void on(const h2ws::body_received& body) { session_.consume(body.request, body.wire_bytes); }
    void on(const h2ws::connection_ended& last) {
        over_ = true;
        say("ended " + std::string(h2ws::info(last.error).name));
    }
    template <class Other>
    void on(const Other&) {
        require(!over_);
    }

    // After a message.
    void act(h2ws::tunnel_id which) {
        switch (decide_.number(9)) {
        case 1:
            (void)session_.send_close(which, h2ws::status_code::normal_closure, "", now);
            return;
        case 2: (void)session_.send_ping(which, {}, now); return;
        case 3:
            if (decide_.flag()) (void)session_.reset(which, h2ws::http2_error::cancel, now);
            return;
        case 4:
            if (decide_.number(7) == 0) session_.shutdown(now);
            return;
        default:
            (void)session_.send(which, h2ws::opcode::binary, h2ws::as_bytes("answer"), now);
            return;
        }
    }

    Session& session_;
    supply decide_;
    std::map<std::uint64_t, tunnel> tunnels_;
    std::string told_;
    bool over_ = false;
};

} // namespace fuzz
