#include "../catch.hpp"
#include "../octets.hpp"
#include "../scarce_memory.hpp"
#include "field_lines.hpp"

#include <h2ws/http2/hpack_decoder.hpp>

#include <memory>
#include <string>

using field_lines::decode;
using h2ws::errc;
using h2ws::http2::hpack_decoder;
using h2ws::http2::hpack_field;
using transcript::hex;

namespace {

constexpr std::string_view failed = "!compression_error";

// A literal of these plain strings, both shorter than 127 octets.
std::string literal(unsigned first_octet, std::string_view name, std::string_view value) {
    std::string out(1, static_cast<char>(first_octet));
    out.append(1, static_cast<char>(name.size())).append(name);
    return out.append(1, static_cast<char>(value.size())).append(value);
}

} // namespace

TEST_CASE("an index is one of the two tables', or an error", "[rfc7541-2.3.3][rfc9113-4.3][R93]") {
    CHECK(decode(*std::make_unique<hpack_decoder>(h2ws::allocator{}), hex("80")) == failed);
    CHECK(decode(*std::make_unique<hpack_decoder>(h2ws::allocator{}), hex("be")) == failed);
    CHECK(decode(*std::make_unique<hpack_decoder>(h2ws::allocator{}), hex("7e 01 61")) == failed);
    CHECK(decode(*std::make_unique<hpack_decoder>(h2ws::allocator{}), hex("ff ff ff ff ff 0f")) ==
          failed);
    hpack_decoder decoder{{}};
    CHECK(decode(decoder, hex("81 bd")) == ":authority: \nwww-authenticate: \n");
    CHECK(decode(decoder, literal(0x40, "a", "1") + hex("be 7e 01 32 be bf")) ==
          "a: 1\na: 1\na: 2\na: 2\na: 1\n");
    CHECK(decode(decoder, hex("82 c0")) == ":method: GET\n!compression_error");
}

TEST_CASE("an error is final", "[rfc9113-4.3][R93]") {
    hpack_decoder decoder{{}};
    CHECK(decode(decoder, hex("80")) == failed);
    CHECK(decode(decoder, hex("82")) == failed);
    CHECK(decode(decoder, "") == failed);
}

TEST_CASE("an empty block is a section of no lines") {
    hpack_decoder decoder{{}};
    CHECK(decode(decoder, "").empty());
    CHECK(decode(decoder, hex("82")) == ":method: GET\n");
}

TEST_CASE("a line that was never to be indexed says so to whoever passes it on",
          "[rfc7541-7.1.3]") {
    hpack_decoder decoder{{}};
    CHECK(decode(decoder, literal(0x10, "cookie", "a=b") + literal(0x00, "x", "y") +
                              literal(0x40, "z", "0") + hex("be")) ==
          "never indexed cookie: a=b\nx: y\nz: 0\nz: 0\n");
    CHECK(field_lines::text(decoder.table()) == "z: 0\n");
    h2ws::http2::hpack_encoder encoder{{}};
    h2ws::growing_array<std::byte> out;
    const hpack_field secret{{"z", "0"}, true};
    REQUIRE(encoder.encode(std::span<const hpack_field>(&secret, 1), out));
    CHECK(transcript::spaced_hex(h2ws::as_text({out.data(), out.size()})) == "10 01 7a 01 30");
}

TEST_CASE("a size update stands at the beginning of a block", "[rfc7541-4.2][rfc9113-4.3][R93]") {
    const auto decoded = [](std::string_view block) {
        hpack_decoder decoder{{}};
        return decode(decoder, hex(block));
    };
    CHECK(decoded("20 82") == ":method: GET\n");
    CHECK(decoded("20 3f e1 1f 82") == ":method: GET\n"); // the least, and the last
    CHECK(decoded("20").empty());
    CHECK(decoded("82 20") == ":method: GET\n!compression_error");
    CHECK(decoded("20 82 20") == ":method: GET\n!compression_error");
    CHECK(decoded("20 20 20 82") == failed); // a third
    CHECK(decoded("3f") == failed);
}

