// load_growth tunnels=NUMBER [messages=NUMBER] [pings=1]: work whose instructions are counted from
// outside, at any number of tunnels, in one process and without sockets. What is counted stands in
// the functions `open_all`, `echo_all` and `close_all`, of both ends. Prints what was done.
//
// Messages have 125 bytes and go round the tunnels, 100 to a turn. With pings=1 the clock moves on
// from deadline to deadline of the server, until the keepalive of every tunnel has been due once,
// each at a moment of its own within 30 seconds.
#include "arguments.hpp"
#include "link.hpp"

#include <engine.hpp>

#include <cstdio>
#include <cstring>

namespace load {

namespace {

using server_end = end_of_link<engine::server>;
using client_end = end_of_link<engine::client>;

bool same_key(void*, h2ws::masking_key& key) noexcept {
    std::memset(key.data(), 0x5a, key.size());
    return true;
}

class work {
public:
    explicit work(std::uint64_t tunnels)
        : server_(h2ws::server{}, options(tunnels)),
          client_(h2ws::client{{.next = same_key}}, h2ws::session_options{}),
          link_(server_, client_) {
        server_.handle = [this](const auto& happened) { on_server(happened); };
        client_.handle = [this](const auto& happened) { on_client(happened); };
        link_.run(); // SETTINGS
        for (std::uint64_t i = 0; i < tunnels; ++i) open_.push_back({});
    }

    [[gnu::noinline]] void open_all() {
        for (std::size_t i = 0; i < open_.size(); ++i) {
            const auto opened = client_.session.open(
                {.scheme = "http", .authority = "localhost", .path = "/"}, link_.now);
            if (opened) open_[i] = *opened;
            if (i % at_a_time == at_a_time - 1) link_.run();
        }
        link_.run();
    }

    [[gnu::noinline]] void echo_all(std::uint64_t messages) {
        const std::vector<std::byte> message(125, std::byte{'x'});
        for (std::uint64_t i = 0; i < messages; ++i) {
            failed_ += !client_.session.send(open_[i % open_.size()], h2ws::opcode::text, message,
                                             link_.now);
            if (i % at_a_time == at_a_time - 1) link_.run();
        }
        link_.run();
    }

    // Every tunnel is heard of at a moment of its own, so that each is to be pinged at its own.
    void spread(h2ws::duration over) {
        const h2ws::duration step = over / static_cast<h2ws::duration>(open_.size());
        for (const h2ws::tunnel_id tunnel : open_) {
            link_.now += step;
            failed_ +=
                !client_.session.send(tunnel, h2ws::opcode::text, h2ws::const_bytes{}, link_.now);
            link_.run();
        }
    }

    void ping_all(h2ws::duration over) {
        const h2ws::instant last = link_.now + over;
        while (server_.session.deadline() <= last) {
            link_.now = server_.session.deadline();
            server_.session.expire(link_.now);
            ++expired_;
            link_.run();
        }
    }

    [[gnu::noinline]] void close_all() {
        for (std::size_t i = 0; i < open_.size(); ++i) {
            failed_ += !client_.session.send_close(open_[i], h2ws::status_code::normal_closure, {},
                                                   link_.now);
            if (i % at_a_time == at_a_time - 1) link_.run();
        }
        link_.run();
    }

    void report() const {
        std::printf("opened=%zu echoed=%zu pinged=%zu expired=%zu closed=%zu failed=%d\n", opened_,
                    echoed_, pinged_, expired_, closed_, failed_);
    }

private:
    static constexpr std::size_t at_a_time = 100;

    static h2ws::session_options options(std::uint64_t tunnels) {
        h2ws::session_options options;
        options.accept_tunnels = true;
        options.max_streams = static_cast<std::uint32_t>(tunnels);
        options.max_pending = at_a_time;
        return options;
    }

    void on_server(const h2ws::stream_event& happened) {
        if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&happened))
            failed_ += !server_.session.accept(asked->tunnel, {}, link_.now);
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        if (std::holds_alternative<h2ws::pong>(on_tunnel->what)) ++pinged_;
        const auto* chunk = std::get_if<h2ws::message_chunk>(&on_tunnel->what);
        if (chunk == nullptr) return;
        failed_ += !server_.session.send(on_tunnel->tunnel, chunk->type, chunk->payload, link_.now,
                                         chunk->last);
        server_.session.consume(on_tunnel->tunnel, on_tunnel->wire_bytes);
    }

    void on_client(const h2ws::stream_event& happened) {
        if (std::holds_alternative<h2ws::tunnel_opened>(happened)) ++opened_;
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel == nullptr) return;
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&on_tunnel->what)) {
            echoed_ += chunk->last;
            client_.session.consume(on_tunnel->tunnel, on_tunnel->wire_bytes);
        } else if (const auto* last = std::get_if<h2ws::closed>(&on_tunnel->what)) {
            closed_ += last->error == h2ws::errc::none;
        }
    }

    server_end server_;
    client_end client_;
    link<engine::server, engine::client> link_;
    std::vector<h2ws::tunnel_id> open_;
    std::size_t opened_ = 0;
    std::size_t echoed_ = 0;
    std::size_t pinged_ = 0;  // and answered
    std::size_t expired_ = 0; // times that a deadline of the server was reached
    std::size_t closed_ = 0;  // clean
    int failed_ = 0;          // calls
};

} // namespace

} // namespace load

int main(int argc, char** argv) {
    try {
        load::arguments told(argc, argv);
        const auto tunnels = told.take("tunnels", std::uint64_t{100});
        const auto messages = told.take("messages", std::uint64_t{0});
        const bool pings = told.take("pings", 0) != 0;
        told.all_taken();
        load::work work(tunnels);
        work.open_all();
        work.echo_all(messages);
        if (pings) {
            work.spread(h2ws::seconds(30));
            work.ping_all(h2ws::seconds(31));
        }
        work.close_all();
        work.report();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "load_growth: %s\n", problem.what());
        return 1;
    }
}
