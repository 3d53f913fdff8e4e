// A message and its echo by two websockets alone: framed, masked, parsed, checked and told, four
// times of it, with no session, tunnel, queue or timer around them.
#pragma once

#include "tunnel_pair.hpp"

#include <h2ws/h2ws.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace bench {

class websocket_echo {
public:
    explicit websocket_echo(std::size_t largest)
        : asked_(largest + h2ws::max_frame_header_size),
          answered_(largest + h2ws::max_frame_header_size) {}

    void run(h2ws::const_bytes message) {
        h2ws::inbound<h2ws::server> asked{framed(client_, message, asked_)};
        const auto heard = server_.poll(asked);
        h2ws::inbound<h2ws::client> answered{framed(server_, payload_of(heard), answered_)};
        const auto echo = client_.poll(answered);
        octets_ += payload_of(echo).size();
    }

    std::size_t octets() const { return octets_; } // that came back

private:
    template <class Role>
    static h2ws::mutable_bytes framed(h2ws::websocket<Role>& from, h2ws::const_bytes message,
                                      std::vector<std::byte>& place) {
        const std::size_t header =
            h2ws::frame_header_size({.payload_length = message.size(), .masked = Role::is_client});
        const h2ws::mutable_bytes out{place};
        const auto made = from.send(h2ws::opcode::binary, message, out.subspan(header), true);
        if (!made || made->header_size != header) std::abort();
        std::memcpy(out.data(), made->octets, header);
        return out.first(header + made->payload.size());
    }

    static h2ws::const_bytes payload_of(const std::optional<h2ws::event>& told) {
        const auto* const chunk = told ? std::get_if<h2ws::message_chunk>(&*told) : nullptr;
        if (chunk == nullptr || !chunk->last) std::abort();
        return chunk->payload;
    }

    h2ws::websocket<h2ws::server> server_;
    h2ws::websocket<h2ws::client> client_{h2ws::client{{.next = same_key}}};
    std::vector<std::byte> asked_, answered_;
    std::size_t octets_ = 0;
};

} // namespace bench
