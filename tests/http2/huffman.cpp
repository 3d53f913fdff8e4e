#include "../catch.hpp"
#include "../octets.hpp"

#include <h2ws/http2/huffman.hpp>

#include <array>
#include <random>
#include <string>
#include <vector>

using h2ws::errc;
using h2ws::http2::huffman_decode;
using h2ws::http2::huffman_decoded_bound;
using h2ws::http2::huffman_encode;
using h2ws::http2::huffman_size;
using transcript::hex;

namespace {

// RFC 7541 appendix B, "code as hex".
constexpr std::array<std::uint32_t, 257> appendix_b{
    0x1ff8,    0x7fffd8,  0xfffffe2,  0xfffffe3, 0xfffffe4, 0xfffffe5,  0xfffffe6,  0xfffffe7,
    0xfffffe8, 0xffffea,  0x3ffffffc, 0xfffffe9, 0xfffffea, 0x3ffffffd, 0xfffffeb,  0xfffffec,
    0xfffffed, 0xfffffee, 0xfffffef,  0xffffff0, 0xffffff1, 0xffffff2,  0x3ffffffe, 0xffffff3,
    0xffffff4, 0xffffff5, 0xffffff6,  0xffffff7, 0xffffff8, 0xffffff9,  0xffffffa,  0xffffffb,
    0x14,      0x3f8,     0x3f9,      0xffa,     0x1ff9,    0x15,       0xf8,       0x7fa,
    0x3fa,     0x3fb,     0xf9,       0x7fb,     0xfa,      0x16,       0x17,       0x18,
    0x0,       0x1,       0x2,        0x19,      0x1a,      0x1b,       0x1c,       0x1d,
    0x1e,      0x1f,      0x5c,       0xfb,      0x7ffc,    0x20,       0xffb,      0x3fc,
    0x1ffa,    0x21,      0x5d,       0x5e,      0x5f,      0x60,       0x61,       0x62,
    0x63,      0x64,      0x65,       0x66,      0x67,      0x68,       0x69,       0x6a,
    0x6b,      0x6c,      0x6d,       0x6e,      0x6f,      0x70,       0x71,       0x72,
    0xfc,      0x73,      0xfd,       0x1ffb,    0x7fff0,   0x1ffc,     0x3ffc,     0x22,
    0x7ffd,    0x3,       0x23,       0x4,       0x24,      0x5,        0x25,       0x26,
    0x27,      0x6,       0x74,       0x75,      0x28,      0x29,       0x2a,       0x7,
    0x2b,      0x76,      0x2c,       0x8,       0x9,       0x2d,       0x77,       0x78,
    0x79,      0x7a,      0x7b,       0x7ffe,    0x7fc,     0x3ffd,     0x1ffd,     0xffffffc,
    0xfffe6,   0x3fffd2,  0xfffe7,    0xfffe8,   0x3fffd3,  0x3fffd4,   0x3fffd5,   0x7fffd9,
    0x3fffd6,  0x7fffda,  0x7fffdb,   0x7fffdc,  0x7fffdd,  0x7fffde,   0xffffeb,   0x7fffdf,
    0xffffec,  0xffffed,  0x3fffd7,   0x7fffe0,  0xffffee,  0x7fffe1,   0x7fffe2,   0x7fffe3,
    0x7fffe4,  0x1fffdc,  0x3fffd8,   0x7fffe5,  0x3fffd9,  0x7fffe6,   0x7fffe7,   0xffffef,
    0x3fffda,  0x1fffdd,  0xfffe9,    0x3fffdb,  0x3fffdc,  0x7fffe8,   0x7fffe9,   0x1fffde,
    0x7fffea,  0x3fffdd,  0x3fffde,   0xfffff0,  0x1fffdf,  0x3fffdf,   0x7fffeb,   0x7fffec,
    0x1fffe0,  0x1fffe1,  0x3fffe0,   0x1fffe2,  0x7fffed,  0x3fffe1,   0x7fffee,   0x7fffef,
    0xfffea,   0x3fffe2,  0x3fffe3,   0x3fffe4,  0x7ffff0,  0x3fffe5,   0x3fffe6,   0x7ffff1,
    0x3ffffe0, 0x3ffffe1, 0xfffeb,    0x7fff1,   0x3fffe7,  0x7ffff2,   0x3fffe8,   0x1ffffec,
    0x3ffffe2, 0x3ffffe3, 0x3ffffe4,  0x7ffffde, 0x7ffffdf, 0x3ffffe5,  0xfffff1,   0x1ffffed,
    0x7fff2,   0x1fffe3,  0x3ffffe6,  0x7ffffe0, 0x7ffffe1, 0x3ffffe7,  0x7ffffe2,  0xfffff2,
    0x1fffe4,  0x1fffe5,  0x3ffffe8,  0x3ffffe9, 0xffffffd, 0x7ffffe3,  0x7ffffe4,  0x7ffffe5,
    0xfffec,   0xfffff3,  0xfffed,    0x1fffe6,  0x3fffe9,  0x1fffe7,   0x1fffe8,   0x7ffff3,
    0x3fffea,  0x3fffeb,  0x1ffffee,  0x1ffffef, 0xfffff4,  0xfffff5,   0x3ffffea,  0x7ffff4,
    0x3ffffeb, 0x7ffffe6, 0x3ffffec,  0x3ffffed, 0x7ffffe7, 0x7ffffe8,  0x7ffffe9,  0x7ffffea,
    0x7ffffeb, 0xffffffe, 0x7ffffec,  0x7ffffed, 0x7ffffee, 0x7ffffef,  0x7fffff0,  0x3ffffee,
    0x3fffffff};

static_assert(h2ws::http2::huffman::table.codes == appendix_b);

template <std::size_t size>
using octet_array = std::array<std::uint8_t, size>;

// Encoding of a text is these octets, and these octets decode to the text.
template <std::size_t size>
constexpr bool is_code_of(const octet_array<size>& octets, std::string_view text) {
    std::array<std::byte, size> expected{};
    for (std::size_t i = 0; i < size; ++i) expected[i] = std::byte{octets[i]};
    if (huffman_size(text) != size) return false;
    std::array<std::byte, size> encoded{};
    if (huffman_encode(text, encoded.data()) != encoded.data() + size) return false;
    std::array<char, size * 2> decoded{};
    const auto length = huffman_decode(expected, decoded);
    return encoded == expected && length && std::string_view(decoded.data(), *length) == text;
}

// The Huffman strings of RFC 7541 C.4 and C.6.
static_assert(is_code_of(octet_array<12>{0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90,
                                         0xf4, 0xff},
                         "www.example.com"));
static_assert(is_code_of(octet_array<6>{0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf}, "no-cache"));
static_assert(is_code_of(octet_array<8>{0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f},
                         "custom-key"));
static_assert(is_code_of(octet_array<9>{0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf},
                         "custom-value"));
static_assert(is_code_of(octet_array<2>{0x64, 0x02}, "302"));
static_assert(is_code_of(octet_array<3>{0x64, 0x0e, 0xff}, "307"));
static_assert(is_code_of(octet_array<5>{0xae, 0xc3, 0x77, 0x1a, 0x4b}, "private"));
static_assert(is_code_of(octet_array<3>{0x9b, 0xd9, 0xab}, "gzip"));
static_assert(is_code_of(octet_array<22>{0xd0, 0x7a, 0xbe, 0x94, 0x10, 0x54, 0xd4, 0x44,
                                         0xa8, 0x20, 0x05, 0x95, 0x04, 0x0b, 0x81, 0x66,
                                         0xe0, 0x82, 0xa6, 0x2d, 0x1b, 0xff},
                         "Mon, 21 Oct 2013 20:13:21 GMT"));
static_assert(is_code_of(octet_array<17>{0x9d, 0x29, 0xad, 0x17, 0x18, 0x63, 0xc7, 0x8f, 0x0b, 0x97,
                                         0xc8, 0xe9, 0xae, 0x82, 0xae, 0x43, 0xd3},
                         "https://www.example.com"));
static_assert(is_code_of(octet_array<45>{0x94, 0xe7, 0x82, 0x1d, 0xd7, 0xf2, 0xe6, 0xc7, 0xb3,
                                         0x35, 0xdf, 0xdf, 0xcd, 0x5b, 0x39, 0x60, 0xd5, 0xaf,
                                         0x27, 0x08, 0x7f, 0x36, 0x72, 0xc1, 0xab, 0x27, 0x0f,
                                         0xb5, 0x29, 0x1f, 0x95, 0x87, 0x31, 0x60, 0x65, 0xc0,
                                         0x03, 0xed, 0x4e, 0xe5, 0xb1, 0x06, 0x3d, 0x50, 0x07},
                         "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"));
static_assert(is_code_of(octet_array<0>{}, ""));

static_assert(huffman_decoded_bound(5) == 8 && huffman_decoded_bound(4) == 6);
static_assert(huffman_decoded_bound(static_cast<std::size_t>(-1)) ==
              static_cast<std::size_t>(-1) / 5 * 8);

// The text, or "!" and the error's name.
std::string decoded(std::string_view octets) {
    std::string out(huffman_decoded_bound(octets.size()), '?');
    const auto size = huffman_decode(h2ws::as_bytes(octets), out);
    if (!size) return '!' + std::string(h2ws::info(size.error()).name);
    out.resize(*size);
    return out;
}

std::string encoded(std::string_view text) {
    std::vector<std::byte> out(huffman_size(text));
    CHECK(huffman_encode(text, out.data()) == out.data() + out.size());
    return std::string(h2ws::as_text(out));
}

// Bits, padded with ones.
std::string from_bits(std::string bits) {
    while (bits.size() % 8 != 0) bits += '1';
    std::string out;
    for (std::size_t i = 0; i < bits.size(); i += 8)
        out += static_cast<char>(std::stoul(bits.substr(i, 8), nullptr, 2));
    return out;
}

} // namespace

