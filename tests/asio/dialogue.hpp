// Two websockets of one connection on which both sides speak, by handlers that are counted: what
// cuts, cancels and destroys them is the tests' matter.
#pragma once

#include "ends.hpp"
#include "memory_pipe.hpp"
#include "tally.hpp"

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace streams {

// What handlers need until the last of them has gone.
struct stage {
    tally handlers;
    asio::io_context context;
    memory_pipe between{context.get_executor()};

    // Everything that happens without time passing. False: there is too much of it.
    bool settle() {
        context.restart();
        for (int steps = 0; steps < 1'000'000; ++steps)
            if (context.poll_one() == 0) return true;
        return false;
    }
};

// One side of a websocket: says its messages, each in two fragments, and hears the other's.
template <class Stream>
class speaker {
public:
    struct signals {
        asio::cancellation_signal make, read, write, ping, close;
    };

    speaker(tally& handlers, strings says, std::size_t hears, std::function<void()> over)
        : handlers_(handlers),
          says_(std::move(says)),
          hears_(hears),
          over_(std::move(over)) {}

    void begin(Stream made) {
        begun = true;
        socket_ = std::move(made);
        ping();
        read();
        say();
    }

    // Nothing more is said or heard.
    void drop() {
        dropped_ = true;
        socket_ = Stream();
        finish();
    }
    // It never began.
    void finish() {
        if (!std::exchange(finished_, true) && over_) over_();
    }

    signals stop;
    bool begun = false;
    strings heard;
    std::string hearing;                                  // a part of the next
    std::string read_end, write_end, ping_end, close_end; // while there is none: empty

private:
    void ping() {
        socket_.async_ping(asio::buffer("?", 1),
                           handlers_.one(stop.ping, [this](std::error_code error) {
                               ping_end = name_of(error);
                               if (error && !dropped_) drop();
                           }));
    }

    void read() {
        socket_.async_read(
            asio::dynamic_buffer(hearing),
            handlers_.one(stop.read, [this](std::error_code error, h2ws::asio::message_part) {
                if (!error) {
                    heard.push_back(std::exchange(hearing, {}));
                    close_in_the_end();
                }
                if (goes_on(error)) return read();
                read_end = name_of(error);
                finish();
            }));
    }

    void say() {
        if (said_ == 2 * says_.size()) return close_in_the_end();
        const std::string& message = says_[said_ / 2];
        const bool fin = said_ % 2 == 1;
        const std::size_t half = message.size() / 2;
        const auto part = fin ? asio::buffer(message) + half : asio::buffer(message.data(), half);
        socket_.async_write(h2ws::opcode::text, part, fin,
                            handlers_.one(stop.write, [this](std::error_code error) {
                                if (!error) ++said_;
                                if (goes_on(error)) return say();
                                write_end = name_of(error);
                                if (!dropped_) drop();
                            }));
    }

    void close_in_the_end() {
        if (!over_ || closing_ || dropped_ || said_ != 2 * says_.size() || heard.size() != hears_)
            return;
        closing_ = true;
        close();
    }
    void close() {
        socket_.async_close(handlers_.one(stop.close, [this](std::error_code error) {
            if (is_cancelled(error)) return close();
            close_end = name_of(error);
            finish();
        }));
    }

    bool goes_on(std::error_code error) const {
        return is_cancelled(error) || (!error && !dropped_);
    }
    // By its signal, as if it had not begun.
    bool is_cancelled(std::error_code error) const {
        return error == asio::error::operation_aborted && !dropped_;
    }

    tally& handlers_;
    const strings says_;
    const std::size_t hears_;
    const std::function<void()> over_; // of the side that closes
    Stream socket_;
    std::size_t said_ = 0; // fragments
    bool closing_ = false;
    bool dropped_ = false;
    bool finished_ = false;
};

// No time is to pass, however slow the machine is.
inline h2ws::session_options timeless(h2ws::session_options options) {
    options.waits = {h2ws::never, h2ws::never, h2ws::never, h2ws::never, h2ws::never, h2ws::never};
    return options;
}

template <class Transport>
class dialogue {
public:
    using server_type = server_over<Transport>;
    using client_type = client_over<Transport>;
    using server_speaker = speaker<typename server_type::stream_type>;
    using client_speaker = speaker<typename client_type::stream_type>;

    dialogue(stage& on, Transport near, Transport far, strings up, strings down,
             const h2ws::session_options& clients = {}, const h2ws::session_options& servers = {})
        : up_(std::move(up)),
          down_(std::move(down)),
          handlers_(on.handlers),
          client(std::in_place, std::move(near), h2ws::client{entropy_.source()},
                 timeless(clients)),
          server(std::in_place, std::move(far), h2ws::server{}, timeless(accepting(servers))) {
        for (int i = 0; i < 2; ++i) {
            asking.emplace_back(new client_speaker(handlers_, up_, down_.size(), [this] {
                if (--left_ == 0 && client) client->shutdown();
            }));
            answering.emplace_back(new server_speaker(handlers_, down_, up_.size(), {}));
        }
    }

    void run() {
        run_server();
        run_client();
        accept();
        open(0);
        open(1);
    }

    void run_server() { run(*server, stop_server, server_ends); }
    void run_client() { run(*client, stop_client, client_ends); }

    // Each end was told once, and what was heard is how what was said began.
    bool consistent() const {
        bool is = server_ends.size() == 1 && client_ends.size() == 1 && accept_end != "";
        for (std::size_t i = 0; i < 2; ++i)
            is = is && consistent(*asking[i], down_) && consistent(*answering[i], up_) &&
                 (asking[i]->close_end != "none" || answering[i]->heard == up_);
        return is;
    }

    bool undisturbed(std::size_t which) const {
        return asking[which]->heard == down_ && asking[which]->close_end == "none" &&
               answering[which]->heard == up_ && answering[which]->read_end == "eof";
    }
    bool undisturbed() const { return ended_in_order() && undisturbed(0) && undisturbed(1); }
    bool ended_in_order() const {
        return server_ends == strings{"none"} && client_ends == strings{"none"} &&
               accept_end == "eof";
    }

private:
    const strings up_, down_;
    tally& handlers_;
    h2ws::system_entropy entropy_;

public:
    std::optional<client_type> client;
    std::optional<server_type> server;
    asio::cancellation_signal stop_server, stop_client, stop_accept;
    std::vector<std::unique_ptr<client_speaker>> asking;
    std::vector<std::unique_ptr<server_speaker>> answering;
    strings server_ends, client_ends;
    strings open_ends{"", ""};
    std::string accept_end;

private:
    template <class Connection>
    void run(const Connection& what, asio::cancellation_signal& stop, strings& ends) {
        what.async_run(handlers_.one(
            stop, [&ends](std::error_code error) { ends.push_back(name_of(error)); }));
    }

    void open(std::size_t which) {
        client->async_open(chat(which == 0 ? "/0" : "/1"),
                           handlers_.one(asking[which]->stop.make,
                                         [this, which](std::error_code error, auto made) {
                                             open_ends[which] = name_of(error);
                                             if (error)
                                                 asking[which]->finish();
                                             else
                                                 asking[which]->begin(std::move(made));
                                         }));
    }

    void accept() {
        server->async_accept(handlers_.one(stop_accept, [this](std::error_code error, auto offer) {
            if (error == asio::error::operation_aborted) return accept();
            if (error) return void(accept_end = name_of(error));
            server_speaker& answers = *answering[offer.request().path == "/0" ? 0 : 1];
            offer.async_accept(
                handlers_.one(answers.stop.make, [&answers](std::error_code failed, auto made) {
                    if (!failed) answers.begin(std::move(made));
                }));
            accept();
        }));
    }

    template <class Speaker>
    static bool consistent(const Speaker& one, const strings& said) {
        if (!one.begun) return true;
        if (one.heard.size() > said.size() || one.read_end.empty()) return false;
        for (std::size_t i = 0; i < one.heard.size(); ++i)
            if (one.heard[i] != said[i]) return false;
        if (one.read_end == "eof") return one.heard == said && one.hearing.empty();
        return one.hearing.empty() ||
               (one.heard.size() < said.size() && said[one.heard.size()].starts_with(one.hearing));
    }

    int left_ = 2;
};

} // namespace streams
