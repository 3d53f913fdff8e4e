// load_client port=NUMBER [NAME=NUMBER]...: loads a server with tunnels and checks all that comes
// back, byte by byte. It goes from phase to phase at each line of its input, and at the end of each
// prints one line of JSON, its counts so far:
//
//     connected   `connections` connections, over TLS if `tls=1`
//     opened      on each of them `tunnels` tunnels, and `blocked` tunnels that are blocked
//     echoed      on each tunnel `messages` messages, `outstanding` at a time; a blocked tunnel
//                 sends `blocked_bytes` meanwhile and consumes nothing
//     closed      by the closing handshake, which we start; blocked tunnels are reset
//     ended       the connections, in order
//
// Between phases connections are read and written, but with `mute=1`: then sockets are read only
// until tunnels are opened. `receive_buffer` is SO_RCVBUF of the connections.
#include "arguments.hpp"
#include "messages.hpp"

#include <h2ws/asio/connect.hpp>
#include <h2ws/asio/tls.hpp>
#include <h2ws/system_entropy.hpp>

#include <engine.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace load {

namespace {

using asio::ip::tcp;
using session_type = engine::client;

struct settings {
    h2ws::session_options limits;
    std::uint16_t port;
    bool tls;
    bool mute;
    std::uint64_t connections;
    std::uint64_t tunnels;
    std::uint64_t messages;
    std::uint64_t outstanding;
    std::uint64_t blocked;
    std::size_t blocked_bytes;
    std::size_t receive_buffer;
};

struct counts {
    std::uint64_t connections = 0;
    std::uint64_t opened = 0;
    std::uint64_t refused = 0;
    std::uint64_t sent = 0;
    std::uint64_t sent_payload = 0; // bytes
    std::uint64_t echoed = 0;       // as they were sent
    std::uint64_t echoed_payload = 0;
    std::uint64_t garbled = 0;
    std::uint64_t blocked_payload = 0; // echoed to a blocked tunnel, and not consumed
    std::uint64_t written = 0;         // bytes, while mute
    std::uint64_t closed_clean = 0;    // with the code that we sent
    std::uint64_t closed_otherwise = 0;
    std::uint64_t released = 0;
    std::uint64_t ended_connections = 0;
    std::uint64_t lost_connections = 0;
    std::uint64_t unexpected = 0;         // events and errors
    std::vector<std::uint64_t> latencies; // nanoseconds from a send to the end of its echo
};

struct tunnel {
    std::uint64_t number = 0; // on its connection
    bool blocked = false;
    std::uint64_t sent = 0;
    std::uint64_t echoed = 0;
    std::size_t offset = 0; // in the message that comes back
    h2ws::instant sent_at = 0;
    bool close_received = false;
};

// What the connections share.
struct load {
    settings how;
    counts counted;
    asio::io_context io{1};
    h2ws::system_entropy entropy;
    std::uint64_t awaited = 0; // of the phase

    void done() {
        if (--awaited == 0) io.stop();
    }
    void wrong(const std::string& what) {
        if (++counted.unexpected <= 5) std::cerr << "load_client: " << what << '\n';
    }
};

// The tunnels of one connection.
class lane {
public:
    lane(load& of, session_type& session, std::uint64_t number)
        : load_(of),
          session_(session),
          number_(number) {}

    void handle(const h2ws::stream_event& happened) {
        std::visit([this](const auto& what) { on(what); }, happened);
    }

    void open() {
        const settings& how = load_.how;
        for (std::uint64_t i = 0; i < how.tunnels + how.blocked; ++i) {
            const auto opened = session_.open(
                {.scheme = "http", .authority = "localhost", .path = "/load"}, h2ws::asio::now());
            if (!opened) {
                load_.wrong("open: " + std::string(info(opened.error()).name));
                continue;
            }
            tunnels_[opened->value] = {.number = i, .blocked = i >= how.tunnels};
        }
    }

    void exchange() {
        for (auto& [name, at] : tunnels_) {
            if (at.blocked)
                fill(name);
            else
                for (std::uint64_t i = 0; i < load_.how.outstanding; ++i) send_next(name, at);
        }
    }

