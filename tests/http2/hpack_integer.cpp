#include "../catch.hpp"
#include "../octets.hpp"

#include <h2ws/http2/hpack_integer.hpp>

#include <array>
#include <initializer_list>

using h2ws::const_bytes;
using h2ws::http2::longest_integer;
using h2ws::http2::read_integer;
using h2ws::http2::write_integer;
using transcript::hex;

namespace {

// The number is written as these octets, and read from them, to the last.
constexpr bool is(std::uint32_t value, unsigned prefix_bits, std::uint8_t flags,
                  std::initializer_list<std::uint8_t> octets) {
    std::array<std::byte, longest_integer> written{};
    const std::byte* const end = write_integer(written.data(), flags, prefix_bits, value);
    if (static_cast<std::size_t>(end - written.data()) != octets.size()) return false;
    for (std::size_t i = 0; i < octets.size(); ++i)
        if (written[i] != std::byte{octets.begin()[i]}) return false;
    const_bytes in(written.data(), octets.size());
    return read_integer(in, prefix_bits) == value && in.empty();
}

// RFC 7541 C.1
static_assert(is(10, 5, 0, {0x0a}));
static_assert(is(1337, 5, 0, {0x1f, 0x9a, 0x0a}));
static_assert(is(42, 8, 0, {0x2a}));
// The flags above a prefix are not of the number.
static_assert(is(10, 5, 0xe0, {0xea}));
static_assert(is(1337, 5, 0x20, {0x3f, 0x9a, 0x0a}));
// The edges of a prefix and of an octet.
static_assert(is(30, 5, 0, {0x1e}) && is(31, 5, 0, {0x1f, 0x00}) && is(32, 5, 0, {0x1f, 0x01}));
static_assert(is(0, 1, 0, {0x00}) && is(1, 1, 0, {0x01, 0x00}));
static_assert(is(127 + 31, 5, 0, {0x1f, 0x7f}) && is(128 + 31, 5, 0, {0x1f, 0x80, 0x01}));
static_assert(is(0xffffffff, 8, 0, {0xff, 0x80, 0xfe, 0xff, 0xff, 0x0f}));

// The number and what is left, or "-".
std::string read(std::string_view octets, unsigned prefix_bits) {
    const_bytes in = h2ws::as_bytes(octets);
    const auto value = read_integer(in, prefix_bits);
    if (!value) return in.size() == octets.size() ? "-" : "advanced";
    return std::to_string(*value) + " " + transcript::spaced_hex(h2ws::as_text(in));
}

} // namespace

TEST_CASE("an integer is read to its end and no further", "[rfc7541-5.1]") {
    CHECK(read(hex("0a ff"), 5) == "10 ff");
    CHECK(read(hex("1f 9a 0a 01 02"), 5) == "1337 01 02");
    CHECK(read(hex("ea"), 5) == "10 ");
    CHECK(read(hex("1f 00"), 5) == "31 ");
    // Zeros at its end waste octets, and change nothing.
    CHECK(read(hex("1f 81 80 80 80 00"), 5) == "32 ");
}

TEST_CASE("an integer that ends early is none", "[rfc7541-5.1][rfc9113-4.3][R93]") {
    CHECK(read("", 5) == "-");
    CHECK(read(hex("1f"), 5) == "-");
    CHECK(read(hex("1f 80"), 5) == "-");
    CHECK(read(hex("ff ff ff ff"), 7) == "-");
}

TEST_CASE("an integer beyond 32 bits or five more octets is none",
          "[rfc7541-5.1][rfc9113-4.3][R93]") {
    CHECK(read(hex("ff 80 fe ff ff 0f"), 8) == "4294967295 ");
    CHECK(read(hex("ff 81 fe ff ff 0f"), 8) == "-"); // 2^32
    CHECK(read(hex("ff ff ff ff ff 0f"), 8) == "-");
    CHECK(read(hex("ff ff ff ff ff 7f"), 8) == "-");
    CHECK(read(hex("ff ff ff ff ff ff 7f"), 8) == "-");
    CHECK(read(hex("1f 80 80 80 80 80 00"), 5) == "-"); // 31, in six octets after the prefix
    CHECK(read(hex("1f") + std::string(1'000, '\x80') + hex("00"), 5) == "-");
}

TEST_CASE("what is written is read", "[rfc7541-5.1]") {
    for (unsigned prefix_bits = 1; prefix_bits <= 8; ++prefix_bits) {
        for (unsigned bit = 0; bit < 32; ++bit) {
            for (std::int64_t near = -2; near <= 2; ++near) {
                const std::int64_t value = (std::int64_t{1} << bit) + near;
                if (value < 0) continue;
                std::array<std::byte, longest_integer> out{};
                const std::byte* const end =
                    write_integer(out.data(), 0, prefix_bits, static_cast<std::uint64_t>(value));
                const_bytes in(out.data(), static_cast<std::size_t>(end - out.data()));
                CHECK(read_integer(in, prefix_bits) == static_cast<std::uint32_t>(value));
                CHECK(in.empty());
            }
        }
    }
}
