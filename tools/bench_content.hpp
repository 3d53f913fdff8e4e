// What the messages of `h2ws bench` say: first their tunnel and their number, which no two have
// alike, then as much of a pattern as there is room for, begun at a place that changes with both.
// So an echo of another message is a wrong one, and so is one with pieces of another in it.
#pragma once

#include <h2ws/bytes.hpp>
#include <h2ws/frame_header.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace h2ws::tools {

class bench_content {
public:
    // Eight hexadecimal digits each.
    static constexpr std::size_t name_size = 16;

    // Text is ASCII. `size` is at least name_size.
    bench_content(std::size_t size, opcode type) : pattern_(size + phases), message_(size) {
        std::mt19937 random(6455); // everybody's is the same
        for (std::byte& octet : pattern_)
            octet = std::byte(type == opcode::text ? ' ' + random() % 95 : random() % 256);
    }

    std::size_t size() const noexcept { return message_.size(); }

    // The message, until the next call. The number goes on from 0 after 2^32 of a tunnel.
    const_bytes make(std::uint32_t tunnel, std::uint32_t number) noexcept {
        const auto name = spell(tunnel, number);
        std::memcpy(message_.data(), name.data(), name_size);
        std::memcpy(message_.data() + name_size, pattern_.data() + phase(tunnel, number),
                    message_.size() - name_size);
        return message_;
    }

    // Whether this is the part of that message which begins `offset` bytes into it.
    bool matches(std::uint32_t tunnel, std::uint32_t number, std::size_t offset,
                 const_bytes part) const noexcept {
        if (offset > size() || part.size() > size() - offset) return false;
        if (offset < name_size) {
            const auto name = spell(tunnel, number);
            const std::size_t length = std::min(part.size(), name_size - offset);
            if (!equal(name.data() + offset, part.first(length))) return false;
            part = part.subspan(length);
            offset += length;
        }
        return part.empty() ||
               equal(pattern_.data() + phase(tunnel, number) + offset - name_size, part);
    }

private:
    static constexpr std::size_t phases = 64;

    static std::size_t phase(std::uint32_t tunnel, std::uint32_t number) noexcept {
        return (tunnel * 5 + number) % phases;
    }

    static std::array<std::byte, name_size> spell(std::uint32_t tunnel,
                                                  std::uint32_t number) noexcept {
        std::uint64_t both = std::uint64_t{tunnel} << 32 | number;
        std::array<std::byte, name_size> name;
        for (std::size_t i = name_size; i-- != 0; both >>= 4)
            name[i] = std::byte("0123456789abcdef"[both & 0xf]);
        return name;
    }

    static bool equal(const std::byte* expected, const_bytes part) noexcept {
        return std::memcmp(expected, part.data(), part.size()) == 0;
    }

    std::vector<std::byte> pattern_;
    std::vector<std::byte> message_;
};

} // namespace h2ws::tools
