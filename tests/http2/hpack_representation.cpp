#include "../catch.hpp"
#include "../octets.hpp"

#include <h2ws/http2/hpack_representation.hpp>

#include <array>
#include <initializer_list>
#include <string>

using h2ws::const_bytes;
using h2ws::http2::hpack_form;
using h2ws::http2::hpack_representation;
using h2ws::http2::hpack_string;
using h2ws::http2::longest_literal;
using h2ws::http2::read_representation;
using h2ws::http2::write_indexed;
using h2ws::http2::write_literal;
using h2ws::http2::write_size_update;
using transcript::hex;

namespace {

constexpr bool is(const hpack_string& from, std::string_view expected) {
    std::array<char, 128> out{};
    std::size_t size = from.octets.size();
    if (from.is_huffman) {
        const auto decoded = h2ws::http2::huffman_decode(from.octets, out);
        if (!decoded) return false;
        size = *decoded;
    } else {
        for (std::size_t i = 0; i < size; ++i) out[i] = std::to_integer<char>(from.octets[i]);
    }
    return std::string_view(out.data(), size) == expected;
}

struct expected {
    hpack_form form;
    std::uint32_t number;
    std::string_view name;
    std::string_view value;
};

// A block is these representations, to its last octet.
constexpr bool reads(std::initializer_list<std::uint8_t> octets,
                     std::initializer_list<expected> lines) {
    std::array<std::byte, 256> block{};
    for (std::size_t i = 0; i < octets.size(); ++i) block[i] = std::byte{octets.begin()[i]};
    const_bytes in(block.data(), octets.size());
    for (const expected& line : lines) {
        const auto read = read_representation(in);
        if (!read || read->form != line.form || read->number != line.number ||
            !is(read->name, line.name) || !is(read->value, line.value))
            return false;
    }
    return in.empty();
}

// RFC 7541 C.2
static_assert(reads({0x40, 0x0a, 0x63, 0x75, 0x73, 0x74, 0x6f, 0x6d, 0x2d, 0x6b, 0x65, 0x79, 0x0d,
                     0x63, 0x75, 0x73, 0x74, 0x6f, 0x6d, 0x2d, 0x68, 0x65, 0x61, 0x64, 0x65, 0x72},
                    {{hpack_form::with_indexing, 0, "custom-key", "custom-header"}}));
static_assert(reads({0x04, 0x0c, 0x2f, 0x73, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2f, 0x70, 0x61, 0x74,
                     0x68},
                    {{hpack_form::without_indexing, 4, "", "/sample/path"}}));
static_assert(reads({0x10, 0x08, 0x70, 0x61, 0x73, 0x73, 0x77, 0x6f, 0x72, 0x64, 0x06, 0x73, 0x65,
                     0x63, 0x72, 0x65, 0x74},
                    {{hpack_form::never_indexed, 0, "password", "secret"}}));
static_assert(reads({0x82}, {{hpack_form::indexed, 2, "", ""}}));
// C.3.2, C.4.1, C.4.3
static_assert(reads({0x82, 0x86, 0x84, 0xbe, 0x58, 0x08, 0x6e, 0x6f, 0x2d, 0x63, 0x61, 0x63, 0x68,
                     0x65},
                    {{hpack_form::indexed, 2, "", ""},
                     {hpack_form::indexed, 6, "", ""},
                     {hpack_form::indexed, 4, "", ""},
                     {hpack_form::indexed, 62, "", ""},
                     {hpack_form::with_indexing, 24, "", "no-cache"}}));
static_assert(reads({0x82, 0x86, 0x84, 0x41, 0x8c, 0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0,
                     0xab, 0x90, 0xf4, 0xff},
                    {{hpack_form::indexed, 2, "", ""},
                     {hpack_form::indexed, 6, "", ""},
                     {hpack_form::indexed, 4, "", ""},
                     {hpack_form::with_indexing, 1, "", "www.example.com"}}));
static_assert(reads({0x82, 0x87, 0x85, 0xbf, 0x40, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9,
                     0x7d, 0x7f, 0x89, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xb8, 0xe8, 0xb4, 0xbf},
                    {{hpack_form::indexed, 2, "", ""},
                     {hpack_form::indexed, 7, "", ""},
                     {hpack_form::indexed, 5, "", ""},
                     {hpack_form::indexed, 63, "", ""},
                     {hpack_form::with_indexing, 0, "custom-key", "custom-value"}}));
static_assert(reads({0x20, 0x3f, 0xe1, 0x1f}, {{hpack_form::size_update, 0, "", ""},
                                               {hpack_form::size_update, 4096, "", ""}}));

std::string written(hpack_form form, std::size_t name_index, const h2ws::field& line) {
    std::string out(longest_literal(line), '?');
    auto* const begin = reinterpret_cast<std::byte*>(out.data());
    out.resize(static_cast<std::size_t>(write_literal(begin, form, name_index, line) - begin));
    return transcript::spaced_hex(out);
}

} // namespace

