// One side of a connection over a socket: the Asio adapter with a session of one engine.
#pragma once

#include "application.hpp"
#include "socket_party.hpp"

#include <h2ws/asio/connection.hpp>
#include <h2ws/system_entropy.hpp>

namespace soak {

template <class Session>
class socket_side final : public socket_party {
    using connection_type = h2ws::asio::connection<Session, transport>;

public:
    socket_side(transport over, const session_options& options, story& told, test::dice& random)
        : connection_(std::make_shared<connection_type>(std::move(over), role(), options)),
          application_(connection_->session(), told, random, options.memory) {
        connection_->async_run(
            [this](connection_type&, const stream_event& what) {
                application_.handle(what, h2ws::asio::now());
            },
            [this](std::error_code) { done_ = true; });
    }

    void act() override {
        application_.act(h2ws::asio::now());
        connection_->wake();
    }
    void resume() override {
        application_.resume(h2ws::asio::now());
        connection_->wake();
    }
    bool write_bodies() override {
        const bool all = application_.write_bodies(h2ws::asio::now());
        connection_->wake();
        return all;
    }
    void close_all() override {
        if (application_.ended()) return;
        application_.close_all(h2ws::asio::now());
        connection_->wake();
    }
    void shutdown() override {
        if (application_.ended()) return;
        application_.shutdown(h2ws::asio::now());
        connection_->wake();
    }
    void close() override { connection_->close(); }
    bool ended() const override { return application_.ended(); }
    bool done() const override { return done_; }
    bool all_left() const override { return application_.all_left(); }
    void check_over() const override {
        application_.check_over();
        require(connection_->session().stream_count() == 0, "a stream is left");
    }

private:
    auto role() {
        if constexpr (Session::is_client)
            return client{entropy_.source()};
        else
            return server{};
    }

    system_entropy entropy_;
    std::shared_ptr<connection_type> connection_;
    application<Session> application_;
    bool done_ = false;
};

} // namespace soak
