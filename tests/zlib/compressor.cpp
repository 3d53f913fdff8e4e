#include "codec.hpp"

#include <h2ws/zlib/compressor.hpp>

using h2ws::as_bytes;
using h2ws::const_bytes;
using h2ws::errc;
using h2ws::zlib::compression;
using h2ws::zlib::compressor;
using h2ws::zlib::decompression;
using h2ws::zlib::decompressor;
using namespace codec;

TEST_CASE("messages are compressed as RFC 7692 has them",
          "[rfc7692-7.2.1][R248][R253][rfc7692-7.2.3.3][R259]") {
    compressor keeps({}, {});
    REQUIRE(keeps.open());
    CHECK(joined(compressed(keeps, "Hello", 100)) == hello);
    CHECK(joined(compressed(keeps, "Hello", 100)) == again);
    CHECK(joined(compressed(keeps, "", 100)) == hex("00"));
    CHECK(joined(compressed(keeps, "", 100)) == hex("00"));
    CHECK(joined(compressed(keeps, "Hello", 100)) == hex("02 13 00 00"));
    compressor forgets({}, {.keeps_context = false});
    REQUIRE(forgets.open());
    for (int i = 0; i < 3; ++i) {
        CHECK(joined(compressed(forgets, "Hello", 100)) == hello);
        CHECK(joined(compressed(forgets, "", 100)) == hex("00"));
    }
    compressor stores({}, {.level = 0});
    REQUIRE(stores.open());
    CHECK(joined(compressed(stores, "Hello", 100)) == hex("00 05 00 fa ff 48 65 6c 6c 6f 00"));
}

