// Masking: octet i of a payload is XORed with octet i mod 4 of the key (RFC 6455 section 5.3).
// Masking and unmasking are the same; a payload may be done in pieces with a rotated key.
#pragma once

#include "bytes.hpp"
#include "instructions.hpp"

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

// The slow twin of `copy`, which returns the same: what the RFC says, octet by octet.
constexpr bool copy_octets(const std::byte* from, std::byte* to, std::size_t size,
                           masking_key key) noexcept {
    std::byte seen{};
    for (std::size_t i = 0; i < size; ++i) seen |= to[i] = from[i] ^ key[i % 4];
    return seen < std::byte{0x80};
}

constexpr std::uint32_t word(masking_key key, std::size_t octets = 0) noexcept {
    return std::bit_cast<std::uint32_t>(rotated(key, octets));
}

using block [[gnu::vector_size(16)]] = std::uint32_t;      // SSE2's, NEON's, or of what there is
using wide_block [[gnu::vector_size(32)]] = std::uint32_t; // AVX2's

// In what follows a Word is an unsigned integer or a vector of them, and `seen` has the bits of all
// that was written. Vectors are not passed by value: without AVX there is no way for the wide ones.
// What is made of a whole one is made by the functions that may use its instructions.

template <class Word>
[[gnu::always_inline]] inline void read(const std::byte* from, const Word& with,
                                        Word& masked) noexcept {
    std::memcpy(&masked, from, sizeof masked);
    masked ^= with;
}

// At least one Word and at most two: both ends, which may overlap and are read before either is
// written. Each octet is written with what is right for it.
template <class Word>
[[gnu::always_inline]] inline void copy_ends(const std::byte* from, std::byte* to, std::size_t size,
                                             const Word& with, const Word& with_last,
                                             Word& seen) noexcept {
    const std::size_t back = size - sizeof(Word);
    Word first, last;
    read(from, with, first);
    read(from + back, with_last, last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + back, &last, sizeof last);
    seen = first | last;
}

// The same for some more in between, but not many: aligned stores would not pay for the way there.
template <class Word>
[[gnu::always_inline]] inline void copy_some(const std::byte* from, std::byte* to, std::size_t size,
                                             const Word& with, const Word& with_last,
                                             Word& seen) noexcept {
    const std::size_t back = size - sizeof(Word);
    Word masked, last;
    read(from + back, with_last, last);
    seen = last;
    for (std::size_t at = 0; at < back; at += sizeof(Word)) {
        read(from + at, with, masked);
        std::memcpy(to + at, &masked, sizeof masked);
        seen |= masked;
    }
    std::memcpy(to + back, &last, sizeof last);
}

// One, to where it is aligned.
template <class Word>
[[gnu::always_inline]] inline void copy_one(const std::byte* from, std::byte* to, const Word& with,
                                            Word& seen) noexcept {
    Word masked;
    read(from, with, masked);
    std::memcpy(__builtin_assume_aligned(to, sizeof masked), &masked, sizeof masked);
    seen |= masked;
}

// How far it is from there to where a Word is aligned, at least an octet.
template <class Word>
std::size_t lead(const std::byte* to) noexcept {
    return sizeof(Word) - reinterpret_cast<std::uintptr_t>(to) % sizeof(Word);
}

// Many. Payloads lie behind headers, wherever that is, and stores across cache lines take twice the
// time: all are aligned but the first and the last, which overlap the others.
template <class Word>
[[gnu::always_inline]] inline void
copy_aligned(const std::byte* from, std::byte* to, std::size_t size, const Word& with_first,
             const Word& with, const Word& with_last, Word& seen) noexcept {
    const std::size_t back = size - sizeof(Word);
    Word first, last;
    read(from, with_first, first);
    read(from + back, with_last, last);
    // Four, for each is ready only two cycles after the last time that it was needed; and each
    // twice a turn, for a turn of four takes half again as long where it begins with a cache line.
    Word second = first, third = first, fourth = first;
    seen = last;
    std::size_t at = lead<Word>(to);
    for (; at + 8 * sizeof(Word) <= size; at += 8 * sizeof(Word)) {
        copy_one(from + at, to + at, with, seen);
        copy_one(from + at + sizeof(Word), to + at + sizeof(Word), with, second);
        copy_one(from + at + 2 * sizeof(Word), to + at + 2 * sizeof(Word), with, third);
        copy_one(from + at + 3 * sizeof(Word), to + at + 3 * sizeof(Word), with, fourth);
        copy_one(from + at + 4 * sizeof(Word), to + at + 4 * sizeof(Word), with, seen);
        copy_one(from + at + 5 * sizeof(Word), to + at + 5 * sizeof(Word), with, second);
        copy_one(from + at + 6 * sizeof(Word), to + at + 6 * sizeof(Word), with, third);
        copy_one(from + at + 7 * sizeof(Word), to + at + 7 * sizeof(Word), with, fourth);
    }
    for (; at <= back; at += sizeof(Word)) copy_one(from + at, to + at, with, seen);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + back, &last, sizeof last);
    seen |= second | third | fourth;
}

