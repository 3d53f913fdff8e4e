#include "catch.hpp"

#include <h2ws/utf8.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

using h2ws::as_bytes;
using h2ws::is_utf8;
using h2ws::utf8_validator;

namespace {

constexpr bool valid(std::initializer_list<unsigned> octets) {
    std::array<std::byte, 8> text{};
    std::size_t size = 0;
    for (const unsigned octet : octets) text[size++] = static_cast<std::byte>(octet);
    return is_utf8(h2ws::const_bytes(text).first(size));
}

// RFC 3629 §7, and one step beyond each edge of §4's grammar.
static_assert(valid({}) && valid({0x00}) && valid({0x7f}));
static_assert(valid({0x41, 0xe2, 0x89, 0xa2, 0xce, 0x91, 0x2e}));
static_assert(!valid({0x80}) && !valid({0xbf}) && !valid({0xc0, 0x80}) && !valid({0xc1, 0xbf}));
static_assert(valid({0xc2, 0x80}) && valid({0xdf, 0xbf}) && !valid({0xc2, 0x7f}));
static_assert(!valid({0xc2, 0xc0}) && !valid({0xc2}) && !valid({0xe2, 0x89}));
static_assert(!valid({0xe0, 0x9f, 0xbf}) && valid({0xe0, 0xa0, 0x80}));
static_assert(valid({0xed, 0x9f, 0xbf}) && !valid({0xed, 0xa0, 0x80})); // U+D800
static_assert(!valid({0xed, 0xbf, 0xbf}) && valid({0xee, 0x80, 0x80})); // U+DFFF
static_assert(valid({0xef, 0xbf, 0xbe}) && valid({0xef, 0xbf, 0xbf}));  // noncharacters are legal
static_assert(!valid({0xf0, 0x8f, 0xbf, 0xbf}) && valid({0xf0, 0x90, 0x80, 0x80}));
static_assert(valid({0xf4, 0x8f, 0xbf, 0xbf}) && !valid({0xf4, 0x90, 0x80, 0x80}));
static_assert(!valid({0xf5, 0x80, 0x80, 0x80}) && !valid({0xff}) && !valid({0xfe}));
static_assert(sizeof(utf8_validator) == 3);

// The slow twin: decodes by arithmetic, then asks whether the number is a character and whether
// this is its shortest form. Returns how many octets the first character has, 0 when none is there.
std::size_t decode_one(std::string_view text) {
    const auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t size = 1;
    std::uint32_t value = octet(0);
    if (value >= 0x80) {
        size = (value & 0xe0) == 0xc0 ? 2 : (value & 0xf0) == 0xe0 ? 3 : 4;
        if (size == 4 && (value & 0xf8) != 0xf0) return 0;
        value &= 0x7fU >> size;
    }
    if (size > text.size()) return 0;
    for (std::size_t i = 1; i < size; ++i) {
        if ((octet(i) & 0xc0) != 0x80) return 0;
        value = value << 6 | (octet(i) & 0x3fU);
    }
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    return value < least[size] || value > 0x10ffff || surrogate ? 0 : size;
}

bool slow_is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t size = decode_one(text);
        if (size == 0) return false;
        text.remove_prefix(size);
    }
    return true;
}

// How much of `text` some valid text could begin with: the grammar of RFC 3629 §4 by brute force.
std::size_t slow_prefix(std::string_view text) {
    static const std::string tails[] = {"",         "\x80",         "\x90",
                                        "\xa0",     "\x80\x80",     "\x90\x80",
                                        "\xa0\x80", "\x80\x80\x80", "\x90\x80\x80"};
    for (std::size_t size = text.size(); size > 0; --size)
        for (const std::string& tail : tails)
            if (slow_is_utf8(std::string(text.substr(0, size)) + tail)) return size;
    return 0;
}

// Takes the text in two pieces; how much of it was good, and whether it may end there.
struct verdict {
    std::size_t good;
    bool complete;

    friend bool operator==(const verdict&, const verdict&) = default;
};

verdict in_two(std::string_view text, std::size_t cut) {
    utf8_validator validator;
    const std::size_t first = validator.accept(as_bytes(text.substr(0, cut)));
    if (first < cut) return {first, false};
    const std::size_t good = first + validator.accept(as_bytes(text.substr(cut)));
    return {good, good == text.size() && validator.complete()};
}

// Every octet that is an edge of some range, and its neighbours.
constexpr unsigned char edges[] = {0x00, 0x01, 0x41, 0x7f, 0x80, 0x81, 0x8e, 0x8f, 0x90, 0x91, 0x9e,
                                   0x9f, 0xa0, 0xa1, 0xbe, 0xbf, 0xc0, 0xc1, 0xc2, 0xc3, 0xde, 0xdf,
                                   0xe0, 0xe1, 0xe2, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf2, 0xf3,
                                   0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xfb, 0xfc, 0xfd, 0xfe, 0xff};

std::string repeated(std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

} // namespace

