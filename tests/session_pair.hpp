// A client and a server session joined in memory: a clock that stands until it is moved, reads and
// writes of any size, and a log of what each side is told. What must never happen fails the test.
#pragma once

#include "catch.hpp"
#include "octets.hpp"

#include <h2ws/session.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace session_suite {

using namespace h2ws;
using transcript::octets;

using lines = std::vector<std::string>;

inline bool fixed_key(void*, masking_key& key) noexcept {
    std::memcpy(key.data(), transcript::fixed_key.data(), key.size());
    return true;
}

template <class Role>
Role with_key() {
    if constexpr (Role::is_client)
        return {.keys = {.next = fixed_key}};
    else
        return {};
}

// How bytes travel.
struct weather {
    std::int32_t stream_window = 65'535;
    std::size_t read_size = 100'000;
    std::size_t write_size = 1'000'000; // of what is offered
};

inline session_options with(const weather& how, session_options options = {}) {
    options.stream_window = options.max_stream_window = how.stream_window; // stays as it is
    return options;
}

// One side.
template <class Session>
class endpoint {
public:
    using role = typename Session::role_type;
    using handler = std::function<void(const stream_event&)>;

    struct tunnel_state {
        std::size_t label = 0; // 1 for the first that was seen
        bool opened = false;
        bool refused = false;
        bool released = false;
        int closed = 0;
        bool inside = false; // a message
        octets message;
    };

    endpoint(const session_options& options, const weather& how, instant& now)
        : session(with_key<role>(), options),
          how_(how),
          now_(now) {}

    Session session;
    lines log;
    octets written;       // all that left
    bool accepts = true;  // requests for tunnels
    bool echoes = false;  // messages
    bool consumes = true; // what it is told
    bool ended = false;
    std::size_t unconsumed = 0;
    tunnel_id last;   // seen
    request_id asked; // seen
    octets body;      // of ordinary messages
    handler on_event; // when it was noted
    std::map<std::uint64_t, tunnel_state> tunnels;

    // The calls, run dry after each.
    template <class Call>
    auto call(Call&& what) {
        auto done = what(session);
        poll_dry();
        return done;
    }
    errc send(tunnel_id to, std::string_view text, opcode type = opcode::text, bool fin = true) {
        return call([&](Session& s) { return s.send(to, type, as_bytes(text), now_, fin); })
            .error();
    }
    errc move(tunnel_id to, std::string_view text, opcode type = opcode::text) {
        message_buffer payload;
        REQUIRE(payload.append(text));
        return call([&](Session& s) { return s.send(to, type, std::move(payload), now_); }).error();
    }
    errc ping(tunnel_id to, std::string_view text) {
        return call([&](Session& s) { return s.send_ping(to, as_bytes(text), now_); }).error();
    }
    errc close(tunnel_id of, unsigned code = 1000, std::string_view reason = {}) {
        return call([&](Session& s) {
                   return s.send_close(of, static_cast<status_code>(code), reason, now_);
               })
            .error();
    }
    errc reset(tunnel_id of, http2_error code = http2_error::cancel) {
        return call([&](Session& s) { return s.reset(of, code, now_); }).error();
    }
    errc write(tunnel_id to, std::string_view text, bool end) {
        return call([&](Session& s) { return s.write(to, as_bytes(text), end, now_); }).error();
    }
    errc write(request_id to, std::string_view text, bool end) {
        return call([&](Session& s) { return s.write(to, as_bytes(text), end, now_); }).error();
    }
    errc inform(request_id of, std::uint16_t status, std::span<const field> fields = {}) {
        return call([&](Session& s) { return s.send_interim(of, status, fields, now_); }).error();
    }
    errc trail(request_id of, std::span<const field> trailers) {
        return call([&](Session& s) { return s.send_trailers(of, trailers, now_); }).error();
    }
    void lost(connection_loss how = connection_loss::failed) {
        session.lost(how);
        poll_dry();
    }
    void expire() {
        session.expire(now_);
        poll_dry();
    }
    void shutdown() {
        session.shutdown(now_);
        poll_dry();
    }

