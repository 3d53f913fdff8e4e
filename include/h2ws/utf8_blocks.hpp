// UTF-8 validation of many octets at a time. Each octet is looked up together with the one before
// it, by three of their four digits: a bit that all three tables have is one way in which two
// octets cannot follow one another (RFC 3629 section 4).
#pragma once

#include "bytes.hpp"
#include "instructions.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace h2ws::utf8 {

// Two octets that cannot follow one another: the digits of the first, and the higher of the second.
struct bad_pair {
    std::uint16_t high, low, next; // bit n: the digit n
};

constexpr std::uint16_t digits(unsigned from, unsigned to) noexcept {
    return static_cast<std::uint16_t>((0x1'0000 >> (15 - to)) - (1 << from));
}
inline constexpr std::uint16_t any = digits(0x0, 0xf);
inline constexpr std::uint16_t ascii = digits(0x0, 0x7);
inline constexpr std::uint16_t continuation = digits(0x8, 0xb);
inline constexpr std::uint16_t lead = digits(0xc, 0xf);

inline constexpr std::array<bad_pair, 8> bad_pairs{{
    {ascii, any, continuation},                             // nothing to continue
    {lead, any, static_cast<std::uint16_t>(ascii | lead)},  // cut short
    {digits(0xc, 0xc), digits(0x0, 0x1), continuation},     // U+0000 to U+007F in two octets
    {digits(0xe, 0xe), digits(0x0, 0x0), digits(0x8, 0x9)}, // up to U+07FF in three
    {digits(0xe, 0xe), digits(0xd, 0xd), digits(0xa, 0xb)}, // surrogates
    {digits(0xf, 0xf), static_cast<std::uint16_t>(digits(0x0, 0x0) | digits(0x5, 0xf)),
     digits(0x8, 0x8)},                                     // up to U+FFFF in four, F5 and above
    {digits(0xf, 0xf), digits(0x4, 0xf), digits(0x9, 0xb)}, // above U+10FFFF
    {continuation, any, continuation}, // the last bit: right in the third and fourth octet
}};
inline constexpr std::uint8_t continues_twice = 0x80;

// What each digit allows of these.
constexpr std::array<std::uint8_t, 16> table(std::uint16_t bad_pair::*digit) noexcept {
    std::array<std::uint8_t, 16> made{};
    for (std::size_t n = 0; n < made.size(); ++n)
        for (std::size_t pair = 0; pair < bad_pairs.size(); ++pair)
            if ((bad_pairs[pair].*digit >> n & 1) != 0)
                made[n] = static_cast<std::uint8_t>(made[n] | 1 << pair);
    return made;
}
inline constexpr std::array<std::uint8_t, 16> high_table = table(&bad_pair::high);
inline constexpr std::array<std::uint8_t, 16> low_table = table(&bad_pair::low);
inline constexpr std::array<std::uint8_t, 16> next_table = table(&bad_pair::next);

#if defined(__x86_64__)

inline constexpr std::size_t block_size = 32;

// AVX2 looks up in both halves of a register apart.
constexpr std::array<std::uint8_t, block_size>
twice(const std::array<std::uint8_t, 16>& half) noexcept {
    std::array<std::uint8_t, block_size> whole{};
    for (std::size_t i = 0; i < whole.size(); ++i) whole[i] = half[i % half.size()];
    return whole;
}
inline constexpr auto high_twice = twice(high_table);
inline constexpr auto low_twice = twice(low_table);
inline constexpr auto next_twice = twice(next_table);

// Whether no two octets of the text, which begins with a character and is whole blocks, are a bad
// pair, nor is a character cut short inside. It may end inside one.
[[gnu::target("avx2")]] inline bool are_good_blocks(const std::byte* text,
                                                    std::size_t size) noexcept {
    using octets [[gnu::vector_size(32)]] = unsigned char;
    using chars [[gnu::vector_size(32)]] = char; // as the builtins have it
    chars high, low, next;
    std::memcpy(&high, high_twice.data(), sizeof high);
    std::memcpy(&low, low_twice.data(), sizeof low);
    std::memcpy(&next, next_twice.data(), sizeof next);

    octets before{}; // nothing: as if ASCII stood there
    octets bad{};
    for (std::size_t at = 0; at < size; at += block_size) {
        octets now;
        std::memcpy(&now, text + at, sizeof now);
        const octets one = __builtin_shufflevector(before, now, 31, 32, 33, 34, 35, 36, 37, 38, 39,
                                                   40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
                                                   52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62);
        const octets two = __builtin_shufflevector(before, now, 30, 31, 32, 33, 34, 35, 36, 37, 38,
                                                   39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50,
                                                   51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61);
        const octets three = __builtin_shufflevector(
            before, now, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
            48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60);
        const octets pair = (octets)__builtin_ia32_pshufb256(high, (chars)(one >> 4)) &
                            (octets)__builtin_ia32_pshufb256(low, (chars)(one & 0x0f)) &
                            (octets)__builtin_ia32_pshufb256(next, (chars)(now >> 4));
        // The third octet of three, and the third and fourth of four, continue twice.
        const octets may = (octets)(two >= 0xe0) | (octets)(three >= 0xf0);
        bad |= pair ^ (may & continues_twice);
        before = now;
    }
    using words [[gnu::vector_size(32)]] = unsigned long long;
    const words all = (words)bad;
    return (all[0] | all[1] | all[2] | all[3]) == 0;
}

#endif

// How many octets of the text, which begins with a character, are found to be good so: whole
// characters. 0 where that cannot be said, or something in it is bad.
inline std::size_t good_prefix([[maybe_unused]] const_bytes text) noexcept {
#if defined(__x86_64__)
    std::size_t size = text.size() / block_size * block_size;
    if (size == 0 || !instructions::use(instructions::level::avx2) ||
        !are_good_blocks(text.data(), size))
        return 0;
    for (std::size_t back = 1; back <= 3; ++back) { // the last may be cut
        const auto octet = std::to_integer<std::uint8_t>(text[size - back]);
        const std::size_t whole = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : octet >= 0xc0 ? 2 : 1;
        if (whole > back) return size - back;
        if (whole != 1 || octet < 0x80) break;
    }
    return size;
#else
    return 0;
#endif
}

} // namespace h2ws::utf8
