#include "catch.hpp"
#include "levels.hpp"

#include <h2ws/utf8.hpp>
#include <h2ws/utf8_blocks.hpp>

#include <cstdint>
#include <string>
#include <string_view>

using h2ws::as_bytes;
using h2ws::utf8_validator;

namespace {

// The slow twin: an octet at a time, which leads past the blocks.
std::size_t accept_slowly(utf8_validator& validator, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
        if (validator.accept(as_bytes(text.substr(i, 1))) == 0) return i;
    return text.size();
}

bool differs(std::string_view text) {
    utf8_validator fast, slow;
    return fast.accept(as_bytes(text)) != accept_slowly(slow, text) ||
           fast.complete() != slow.complete();
}

class draws {
public:
    std::uint32_t below(std::uint32_t bound) {
        state_ = state_ * 1'664'525 + 1'013'904'223;
        return (state_ >> 8) % bound;
    }

private:
    std::uint32_t state_ = 1;
};

std::string text_of(std::size_t size, draws& draw) {
    constexpr std::string_view characters[] = {"a",
                                               "\x7f",
                                               "\xc2\x80",
                                               "\xdf\xbf",
                                               "\xe0\xa0\x80",
                                               "\xec\xbf\xbf",
                                               "\xed\x9f\xbf",
                                               "\xef\xbf\xbf",
                                               "\xf0\x90\x80\x80",
                                               "\xf3\xbf\xbf\xbf",
                                               "\xf4\x8f\xbf\xbf"};
    std::string text;
    while (text.size() < size)
        text += draw.below(3) == 0 ? "a" : characters[draw.below(std::size(characters))];
    text.resize(size); // which may cut the last
    return text;
}

// How many octets are looked at together.
std::size_t expected_block() {
    using h2ws::instructions::level;
#if defined(__x86_64__)
    return expected_level() >= level::avx2 ? 32 : 0;
#elif defined(__AARCH64EL__)
    return expected_level() >= level::baseline ? 16 : 0;
#else
    return 0;
#endif
}

} // namespace

TEST_CASE("blocks are as long as the instructions in use, and take all good text") {
    const std::size_t block = expected_block();
    draws draw;
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 5'000; ++size) {
        const std::string text = text_of(size + 4, draw);
        std::size_t whole = block == 0 ? 0 : size / block * block;
        while ((text[whole] & 0xc0) == 0x80) --whole; // where the last character begins
        wrong += h2ws::utf8::good_prefix(as_bytes(text).first(size)) != whole;
    }
    CHECK(wrong == 0);
}

TEST_CASE("whatever three octets follow one another, blocks find what octets find",
          "[rfc6455-8.1][R216]") {
    constexpr unsigned char thirds[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                        0xc0, 0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf4, 0xf5, 0xff};
    std::size_t wrong = 0;
    std::string text = "\xc3\xa9" + std::string(94, 'x');
    for (const std::size_t at : {std::size_t{10}, std::size_t{30}, std::size_t{31}}) {
        for (unsigned pair = 0; pair < 0x1'0000; ++pair) {
            text[at] = static_cast<char>(pair >> 8);
            text[at + 1] = static_cast<char>(pair & 0xff);
            for (const unsigned char third : thirds) {
                text[at + 2] = static_cast<char>(third);
                wrong += differs(text);
            }
        }
        text.replace(at, 3, "xxx");
    }
    CHECK(wrong == 0);
}

TEST_CASE("at every length and alignment blocks find what octets find", "[rfc6455-8.1][R216]") {
    draws draw;
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= 300; ++size) {
        for (std::size_t alignment = 0; alignment < 32; ++alignment) {
            const std::string padded = std::string(alignment, 'p') + text_of(size, draw);
            wrong += differs(std::string_view(padded).substr(alignment));
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("one octet that is wrong is found where it is", "[rfc6455-8.1][R216]") {
    draws draw;
    std::size_t wrong = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string text = text_of(1 + draw.below(6'000), draw);
        text[draw.below(static_cast<std::uint32_t>(text.size()))] =
            static_cast<char>(draw.below(256));
        wrong += differs(text);
    }
    CHECK(wrong == 0);
}