    void poll_dry() { read({}); }

    // Bytes arrive, in pieces; each lies in memory of its own size.
    void receive(std::string_view bytes) {
        do {
            const std::string_view piece = bytes.substr(0, how_.read_size);
            bytes.remove_prefix(piece.size());
            read(piece);
        } while (!bytes.empty());
    }

    // What leaves now, so much of it as a write takes.
    octets transmit() {
        octets out = offered();
        if (!out.starts_with(rest_)) FAIL("what was offered before is not offered again");
        const std::size_t size = std::min(out.size(), how_.write_size);
        rest_ = out.substr(size);
        out.resize(size);
        session.transmitted(size);
        written += out;
        poll_dry();
        return out;
    }

    octets offered() {
        octets out;
        for (const const_bytes span : session.transmit(now_)) {
            if (span.empty()) FAIL("an empty span is offered");
            out.append(as_text(span));
        }
        return out;
    }

    tunnel_state& at(tunnel_id name) {
        const auto [found, is_new] = tunnels.try_emplace(name.value);
        if (is_new) found->second.label = tunnels.size();
        return found->second;
    }

    void note(std::string line) { log.push_back(std::move(line)); }

    // The lines of one tunnel.
    lines of(std::size_t label) const {
        lines out;
        const std::string start = std::to_string(label) + ' ';
        for (const std::string& line : log)
            if (line.starts_with(start)) out.push_back(line.substr(start.size()));
        return out;
    }
    bool has(const std::string& line) const {
        return std::find(log.begin(), log.end(), line) != log.end();
    }
    std::size_t count(const std::string& line) const {
        return static_cast<std::size_t>(std::count(log.begin(), log.end(), line));
    }

    // What holds of a session that has ended.
    void check_ended() {
        CHECK(ended);
        for (const auto& [name, state] : tunnels) {
            INFO("tunnel " << state.label);
            CHECK(state.released);
            if (state.opened) CHECK(state.closed == 1);
            if (Session::is_client) CHECK(state.opened != state.refused);
            CHECK(state.closed <= 1);
        }
    }

private:
    void read(std::string_view piece) {
        std::vector<std::byte> memory(piece.size());
        if (!piece.empty()) std::memcpy(memory.data(), piece.data(), piece.size());
        mutable_bytes in = memory;
        for (int events = 0;; ++events) {
            if (events > 2'000'000) FAIL("there is no end of events");
            const mutable_bytes before = in;
            const std::optional<stream_event> found = session.poll(in, now_);
            if (in.size() > before.size() || in.data() + in.size() != before.data() + before.size())
                FAIL("the input was not advanced from its front");
            if (!found) break;
            if (ended) FAIL("an event after connection_ended");
            handle(*found);
        }
        if (!in.empty()) FAIL("input was left");
    }

    void handle(const stream_event& found) {
        std::visit([&](const auto& what) { told(what); }, found);
        if (on_event) on_event(found);
    }

    template <class Id>
    void give_back(Id name, std::size_t wire_bytes) {
        if (consumes)
            session.consume(name, wire_bytes);
        else
            unconsumed += wire_bytes;
    }

    std::string name_of(tunnel_id tunnel) { return std::to_string(at(tunnel).label) + ' '; }

