#include "socket_connection.hpp"

namespace soak {

namespace {

constexpr std::array faults{fault::none, fault::none, fault::cut, fault::stop};

} // namespace

socket_connection::socket_connection(socket_run& run, std::uint64_t seed, std::uint64_t number)
    : run_(run),
      random_(static_cast<unsigned>(load::random_numbers({seed, 1, number}).next())),
      story_{.contents = run.contents,
             .counted = run.counted,
             .connection = number,
             .largest = content::largest,
             .most = 1 + random_.below(12),
             .deflates = random_.one_in(3)},
      fault_(faults[random_.below(faults.size())]),
      tls_(random_.one_in(2)),
      by_http2_{random_.one_in(2), random_.one_in(2)},
      ticks_left_(static_cast<int>(100 + random_.below(900))),
      strikes_at_(static_cast<int>(random_.below(static_cast<std::uint32_t>(ticks_left_)))),
      timer_(run.context) {
    story_.met.timers = true; // the machine may be slow
}

std::string socket_connection::described() const {
    const auto name = [](bool http2) { return http2 ? "http2" : "nghttp2"; };
    return std::string("client ") + name(by_http2_[1]) + ", server " + name(by_http2_[0]) + ", " +
           (tls_ ? "TLS" : "TCP") + ", " +
           std::string(fault_names[static_cast<std::size_t>(fault_)]);
}

void socket_connection::start() {
    ++run_.counted.connections;
    tcp::acceptor acceptor(run_.context, {::asio::ip::address_v4::loopback(), 0});
    const auto pair = [&] {
        tcp::socket one(run_.context);
        one.connect(acceptor.local_endpoint());
        tcp::socket other = acceptor.accept();
        for (tcp::socket* const socket : {&one, &other}) socket->set_option(tcp::no_delay(true));
        return std::make_pair(std::move(one), std::move(other));
    };
    auto [client, near] = pair();
    auto [far, server] = pair();
    between_ = std::make_shared<relay>(std::move(near), std::move(far), random_.below(1 << 30),
                                       run_.counted.octets);
    between_->start();
    if (!tls_) {
        make(true, transport(std::move(client)));
        make(false, transport(std::move(server)));
        return begin();
    }
    near_ = std::make_unique<tls_stream>(std::move(client), run_.client_tls);
    far_ = std::make_unique<tls_stream>(std::move(server), run_.server_tls);
    const auto done = [this](std::error_code error) {
        require(!error, "a TLS handshake failed");
        if (--handshakes_left_ != 0) return;
        make(true, transport(std::move(near_)));
        make(false, transport(std::move(far_)));
        begin();
    };
    near_->async_handshake(tls_stream::client, done);
    far_->async_handshake(tls_stream::server, done);
}

h2ws::session_options socket_connection::options() {
    h2ws::session_options made;
    made.accept_tunnels = true;
    made.max_queued = random_.one_in(2) ? 100'000 : 1'000'000;
    made.stream_window = random_.one_in(3) ? 10'000 : 65'535;
    made.waits.handshake = h2ws::seconds(3);
    if (fault_ == fault::stop && random_.one_in(2))
        made.waits.stalled = made.ping.interval = made.ping.timeout = h2ws::seconds(1);
    return made;
}

void socket_connection::make(bool client, transport over) {
    h2ws::session_options limits = options();
    limits.memory = memory_[client].policy();
    // As in memory: nghttp2 ends a connection for one stream too many.
    limits.max_streams = client || by_http2_[0] ? 20 : 60;
    sides_[client] = (by_http2_[client] ? make_http2_socket : make_nghttp2_socket)(
        client, std::move(over), limits, story_, random_);
}

void socket_connection::begin() {
    begun_ = std::chrono::steady_clock::now();
    tick();
}

void socket_connection::tick() {
    timer_.expires_after(std::chrono::milliseconds(1 + random_.below(4)));
    timer_.async_wait([this](std::error_code) {
        switch (stage_) {
        case stage::talk: talk(); break;
        case stage::settle: settle(); break;
        case stage::leave: leave(); break;
        case stage::over: break;
        }
        if (stage_ != stage::over) tick();
    });
}

void socket_connection::talk() {
    for (auto& side : sides_) {
        if (side->done()) ticks_left_ = 0;
        for (std::uint32_t acts = random_.below(6); acts != 0 && !side->ended(); --acts)
            side->act();
    }
    if (ticks_left_ == strikes_at_) strike();
    if (ticks_left_-- > 0) return;
    healthy_ = healthy_ && !sides_[0]->ended() && !sides_[1]->ended() && !story_.met.shut_down;
    for (auto& side : sides_) side->resume();
    begun_ = std::chrono::steady_clock::now();
    stage_ = stage::settle;
}

void socket_connection::strike() {
    if (fault_ == fault::none) return;
    healthy_ = false;
    if (fault_ == fault::stop) return between_->stop(200 + random_.below(3'000), random_.one_in(2));
    story_.met.lost = true;
    if (random_.one_in(3)) return sides_[random_.below(2)]->close();
    between_->cut(random_.one_in(2));
}

// All that was sent comes.
void socket_connection::settle() {
    const bool written = sides_[1]->write_bodies();
    const bool all = written && sides_[0]->all_left() && sides_[1]->all_left();
    require(all || !healthy_ || !late(std::chrono::seconds(60)), "what was sent did not come");
    if (!all && !late(std::chrono::seconds(healthy_ ? 60 : 1))) return;
    for (auto& side : sides_) side->shutdown();
    begun_ = std::chrono::steady_clock::now();
    stage_ = stage::leave;
}

void socket_connection::leave() {
    for (auto& side : sides_) side->close_all();
    if (!sides_[1]->ended()) (void)sides_[1]->write_bodies();
    if (!sides_[0]->done() || !sides_[1]->done()) {
        require(!late(std::chrono::seconds(60)), "a connection does not end");
        return;
    }
    finish();
}

void socket_connection::finish() {
    stage_ = stage::over;
    for (const bool client : {false, true}) {
        sides_[client]->check_over();
        sides_[client].reset();
        run_.counted.held(memory_[client].peak, std::size_t{1} << 30);
        require(memory_[client].held == 0, "memory was not given back");
    }
    ++run_.counted.faults[static_cast<std::size_t>(healthy_ ? fault::none : fault_)];
}

} // namespace soak