constexpr bool is_ascii(std::uint64_t octets) noexcept {
    return (octets & 0x8080'8080'8080'8080) == 0;
}

inline constexpr std::size_t many = 128; // octets: with more the aligned stores pay

// The key over and over.
template <class Word>
[[gnu::always_inline]] inline Word repeated(std::uint32_t part) noexcept {
    if constexpr (std::is_integral_v<Word>)
        return static_cast<Word>(std::uint64_t{part} << 32 | part);
    else
        return Word{} + part;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] inline bool copy_wide(const std::byte* from, std::byte* to,
                                              std::size_t size, masking_key key) noexcept {
    const wide_block with = wide_block{} + word(key);
    const wide_block with_last = wide_block{} + word(key, size - sizeof with);
    wide_block seen;
    if (size <= many)
        copy_some(from, to, size, with, with_last, seen);
    else
        copy_aligned(from, to, size, with, wide_block{} + word(key, lead<wide_block>(to)),
                     with_last, seen);
    using chars [[gnu::vector_size(32)]] = char; // as the builtin has it
    return __builtin_ia32_pmovmskb256((chars)seen) == 0;
}
#endif

inline bool is_ascii(const block& octets) noexcept {
#if defined(__x86_64__)
    using chars [[gnu::vector_size(16)]] = char; // as the builtin has it
    return __builtin_ia32_pmovmskb128((chars)octets) == 0;
#else
    std::uint64_t all[2];
    std::memcpy(all, &octets, sizeof all);
    return is_ascii(all[0] | all[1]);
#endif
}

template <class Word>
[[gnu::always_inline]] inline bool copy_all(const std::byte* from, std::byte* to, std::size_t size,
                                            masking_key key) noexcept {
    const Word with = repeated<Word>(word(key));
    const Word with_last = repeated<Word>(word(key, size - sizeof with));
    Word seen;
    if (size <= many)
        copy_some(from, to, size, with, with_last, seen);
    else
        copy_aligned(from, to, size, with, repeated<Word>(word(key, lead<Word>(to))), with_last,
                     seen);
    return is_ascii(seen);
}

inline bool copy_blocks(const std::byte* from, std::byte* to, std::size_t size,
                        masking_key key) noexcept {
    return copy_all<block>(from, to, size, key);
}

inline bool copy_words(const std::byte* from, std::byte* to, std::size_t size,
                       masking_key key) noexcept {
    return copy_all<std::uint64_t>(from, to, size, key);
}

// At least one Word and at most two.
template <class Word>
[[gnu::always_inline]] inline bool copy_two(const std::byte* from, std::byte* to, std::size_t size,
                                            masking_key key) noexcept {
    const Word with = repeated<Word>(word(key));
    Word seen;
    copy_ends(from, to, size, with, repeated<Word>(word(key, size - sizeof with)), seen);
    return is_ascii(seen);
}

// More than two blocks.
[[gnu::noinline]] inline bool copy_long(const std::byte* from, std::byte* to, std::size_t size,
                                        masking_key key) noexcept {
#if defined(__x86_64__)
    if (instructions::use(instructions::level::avx2)) return copy_wide(from, to, size, key);
#endif
    if (instructions::use(instructions::level::baseline)) return copy_blocks(from, to, size, key);
    return copy_words(from, to, size, key);
}

// `from` and `to` are the same or do not overlap. Never touches an octet beyond `size`. Returns
// whether all that was written is ASCII.
inline bool copy(const std::byte* from, std::byte* to, std::size_t size, masking_key key) noexcept {
    if (size > 2 * sizeof(block)) return copy_long(from, to, size, key);
    if (size >= sizeof(block)) return copy_two<block>(from, to, size, key);
    if (size >= sizeof(std::uint64_t)) return copy_two<std::uint64_t>(from, to, size, key);
    if (size >= sizeof(std::uint32_t)) return copy_two<std::uint32_t>(from, to, size, key);
    return copy_octets(from, to, size, key);
}

} // namespace masking

// Masks `from` into `to`, which has room for it; both may be the same span, else they must not
// overlap. Returns whether all that was written is ASCII, of which text need not be asked then.
constexpr bool mask(const_bytes from, mutable_bytes to, masking_key key) noexcept {
    return std::is_constant_evaluated()
               ? masking::copy_octets(from.data(), to.data(), from.size(), key)
               : masking::copy(from.data(), to.data(), from.size(), key);
}

// Masks where the bytes lie.
constexpr bool mask(mutable_bytes payload, masking_key key) noexcept {
    return mask(payload, payload, key);
}

} // namespace h2ws