    void close() {
        for (const auto& [name, at] : tunnels_) {
            const h2ws::instant now = h2ws::asio::now();
            check(at.blocked
                      ? session_.reset(h2ws::tunnel_id{name}, h2ws::http2_error::cancel, now)
                      : session_.send_close({name}, h2ws::status_code::normal_closure, "done", now),
                  "close");
        }
    }

private:
    void on(const h2ws::tunnel_opened&) {
        ++load_.counted.opened;
        load_.done();
    }
    void on(const h2ws::tunnel_refused& refused) {
        ++load_.counted.refused;
        load_.wrong("refused: " + std::string(info(refused.error).name));
        load_.done();
    }
    void on(const h2ws::tunnel_event& happened) {
        tunnel& at = tunnels_[happened.tunnel.value];
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&happened.what))
            receive(happened.tunnel, at, *chunk, happened.wire_bytes);
        else if (const auto* close = std::get_if<h2ws::close_frame>(&happened.what))
            at.close_received = close->code == h2ws::status_code::normal_closure;
        else if (const auto* last = std::get_if<h2ws::closed>(&happened.what))
            ++(last->error == h2ws::errc::none && at.close_received
                   ? load_.counted.closed_clean
                   : load_.counted.closed_otherwise);
        else
            load_.wrong("a ping or a pong");
    }
    void on(const h2ws::tunnel_released& gone) {
        ++load_.counted.released;
        tunnels_.erase(gone.tunnel.value);
        load_.done();
    }
    void on(const h2ws::settings_received&) {}
    void on(const h2ws::connection_ended&) {}
    void on(const auto& other) {
        load_.wrong("an event of kind " + std::to_string(h2ws::stream_event(other).index()));
    }

    void receive(h2ws::tunnel_id name, tunnel& at, const h2ws::message_chunk& chunk,
                 std::size_t wire_bytes) {
        if (at.blocked) {
            load_.counted.blocked_payload += chunk.payload.size();
            return;
        }
        compare(at, chunk);
        session_.consume(name, wire_bytes);
        if (!chunk.last) return;
        load_.counted.latencies.push_back(
            static_cast<std::uint64_t>(h2ws::asio::now() - at.sent_at));
        ++at.echoed;
        at.offset = 0;
        if (at.sent < load_.how.messages) send_next(name.value, at);
        if (at.echoed == load_.how.messages) load_.done();
    }

    void compare(tunnel& at, const h2ws::message_chunk& chunk) {
        if (at.offset == 0) made_for_ = nullptr;
        if (std::exchange(made_for_, &at) != &at)
            make_message({number_, at.number, at.echoed}, expected_);
        const std::string_view part = h2ws::as_text(chunk.payload);
        const std::size_t rest =
            expected_.bytes.size() - std::min(at.offset, expected_.bytes.size());
        const bool good = chunk.type == expected_.type && chunk.first == (at.offset == 0) &&
                          part.size() <= rest &&
                          expected_.bytes.compare(at.offset, part.size(), part) == 0 &&
                          chunk.last == (part.size() == rest);
        at.offset += part.size();
        load_.counted.echoed_payload += part.size();
        if (!good) ++load_.counted.garbled;
        if (good && chunk.last) ++load_.counted.echoed;
    }

    void send_next(std::uint64_t name, tunnel& at) {
        make_message({number_, at.number, at.sent}, outgoing_);
        at.sent_at = h2ws::asio::now();
        check(session_.send({name}, outgoing_.type, h2ws::as_bytes(outgoing_.bytes), at.sent_at),
              "send");
        ++at.sent;
        ++load_.counted.sent;
        load_.counted.sent_payload += outgoing_.bytes.size();
    }

    // As much as a peer without manners would.
    void fill(std::uint64_t name) {
        const std::string piece(16'000, '.');
        for (std::size_t left = load_.how.blocked_bytes; left != 0;) {
            const std::size_t size = std::min(left, piece.size());
            check(session_.send({name}, h2ws::opcode::text,
                                h2ws::as_bytes(std::string_view(piece).substr(0, size)),
                                h2ws::asio::now()),
                  "fill");
            left -= size;
        }
    }

    void check(const h2ws::result<void>& done, const char* what) {
        if (!done) load_.wrong(what + (": " + std::string(info(done.error()).name)));
    }

    load& load_;
    session_type& session_;
    std::uint64_t number_;
    std::unordered_map<std::uint64_t, tunnel> tunnels_;
    message outgoing_;
    message expected_;
    const tunnel* made_for_ = nullptr; // whose next echo `expected_` is
};

