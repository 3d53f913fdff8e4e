// Masking: octet i of a payload is XORed with octet i mod 4 of the key (RFC 6455 section 5.3).
// Masking and unmasking are the same; a payload may be done in pieces with a rotated key.
#pragma once

#include "bytes.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace h2ws {

using masking_key = std::array<std::byte, 4>;

// The key as it applies `octets` further into the same payload (RFC 6455 §5.3, R169).
constexpr masking_key rotated(masking_key key, std::uint64_t octets) noexcept {
    const auto shift = static_cast<int>(octets % 4 * 8);
    const auto word = std::bit_cast<std::uint32_t>(key);
    return std::bit_cast<masking_key>(std::endian::native == std::endian::little
                                          ? std::rotr(word, shift)
                                          : std::rotl(word, shift));
}

namespace masking {

// The slow twin of `copy`: what the RFC says, octet by octet.
constexpr void copy_octets(const std::byte* from, std::byte* to, std::size_t size,
                           masking_key key) noexcept {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] ^ key[i % 4];
}

// The key over and over, as it is in memory. Word is an unsigned integer or a vector of them.
template <class Word>
Word repeated(masking_key key) noexcept {
    const auto part = std::bit_cast<std::uint32_t>(key);
    if constexpr (sizeof(Word) == sizeof part)
        return part;
    else if constexpr (sizeof(Word) == 8)
        return Word{part} << 32 | part;
    else
        return Word{part, part, part, part};
}

// One step; Word is read and written unaligned.
template <class Word>
Word read(const std::byte* from) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

// At least one Word and at most two: both ends, which may overlap and are read before either is
// written. Each octet is written with what is right for it.
template <class Word>
void copy_ends(const std::byte* from, std::byte* to, std::size_t size, masking_key key) noexcept {
    const std::size_t back = size - sizeof(Word);
    const Word first = read<Word>(from) ^ repeated<Word>(key);
    const Word last = read<Word>(from + back) ^ repeated<Word>(rotated(key, back));
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + back, &last, sizeof last);
}

using block [[gnu::vector_size(16)]] = std::uint32_t; // SSE2's, NEON's, or of what there is

// At least two blocks. Payloads lie behind headers, wherever that is, and stores across cache lines
// take twice the time: all are aligned but the first and the last, which overlap the others.
inline void copy_blocks(const std::byte* from, std::byte* to, std::size_t size,
                        masking_key key) noexcept {
    const std::size_t back = size - sizeof(block);
    const std::size_t lead = sizeof(block) - reinterpret_cast<std::uintptr_t>(to) % sizeof(block);
    const block first = read<block>(from) ^ repeated<block>(key);
    const block last = read<block>(from + back) ^ repeated<block>(rotated(key, back));
    const block with = repeated<block>(rotated(key, lead));
    const auto step = [&](std::size_t at) noexcept {
        const block masked = read<block>(from + at) ^ with;
        std::memcpy(__builtin_assume_aligned(to + at, sizeof masked), &masked, sizeof masked);
    };
    std::size_t at = lead;
    for (; at + 4 * sizeof(block) <= size; at += 4 * sizeof(block)) {
        step(at);
        step(at + sizeof(block));
        step(at + 2 * sizeof(block));
        step(at + 3 * sizeof(block));
    }
    for (; at <= back; at += sizeof(block)) step(at);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + back, &last, sizeof last);
}

// `from` and `to` are the same or do not overlap. Never touches an octet beyond `size`.
inline void copy(const std::byte* from, std::byte* to, std::size_t size, masking_key key) noexcept {
    if (size >= 2 * sizeof(block)) return copy_blocks(from, to, size, key);
    if (size >= sizeof(block)) return copy_ends<block>(from, to, size, key);
    if (size >= sizeof(std::uint64_t)) return copy_ends<std::uint64_t>(from, to, size, key);
    if (size >= sizeof(std::uint32_t)) return copy_ends<std::uint32_t>(from, to, size, key);
    copy_octets(from, to, size, key);
}

} // namespace masking

// Masks `from` into `to`, which has room for it; both may be the same span, else they must not
// overlap.
constexpr void mask(const_bytes from, mutable_bytes to, masking_key key) noexcept {
    if (std::is_constant_evaluated())
        masking::copy_octets(from.data(), to.data(), from.size(), key);
    else
        masking::copy(from.data(), to.data(), from.size(), key);
}

// Masks where the bytes lie.
constexpr void mask(mutable_bytes payload, masking_key key) noexcept {
    mask(payload, payload, key);
}

} // namespace h2ws
