// load_server [NAME=NUMBER]...: a server for loads, which counts everything that happens to it. It
// prints the port that it listens on and obeys the lines of its input, until that ends:
//
//     report         one line of JSON: the counts, and the heap
//     restart_peak   the heap's peak is counted anew
//     consume        whatever was held is consumed, and from now on what comes
//     send           `send` messages of `size` bytes go to every tunnel: when there is room, and
//                    before every report it is tried again
//
// The limits are those of h2ws::session_options; `hold=1` consumes nothing and echoes nothing,
// `tls=1` makes a certificate for the run, `send_buffer` is SO_SNDBUF of the connections.
#include "arguments.hpp"
#include "heap.hpp"

#include "../../tools/certificate.hpp"
#include "../../tools/echo.hpp"

#include <h2ws/asio/serve.hpp>
#include <h2ws/asio/tls.hpp>

#include <engine.hpp>

#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unistd.h>
#include <vector>

namespace load {

namespace {

using asio::ip::tcp;
using session_type = engine::server;

struct counts {
    std::uint64_t connections = 0; // accepted, TLS included
    std::uint64_t failed_connections = 0;
    std::uint64_t ended_connections = 0; // of them in order
    std::uint64_t lost_connections = 0;
    std::uint64_t opened = 0;
    std::uint64_t rejected = 0; // requests
    std::uint64_t messages = 0; // received
    std::uint64_t payload = 0;  // bytes of them
    std::uint64_t sent = 0;     // messages of `send`
    std::uint64_t full = 0;     // times that a queue took no more of them
    std::uint64_t closed_clean = 0;
    std::uint64_t closed_otherwise = 0;
    std::uint64_t released = 0;
    std::uint64_t unexpected = 0; // events
};

struct settings {
    h2ws::session_options limits;
    bool tls;
    bool hold;
    std::size_t send_buffer;
    std::uint64_t send;
    std::size_t size;
};

// What the tunnels of one connection get.
class service {
public:
    service(session_type& session, const settings& how, counts& counted)
        : session_(session),
          how_(how),
          counted_(counted),
          echo_(session),
          holding_(how.hold) {}

    void handle(const h2ws::stream_event& happened) {
        std::visit([this](const auto& what) { on(what); }, happened);
    }

    void consume() {
        holding_ = false;
        for (const auto& [tunnel, wire_bytes] : held_) session_.consume(tunnel, wire_bytes);
        held_.clear();
    }

    void send() {
        for (const h2ws::tunnel_id tunnel : open_) {
            left_[tunnel] = how_.send;
            send_more(tunnel, h2ws::asio::now());
        }
    }

    // What a sender does that waits for nothing.
    void send_again() {
        for (const h2ws::tunnel_id tunnel : open_) send_more(tunnel, h2ws::asio::now());
    }

private:
    void on(const h2ws::tunnel_requested& asked) {
        if (!session_.accept(asked.tunnel, {}, h2ws::asio::now())) return;
        ++counted_.opened;
        if (how_.send != 0) open_.insert(asked.tunnel);
    }

    void on(const h2ws::tunnel_event& happened) {
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&happened.what)) {
            counted_.messages += chunk->last;
            counted_.payload += chunk->payload.size();
            receive(happened.tunnel, *chunk, happened.wire_bytes);
        } else if (const auto* last = std::get_if<h2ws::closed>(&happened.what)) {
            ++(last->error == h2ws::errc::none ? counted_.closed_clean : counted_.closed_otherwise);
        }
    }

    void on(const h2ws::tunnel_released& gone) {
        ++counted_.released;
        echo_.forget(gone.tunnel);
        open_.erase(gone.tunnel);
        left_.erase(gone.tunnel);
    }

    void on(const h2ws::request_rejected&) { ++counted_.rejected; }
    void on(const h2ws::tunnel_writable& has_room) {
        const h2ws::instant now = h2ws::asio::now();
        echo_.resume(has_room.tunnel, now);
        send_more(has_room.tunnel, now);
    }
    void on(const h2ws::settings_received&) {}
    void on(const h2ws::goaway_received&) {}
    void on(const h2ws::connection_ended&) {}
    void on(const auto&) { ++counted_.unexpected; }

    void receive(h2ws::tunnel_id tunnel, const h2ws::message_chunk& chunk, std::size_t wire_bytes) {
        if (!how_.hold) return echo_.receive(tunnel, chunk, wire_bytes, h2ws::asio::now());
        if (holding_)
            held_.emplace_back(tunnel, wire_bytes);
        else
            session_.consume(tunnel, wire_bytes);
    }

    void send_more(h2ws::tunnel_id tunnel, h2ws::instant now) {
        const auto at = left_.find(tunnel);
        if (at == left_.end()) return;
        while (at->second != 0 && sent_one(tunnel, now)) --at->second;
        if (at->second == 0) left_.erase(at);
    }

    bool sent_one(h2ws::tunnel_id tunnel, h2ws::instant now) {
        const std::vector<std::byte> zeros(how_.size);
        const bool done = session_.send(tunnel, h2ws::opcode::binary, zeros, now).has_value();
        ++(done ? counted_.sent : counted_.full);
        return done;
    }