TEST_CASE("what is cut off is cut off at the end of a message, whatever room each call has",
          "[rfc7692-7.2.1][R248][R251]") {
    const octets large = repetitive(5'000, 7);
    for (const std::string_view message :
         {std::string_view(""), std::string_view("Hello"), std::string_view(large).substr(0, 300),
          std::string_view(large)}) {
        for (std::size_t room = compressor::min_room; room < 400; ++room) {
            compressor encoder({}, {});
            REQUIRE(encoder.open());
            strict_inflater reader(15);
            for (int i = 0; i < 3; ++i) {
                const auto pieces = compressed(encoder, message, room);
                for (const octets& piece : pieces) CHECK_FALSE(piece.empty());
                CHECK(reader.message(joined(pieces)) == message);
            }
        }
    }
}

TEST_CASE("a message may be given in parts", "[rfc7692-7.2.1][R251]") {
    const octets message = repetitive(100'000, 3);
    for (const std::size_t part : {std::size_t{1'000}, std::size_t{40'000}, std::size_t{99'999}}) {
        for (const std::size_t room : {std::size_t{16}, std::size_t{100}, std::size_t{200'000}}) {
            compressor encoder({}, {});
            REQUIRE(encoder.open());
            octets wire;
            std::vector<std::byte> out(room);
            for (std::size_t at = 0; at <= message.size(); at += part) {
                const bool last = at + part > message.size();
                const_bytes in = as_bytes(std::string_view(message).substr(at, part));
                for (bool more = true; more;) {
                    const auto made = encoder.encode(in, out, last);
                    REQUIRE(made);
                    CHECK(encoder.begun() == (!last || made->more || !in.empty()));
                    wire += h2ws::as_text(const_bytes(out).first(made->size));
                    more = made->more || !in.empty();
                }
            }
            CHECK(strict_inflater(15).message(wire) == message);
        }
    }
}

TEST_CASE("a call that has no room takes nothing") {
    compressor encoder({}, {});
    REQUIRE(encoder.open());
    std::byte out[compressor::min_room];
    for (std::size_t room = 0; room < compressor::min_room; ++room) {
        const_bytes in = as_bytes("Hello");
        CHECK(encoder.encode(in, {out, room}, true).error() == errc::buffer_too_small);
        CHECK(in.size() == 5);
        CHECK_FALSE(encoder.begun());
    }
    CHECK(joined(compressed(encoder, "Hello", compressor::min_room)) == hello);
}

TEST_CASE("an end that has begun is not taken back") {
    compressor encoder({}, {});
    REQUIRE(encoder.open());
    const octets message = repetitive(1'000, 8);
    std::byte out[compressor::min_room];
    const_bytes in = as_bytes(message);
    octets wire;
    while (!in.empty()) {
        const auto made = encoder.encode(in, out, true);
        REQUIRE((made && made->more));
        wire += h2ws::as_text({out, made->size});
    }
    in = as_bytes("more");
    CHECK(encoder.encode(in, out, false).error() == errc::invalid_argument);
    CHECK(in.size() == 4);
    CHECK(strict_inflater(15).message(wire + joined(compressed(encoder, "", 100))) == message);
}

TEST_CASE("a message is one frame where that is asked for, or takes nothing") {
    for (const int level : {0, 1, 6, 9}) {
        for (const int memory_level : {1, 8, 9}) {
            for (const std::uint8_t bits : {std::uint8_t{8}, std::uint8_t{11}, std::uint8_t{15}}) {
                CAPTURE(level, memory_level, unsigned{bits});
                compressor encoder({}, {.level = level,
                                        .memory_level = memory_level,
                                        .window_bits = bits,
                                        .one_frame = true});
                REQUIRE(encoder.open());
                strict_inflater reader(bits);
                std::mt19937 random(1);
                for (const std::size_t size : {0U, 1U, 5U, 100U, 5'000U, 70'000U}) {
                    octets noise(size, '\0');
                    for (char& octet : noise) octet = static_cast<char>(random());
                    const std::size_t bound = encoder.bound(size);
                    std::vector<std::byte> little(bound - 1);
                    const_bytes in = as_bytes(noise);
                    CHECK(encoder.encode(in, little, true).error() == errc::buffer_too_small);
                    CHECK(in.size() == size);
                    const auto pieces = compressed(encoder, noise, bound);
                    CHECK(pieces.size() == 1);
                    CHECK(reader.message(joined(pieces)) == noise);
                }
            }
        }
    }
}

TEST_CASE("no window is larger than what was agreed on", "[rfc7692-7.2.1][R252][R254]") {
    for (std::uint8_t bits = 8; bits <= 15; ++bits) {
        for (int level = 1; level <= 9; ++level) {
            CAPTURE(unsigned{bits}, level);
            compressor encoder({}, {.level = level, .window_bits = bits});
            REQUIRE(encoder.open());
            strict_inflater reader(bits);
            for (unsigned i = 0; i < 4; ++i) {
                const octets message = repetitive(20'000, i);
                const octets wire = joined(compressed(encoder, message, 50'000));
                REQUIRE(reader.message(wire) == message);
            }
        }
    }
}

TEST_CASE("settings that zlib does not have are taken for the nearest") {
    for (const compression& how :
         {compression{.level = -5, .memory_level = 0, .window_bits = 0},
          compression{.level = 100, .memory_level = 100, .window_bits = 255}}) {
        compressor encoder({}, how);
        CHECK(encoder.open());
    }
}

TEST_CASE("a context is made when it is asked for, of memory that is given back") {
    scarce_memory memory;
    {
        compressor encoder(memory.policy(), {});
        CHECK(memory.allocations == 0);
        CHECK(encoder.open());
        const std::size_t allocations = memory.allocations;
        CHECK(allocations > 0);
        CHECK(encoder.open());
        compressed(encoder, repetitive(100'000, 5), 1'000);
        CHECK(memory.allocations == allocations);
        CHECK(memory.peak < codec::deflating_memory(15, 8) + 7'000);
    }
    CHECK(memory.held == 0);
    if (!codec::outlives_failed_allocations) return;
    for (std::size_t at = 1; at <= memory.allocations; ++at) {
        scarce_memory scarce{.fails_at = at};
        compressor encoder(scarce.policy(), {});
        CHECK_FALSE(encoder.open());
        CHECK(scarce.held == 0);
        CHECK(encoder.open());
        CHECK(joined(compressed(encoder, "Hello", 100)) == hello);
    }
}