    void told(const tunnel_requested& what) {
        last = what.tunnel;
        note(name_of(what.tunnel) + "requested " + std::string(what.request->path));
        if constexpr (!Session::is_client)
            if (accepts) accept(what.tunnel);
    }

public:
    errc accept(tunnel_id tunnel, const acceptance& answer = {}) {
        const auto done = session.accept(tunnel, answer, now_);
        if (done) at(tunnel).opened = true;
        return done.error();
    }

private:
    void told(const request_rejected& what) {
        note("rejected " + std::string(info(what.error).name));
    }
    void told(const tunnel_opened& what) {
        last = what.tunnel;
        at(what.tunnel).opened = true;
        note(name_of(what.tunnel) + "opened " + std::to_string(what.response->status) +
             (what.response->subprotocol.empty() ? ""
                                                 : ' ' + std::string(what.response->subprotocol)));
    }
    void told(const tunnel_refused& what) {
        if (std::exchange(at(what.tunnel).refused, true)) FAIL("refused twice");
        std::string line = name_of(what.tunnel) + "refused " + std::string(info(what.error).name);
        if (what.status != 0) line += ' ' + std::to_string(what.status);
        if (!what.body.empty()) line += ' ' + std::string(what.body);
        note(line + (what.retryable ? " retryable" : ""));
    }
    void told(const tunnel_event& what) {
        tunnel_state& state = at(what.tunnel);
        if (state.closed != 0 || state.released) FAIL("an event after closed");
        std::visit([&](const auto& said) { told(what, state, said); }, what.what);
    }
    void told(const tunnel_event& what, tunnel_state& state, const message_chunk& chunk) {
        if (chunk.first == state.inside) FAIL("first is wrong");
        state.inside = !chunk.last;
        state.message += as_text(chunk.payload);
        give_back(what.tunnel, what.wire_bytes);
        if (!chunk.last) return;
        const octets message = std::exchange(state.message, {});
        const opcode type = chunk.type; // the chunk lives until the next call
        note(name_of(what.tunnel) + transcript::described(type, message));
        if (echoes) (void)session.send(what.tunnel, type, as_bytes(message), now_);
    }
    void told(const tunnel_event& what, tunnel_state&, const h2ws::ping& said) {
        note(name_of(what.tunnel) + "ping " + transcript::quoted(as_text(said.payload)));
    }
    void told(const tunnel_event& what, tunnel_state&, const pong& said) {
        note(name_of(what.tunnel) + "pong " + transcript::quoted(as_text(said.payload)));
    }
    void told(const tunnel_event& what, tunnel_state&, const close_frame& said) {
        note(name_of(what.tunnel) + "close " + std::to_string(static_cast<unsigned>(said.code)) +
             ' ' + transcript::quoted(said.reason));
    }
    void told(const tunnel_event& what, tunnel_state& state, const closed& said) {
        ++state.closed;
        std::string line = "closed " + std::string(info(said.error).name);
        if (said.stream_error != http2_error::no_error)
            line += ' ' + std::string(name(said.stream_error));
        note(name_of(what.tunnel) + line);
    }
    void told(const tunnel_data& what) {
        note(name_of(what.tunnel) + "data " + transcript::quoted(as_text(what.payload)) +
             (what.end ? " end" : ""));
        give_back(what.tunnel, what.wire_bytes);
    }
    void told(const tunnel_released& what) {
        tunnel_state& state = at(what.tunnel);
        if (std::exchange(state.released, true)) FAIL("released twice");
        note(name_of(what.tunnel) + "released");
    }
    void told(const tunnel_writable& what) { note(name_of(what.tunnel) + "writable"); }
    void told(const request_writable&) { note("request writable"); }
    void told(const request_received& what) {
        asked = what.request;
        note("asked " + std::string(what.head->method) + ' ' + std::string(what.head->path) +
             (what.end ? " end" : ""));
    }
    static std::string described(std::span<const field> fields) {
        std::string line;
        for (const field& each : fields)
            line += ' ' + std::string(each.name) + '=' + std::string(each.value);
        return line;
    }
    void told(const interim_received& what) {
        note("interim " + std::to_string(what.head->status) + described(what.head->fields));
    }
    void told(const response_received& what) {
        note("answered " + std::to_string(what.head->status) + (what.end ? " end" : ""));
    }
    void told(const body_received& what) {
        body += as_text(what.payload);
        if (!what.end && !what.trailers.empty()) FAIL("trailers before the end");
        if (what.end)
            note("body of " + std::to_string(body.size()) +
                 (what.trailers.empty() ? "" : " with" + described(what.trailers)));
        give_back(what.request, what.wire_bytes);
    }
    void told(const request_released& what) {
        note("request released " + std::string(info(what.error).name));
    }
    void told(const settings_received&) {}
    void told(const goaway_received& what) {
        note("goaway " + std::to_string(what.last_stream_id) + ' ' + std::string(name(what.code)));
    }
    void told(const connection_ended& what) {
        ended = true;
        note("ended " + std::string(info(what.error).name));
    }