TEST_CASE("text of one, two or three octets is judged as a slow decoder judges it",
          "[rfc6455-8.1][R191]") {
    std::size_t wrong = 0;
    std::string text;
    for (unsigned a = 0; a < 256; ++a) {
        text.assign(1, static_cast<char>(a));
        wrong += is_utf8(as_bytes(text)) != slow_is_utf8(text);
        for (unsigned b = 0; b < 256; ++b) {
            text.resize(1);
            text.push_back(static_cast<char>(b));
            wrong += is_utf8(as_bytes(text)) != slow_is_utf8(text);
            for (unsigned c = 0; c < 256; ++c) {
                text.resize(2);
                text.push_back(static_cast<char>(c));
                wrong += is_utf8(as_bytes(text)) != slow_is_utf8(text);
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("text of four octets is judged as a slow decoder judges it, at every edge",
          "[rfc6455-8.1][R191]") {
    std::size_t wrong = 0;
    std::string text(4, '\0');
    for (const unsigned char a : edges)
        for (const unsigned char b : edges)
            for (const unsigned char c : edges)
                for (const unsigned char d : edges) {
                    text[0] = static_cast<char>(a);
                    text[1] = static_cast<char>(b);
                    text[2] = static_cast<char>(c);
                    text[3] = static_cast<char>(d);
                    wrong += is_utf8(as_bytes(text)) != slow_is_utf8(text);
                }
    CHECK(wrong == 0);
}

TEST_CASE("every character is valid, and no surrogate is", "[rfc6455-8.1][R191]") {
    std::size_t wrong = 0;
    for (std::uint32_t value = 0x10000; value <= 0x10ffff; ++value) {
        const char text[] = {static_cast<char>(0xf0 | value >> 18),
                             static_cast<char>(0x80 | (value >> 12 & 0x3f)),
                             static_cast<char>(0x80 | (value >> 6 & 0x3f)),
                             static_cast<char>(0x80 | (value & 0x3f))};
        wrong += !is_utf8(as_bytes({text, sizeof text}));
    }
    for (std::uint32_t value = 0x800; value <= 0xffff; ++value) {
        const char text[] = {static_cast<char>(0xe0 | value >> 12),
                             static_cast<char>(0x80 | (value >> 6 & 0x3f)),
                             static_cast<char>(0x80 | (value & 0x3f))};
        wrong += is_utf8(as_bytes({text, sizeof text})) == (value >= 0xd800 && value <= 0xdfff);
    }
    CHECK(wrong == 0);
}

TEST_CASE("a text is good up to the first octet that no valid text could have there",
          "[rfc6455-8.1][R216]") {
    std::size_t wrong = 0;
    std::string text(3, '\0');
    for (const unsigned char a : edges)
        for (const unsigned char b : edges)
            for (const unsigned char c : edges) {
                text[0] = static_cast<char>(a);
                text[1] = static_cast<char>(b);
                text[2] = static_cast<char>(c);
                wrong += utf8_validator().accept(as_bytes(text)) != slow_prefix(text);
            }
    CHECK(wrong == 0);
}

TEST_CASE("a text is judged alike wherever it is cut", "[rfc6455-8.1][R191]") {
    const std::string greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    const std::string texts[] = {
        "",
        "plain text, longer than eight octets, and then some",
        greek,
        greek + "\xed\xa0\x80" + "edited",
        "\xf0\x9f\x92\xa9" + repeated("x", 20) + "\xf4\x8f\xbf\xbf",
        "\xf0\x9f\x92\xa9" + repeated("x", 20) + "\xf4\x90\x80\x80",
        repeated("x", 17) + "\xff" + repeated("x", 17),
        repeated("x", 7) + "\xe2\x82",
        repeated("\xe2\x82\xac", 11),
        repeated("\xe2\x82\xac", 11) + "\xe2\x82",
        "\xe2\x28\xa1",
    };
    for (const std::string& text : texts) {
        const verdict whole = in_two(text, text.size());
        CHECK(whole.complete == slow_is_utf8(text));
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            INFO("cut at " << cut << " of " << text.size());
            CHECK(in_two(text, cut) == whole);
        }
        utf8_validator validator;
        std::size_t good = 0;
        while (good < text.size() && validator.accept(as_bytes({&text[good], 1})) == 1) ++good;
        CHECK(good == whole.good);
    }
}

TEST_CASE("one octet out of place is found wherever it stands in plain text",
          "[rfc6455-8.1][R216]") {
    for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            text[at] = '\x80';
            INFO(at << " of " << size);
            CHECK(utf8_validator().accept(as_bytes(text)) == at);
        }
    }
}

TEST_CASE("a text may not end inside a character", "[rfc6455-8.1][R191]") {
    utf8_validator validator;
    CHECK(validator.complete());
    CHECK(validator.accept(as_bytes("caf\xc3")) == 4);
    CHECK_FALSE(validator.complete());
    CHECK(validator.accept(as_bytes("\xa9")) == 1);
    CHECK(validator.complete());
}
