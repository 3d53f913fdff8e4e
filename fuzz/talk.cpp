// Two websockets joined by a pipe that passes octets on in any pieces: what one sends whole the
// other receives whole, in order, and however they close, both end cleanly.
#include "frames.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

namespace {

using fuzz::bytes;
using fuzz::require;
using fuzz::supply;

struct message {
    h2ws::opcode type = h2ws::opcode::text;
    bytes payload;

    friend bool operator==(const message&, const message&) = default;
};

// One end, and the octets on their way from it.
template <class Role>
class end {
public:
    // What the application does next.
    void act(supply& from) {
        switch (from.number(7)) {
        case 0:
        case 1:
        case 2: return say(from, true);
        case 3: return say(from, false);
        case 4: return put(socket_.send_ping(h2ws::as_bytes("ping")));
        case 5: return put(socket_.send_pong(from.octets(from.number(125))));
        default:
            if (from.number(5) == 0) close(from.number(1) == 0);
        }
    }

    void close(bool with_reason) {
        put(socket_.send_close(h2ws::status_code::normal_closure, with_reason ? "enough" : ""));
    }

    // Takes up to so many octets of the other's.
    template <class Other>
    void take(end<Other>& other, std::size_t most) {
        const std::size_t size = std::min(most, other.wire_.size());
        bytes part(other.wire_.begin(), other.wire_.begin() + static_cast<std::ptrdiff_t>(size));
        other.wire_.erase(other.wire_.begin(),
                          other.wire_.begin() + static_cast<std::ptrdiff_t>(size));
        h2ws::inbound<Role> in{part, other.ended_ && other.wire_.empty()};
        while (true) {
            hear();
            if (const auto event = socket_.poll(in))
                note(*event, other.said_);
            else if (!socket_.wants_transmit())
                return;
        }
    }

    bool is_closed() const { return closed_; }
    bool quiet() const { return wire_.empty(); }
    bool all_heard() const { return said_.empty(); } // by the other

private:
    template <class>
    friend class end;

    void say(supply& from, bool fin) {
        if (!type_) {
            type_ = from.flag() ? h2ws::opcode::text : h2ws::opcode::binary;
            saying_ = {*type_, {}};
        }
        bytes payload(from.number(from.flag() ? 200 : 40'000));
        const h2ws::const_bytes pattern = from.octets(20);
        for (std::size_t i = 0; i < payload.size() && !pattern.empty(); ++i)
            payload[i] = pattern[i % pattern.size()] & std::byte{0x7f};
        const bytes clear = payload;
        const auto made = socket_.send(*type_, payload, fin);
        if (!made) {
            require(made.error() == h2ws::errc::not_open);
            return;
        }
        fuzz::append(wire_, made->header());
        fuzz::append(wire_, made->payload);
        fuzz::append(saying_.payload, clear);
        if (!fin) return;
        said_.push_back(std::move(saying_));
        type_.reset();
    }

    void put(const h2ws::result<h2ws::control_frame>& made) {
        if (made)
            fuzz::append(wire_, made->bytes());
        else
            require(made.error() == h2ws::errc::not_open);
    }

    void hear() {
        while (const auto said = socket_.poll_transmit()) {
            require(!ended_ && !said->reset);
            fuzz::append(wire_, said->bytes);
            ended_ = said->end_stream;
        }
    }

    void note(const h2ws::event& event, std::deque<message>& expected) {
        require(!closed_);
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&event)) {
            if (chunk->first) hearing_ = {chunk->type, {}};
            fuzz::append(hearing_.payload, chunk->payload);
            if (!chunk->last) return;
            require(!expected.empty() && hearing_ == expected.front());
            expected.pop_front();
        } else if (const auto* last = std::get_if<h2ws::closed>(&event)) {
            require(last->error == h2ws::errc::none);
            closed_ = true;
        }
    }

    h2ws::websocket<Role> socket_{fuzz::role_with_key<Role>()};
    bytes wire_; // to the other
    std::deque<message> said_;
    message saying_, hearing_;
    std::optional<h2ws::opcode> type_; // of the message that has begun
    bool ended_ = false;               // with what is in `wire_`
    bool closed_ = false;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    end<h2ws::server> server;
    end<h2ws::client> client;
    while (!from.empty()) {
        switch (from.number(3)) {
        case 0: server.act(from); break;
        case 1: client.act(from); break;
        case 2: server.take(client, from.number(3'000)); break;
        default: client.take(server, from.number(3'000)); break;
        }
    }
    client.close(false);
    for (int turn = 0; turn < 4; ++turn) {
        server.take(client, SIZE_MAX);
        client.take(server, SIZE_MAX);
    }
    require(server.is_closed() && client.is_closed() && server.quiet() && client.quiet());
    require(server.all_heard() && client.all_heard());
    return 0;
}
