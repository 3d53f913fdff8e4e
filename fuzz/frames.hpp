// Frames of what a fuzzer supplies, and what a websocket says of them.
#pragma once

#include "supply.hpp"

#include <h2ws/h2ws.hpp>
#include <h2ws/message_buffer.hpp>

#include <string>
#include <variant>
#include <vector>

namespace fuzz {

using bytes = std::vector<std::byte>;

inline void append(bytes& to, h2ws::const_bytes more) {
    to.insert(to.end(), more.begin(), more.end());
}

// A client with a masking key that is always the same; a server.
template <class Role>
Role role_with_key() {
    if constexpr (Role::is_client)
        return {.keys = {.next = [](void*, h2ws::masking_key& key) noexcept {
                    key = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
                    return true;
                }}};
    else
        return {};
}

// One frame, legal or nearly so: octets that nobody made seldom get behind the first header.
inline void append_frame(supply& from, bool masked, bytes& wire) {
    constexpr h2ws::opcode codes[] = {
        h2ws::opcode::text,  h2ws::opcode::binary, h2ws::opcode::ping, h2ws::opcode::continuation,
        h2ws::opcode::close, h2ws::opcode::pong,   h2ws::opcode{3},    h2ws::opcode{15}};
    const std::size_t kind = from.number(255);
    h2ws::frame_header header{.code = codes[kind & 7],
                              .fin = (kind & 8) != 0,
                              .rsv1 = (kind & 0x70) == 0x70,
                              .masked = masked != (kind > 250)};
    const std::size_t most = (kind & 0x80) != 0 ? 70'000 : 130;
    bytes payload;
    append(payload, from.octets(from.number(most)));
    header.payload_length = payload.size();
    if (header.masked) {
        for (std::byte& octet : header.key) octet = static_cast<std::byte>(from.number(255));
        h2ws::mask(payload, header.key);
    }
    std::byte octets[h2ws::max_frame_header_size];
    append(wire, {octets, h2ws::encode_frame_header(header, octets)});
    append(wire, payload);
}

// Frames, or octets as they are.
inline bytes wire_of(supply& from, bool masked) {
    bytes wire;
    if (from.flag())
        append(wire, from.rest());
    else
        while (!from.empty()) append_frame(from, masked, wire);
    return wire;
}

// What happened, the chunks of a message joined: the same however the octets were cut.
class log {
public:
    explicit log(std::uint64_t most) : most_(most) {}

    void note(const h2ws::event& event) {
        require(!over_);
        std::visit([this](const auto& what) { on(what); }, event);
    }
    void note(const h2ws::transmit& said) {
        require(!ended_);
        ended_ = said.end_stream || said.reset;
        said_.append("said ").append(h2ws::as_text(said.bytes));
        if (said.end_stream) said_ += " end";
        if (said.reset) said_.append(" reset ").append(h2ws::name(said.stream_error));
    }

    bool over() const { return over_; } // `closed` has come
    // What was told, and what was said: which of these came first depends on how octets are cut.
    std::string text() const { return text_ + '\n' + said_; }

private:
    void on(const h2ws::message_chunk& chunk) {
        require(chunk.first == !inside_ && (!chunk.payload.empty() || chunk.last));
        if (chunk.first) text_.append(chunk.type == h2ws::opcode::text ? "text " : "binary ");
        size_ = (chunk.first ? 0 : size_) + chunk.payload.size();
        require(size_ <= most_);
        const auto whole = message_.add(chunk);
        require(whole && *whole == chunk.last && message_.size() == size_);
        inside_ = !chunk.last;
        text_.append(h2ws::as_text(chunk.payload)).append(chunk.last ? "|" : "");
    }
    void on(const h2ws::ping& what) { control("ping ", h2ws::as_text(what.payload)); }
    void on(const h2ws::pong& what) { control("pong ", h2ws::as_text(what.payload)); }
    void on(const h2ws::close_frame& what) {
        control("close ", what.reason);
        text_ += std::to_string(static_cast<unsigned>(what.code));
    }
    void on(const h2ws::closed& what) {
        over_ = true;
        control("closed ", h2ws::info(what.error).name);
    }
    void control(std::string_view name, std::string_view payload) {
        require(payload.size() <= h2ws::max_control_payload);
        text_.append(name).append(payload).append("|");
    }

    const std::uint64_t most_;
    std::string text_, said_;
    h2ws::message_buffer message_;
    std::uint64_t size_ = 0; // of the message that has begun
    bool inside_ = false;
    bool over_ = false;
    bool ended_ = false; // our half of the stream
};

} // namespace fuzz
