// Returns messages in fragments while they arrive, so that none is held whole. Small pieces are put
// together first: pieces are cut where reads were, and an echo with more fragments than its message
// could have more than the peer takes. What the output queue does not take is held, and with it the
// peer's credit: a peer that does not read what it sent has at most a queue, a stream window and a
// fragment of our memory.
#pragma once

#include <h2ws/session.hpp>

#include <deque>
#include <map>
#include <utility>
#include <vector>

namespace h2ws::tools {

template <session Session>
class echo {
public:
    explicit echo(Session& session) : session_(session) {}

    void receive(tunnel_id tunnel, const message_chunk& chunk, std::size_t wire_bytes,
                 instant now) {
        const auto begun = gathered_.find(tunnel);
        const std::size_t size = begun == gathered_.end() ? 0 : begun->second.size();
        if (!chunk.last && size + chunk.payload.size() < fragment) {
            gather(gathered_[tunnel], chunk);
            return session_.consume(tunnel, wire_bytes);
        }
        if (size == 0) return pass_on(tunnel, chunk, wire_bytes, now);
        gather(begun->second, chunk);
        pass_on(tunnel, {chunk.type, begun->second, false, chunk.last}, wire_bytes, now);
        gathered_.erase(begun);
    }

    // There is room: sends what was held.
    void resume(tunnel_id tunnel, instant now) {
        const auto at = held_.find(tunnel);
        if (at == held_.end()) return;
        std::deque<piece>& pieces = at->second;
        while (!pieces.empty() && sent(tunnel, pieces.front(), now)) pieces.pop_front();
        if (pieces.empty()) held_.erase(at);
    }

    void forget(tunnel_id tunnel) {
        held_.erase(tunnel);
        gathered_.erase(tunnel);
    }

private:
    static constexpr std::size_t fragment = 16'384;

    struct piece {
        opcode type;
        bool last;
        std::vector<std::byte> payload;
        std::size_t wire_bytes;
    };

    static void gather(std::vector<std::byte>& begun, const message_chunk& chunk) {
        begun.insert(begun.end(), chunk.payload.begin(), chunk.payload.end());
    }

    void pass_on(tunnel_id tunnel, const message_chunk& chunk, std::size_t wire_bytes,
                 instant now) {
        if (const auto behind = held_.find(tunnel); behind != held_.end())
            return hold(behind->second, chunk, wire_bytes);
        if (!sent(tunnel, chunk, wire_bytes, now)) hold(held_[tunnel], chunk, wire_bytes);
    }

    static void hold(std::deque<piece>& pieces, const message_chunk& chunk,
                     std::size_t wire_bytes) {
        pieces.push_back(
            {chunk.type, chunk.last, {chunk.payload.begin(), chunk.payload.end()}, wire_bytes});
    }

    bool sent(tunnel_id tunnel, const piece& held, instant now) {
        return sent(tunnel, {held.type, held.payload, false, held.last}, held.wire_bytes, now);
    }

    // False: there is no room. What cannot be sent at all, the tunnel being closed, is let go.
    bool sent(tunnel_id tunnel, const message_chunk& chunk, std::size_t wire_bytes, instant now) {
        const auto done = session_.send(tunnel, chunk.type, chunk.payload, now, chunk.last);
        if (done.error() == errc::queue_full) return false;
        session_.consume(tunnel, wire_bytes);
        if (done.error() == errc::no_memory)
            (void)session_.reset(tunnel, http2_error::internal_error, now);
        return true;
    }

    Session& session_;
    std::map<tunnel_id, std::vector<std::byte>> gathered_; // of the fragment to come
    std::map<tunnel_id, std::deque<piece>> held_;
};

} // namespace h2ws::tools
