// A client and a server that say a little of everything to each other, step by step, until the one
// or the other has heard so many octets. The file that includes a suite of this folder includes
// session_pair.hpp's model first and names it `model`.
#pragma once

#include "../session_suite/alone.hpp"

#include <vector>

namespace engine_suite {

using namespace session_suite;

using pair_type = pair<model>;

inline const std::vector<field> post{
    {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/post"}};

// An interim answer, a body of a known length, trailers.
inline void respond(pair_type& both, request_id request) {
    auto& session = both.server.session;
    const field hint{"link", "</style.css>; rel=preload"}, length{"content-length", "3"},
        checksum{"checksum", "abc"};
    (void)session.send_interim(request, 103, {&hint, 1}, both.now);
    if (!session.respond(request, 200, {&length, 1}, as_bytes("yes"), both.now, false) ||
        !session.send_trailers(request, {&checksum, 1}, both.now))
        (void)session.reset(request, http2_error::internal_error, both.now);
}

inline void answer(pair_type& both, const stream_event& found) {
    auto& server = both.server;
    if (const auto* asked = std::get_if<tunnel_requested>(&found)) {
        if (asked->request->path == "/refused")
            (void)server.session.refuse(asked->tunnel, 403, both.now, {}, "no");
        else
            (void)server.accept(asked->tunnel, {.subprotocol = "chat"});
    }
    if (const auto* asked = std::get_if<request_received>(&found)) respond(both, asked->request);
}

class exchange : public pair_type {
public:
    static constexpr std::size_t whole = SIZE_MAX; // octets that are heard
    static constexpr int steps = 12;

    explicit exchange(const session_options& options = {}, std::size_t by_server = whole,
                      std::size_t by_client = whole, const weather& how = {})
        : pair_type(how, options),
          left_for_server_(by_server),
          left_for_client_(by_client) {
        now = seconds(100'000); // there is time before
        server.accepts = false;
        server.on_event = [this](const stream_event& found) {
            if (const auto* asked = std::get_if<tunnel_requested>(&found))
                names_.push_back(asked->tunnel);
            answer(*this, found);
        };
    }

    std::size_t heard_by_server = 0, heard_by_client = 0;

    // Until it is cut.
    void play() {
        for (int i = 0; i < steps && !is_cut(); ++i) play(i);
    }
    void play(int number) {
        step(number);
        carry();
    }
    bool is_cut() const { return cut_; }

    // Until nothing moves, or it is cut: what is on the way then stays there.
    void carry() {
        for (int round = 0; !cut_; ++round) {
            if (round > 100'000) FAIL("it never rests");
            to_server += client.transmit();
            to_client += server.transmit();
            if (to_server.empty() && to_client.empty()) return;
            hear(server, to_server, heard_by_server, left_for_server_);
            hear(client, to_client, heard_by_client, left_for_client_);
        }
    }
    void go_on() {
        cut_ = false;
        left_for_server_ = left_for_client_ = whole;
        carry();
    }

private:
    template <class Side>
    void hear(Side& side, octets& waits, std::size_t& heard, std::size_t& left) {
        if (cut_ || waits.empty()) return;
        const octets bytes = waits.substr(0, left);
        waits.erase(0, bytes.size());
        cut_ = !waits.empty();
        left -= bytes.size();
        heard += bytes.size();
        side.receive(bytes);
    }

    void step(int number) {
        switch (number) {
        case 0: return open_tunnels();
        case 1: (void)client.write(asked_, octets(100, 'b'), true); return;
        case 2: (void)client.send(made_[0], "Hello"); return;
        case 3: (void)server.send(names_[0], "Good day"); return;
        case 4: (void)client.send(made_[1], octets(300, 'x'), opcode::binary); return;
        case 5: (void)server.move(names_[1], octets(300, 'y'), opcode::binary); return;
        case 6: return say_in_fragments(client, made_[0], opcode::binary);
        case 7: return say_in_fragments(server, names_[1], opcode::text);
        case 8: (void)client.ping(made_[0], "ping"), (void)server.ping(names_[1], "pong"); return;
        case 9: (void)client.close(made_[0], 1000, "bye"); return;
        case 10: (void)server.close(names_[1], 4000); return;
        default: server.shutdown(), client.shutdown();
        }
    }

    void open_tunnels() {
        for (const char* const path : {"/a", "/b", "/refused"}) {
            const auto made = ask({.authority = "a.test", .path = path, .subprotocols = "chat"});
            REQUIRE(made);
            made_.push_back(*made);
        }
        const auto made = client.call([&](auto& s) { return s.request(post, false, now); });
        REQUIRE(made);
        asked_ = *made;
    }

    template <class Side>
    static void say_in_fragments(Side& side, tunnel_id tunnel, opcode type) {
        (void)side.send(tunnel, "in ", type, false);
        (void)side.send(tunnel, "", type, false);
        (void)side.send(tunnel, "frag", type, false);
        (void)side.ping(tunnel, "between");
        (void)side.send(tunnel, "ments", type, true);
    }

    std::size_t left_for_server_, left_for_client_; // octets, before it is cut
    bool cut_ = false;
    std::vector<tunnel_id> made_, names_; // the client's and the server's
    request_id asked_;
};

} // namespace engine_suite