TEST_CASE("each representation has its own first bits", "[rfc7541-6.1][rfc7541-6.2][rfc7541-6.3]") {
    using enum hpack_form;
    CHECK(written(with_indexing, 62, {"", "("}) == "7e 01 28");
    CHECK(written(with_indexing, 63, {"", "("}) == "7f 00 01 28");
    CHECK(written(without_indexing, 14, {"", "("}) == "0e 01 28");
    CHECK(written(without_indexing, 15, {"", "("}) == "0f 00 01 28");
    CHECK(written(never_indexed, 14, {"", "("}) == "1e 01 28");
    CHECK(written(never_indexed, 0, {"(", "("}) == "10 01 28 01 28");
    std::array<std::byte, 12> out{};
    CHECK(write_indexed(out.data(), 126) == out.data() + 1);
    CHECK(write_indexed(out.data(), 127) == out.data() + 2);
    CHECK(out[0] == std::byte{0xff});
    CHECK(write_size_update(out.data(), 30) == out.data() + 1);
    CHECK(out[0] == std::byte{0x3e});
}

TEST_CASE("a string takes the Huffman code only where that is shorter", "[rfc7541-5.2]") {
    using enum hpack_form;
    CHECK(written(without_indexing, 1, {"", "0"}) == "01 01 30");          // 5 bits: one octet too
    CHECK(written(without_indexing, 1, {"", "0000"}) == "01 83 00 00 0f"); // 20 bits
    CHECK(written(without_indexing, 1, {"", "()"}) == "01 02 28 29");      // 20 bits
    CHECK(written(without_indexing, 1, {"", ""}) == "01 00");
    const std::string zeros(127, '\0');
    CHECK(written(without_indexing, 1, {"", zeros}).starts_with("01 7f 00 00 00"));
}

TEST_CASE("a block that ends inside a representation is cut", "[rfc7541-6.2][rfc9113-4.3][R93]") {
    for (const std::string& whole :
         {hex("40 03 61 62 63 02 64 65"), hex("04 82 64 02"), hex("10 81 1f 81 1f"),
          hex("ff 80 01"), hex("3f e1 1f"), hex("7f 80 01 00")}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const_bytes in = h2ws::as_bytes(std::string_view(whole).substr(0, size));
            CHECK_FALSE(read_representation(in));
        }
        const_bytes in = h2ws::as_bytes(whole);
        CHECK(read_representation(in));
        CHECK(in.empty());
    }
}

TEST_CASE("a length beyond the block is an error whatever it is", "[rfc7541-5.2]") {
    for (const std::string& block : {hex("00 7f ff ff ff ff 0f"), hex("00 01 61 7f 80 ff ff ff 0f"),
                                     hex("01 7f ff ff 7f 61")}) {
        const_bytes in = h2ws::as_bytes(block);
        CHECK_FALSE(read_representation(in));
    }
}