// A connection, plain or with TLS.
struct live_connection {
    std::unique_ptr<lane> tunnels;
    session_type* session = nullptr;
    int descriptor = 0;
    std::function<void()> wake;
};

class client {
public:
    explicit client(settings how)
        : tls_(h2ws::asio::client_tls_context()),
          words_(load_.io, ::dup(STDIN_FILENO)) {
        load_.how = std::move(how);
        tls_.set_verify_mode(asio::ssl::verify_none); // the certificate is of the run
    }

    void run() {
        const settings& how = load_.how;
        const std::uint64_t all = how.connections * (how.tunnels + how.blocked);
        phase("connected", how.connections, [this] { connect_more(); });
        phase("opened", all, [this] { each(&lane::open); });
        if (how.mute)
            mute();
        else
            phase("echoed", how.connections * how.tunnels, [this] { each(&lane::exchange); });
        phase("closed", all, [this] { each(&lane::close); });
        phase("ended", how.connections, [this] {
            for (auto& at : live_) {
                at.session->shutdown(h2ws::asio::now());
                at.wake();
            }
        });
    }

private:
    struct end_of_input {};
    static constexpr std::uint64_t dialling_at_a_time = 64;

    template <class Begin>
    void phase(const char* name, std::uint64_t awaited, Begin&& begin) {
        await_word();
        load_.awaited = awaited;
        load_.io.restart();
        asio::post(load_.io, begin);
        if (awaited != 0) load_.io.run();
        report(name);
    }

    // A line of the input. What was begun goes on meanwhile.
    void await_word() {
        std::error_code end;
        if (load_.how.mute) {
            asio::read_until(words_, asio::dynamic_buffer(word_), '\n', end);
        } else {
            load_.io.restart();
            asio::async_read_until(words_, asio::dynamic_buffer(word_), '\n',
                                   [this, &end](std::error_code error, std::size_t) {
                                       end = error;
                                       load_.io.stop();
                                   });
            load_.io.run();
        }
        if (end) throw end_of_input();
        word_.erase(0, word_.find('\n') + 1);
    }

    void each(void (lane::*call)()) {
        for (auto& at : live_) {
            (at.tunnels.get()->*call)();
            at.wake();
        }
    }

    void connect_more() {
        while (dialled_ < load_.how.connections && dialled_ - live_.size() < dialling_at_a_time) {
            ++dialled_;
            const auto socket = std::make_shared<tcp::socket>(load_.io, tcp::v4());
            if (load_.how.receive_buffer != 0)
                socket->set_option(
                    tcp::socket::receive_buffer_size(static_cast<int>(load_.how.receive_buffer)));
            socket->async_connect({asio::ip::address_v4::loopback(), load_.how.port},
                                  [this, socket](std::error_code error) {
                                      if (error) return failed("connect", error);
                                      socket->set_option(tcp::no_delay(true));
                                      secure(std::move(*socket));
                                  });
        }
    }

    void secure(tcp::socket socket) {
        if (!load_.how.tls) return connected(std::move(socket));
        const auto stream = std::make_shared<h2ws::asio::tls_stream>(std::move(socket), tls_);
        stream->async_handshake(asio::ssl::stream_base::client,
                                [this, stream](std::error_code error) {
                                    if (error || !h2ws::asio::speaks_h2(*stream))
                                        return failed("handshake", error);
                                    connected(std::move(*stream));
                                });
    }

    void failed(const char* what, std::error_code error) {
        load_.wrong(what + (": " + error.message()));
        load_.io.stop();
    }

