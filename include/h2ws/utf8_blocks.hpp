// UTF-8 validation of many octets at a time. Each octet is looked up together with the one before
// it, by three of their four digits: a bit that all three tables have is one way in which two
// octets cannot follow one another (RFC 3629 section 4).
#pragma once

#include "bytes.hpp"
#include "instructions.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

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
// What that bit is left of where a character of three octets begins, or of four.
inline constexpr std::uint8_t below_three = 0xe0 - continues_twice;
inline constexpr std::uint8_t below_four = 0xf0 - continues_twice;

#if defined(__x86_64__)

using octets [[gnu::vector_size(32)]] = unsigned char;
inline constexpr auto needed = instructions::level::avx2;

// What a table has for each digit. Each half of `digit` is looked up in the same half of `table`.
[[gnu::target("avx2")]] inline octets look_up(octets table, octets digit) noexcept {
    using chars [[gnu::vector_size(32)]] = char; // as the builtin has it
    return (octets)__builtin_ia32_pshufb256((chars)table, (chars)digit);
}

// What each octet is more than that, if it is. Compilers do not agree on a builtin.
[[gnu::target("avx2")]] inline octets more_than(octets all, octets that) noexcept {
    octets more;
    __asm__("vpsubusb %2, %1, %0" : "=x"(more) : "x"(all), "x"(that));
    return more;
}

#elif defined(__AARCH64EL__)

using octets [[gnu::vector_size(16)]] = unsigned char;
inline constexpr auto needed = instructions::level::baseline;

// What a table has for each digit. There is no builtin that all compilers have.
inline octets look_up(octets table, octets digit) noexcept {
    octets found;
    __asm__("tbl %0.16b, {%1.16b}, %2.16b" : "=w"(found) : "w"(table), "w"(digit));
    return found;
}

// What each octet is more than that, if it is.
inline octets more_than(octets all, octets that) noexcept {
    octets more;
    __asm__("uqsub %0.16b, %1.16b, %2.16b" : "=w"(more) : "w"(all), "w"(that));
    return more;
}

#endif

#if defined(__x86_64__) || defined(__AARCH64EL__)

inline constexpr std::size_t block_size = sizeof(octets);

// What each digit allows of the bad pairs, as often as a block has room for it.
constexpr std::array<std::uint8_t, block_size> table(std::uint16_t bad_pair::*digit) noexcept {
    std::array<std::uint8_t, block_size> made{};
    for (std::size_t n = 0; n < made.size(); ++n)
        for (std::size_t pair = 0; pair < bad_pairs.size(); ++pair)
            if ((bad_pairs[pair].*digit >> n % 16 & 1) != 0)
                made[n] = static_cast<std::uint8_t>(made[n] | 1 << pair);
    return made;
}
inline constexpr auto high_table = table(&bad_pair::high);
inline constexpr auto low_table = table(&bad_pair::low);
inline constexpr auto next_table = table(&bad_pair::next);

// Whether no two octets of the text, which begins with a character and is whole blocks, are a bad
// pair, nor is a character cut short inside. It may end inside one. The sequence counts a block.
template <std::size_t... Lane>
#if defined(__x86_64__)
[[gnu::target("avx2")]]
#endif
bool are_good_blocks(const std::byte* text, std::size_t size,
                     std::index_sequence<Lane...>) noexcept {
    octets high, low, next;
    std::memcpy(&high, high_table.data(), sizeof high);
    std::memcpy(&low, low_table.data(), sizeof low);
    std::memcpy(&next, next_table.data(), sizeof next);

    octets now; // and where each of its octets is, the one before it, and so on
    std::memcpy(&now, text, sizeof now);
    octets one = __builtin_shufflevector(octets{}, now, (block_size - 1 + Lane)...);
    octets two = __builtin_shufflevector(octets{}, now, (block_size - 2 + Lane)...);
    octets three = __builtin_shufflevector(octets{}, now, (block_size - 3 + Lane)...);
    octets bad{};
    for (std::size_t at = block_size;; at += block_size) {
        const octets pair =
            look_up(high, one >> 4) & look_up(low, one & 0x0f) & look_up(next, now >> 4);
        // The third octet of three, and the third and fourth of four, continue twice.
        const octets may =
            more_than(two, octets{} + below_three) | more_than(three, octets{} + below_four);
        bad |= pair ^ (may & continues_twice);
        if (at == size) break;
        std::memcpy(&now, text + at, sizeof now);
        std::memcpy(&one, text + at - 1, sizeof one);
        std::memcpy(&two, text + at - 2, sizeof two);
        std::memcpy(&three, text + at - 3, sizeof three);
    }
    using words [[gnu::vector_size(block_size)]] = std::uint64_t;
    const words found = (words)bad;
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < block_size / sizeof all; ++i) all |= found[i];
    return all == 0;
}

// The size of a text, which is good, less what there is of a character that is cut at its end.
inline std::size_t size_of_whole(const_bytes text) noexcept {
    for (std::size_t back = 1; back <= 3; ++back) {
        const auto octet = std::to_integer<std::uint8_t>(text[text.size() - back]);
        const std::size_t whole = octet >= 0xf0 ? 4 : octet >= 0xe0 ? 3 : octet >= 0xc0 ? 2 : 1;
        if (whole > back) return text.size() - back;
    }
    return text.size();
}

#endif

// Whether is_good can say it.
inline bool can_say() noexcept {
#if defined(__x86_64__) || defined(__AARCH64EL__)
    return instructions::use(needed);
#else
    return false;
#endif
}

// Whether the text is good as it stands.
inline bool is_good([[maybe_unused]] const_bytes text) noexcept {
#if defined(__x86_64__) || defined(__AARCH64EL__)
    constexpr auto lanes = std::make_index_sequence<block_size>();
    const const_bytes blocks = text.first(text.size() / block_size * block_size);
    if (!blocks.empty()) {
        if (!are_good_blocks(blocks.data(), blocks.size(), lanes)) return false;
        text = text.subspan(size_of_whole(blocks));
    }
    std::byte rest[2 * block_size] = {}; // ASCII behind it: there a character that is cut is bad
    if (!text.empty()) std::memcpy(rest, text.data(), text.size());
    return are_good_blocks(rest, sizeof rest, lanes);
#else
    return false;
#endif
}

// How many octets of the text, which begins with a character, are found to be good so: whole
// characters. 0 where that cannot be said, or something in it is bad.
inline std::size_t good_prefix([[maybe_unused]] const_bytes text) noexcept {
#if defined(__x86_64__) || defined(__AARCH64EL__)
    const const_bytes blocks = text.first(text.size() / block_size * block_size);
    if (!blocks.empty() && can_say() &&
        are_good_blocks(blocks.data(), blocks.size(), std::make_index_sequence<block_size>()))
        return size_of_whole(blocks);
#endif
    return 0;
}

} // namespace h2ws::utf8
