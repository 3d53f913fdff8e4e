#include "catch.hpp"

#include <h2ws/frame_header.hpp>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>

using h2ws::decode_frame_header;
using h2ws::encode_frame_header;
using h2ws::frame_header;
using h2ws::frame_header_size;
using h2ws::masking_key;
using h2ws::max_frame_header_size;
using h2ws::opcode;
using h2ws::read_usual_header;
using h2ws::usual_header;

namespace {

using octets = std::array<std::byte, max_frame_header_size>;

constexpr octets bytes(std::initializer_list<unsigned> values) {
    octets out{};
    std::size_t at = 0;
    for (const unsigned value : values) out[at++] = static_cast<std::byte>(value);
    return out;
}

constexpr masking_key key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

// Both directions at once: `header` is encoded as these octets, and they are decoded as it.
constexpr bool is_encoded_as(const frame_header& header, std::initializer_list<unsigned> values) {
    octets written{};
    const std::size_t size = encode_frame_header(header, written.data());
    return size == values.size() && size == frame_header_size(header) && written == bytes(values) &&
           frame_header_size(written[1]) == size && decode_frame_header(written.data()) == header;
}

// RFC 6455 §5.7, in its order.
static_assert(is_encoded_as({.payload_length = 5, .code = opcode::text}, {0x81, 0x05}));
static_assert(is_encoded_as({.payload_length = 5, .key = key, .code = opcode::text, .masked = true},
                            {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d}));
static_assert(is_encoded_as({.payload_length = 3, .code = opcode::text, .fin = false},
                            {0x01, 0x03}));
static_assert(is_encoded_as({.payload_length = 2, .code = opcode::continuation}, {0x80, 0x02}));
static_assert(is_encoded_as({.payload_length = 5, .code = opcode::ping}, {0x89, 0x05}));
static_assert(is_encoded_as({.payload_length = 5, .key = key, .code = opcode::pong, .masked = true},
                            {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d}));
static_assert(is_encoded_as({.payload_length = 256, .code = opcode::binary},
                            {0x82, 0x7e, 0x01, 0x00}));
static_assert(is_encoded_as({.payload_length = 65536, .code = opcode::binary},
                            {0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}));

constexpr bool has_length(std::uint64_t length, std::initializer_list<unsigned> from_second) {
    octets expected{};
    std::size_t at = 0;
    expected[at++] = std::byte{0x82};
    for (const unsigned value : from_second) expected[at++] = static_cast<std::byte>(value);
    const frame_header header{.payload_length = length, .code = opcode::binary};
    octets written{};
    return encode_frame_header(header, written.data()) == at && written == expected &&
           decode_frame_header(written.data()) == header;
}

static_assert(has_length(0, {0}));
static_assert(has_length(1, {1}));
static_assert(has_length(125, {125}));
static_assert(has_length(126, {126, 0, 126}));
static_assert(has_length(127, {126, 0, 127}));
static_assert(has_length(65535, {126, 0xff, 0xff}));
static_assert(has_length(65536, {127, 0, 0, 0, 0, 0, 1, 0, 0}));
static_assert(has_length(0xffffffff, {127, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
static_assert(has_length(0x100000000, {127, 0, 0, 0, 1, 0, 0, 0, 0}));
static_assert(has_length(0x100000001, {127, 0, 0, 0, 1, 0, 0, 0, 1}));
static_assert(has_length(0x0102030405060708, {127, 1, 2, 3, 4, 5, 6, 7, 8}));
static_assert(has_length(0x7fffffffffffffff,
                         {127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));

// What must not be sent is decoded all the same; frame_reader.hpp refuses it.
constexpr std::uint64_t length_of(std::initializer_list<unsigned> values) {
    return decode_frame_header(bytes(values).data()).payload_length;
}

static_assert(length_of({0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}) == 0x8000000000000000);
static_assert(length_of({0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) ==
              0xffffffffffffffff);
static_assert(length_of({0x82, 126, 0, 5}) == 5);
static_assert(length_of({0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5}) == 5);

static_assert(h2ws::max_control_payload == 125);

} // namespace

namespace {

// What the whole decoder says of the same octets, if they are a header of that kind.
template <bool Masked>
usual_header usual_of(h2ws::const_bytes header) {
    if (header.size() < 2 || header.size() < frame_header_size(header[1])) return {};
    const frame_header whole = decode_frame_header(header.data());
    const std::size_t size = frame_header_size(header[1]);
    const bool usual = whole.fin && !whole.rsv1 && !whole.rsv2 && !whole.rsv3 &&
                       (whole.code == opcode::text || whole.code == opcode::binary) &&
                       whole.masked == Masked && whole.payload_length <= 0xffff &&
                       size == frame_header_size(whole);
    if (!usual) return {};
    return {whole.code, static_cast<std::uint8_t>(size),
            static_cast<std::uint16_t>(whole.payload_length)};
}

template <bool Masked>
std::size_t differences(h2ws::const_bytes header) {
    std::size_t found = 0;
    for (std::size_t size = 0; size <= header.size(); ++size) {
        const usual_header is = read_usual_header<Masked>(header.first(size));
        const usual_header should = usual_of<Masked>(header.first(size));
        found += is.size != should.size ||
                 (is.size != 0 &&
                  (is.type != should.type || is.payload_length != should.payload_length));
    }
    return found;
}

} // namespace

TEST_CASE("a usual header is read as its slow twin reads it, cut anywhere",
          "[rfc6455-5.2][R163][R166]") {
    std::size_t wrong = 0;
    for (unsigned first = 0; first < 256; ++first)
        for (unsigned second = 0; second < 256; ++second)
            for (const unsigned length : {0U, 1U, 125U, 126U, 255U, 256U, 65'535U}) {
                const octets header = bytes(
                    {first, second, length >> 8, length & 0xff, 0, 0, 0, 0, 1, 1, 7, 8, 9, 10});
                wrong += differences<true>(header) + differences<false>(header);
            }
    CHECK(wrong == 0);
}

TEST_CASE("a header is 2 to 14 octets long and its second octet says how many",
          "[rfc6455-5.2][R167]") {
    for (unsigned second = 0; second < 256; ++second) {
        const unsigned length = second % 128;
        const std::size_t expected = 2U +
                                     (length == 126   ? 2U
                                      : length == 127 ? 8U
                                                      : 0U) +
                                     (second >= 128 ? 4U : 0U);
        INFO(second);
        CHECK(frame_header_size(static_cast<std::byte>(second)) == expected);
    }
}

TEST_CASE("every bit of the first octet has its meaning", "[rfc6455-5.2]") {
    for (unsigned first = 0; first < 256; ++first) {
        const frame_header header = decode_frame_header(bytes({first, 0}).data());
        INFO(first);
        CHECK(header.fin == (first >= 128));
        CHECK(header.rsv1 == (first / 64 % 2 == 1));
        CHECK(header.rsv2 == (first / 32 % 2 == 1));
        CHECK(header.rsv3 == (first / 16 % 2 == 1));
        CHECK(static_cast<unsigned>(header.code) == first % 16);
        octets written{};
        CHECK(encode_frame_header(header, written.data()) == 2);
        CHECK(written == bytes({first, 0}));
    }
}

TEST_CASE("a header is encoded and decoded back, masked or not, at every edge of its length",
          "[rfc6455-5.2][R166][R167]") {
    for (const std::uint64_t length :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{125}, std::uint64_t{126},
          std::uint64_t{127}, std::uint64_t{65535}, std::uint64_t{65536}, std::uint64_t{0xffffffff},
          std::uint64_t{0x100000000}, ~std::uint64_t{0} >> 1}) {
        for (const bool masked : {false, true}) {
            const frame_header header{.payload_length = length,
                                      .key = masked ? key : masking_key{},
                                      .code = opcode::binary,
                                      .masked = masked};
            octets written;
            written.fill(std::byte{0xa5});
            const std::size_t size = encode_frame_header(header, written.data());
            const std::size_t expected = 2U +
                                         (length > 65535 ? 8U
                                          : length > 125 ? 2U
                                                         : 0U) +
                                         (masked ? 4U : 0U);
            INFO(length << (masked ? " masked" : ""));
            CHECK(size == expected);
            CHECK(decode_frame_header(written.data()) == header);
            for (std::size_t i = size; i < written.size(); ++i)
                CHECK(written[i] == std::byte{0xa5});
        }
    }
}

TEST_CASE("opcodes 8 to 15 are control frames; 3 to 7 and 11 to 15 are reserved",
          "[rfc6455-5.2][R164]") {
    for (unsigned value = 0; value < 16; ++value) {
        const auto code = static_cast<opcode>(value);
        INFO(value);
        CHECK(is_control(code) == (value >= 8));
        CHECK(is_reserved(code) == ((value >= 3 && value <= 7) || value >= 11));
    }
}