    template <class Stream>
    void connected(Stream stream) {
        using connection_type = h2ws::asio::connection<session_type, Stream>;
        const auto made = std::make_shared<connection_type>(
            std::move(stream), h2ws::client{load_.entropy.source()}, load_.how.limits);
        live_.push_back({std::make_unique<lane>(load_, made->session(), live_.size()),
                         &made->session(), made->stream().lowest_layer().native_handle(),
                         [made] { made->wake(); }});
        const auto handle = [one = live_.back().tunnels.get()](connection_type&,
                                                               const h2ws::stream_event& what) {
            one->handle(what);
        };
        h2ws::asio::connect(made, handle, [this, made](std::error_code error) {
            ++(error ? load_.counted.lost_connections : load_.counted.ended_connections);
            load_.done();
        });
        ++load_.counted.connections;
        load_.done();
        connect_more();
    }

    // Writes without the event loop, which would read.
    void mute() {
        await_word();
        for (auto& at : live_) {
            at.tunnels->exchange();
            for (;;) {
                const auto spans = at.session->transmit(h2ws::asio::now());
                if (spans.empty()) break;
                const auto size = ::send(at.descriptor, spans[0].data(), spans[0].size(), 0);
                if (size < 0 && !writable(at.descriptor)) break;
                if (size < 0) continue;
                at.session->transmitted(static_cast<std::size_t>(size));
                load_.counted.written += static_cast<std::uint64_t>(size);
            }
        }
        report("echoed");
    }

    // Whether the peer reads on, for as long as anybody would wait.
    bool writable(int descriptor) {
        pollfd one{descriptor, POLLOUT, 0};
        if (::poll(&one, 1, 20'000) == 1) return true;
        load_.wrong("the server does not read");
        return false;
    }

    void report(const char* phase) {
        const counts& c = load_.counted;
        std::string line = std::string("{\"phase\": \"") + phase + '"';
        const auto add = [&line](const char* name, std::uint64_t number) {
            line.append(", \"").append(name).append("\": ") += std::to_string(number);
        };
        add("connections", c.connections), add("opened", c.opened), add("refused", c.refused);
        add("sent", c.sent), add("sent_payload", c.sent_payload), add("echoed", c.echoed);
        add("echoed_payload", c.echoed_payload), add("garbled", c.garbled);
        add("blocked_payload", c.blocked_payload), add("written", c.written);
        add("closed_clean", c.closed_clean), add("closed_otherwise", c.closed_otherwise);
        add("released", c.released), add("ended_connections", c.ended_connections);
        add("lost_connections", c.lost_connections), add("unexpected", c.unexpected);
        std::vector<std::uint64_t> sorted = c.latencies;
        std::sort(sorted.begin(), sorted.end());
        const auto at = [&sorted](std::size_t thousandth) {
            return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * thousandth / 1'000];
        };
        add("p50", at(500)), add("p99", at(990)), add("p999", at(999)), add("longest", at(1'000));
        std::puts((line + "}").c_str());
        std::fflush(stdout);
    }

    load load_;
    asio::ssl::context tls_;
    asio::posix::stream_descriptor words_;
    std::string word_;
    std::vector<live_connection> live_;
    std::uint64_t dialled_ = 0;

public:
    using no_more_input = end_of_input;
};

} // namespace

} // namespace load

int main(int argc, char** argv) {
    try {
        load::arguments told(argc, argv);
        load::settings how{.limits = told.limits(),
                           .port = told.take("port", std::uint16_t{0}),
                           .tls = told.take("tls", 0) != 0,
                           .mute = told.take("mute", 0) != 0,
                           .connections = told.take("connections", std::uint64_t{1}),
                           .tunnels = told.take("tunnels", std::uint64_t{0}),
                           .messages = told.take("messages", std::uint64_t{0}),
                           .outstanding = told.take("outstanding", std::uint64_t{1}),
                           .blocked = told.take("blocked", std::uint64_t{0}),
                           .blocked_bytes = told.take("blocked_bytes", std::size_t{0}),
                           .receive_buffer = told.take("receive_buffer", std::size_t{0})};
        told.all_taken();
        load::client(std::move(how)).run();
    } catch (const load::client::no_more_input&) {
        return 0; // the driver has seen enough
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "load_client: %s\n", problem.what());
        return 1;
    }
}
