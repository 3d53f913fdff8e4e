// What a peer says whose frames are nearly right: HTTP/2 around WebSocket, as the input decides.
#pragma once

#include "frames.hpp"

#include <h2ws/http2/hpack.hpp>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

namespace fuzz {

inline void append_frame_head(bytes& wire, std::size_t size, std::size_t type, std::size_t flags,
                              std::size_t stream) {
    const std::size_t octets[] = {size >> 16,   size >> 8,    size,        type,  flags,
                                  stream >> 24, stream >> 16, stream >> 8, stream};
    for (const std::size_t octet : octets) wire.push_back(static_cast<std::byte>(octet & 0xff));
}

inline void append_h2(bytes& wire, h2ws::const_bytes payload, std::size_t type, std::size_t flags,
                      std::size_t stream) {
    append_frame_head(wire, payload.size(), type, flags, stream);
    append(wire, payload);
}

inline void append_text(bytes& wire, std::string_view text) { append(wire, h2ws::as_bytes(text)); }

class http2_peer {
public:
    http2_peer(supply& from, bool is_client) : from_(from), is_client_(is_client) {}

    bytes speak() {
        if (is_client_) append_text(wire_, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        settings();
        if (from_.number(15) == 0) append(wire_, from_.rest());
        while (!from_.empty() && wire_.size() < 200'000) say();
        return std::move(wire_);
    }

private:
    static constexpr std::size_t end_stream = 1, end_headers = 4;

    void settings() {
        bytes payload;
        const auto add = [&](std::size_t id, std::size_t value) {
            for (const std::size_t octet :
                 {id >> 8, id, value >> 24, value >> 16, value >> 8, value})
                payload.push_back(static_cast<std::byte>(octet & 0xff));
        };
        if (from_.number(7) != 0) add(8, 1);
        for (std::size_t i = from_.number(2); i != 0; --i)
            add(from_.number(10), from_.flag() ? from_.number(3) : from_.number(100'000));
        append_h2(wire_, payload, 4, 0, 0);
    }

    void say() {
        const std::size_t stream = from_.number(9);
        switch (from_.number(15)) {
        case 0:
        case 1:
        case 2: return headers(is_client_ ? 2 * next_++ + 1 : 2 * from_.number(4) + 1);
        case 3: return headers(stream);
        case 4: return append_h2(wire_, from_.octets(4), 3, 0, stream);
        case 5: return append_h2(wire_, from_.octets(8), 6, from_.number(1), 0);
        case 6: return append_h2(wire_, from_.octets(4), 8, 0, from_.flag() ? 0 : stream);
        case 7: return from_.number(3) == 0 ? settings() : data(stream);
        case 8:
            return from_.number(9) == 0 ? append_h2(wire_, from_.octets(12), 7, 0, 0)
                                        : data(stream);
        case 9: return any_frame(stream);
        default: return data(2 * from_.number(3) + 1);
        }
    }

    void any_frame(std::size_t stream) {
        const h2ws::const_bytes payload = from_.octets(from_.number(30));
        const std::size_t type = from_.number(16), flags = from_.number(255);
        if (type == 16 && payload.size() < 10) return priority_update(flags);
        append_h2(wire_, payload, type, flags, stream);
    }

    // RFC 9218 §7.1
    void priority_update(std::size_t what) {
        bytes payload(4);
        payload[3] = static_cast<std::byte>(2 * (what >> 4) + 1);
        append_text(payload, what % 16 == 15 ? "i, u=" : "u=");
        payload.push_back(static_cast<std::byte>('0' + what % 16));
        append_h2(wire_, payload, 16, 0, 0);
    }

    void data(std::size_t stream) {
        bytes payload;
        for (std::size_t i = from_.number(3); i != 0; --i) append_frame(from_, is_client_, payload);
        const std::size_t cut = from_.number(3) == 0 ? from_.number(payload.size()) : 0;
        const std::size_t flags = from_.number(11) == 0 ? end_stream : 0;
        append_h2(wire_, h2ws::const_bytes(payload).first(std::min<std::size_t>(cut, 16'384)), 0, 0,
                  stream);
        h2ws::const_bytes rest = h2ws::const_bytes(payload).subspan(cut);
        append_h2(wire_, rest.first(std::min<std::size_t>(rest.size(), 16'384)), 0, flags, stream);
    }

    void headers(std::size_t stream) {
        static constexpr std::string_view values[] = {"CONNECT", "websocket", "https", "/",
                                                      "a.test",  "13",        "200",   "403",
                                                      "103",     "GET",       "chat",  "u=1, i"};
        static constexpr std::string_view names[] = {
            ":method", ":protocol",      ":scheme",
            ":path",   ":authority",     "sec-websocket-version",
            ":status", "content-length", "sec-websocket-protocol",
            "cookie",  "priority",       "X"};
        std::vector<h2ws::field> lines;
        if (is_client_ && from_.number(7) != 0)
            lines = {{":method", "CONNECT"},   {":protocol", "websocket"},
                     {":scheme", "https"},     {":path", "/"},
                     {":authority", "a.test"}, {"sec-websocket-version", "13"}};
        else if (from_.number(3) != 0)
            lines = {{":status", from_.flag() ? "200" : "103"}};
        for (std::size_t i = from_.number(3); i > 1; --i)
            lines.push_back({names[from_.number(std::size(names) - 1)],
                             values[from_.number(std::size(values) - 1)]});
        h2ws::growing_array<std::byte> block{h2ws::allocator{}};
        require(encoder_.encode(std::span<const h2ws::field>(lines), block));
        const h2ws::const_bytes octets{block.data(), block.size()};
        const std::size_t flags = from_.number(11) == 0 ? end_stream : 0;
        const std::size_t cut = from_.number(7) == 0 ? from_.number(octets.size()) : octets.size();
        const bool whole = cut == octets.size();
        append_h2(wire_, octets.first(cut), 1, flags | (whole ? end_headers : 0), stream);
        if (!whole) append_h2(wire_, octets.subspan(cut), 9, end_headers, stream);
    }

    supply& from_;
    const bool is_client_;
    bytes wire_;
    h2ws::http2::hpack_encoder encoder_{h2ws::allocator{}};
    std::size_t next_ = 0;
};

} // namespace fuzz
