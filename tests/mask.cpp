#include "catch.hpp"

#include <h2ws/mask.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

using h2ws::const_bytes;
using h2ws::mask;
using h2ws::masking_key;
using h2ws::mutable_bytes;
using h2ws::rotated;

namespace {

constexpr std::byte operator""_b(unsigned long long value) { return static_cast<std::byte>(value); }

constexpr masking_key key{0x37_b, 0xfa_b, 0x21_b, 0x3d_b};
constexpr std::array hello{0x48_b, 0x65_b, 0x6c_b, 0x6c_b, 0x6f_b};
constexpr std::array masked_hello{0x7f_b, 0x9f_b, 0x4d_b, 0x51_b, 0x58_b}; // RFC 6455 §5.7

constexpr std::array<std::byte, 5> masked_copy(std::array<std::byte, 5> payload) {
    mask(payload, key);
    return payload;
}

static_assert(masked_copy(hello) == masked_hello);
static_assert(masked_copy(masked_hello) == hello);
static_assert(rotated(key, 0) == key && rotated(key, 4) == key);
static_assert(rotated(key, 1) == masking_key{0xfa_b, 0x21_b, 0x3d_b, 0x37_b});
static_assert(rotated(key, 2) == masking_key{0x21_b, 0x3d_b, 0x37_b, 0xfa_b});
static_assert(rotated(key, 3) == masking_key{0x3d_b, 0x37_b, 0xfa_b, 0x21_b});
static_assert(rotated(key, ~std::uint64_t{0}) == rotated(key, 3));

constexpr std::size_t longest = 300;
constexpr std::size_t margin = 64;

// Octets that repeat in no short pattern.
std::vector<std::byte> arbitrary(std::size_t size) {
    std::vector<std::byte> out(size);
    std::uint32_t state = 1;
    for (std::byte& octet : out) {
        state = state * 1664525 + 1013904223;
        octet = static_cast<std::byte>(state >> 24);
    }
    return out;
}

// The memory around `changed` is as it was in `before`.
bool only_changed_inside(const std::vector<std::byte>& before, const std::vector<std::byte>& after,
                         std::size_t at, std::size_t size) {
    return std::memcmp(before.data(), after.data(), at) == 0 &&
           std::memcmp(before.data() + at + size, after.data() + at + size,
                       before.size() - at - size) == 0;
}

} // namespace

TEST_CASE("the payload of RFC 6455's example is masked as it is there", "[rfc6455-5.7][R169]") {
    std::array<std::byte, 5> payload = hello;
    mask(payload, key);
    CHECK(payload == masked_hello);
    mask(payload, key);
    CHECK(payload == hello);
}

TEST_CASE("masking equals its octet-by-octet twin at every length, alignment and key rotation",
          "[rfc6455-5.3][R169]") {
    const std::vector<std::byte> source = arbitrary(longest + 2 * margin);
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= longest; ++size) {
        for (std::size_t alignment = 0; alignment < 32; ++alignment) {
            for (std::uint64_t rotation = 0; rotation < 4; ++rotation) {
                const masking_key turned = rotated(key, rotation);
                std::array<std::byte, longest> expected;
                for (std::size_t i = 0; i < size; ++i)
                    expected[i] = source[alignment + i] ^ key[(i + rotation) % 4];

                std::vector<std::byte> in_place = source;
                mask(mutable_bytes(in_place).subspan(alignment, size), turned);
                wrong += std::memcmp(in_place.data() + alignment, expected.data(), size) != 0;
                wrong += !only_changed_inside(source, in_place, alignment, size);

                const std::vector<std::byte> blank(source.size());
                std::vector<std::byte> copied = blank;
                const std::size_t to = (alignment * 7 + size) % 32; // its own alignment
                mask(const_bytes(source).subspan(alignment, size),
                     mutable_bytes(copied).subspan(to), turned);
                wrong += std::memcmp(copied.data() + to, expected.data(), size) != 0;
                wrong += !only_changed_inside(blank, copied, to, size);
            }
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("a payload may be masked in two pieces, cut anywhere", "[rfc6455-5.3][R169]") {
    const std::vector<std::byte> source = arbitrary(longest);
    std::vector<std::byte> whole = source;
    mask(whole, key);
    std::size_t wrong = 0;
    for (std::size_t cut = 0; cut <= longest; ++cut) {
        std::vector<std::byte> pieces = source;
        mask(mutable_bytes(pieces).first(cut), key);
        mask(mutable_bytes(pieces).subspan(cut), rotated(key, cut));
        wrong += pieces != whole;
    }
    CHECK(wrong == 0);
}

TEST_CASE("masking says whether all that was written is ASCII", "[rfc6455-5.6]") {
    std::size_t wrong = 0;
    for (std::size_t size = 0; size <= longest; ++size) {
        std::vector<std::byte> text(size + margin);
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<std::byte>(i % 0x80);
        const std::size_t at = size % 7;
        std::vector<std::byte> out = text;
        const mutable_bytes payload = mutable_bytes(out).subspan(at, size);
        wrong += !mask(payload, {}); // though there is other text around it
        mask(payload, key);
        wrong += !mask(payload, key);
        for (std::size_t high = 0; high < size; ++high) {
            payload[high] ^= 0x80_b;
            wrong += mask(payload, {});
            payload[high] ^= 0x80_b;
        }
        if (at != 0) out[at - 1] = 0xff_b;
        out[at + size] = 0xff_b; // of which nothing is asked
        wrong += !mask(payload, {});
    }
    CHECK(wrong == 0);
}

TEST_CASE("masking nothing touches nothing", "[rfc6455-5.3]") {
    mask(mutable_bytes{}, key);
    mask(const_bytes{}, mutable_bytes{}, key);
    std::array<std::byte, 1> out{0x5a_b};
    mask(const_bytes{}, out, key);
    CHECK(out[0] == 0x5a_b);
}

TEST_CASE("the key of zeros, which stands for no mask, changes nothing", "[rfc6455-5.3]") {
    const std::vector<std::byte> source = arbitrary(longest);
    std::vector<std::byte> payload = source;
    mask(payload, masking_key{});
    CHECK(payload == source);
}