    weather how_;
    instant& now_;
    octets rest_; // was offered and not taken
};

// Both sides. `Model` names the sessions and reads and writes what they speak.
template <class Model>
class pair {
public:
    using server_type = endpoint<typename Model::server>;
    using client_type = endpoint<typename Model::client>;

    explicit pair(const weather& how = {}, session_options options = {})
        : pair(how, options, options) {}
    pair(const weather& how, session_options ours, session_options theirs)
        : server(with(how, accepting(ours)), how, now),
          client(with(how, theirs), how, now) {}

    instant now = seconds(1);
    server_type server;
    client_type client;
    octets to_server, to_client; // on the way
    bool server_hears = true, client_hears = true;

    tunnel_id open(std::string_view path = "/") {
        const auto made = ask({.authority = "example.com", .path = path});
        REQUIRE(made);
        return *made;
    }
    result<tunnel_id> ask(const connect_request& wanted) {
        const auto made = client.call([&](auto& session) { return session.open(wanted, now); });
        if (made) client.at(*made);
        return made;
    }
    // An open one; its name at the server is server.last.
    tunnel_id opened(std::string_view path = "/") {
        const tunnel_id made = open(path);
        run();
        REQUIRE(client.at(made).opened);
        return made;
    }

    // Until nothing moves.
    void run() {
        for (int round = 0;; ++round) {
            if (round > 5'000'000) FAIL("it never rests");
            to_server += client.transmit();
            to_client += server.transmit();
            const bool moves = (server_hears && !to_server.empty()) ||
                               (client_hears && !to_client.empty()) || !client.offered().empty() ||
                               !server.offered().empty();
            if (!moves) return;
            if (server_hears) server.receive(std::exchange(to_server, {}));
            if (client_hears) client.receive(std::exchange(to_client, {}));
        }
    }

    // Lets time pass, and what is due happen when it is.
    void pass(duration span) {
        const instant until = after(now, span);
        run();
        for (int steps = 0;; ++steps) {
            if (steps > 10'000) FAIL("a deadline does not move");
            const instant due = earlier(server.session.deadline(), client.session.deadline());
            if (due > until) break;
            now = std::max(now, due);
            server.expire();
            client.expire();
            run();
        }
        now = until;
    }

    // Everything ends in order.
    void finish() {
        client.consumes = server.consumes = true;
        for (const auto& [name, state] : client.tunnels)
            if (!state.released && client.close({name}) != errc::none) (void)client.reset({name});
        run();
        client.shutdown();
        server.shutdown();
        run();
        pass(seconds(60));
        client.check_ended();
        server.check_ended();
        CHECK(client.session.finished());
        CHECK(server.session.finished());
    }

    // What was consumed has given its credit back: more than any window fits through.
    void check_credit(std::size_t size) {
        server.echoes = true;
        const tunnel_id made = opened("/credit");
        const octets text(size, 'c');
        REQUIRE(client.send(made, text, opcode::binary) == errc::none);
        run();
        const std::string line = std::to_string(client.at(made).label) + ' ' +
                                 transcript::described(opcode::binary, text);
        CHECK(client.has(line));
        CHECK(client.close(made) == errc::none);
        run();
        server.echoes = false;
    }

    lines client_frames() const { return Model::frames(client.written, true); }
    lines server_frames() const { return Model::frames(server.written, false); }

private:
    static session_options accepting(session_options options) {
        options.accept_tunnels = true;
        return options;
    }
};

inline std::vector<weather> weathers() {
    return {{65'535, 100'000, 1'000'000}, {65'535, 1, 1'000'000}, {65'535, 7, 13},
            {1024, 1000, 1'000'000},      {7, 1'000, 100},        {1, 100'000, 1'000'000}};
}

// As much as is still quick through such a window.
inline std::size_t bulk(const weather& how) {
    if (how.read_size < 10) return 20'000;
    return how.stream_window > 10'000 ? 1 << 20 : how.stream_window > 1'000 ? 200'000 : 3'000;
}

} // namespace session_suite
