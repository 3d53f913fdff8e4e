// A connection over loopback sockets with a relay between them: talk, perhaps a fault, the end.
#pragma once

#include "relay.hpp"
#include "socket_party.hpp"

namespace soak {

// What all of a run share.
struct socket_run {
    ::asio::io_context& context;
    ::asio::ssl::context& server_tls;
    ::asio::ssl::context& client_tls;
    const content& contents;
    counts& counted;
};

class socket_connection {
public:
    socket_connection(socket_run& run, std::uint64_t seed, std::uint64_t number);

    std::string described() const;
    bool over() const { return stage_ == stage::over; }

    // What goes wrong later is thrown out of the context's run().
    void start();

private:
    enum class stage : std::uint8_t { talk, settle, leave, over };

    void connect();
    void begin();
    void make(bool client, transport over);
    h2ws::session_options options();
    void tick();
    void talk();
    void settle();
    void leave();
    void strike();
    void finish();
    bool late(std::chrono::seconds most) const {
        return std::chrono::steady_clock::now() > begun_ + most;
    }

    socket_run& run_;
    test::dice random_;
    story story_;
    fault fault_;
    bool tls_, by_http2_[2];
    int ticks_left_, strikes_at_;
    bool healthy_ = true;
    stage stage_ = stage::talk;
    std::chrono::steady_clock::time_point begun_; // the stage
    ::asio::steady_timer timer_;
    std::shared_ptr<relay> between_;
    std::unique_ptr<tls_stream> near_, far_;
    int handshakes_left_ = 2;
    scarce_memory memory_[2];
    std::unique_ptr<socket_party> sides_[2]; // the server, the client
};

} // namespace soak
