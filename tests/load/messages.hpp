// What is sent: every message of a run has a content of its own, which both the sender and the
// checker make from its three numbers.
#pragma once

#include <h2ws/frame_header.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace load {

// Which message of a run.
struct message_name {
    std::uint64_t connection;
    std::uint64_t tunnel;
    std::uint64_t number;
};

// Sebastiano Vigna's splitmix64: few operations, and good enough to tell contents apart.
class random_numbers {
public:
    explicit random_numbers(const message_name& name) noexcept
        : state_(name.connection * 0x1'0000'0000'0001 + name.tunnel * 0x1'0001 + name.number) {
        next();
    }

    std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

struct message {
    h2ws::opcode type = h2ws::opcode::text;
    std::string bytes;
};

// Every second message of a tunnel is binary. Most lengths are 16 to 271 bytes, one in 64 is up to
// 20,000, which is more than a DATA frame takes; the number of the message stands at the front.
inline void make_message(const message_name& name, message& made) {
    random_numbers random(name);
    const std::uint64_t dice = random.next();
    const std::size_t size = 16 + (dice % 64 == 0 ? (dice >> 8) % 20'000 : (dice >> 8) % 256);
    made.type = name.number % 2 == 0 ? h2ws::opcode::text : h2ws::opcode::binary;
    made.bytes = std::to_string(name.connection) + '.' + std::to_string(name.tunnel) + '.' +
                 std::to_string(name.number) + ' ';
    const bool text = made.type == h2ws::opcode::text;
    while (made.bytes.size() < size) {
        std::uint64_t eight = random.next();
        if (text && eight % 16 == 0) made.bytes += "\u00e9\u20ac\U0001f40c"; // 2, 3 and 4 bytes
        for (int i = 0; i < 8; ++i, eight >>= 8)
            made.bytes += static_cast<char>(text ? ' ' + eight % 95 : eight & 0xff);
    }
}

} // namespace load
