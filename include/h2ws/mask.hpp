// Masking: octet i of a payload is XORed with octet i mod 4 of the key (RFC 6455 section 5.3).
// Masking and unmasking are the same; a payload may be done in pieces with a rotated key.
#pragma once

#include "bytes.hpp"

#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

namespace h2ws {

using masking_key = std::array<std::byte, 4>;

// The key as it applies `octets` further into the same payload (RFC 6455 §5.3, R169).
constexpr masking_key rotated(masking_key key, std::uint64_t octets) noexcept {
    const auto shift = static_cast<std::size_t>(octets % 4);
    return {key[shift], key[(shift + 1) % 4], key[(shift + 2) % 4], key[(shift + 3) % 4]};
}

namespace masking {

// The slow twin of `copy`: what the RFC says, octet by octet.
constexpr void copy_octets(const std::byte* from, std::byte* to, std::size_t size,
                           masking_key key) noexcept {
    for (std::size_t i = 0; i < size; ++i) to[i] = from[i] ^ key[i % 4];
}

// One step of `copy`; Word is read and written unaligned.
template <class Word>
void copy_word(const std::byte* from, std::byte* to, Word key) noexcept {
    Word word;
    std::memcpy(&word, from, sizeof word);
    word ^= key;
    std::memcpy(to, &word, sizeof word);
}

// `from` and `to` are the same or do not overlap. Never touches an octet beyond `size`.
inline void copy(const std::byte* from, std::byte* to, std::size_t size, masking_key key) noexcept {
    using block [[gnu::vector_size(16)]] = std::uint32_t;
    const auto word = std::bit_cast<std::uint32_t>(key);
    const block wide{word, word, word, word};
    std::size_t done = 0;
    for (; size - done >= 64; done += 64)
        for (std::size_t part = 0; part < 64; part += sizeof wide)
            copy_word(from + done + part, to + done + part, wide);
    for (; size - done >= sizeof wide; done += sizeof wide) copy_word(from + done, to + done, wide);
    for (; size - done >= sizeof word; done += sizeof word) copy_word(from + done, to + done, word);
    copy_octets(from + done, to + done, size - done, key);
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