TEST_CASE("a size update beyond our limit is an error", "[rfc7541-6.3][rfc9113-4.3][R93]") {
    const auto decoded = [](std::uint32_t limit, std::string_view block) {
        hpack_decoder decoder{{}, limit};
        return decode(decoder, hex(block));
    };
    CHECK(decoded(4'096, "3f e1 1f").empty());
    CHECK(decoded(4'096, "3f e2 1f") == failed);
    CHECK(decoded(100, "3f e1 1f").empty()); // the peer may not know yet
    CHECK(decoded(100, "3f e2 1f") == failed);
    CHECK(decoded(8'192, "3f e1 3f").empty());
    CHECK(decoded(8'192, "3f e2 3f") == failed);
    CHECK(decoded(0xffff'ffff, "3f e1 ff ff ff 03").empty()); // 2^30
    CHECK(decoded(0xffff'ffff, "3f e2 ff ff ff 03") == failed);
}

TEST_CASE("a larger limit of ours asks nothing of the peer", "[rfc7541-4.2]") {
    hpack_decoder decoder{{}, 8'192};
    CHECK(decode(decoder, hex("82")) == ":method: GET\n");
    CHECK(decoder.table().max_size() == 4'096);
}

TEST_CASE("a line keeps the name of the entry that it evicts", "[rfc7541-4.4]") {
    hpack_decoder decoder{{}};
    const std::string name(40, 'n');
    CHECK(decode(decoder, hex("3f 41") + literal(0x40, name, "1")) == name + ": 1\n"); // 96
    for (int round = 0; round < 20; ++round) {
        CHECK(decode(decoder, hex("7e 03 61 62 63 be")) == name + ": abc\n" + name + ": abc\n");
        CHECK(decoder.table().count() == 1);
    }
    // The value in the Huffman code, and too large for the table: it is emptied.
    CHECK(decode(decoder, hex("7e 94") + std::string(20, '\0')) ==
          name + ": " + std::string(32, '0') + "\n");
    CHECK(decoder.table().count() == 0);
}

// Many references to one large entry: an octet of input for thousands of output.
TEST_CASE("a bomb costs no memory, and its sink can stop it", "[rfc7541-7.3]") {
    scarce_memory memory;
    hpack_decoder decoder(memory.policy());
    const std::string value(4'000, 'v');
    std::string block = hex("40 01 61 7f a1 1e") + value;
    CHECK(decode(decoder, block) == "a: " + value + "\n");
    const std::size_t allocations = memory.allocations;
    const std::size_t held = memory.held;
    CHECK(held <= 2 * 4'096 + 128);

    const std::string bomb(16'384, '\xbe');
    std::size_t lines = 0;
    const char* place = nullptr;
    const auto count = [&](const hpack_field& line) {
        if (place == nullptr) place = line.value.data();
        lines += line.value.data() == place && line.value.size() == value.size(); // no copy
    };
    CHECK(decoder.decode(h2ws::as_bytes(bomb), count) == errc::none);
    CHECK(lines == bomb.size());
    CHECK(memory.allocations == allocations);
    CHECK(memory.peak == held);

    lines = 0;
    CHECK(decoder.decode(h2ws::as_bytes(bomb), [&](const hpack_field&) {
        return ++lines == 16 ? errc::flooded : errc::none;
    }) == errc::flooded);
    CHECK(lines == 16);
    CHECK(decoder.decode(h2ws::as_bytes(bomb), count) == errc::flooded);
}

// Every block empties the table and fills it again.
TEST_CASE("games with the table's size hold no memory beyond the limit", "[rfc7541-7.3]") {
    scarce_memory memory;
    hpack_decoder decoder(memory.policy());
    for (int round = 0; round < 1'000; ++round) {
        std::string block = round % 2 == 0 ? hex("20 3f e1 1f") : hex("20 3f 00");
        for (int line = 0; line < 60; ++line)
            block += literal(0x40, std::string(static_cast<std::size_t>(line), 'x'), "y");
        REQUIRE(decode(decoder, block).ends_with("y\n"));
        REQUIRE(memory.held <= 2 * 4'096 + 4'096 / 2);
    }
    CHECK(decode(decoder, hex("20")).empty());
    CHECK(memory.held == 0);
}

TEST_CASE("a decoder holds nothing between blocks of which nothing was indexed") {
    scarce_memory memory;
    hpack_decoder decoder(memory.policy());
    CHECK(decode(decoder, hex("82 04 83 60 d4 8f")).starts_with(":method: GET\n:path: /"));
    CHECK(memory.allocations == 1); // for the Huffman code
    CHECK(memory.held == 0);
}

TEST_CASE("text in the Huffman code takes less than five times its block") {
    scarce_memory memory;
    hpack_decoder decoder(memory.policy());
    std::string block;
    for (unsigned size = 5; size < 127; size += 5) // each longer than the room for the one before
        block += hex("04") + static_cast<char>(0x80 | size) + std::string(size, '\0');
    std::size_t octets = 0;
    CHECK(decoder.decode(h2ws::as_bytes(block), [&](const hpack_field& line) {
        octets += line.value.size();
    }) == errc::none);
    CHECK(octets > block.size());
    CHECK(memory.peak < 5 * block.size());
    const std::string one = hex("04 ff 9e 01") + std::string(285, '\0');
    memory.peak = 0;
    CHECK(decode(decoder, one) == ":path: " + std::string(285 * 8 / 5, '0') + "\n");
    CHECK(memory.peak == 285 * 8 / 5);
    CHECK(memory.held == 0);
}

TEST_CASE("a decoder without memory says so, and it is final") {
    const std::string block =
        literal(0x40, "a", "1") + hex("41 8c f1 e3 c2 e5 f2 3a 6b a0 ab 90 f4 ff") +
        literal(0x40, "b", std::string(120, 'x')) + literal(0x40, "c", std::string(120, 'x'));
    std::size_t failures = 0;
    for (std::size_t fails_at = 1;; ++fails_at) {
        scarce_memory memory{.fails_at = fails_at};
        {
            hpack_decoder decoder(memory.policy());
            const std::string log = decode(decoder, block);
            if (memory.allocations < fails_at) {
                CHECK(log.ends_with("x\n"));
                break;
            }
            CHECK(log.ends_with("!no_memory"));
            CHECK(decode(decoder, hex("82")) == "!no_memory");
            ++failures;
        }
        CHECK(memory.held == 0);
    }
    CHECK(failures == 4); // the two rings, the Huffman code's room, the octets' ring once more
}