TEST_CASE("every octet survives the Huffman code at every offset", "[rfc7541-5.2]") {
    for (int octet = 0; octet < 256; ++octet) {
        for (std::size_t before = 0; before < 8; ++before) {
            // '0' has 5 bits: eight of them begin at each of the bits of an octet.
            const std::string text = std::string(before, '0') + static_cast<char>(octet) + "0";
            CHECK(decoded(encoded(text)) == text);
        }
    }
}

TEST_CASE("random text survives the Huffman code", "[rfc7541-5.2]") {
    std::mt19937 random(1);
    for (int round = 0; round < 2'000; ++round) {
        std::string text(random() % 100, '\0');
        for (char& c : text) c = static_cast<char>(random());
        CHECK(decoded(encoded(text)) == text);
    }
}

TEST_CASE("padding is a beginning of EOS, shorter than an octet",
          "[rfc7541-5.2][rfc9113-4.3][R93]") {
    CHECK(decoded(from_bits("00000")) == "0");
    CHECK(decoded(from_bits("00011"
                            "00011"
                            "00011"
                            "1")) == "aaa");
    // Other padding than ones.
    CHECK(decoded(from_bits("00000"
                            "000")) == "!compression_error");
    CHECK(decoded(from_bits("00000"
                            "110")) == "!compression_error");
    CHECK(decoded(from_bits("00000"
                            "011")) == "!compression_error");
    // Ones, but an octet of them or more.
    CHECK(decoded(from_bits("11111111")) == "!compression_error");
    CHECK(decoded(from_bits("00000"
                            "11111111111")) == "!compression_error");
    CHECK(decoded(from_bits("010100"
                            "1111111111")) == "!compression_error");
    // Seven ones may be padding: "X" has eight bits, so what is left of it here is none.
    CHECK(decoded(from_bits("11111100"
                            "00000"
                            "00000"
                            "00000"
                            "00000"
                            "00000"
                            "1111111")) == "X00000");
}