    session_type& session_;
    const settings& how_;
    counts& counted_;
    h2ws::tools::echo<session_type> echo_;
    bool holding_;
    std::vector<std::pair<h2ws::tunnel_id, std::size_t>> held_;
    std::set<h2ws::tunnel_id> open_;
    std::map<h2ws::tunnel_id, std::uint64_t> left_; // messages to be sent
};

class server {
public:
    explicit server(const settings& how)
        : how_(how),
          acceptor_(io_, {asio::ip::address_v4::loopback(), 0}),
          commands_(io_, ::dup(STDIN_FILENO)) {
        if (!how.tls) return;
        tls_.emplace(h2ws::asio::server_tls_context());
        h2ws::tools::use_self_signed_certificate(*tls_, "localhost");
    }

    void run() {
        say("listening on " + std::to_string(acceptor_.local_endpoint().port()));
        accept();
        obey();
        io_.run();
    }

private:
    void accept() {
        acceptor_.async_accept([this](std::error_code error, tcp::socket socket) {
            if (error) {
                ++counted_.failed_connections;
            } else {
                socket.set_option(tcp::no_delay(true));
                if (how_.send_buffer != 0)
                    socket.set_option(
                        tcp::socket::send_buffer_size(static_cast<int>(how_.send_buffer)));
                converse(std::move(socket));
            }
            accept();
        });
    }

    void converse(tcp::socket socket) {
        if (!tls_) return serve(std::move(socket));
        const auto stream = std::make_shared<h2ws::asio::tls_stream>(std::move(socket), *tls_);
        stream->async_handshake(asio::ssl::stream_base::server, [this, stream](std::error_code e) {
            if (e || !h2ws::asio::speaks_h2(*stream))
                ++counted_.failed_connections;
            else
                serve(std::move(*stream));
        });
    }

    template <class Stream>
    void serve(Stream stream) {
        using connection_type = h2ws::asio::connection<session_type, Stream>;
        const auto connection =
            std::make_shared<connection_type>(std::move(stream), h2ws::server{}, how_.limits);
        const auto one = std::make_shared<service>(connection->session(), how_, counted_);
        const std::uint64_t number = ++counted_.connections;
        live_[number] = {one, [connection] { connection->wake(); }};
        const auto handle = [one = one.get()](connection_type&, const h2ws::stream_event& what) {
            one->handle(what);
        };
        h2ws::asio::serve(connection, handle, [this, number](std::error_code error) {
            ++(error ? counted_.lost_connections : counted_.ended_connections);
            live_.erase(number);
        });
    }

    void obey() {
        asio::async_read_until(commands_, asio::dynamic_buffer(command_), '\n',
                               [this](std::error_code error, std::size_t size) {
                                   if (error) return io_.stop();
                                   obey(command_.substr(0, size - 1));
                                   command_.erase(0, size);
                                   obey();
                               });
    }

    void obey(const std::string& command) {
        if (command == "report") {
            for (auto& [number, connection] : live_) {
                connection.one->send_again();
                connection.wake();
            }
            return report();
        }
        if (command == "restart_peak") return heap_restart_peak();
        for (auto& [number, connection] : live_) {
            if (command == "consume") connection.one->consume();
            if (command == "send") connection.one->send();
            connection.wake();
        }
    }

    void report() const {
        const counts& c = counted_;
        std::string line = "{";
        const auto add = [&line](const char* name, std::uint64_t number) {
            line.append(line.size() == 1 ? "\"" : ", \"").append(name).append("\": ");
            line += std::to_string(number);
        };
        const std::size_t heap = heap_in_use(); // before the line takes some
        add("connections", c.connections), add("failed_connections", c.failed_connections);
        add("ended_connections", c.ended_connections);
        add("lost_connections", c.lost_connections);
        add("opened", c.opened), add("rejected", c.rejected), add("messages", c.messages);
        add("payload", c.payload), add("sent", c.sent), add("full", c.full);
        add("closed_clean", c.closed_clean), add("closed_otherwise", c.closed_otherwise);
        add("released", c.released), add("unexpected", c.unexpected);
        add("heap", heap), add("heap_peak", heap_peak());
        add("allocations", heap_allocations());
        say(line + "}");
    }

    static void say(const std::string& line) {
        std::puts(line.c_str());
        std::fflush(stdout);
    }

    struct live_connection {
        std::shared_ptr<service> one;
        std::function<void()> wake;
    };

    settings how_;
    counts counted_;
    std::map<std::uint64_t, live_connection> live_;
    asio::io_context io_{1};
    std::optional<asio::ssl::context> tls_;
    tcp::acceptor acceptor_;
    asio::posix::stream_descriptor commands_;
    std::string command_;
};

} // namespace

} // namespace load

int main(int argc, char** argv) {
    try {
        load::arguments told(argc, argv);
        load::settings how{.limits = told.limits(),
                           .tls = told.take("tls", 0) != 0,
                           .hold = told.take("hold", 0) != 0,
                           .send_buffer = told.take("send_buffer", std::size_t{0}),
                           .send = told.take("send", std::uint64_t{0}),
                           .size = told.take("size", std::size_t{1'000})};
        how.limits.accept_tunnels = true;
        told.all_taken();
        load::server(how).run();
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "load_server: %s\n", problem.what());
        return 1;
    }
}
