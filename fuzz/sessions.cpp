// Two sessions of h2ws::http2 joined by a pipe that passes octets on in any pieces, while time
// passes, memory may run out and each side calls what the input says, whether it makes sense or
// not. What is heard on a tunnel is what was said on it, in order; each has one end, everything is
// released, and all memory is given back.
#include "assertions.hpp"
#include "counted.hpp"

#include "../tests/session_pair.hpp"

#include <h2ws/http2/session.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace {

using fuzz::require;
using fuzz::supply;
using h2ws::field;
using h2ws::instant;
using session_suite::lines;

constexpr std::size_t most_memory = std::size_t{64} << 20;

h2ws::session_options options_of(supply& from, const h2ws::allocator& memory) {
    h2ws::session_options made;
    const auto some = [&](auto& value, std::size_t most) {
        if (from.number(3) == 0)
            value = static_cast<std::remove_reference_t<decltype(value)>>(from.number(most));
    };
    some(made.max_streams, 4);
    some(made.max_pending, 2);
    some(made.max_waiting, 3);
    some(made.max_fields, 20);
    some(made.max_field_bytes, 300);
    some(made.max_early_data, 100);
    some(made.max_queued, 3'000);
    some(made.max_queued_in_all, 9'000);
    some(made.max_held, 2'000);
    some(made.messages.max_message, 5'000);
    made.waits.idle = from.number(3) == 0 ? h2ws::seconds(20) : h2ws::never;
    if (from.flag()) {
        made.stream_window = static_cast<std::int32_t>(1 + from.number(2'000));
        if (from.flag()) made.max_stream_window = made.stream_window;
    }
    made.accept_tunnels = from.number(7) != 0;
    made.accept_raw_tunnels = from.flag();
    made.answer_malformed = from.flag();
    made.require_subprotocol = from.number(3) == 0;
    made.end_with_reset = from.number(3) == 0;
    made.memory = memory;
    return made;
}

session_suite::weather weather_of(supply& from) {
    constexpr std::size_t sizes[] = {100'000, 100'000, 60, 500};
    return {.read_size = sizes[from.number(3)],
            .write_size = from.flag() ? 1'000'000 : 200 + from.number(2'000)};
}

// One side: what it may call, whichever role it has.
template <class Session>
class side {
public:
    side(supply& from, instant& now)
        : from_(from),
          now_(now),
          options_(options_of(from, memory_.policy())),
          weather_(weather_of(from)),
          end_(options_, weather_, now) {
        end_.accepts = false; // what it asks for lives no longer
        end_.on_event = [this](const h2ws::stream_event& what) { note(what); };
    }

    void act() {
        switch (from_.number(13)) {
        case 0:
        case 1: return begin();
        case 2:
        case 3:
        case 4: return say();
        case 5: return (void)end_.ping(tunnel(), std::string(from_.number(130), 'p'));
        case 6:
            return (void)end_.close(tunnel(), 999 + static_cast<unsigned>(from_.number(20)), "x");
        case 7: return cut();
        case 8:
            return (void)end_.write(tunnel(), std::string(from_.number(900), 'w'), from_.flag());
        case 9: return write_body();
        case 10: return answer();
        case 11: return set_flags();
        case 12:
            if (from_.number(15) == 0) end_.shutdown();
            return;
        default: return look();
        }
    }

    // What lies in the pipe.
    void transmit(std::string& pipe) { pipe += end_.transmit(); }
    void receive(std::string& pipe, std::size_t most) {
        const std::string part = pipe.substr(0, most);
        pipe.erase(0, part.size());
        if (!end_.ended) end_.receive(part);
    }

    void expire() { end_.expire(); }
    instant due() { return end_.ended ? h2ws::never : end_.session.deadline(); }
    void shutdown() {
        end_.consumes = true;
        end_.shutdown();
    }
    void lose() {
        end_.lost();
        end_.check_ended();
    }
    void starve(std::size_t allocations) { memory_.left = allocations; }

    // By the path that the tunnel was asked for with.
    std::map<std::string, lines> said() const { return said_; }
    std::map<std::string, lines> heard() {
        std::map<std::string, lines> all;
        for (const auto& [name, path] : paths_) {
            lines& of = all[path];
            for (const std::string& line : end_.of(end_.at({name}).label))
                if (line.starts_with("text ") || line.starts_with("binary")) of.push_back(line);
        }
        return all;
    }

private:
    using socket = session_suite::endpoint<Session>;
    static constexpr bool is_client = Session::is_client;

    void note(const h2ws::stream_event& what) {
        if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&what)) {
            paths_[asked->tunnel.value] = asked->request->path;
            std::array<char, 30> room;
            (void)asked->request->join_cookies(room);
            (void)asked->request->origin();
            if constexpr (!is_client)
                if (accepts_) return (void)end_.accept(asked->tunnel);
            pending_.push_back(asked->tunnel);
        } else if (const auto* request = std::get_if<h2ws::request_received>(&what)) {
            requests_.push_back(request->request);
        }
    }

    h2ws::tunnel_id tunnel() {
        if (end_.tunnels.empty()) return {from_.number(3)};
        auto at = end_.tunnels.begin();
        std::advance(at, from_.number(end_.tunnels.size() - 1));
        return {at->first};
    }
    h2ws::request_id request() {
        return requests_.empty() ? h2ws::request_id{}
                                 : requests_[from_.number(requests_.size() - 1)];
    }

    void begin() {
        if constexpr (is_client) {
            if (from_.number(3) == 0) return ask();
            static constexpr std::string_view protocols[] = {"websocket", "websocket", "WebSocket",
                                                             "other"};
            static constexpr field more[] = {{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                             {"priority", "u=1, i"},
                                             {"cookie", "a=b"},
                                             {"cookie", "c=d"}};
            const std::string path = "/" + std::to_string(++opened_);
            const auto made = end_.call([&](auto& session) {
                return session.open({.protocol = protocols[from_.number(3)],
                                     .authority = "a.test",
                                     .path = path,
                                     .subprotocols = from_.flag() ? "chat" : "",
                                     .extensions = from_.number(3) == 0 ? "x-other" : "",
                                     .fields = std::span(more).first(from_.number(4))},
                                    now_);
            });
            if (!made) return;
            end_.at(*made);
            paths_[made->value] = path;
        } else if (!pending_.empty()) {
            const h2ws::tunnel_id which = pending_.back();
            pending_.pop_back();
            if (from_.number(3) == 0)
                (void)end_.call([&](auto& session) {
                    return session.refuse(
                        which, static_cast<std::uint16_t>(250 + from_.number(400)), now_, {}, "no");
                });
            else
                (void)end_.accept(which, {.subprotocol = from_.flag() ? "chat" : ""});
        }
    }

    void ask() {
        if constexpr (is_client) {
            static constexpr std::string_view methods[] = {"GET", "POST", "HEAD", "CONNECT"};
            std::vector<field> fields{{":method", methods[from_.number(3)]},
                                      {":scheme", "https"},
                                      {":authority", "a.test"},
                                      {":path", "/page"}};
            if (from_.number(3) == 0) fields.push_back({"content-length", "20"});
            const bool end = from_.flag();
            const auto made =
                end_.call([&](auto& session) { return session.request(fields, end, now_); });
            if (made) requests_.push_back(*made);
        }
    }

    void say() {
        const h2ws::tunnel_id to = tunnel();
        const auto path = paths_.find(to.value);
        std::string& begun = begun_[to.value];
        const auto [type, is_new] = types_.try_emplace(to.value, h2ws::opcode::text);
        if (begun.empty()) type->second = from_.flag() ? h2ws::opcode::text : h2ws::opcode::binary;
        const std::string text(from_.number(from_.flag() ? 60 : 3'000),
                               static_cast<char>('a' + from_.number(20)));
        const bool fin = from_.number(3) != 0 || text.empty();
        const h2ws::errc error = fin && begun.empty() && from_.flag()
                                     ? end_.move(to, text, type->second)
                                     : end_.send(to, text, type->second, fin);
        if (error != h2ws::errc::none || path == paths_.end()) return;
        begun += text;
        if (!fin) return;
        said_[path->second].push_back(transcript::described(type->second, begun));
        begun.clear();
    }

    void cut() {
        if (from_.number(3) == 0)
            (void)end_.reset(tunnel());
        else if (from_.number(3) == 0)
            (void)end_.call([&](auto& session) {
                return session.reset(request(), h2ws::http2_error::cancel, now_);
            });
    }

    void write_body() {
        static constexpr field trailers[] = {{"x-sum", "1"}, {"content-length", "3"}};
        if (from_.flag())
            (void)end_.write(request(), std::string(from_.number(900), 'b'), from_.flag());
        else
            (void)end_.trail(request(), std::span(trailers).first(from_.number(2)));
    }

    void answer() {
        if constexpr (!is_client) {
            static constexpr field length[] = {{"content-length", "4"}};
            const auto fields = std::span(length).first(from_.number(1));
            static constexpr std::uint16_t statuses[] = {200, 204, 205, 304, 404, 100, 103, 101};
            const std::uint16_t status = statuses[from_.number(7)];
            if (status < 200) return (void)end_.inform(request(), status, fields);
            const std::string body(from_.number(5), 'r');
            const bool end = from_.flag();
            (void)end_.call([&](auto& session) {
                return session.respond(request(), status, fields, h2ws::as_bytes(body), now_, end);
            });
        }
    }

    void set_flags() {
        accepts_ = from_.flag();
        end_.consumes = from_.number(3) != 0;
    }

    // What one may ask at any time.
    void look() {
        const h2ws::tunnel_id one = tunnel();
        require(end_.session.queued(one) + end_.session.queued(request()) < most_memory);
        (void)end_.session.stream_id(one);
        (void)end_.session.stream_id(request());
        (void)end_.session.extension(one, now_);
        end_.session.consume(one, from_.number(3'000));
        end_.session.consume(request(), from_.number(3'000));
        require(end_.session.ended() == end_.ended || !end_.ended);
    }

    fuzz::counted memory_{.most = most_memory};
    supply& from_;
    instant& now_;
    h2ws::session_options options_;
    session_suite::weather weather_;
    bool accepts_ = true;
    std::size_t opened_ = 0;
    std::map<std::uint64_t, std::string> paths_;
    std::map<std::uint64_t, std::string> begun_; // messages, as far as they were said
    std::map<std::uint64_t, h2ws::opcode> types_;
    std::map<std::string, lines> said_;
    std::vector<h2ws::tunnel_id> pending_;
    std::vector<h2ws::request_id> requests_;
    socket end_;
};

class talk {
public:
    explicit talk(supply& from) : from_(from) {}

    void run() {
        if (from_.number(3) == 0) client_.starve(from_.number(400));
        if (from_.number(3) == 0) server_.starve(from_.number(400));
        while (!from_.empty()) step();
        settle();
        client_.lose();
        server_.lose();
        compare(client_.said(), server_.heard());
        compare(server_.said(), client_.heard());
    }

private:
    void step() {
        switch (from_.number(7)) {
        case 0:
        case 1: return client_.act();
        case 2:
        case 3: return server_.act();
        case 4: return client_.transmit(to_server_), server_.transmit(to_client_);
        case 5: return server_.receive(to_server_, 1 + from_.number(3'000));
        case 6: return client_.receive(to_client_, 1 + from_.number(3'000));
        default:
            if (from_.flag()) return exchange();
            now_ = h2ws::after(now_,
                               h2ws::seconds(1) / 100 * static_cast<instant>(from_.number(2'000)));
            client_.expire();
            server_.expire();
        }
    }

    void exchange() {
        for (int round = 0; round < 30; ++round) {
            client_.transmit(to_server_);
            server_.transmit(to_client_);
            if (to_server_.empty() && to_client_.empty()) return;
            server_.receive(to_server_, SIZE_MAX);
            client_.receive(to_client_, SIZE_MAX);
        }
    }

    void settle() {
        client_.shutdown();
        server_.shutdown();
        for (int turn = 0; turn < 40; ++turn) {
            exchange();
            const instant due = h2ws::earlier(client_.due(), server_.due());
            if (due == h2ws::never) return;
            now_ = std::max(now_, due);
            client_.expire();
            server_.expire();
        }
    }

    // What was heard of each tunnel is the beginning of what was said.
    static void compare(const std::map<std::string, lines>& said,
                        const std::map<std::string, lines>& heard) {
        for (const auto& [path, of] : heard) {
            if (of.empty()) continue;
            const auto whole = said.find(path);
            require(whole != said.end() && of.size() <= whole->second.size());
            require(std::equal(of.begin(), of.end(), whole->second.begin()));
        }
    }

    supply& from_;
    instant now_ = h2ws::seconds(1);
    side<h2ws::http2::client> client_{from_, now_};
    side<h2ws::http2::server> server_{from_, now_};
    std::string to_server_, to_client_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    talk(from).run();
    return 0;
}