TEST_CASE("EOS inside a string is an error", "[rfc7541-5.2][rfc9113-4.3][R93]") {
    const std::string eos(30, '1');
    CHECK(decoded(from_bits(eos)) == "!compression_error");
    CHECK(decoded(from_bits("00000" + eos)) == "!compression_error");
    CHECK(decoded(from_bits(eos + "00000")) == "!compression_error");
    CHECK(decoded(from_bits("00011" + eos + "00011")) == "!compression_error");
    // One bit less is another symbol: 22.
    CHECK(decoded(from_bits(std::string(28, '1') + "10")) == std::string(1, '\x16'));
}

TEST_CASE("a code that ends early is an error where it is not padding", "[rfc7541-5.2]") {
    CHECK(decoded(hex("ff ff ff")) == "!compression_error");
    CHECK(decoded(hex("ff fe")) == "!compression_error"); // '\\' begins so, with 19 bits
    CHECK(decoded(hex("ff fe 1f")) == "\\");
}

TEST_CASE("a place that might be too small for the text is not written to") {
    std::array<char, 7> small{};
    CHECK(huffman_decode(h2ws::as_bytes(hex("ff ff ff ff ff")), small).error() ==
          errc::buffer_too_small);
    CHECK(small == std::array<char, 7>{});
}
