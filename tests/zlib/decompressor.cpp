#include "codec.hpp"

#include <h2ws/zlib/decompressor.hpp>

using h2ws::as_bytes;
using h2ws::const_bytes;
using h2ws::errc;
using h2ws::zlib::decompression;
using h2ws::zlib::decompressor;
using namespace codec;

namespace {

// RFC 7692 §7.2.3.
const octets vectors[] = {
    hello,
    hex("00 05 00 fa ff 48 65 6c 6c 6f 00"),
    hex("f3 48 cd c9 c9 07 00 00"),
    hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"),
};

bool gives(decompressor& decoder, std::string_view wire, std::string_view message,
           std::size_t size = SIZE_MAX) {
    const outcome got = decompressed(decoder, wire, size);
    return got.error == errc::none && got.message == message;
}

errc error_of(std::string_view wire, const decompression& how = {}, std::size_t size = SIZE_MAX) {
    decompressor decoder({}, how);
    return decompressed(decoder, wire, size).error;
}

} // namespace

TEST_CASE("the examples of RFC 7692 are decompressed, and what comes behind them",
          "[rfc7692-7.2.2][R255][R256][rfc7692-7.2.3.3][R259][rfc7692-7.2.1][R249][R250]") {
    for (const octets& vector : vectors) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, SIZE_MAX}) {
            CAPTURE(transcript::spaced_hex(vector), size);
            decompressor decoder({}, {});
            for (int i = 0; i < 3; ++i) {
                CHECK(gives(decoder, vector, "Hello", size));
                CHECK(gives(decoder, again, "Hello", size));
                CHECK(gives(decoder, hex("00"), "", size));
                CHECK(gives(decoder, again, "Hello", size));
            }
        }
    }
}

TEST_CASE("blocks may be marked as the last of their stream anywhere",
          "[rfc7692-7.2.1][R249][R250]") {
    decompressor decoder({}, {});
    const octets marked = hex("f3 48 cd c9 c9 07 00"); // without the octet behind it
    CHECK(gives(decoder, marked + marked + hello, "HelloHelloHello"));
    CHECK(gives(decoder, again, "Hello"));
    CHECK(gives(decoder, hex("01"), "")); // the empty stored block itself
    CHECK(gives(decoder, again, "Hello"));
    CHECK(gives(decoder, hex("01 00 00 ff ff 01 00 00 ff ff 00"), ""));
    CHECK(gives(decoder, again, "Hello"));
}

TEST_CASE("a message of no octets is empty", "[rfc7692-7.2.3.3]") {
    decompressor decoder({}, {});
    CHECK(gives(decoder, "", ""));
    CHECK(gives(decoder, hello, "Hello"));
    CHECK(gives(decoder, "", ""));
    CHECK(gives(decoder, again, "Hello"));
}

TEST_CASE("where the peer keeps no context each message stands alone", "[rfc7692-7.2.2][R256]") {
    decompressor decoder({}, {.keeps_context = false});
    for (int i = 0; i < 3; ++i) CHECK(gives(decoder, hello, "Hello"));
    CHECK(decompressed(decoder, again).error == errc::extension_data_invalid);
}

TEST_CASE("what cannot be decompressed is invalid, from then on", "[rfc7692-7.2.2][R263][S19]") {
    const octets invalid[] = {
        hex("06"),                               // a block's type that does not exist
        hex("00 05 00 00 00 48"),                // a stored block's length and its complement
        hex("f2 00 11 00 00"),                   // what was never sent
        hex("f2 48 cd c9 c9 07 00 ff"),          // what follows
        hex("f3 48 cd c9 c9 07 00"),             // a marked block without the octet behind it
        hex("f2 48 cd c9 c9 07 00 00 00 ff ff"), // nothing was cut off
    };
    for (const octets& wire : invalid) {
        for (const std::size_t size : {std::size_t{1}, SIZE_MAX}) {
            CAPTURE(transcript::spaced_hex(wire), size);
            decompressor decoder({}, {});
            CHECK(decompressed(decoder, wire, size).error == errc::extension_data_invalid);
            CHECK(decompressed(decoder, hello).error == errc::extension_data_invalid);
        }
    }
    for (const octets& cut_short : {hello, vectors[2]}) // others are messages when they are cut
        for (std::size_t size = 1; size < cut_short.size(); ++size) {
            CAPTURE(transcript::spaced_hex(cut_short), size);
            CHECK(error_of(cut_short.substr(0, size)) == errc::extension_data_invalid);
        }
}

TEST_CASE("what came before an error is given", "[rfc7692-7.2.2][R263]") {
    const octets message = repetitive(10'000, 1);
    for (const std::size_t size : {std::size_t{1}, std::size_t{100}, SIZE_MAX}) {
        decompressor decoder({}, {});
        const outcome got = decompressed(decoder, by_hand(message) + hex("00 00 ff ff 06"), size);
        CHECK(got.error == errc::extension_data_invalid);
        CHECK(got.message == message);
    }
}

TEST_CASE("a message is decompressed no further than is allowed, to the octet",
          "[rfc6455-10.4][R262]") {
    const octets message = repetitive(10'000, 2);
    const octets wire = by_hand(message);
    for (const std::uint64_t limit :
         {0U, 1U, 4'095U, 4'096U, 4'097U, 8'192U, 9'999U, 10'000U, 10'001U}) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{50}, SIZE_MAX}) {
            CAPTURE(limit, size);
            decompressor decoder({}, {.max_message = limit});
            const outcome got = decompressed(decoder, wire, size);
            CHECK(got.error == (limit < 10'000 ? errc::inflates_too_much : errc::none));
            CHECK(got.message == message.substr(0, static_cast<std::size_t>(limit)));
            if (limit >= 10'000) CHECK(gives(decoder, hex("00"), ""));
        }
    }
    decompressor none({}, {.max_message = 0});
    CHECK(gives(none, hex("00"), ""));
}

TEST_CASE("a message above the floor inflates by no more than the ratio", "[rfc6455-10.4][R262]") {
    const octets zeros(1'000'000, '\0');
    const octets wire = by_hand(zeros); // about a thousandth
    const auto outcome_of = [&](std::uint32_t ratio, std::uint64_t floor, std::size_t size) {
        return error_of(wire, {.max_ratio = ratio, .ratio_floor = floor}, size);
    };
    for (const std::size_t size : {std::size_t{1}, std::size_t{50}, SIZE_MAX}) {
        CHECK(outcome_of(200, 100'000, size) == errc::inflates_too_much);
        CHECK(outcome_of(1, 999'999, size) == errc::inflates_too_much);
        CHECK(outcome_of(1, 1'000'000, size) == errc::none);
        CHECK(outcome_of(2'000, 0, size) == errc::none);
        CHECK(outcome_of(0, 0, size) == errc::none);
    }
    const octets text = repetitive(100'000, 4);
    CHECK(error_of(by_hand(text), {.max_ratio = 200, .ratio_floor = 0}) == errc::none);
    // Of each message for itself.
    decompressor decoder({}, {.max_ratio = 1, .ratio_floor = 5});
    for (int i = 0; i < 5; ++i) CHECK(gives(decoder, hello, "Hello"));
}

TEST_CASE("a small message that inflates to a huge one costs bounded memory",
          "[rfc6455-10.4][R262]") {
    const octets bomb = by_hand(octets(50'000'000, '\0'));
    CHECK(bomb.size() < 55'000);
    scarce_memory memory;
    {
        decompressor decoder(memory.policy(), {});
        std::uint64_t given = 0;
        h2ws::const_bytes in = as_bytes(bomb);
        errc error = errc::none;
        while (error == errc::none) {
            const auto piece = decoder.decode(in, true);
            error = piece.error();
            if (piece) given += piece->data.size();
            if (piece && !piece->more) break;
        }
        CHECK(error == errc::inflates_too_much);
        CHECK(given <= std::uint64_t{4} << 20);
    }
    CHECK(memory.peak < 50'000);
    CHECK(memory.held == 0);
}

TEST_CASE("however messages are cut, and whatever stands in them, the same comes of them",
          "[rfc7692-7.2.2][R255][R263]") {
    std::mt19937 random(11);
    std::size_t valid = 0;
    for (unsigned i = 0; i < 3'000; ++i) {
        octets wire = by_hand(repetitive(random() % 9'000, i));
        for (unsigned changes = random() % 4; changes != 0; --changes)
            wire[random() % wire.size()] = static_cast<char>(random());
        if (random() % 4 == 0) wire.resize(random() % (wire.size() + 1));
        const decompression how{.max_message = random() % 3 == 0 ? random() % 9'000 : UINT64_MAX,
                                .max_ratio = 0};
        decompressor whole({}, how), cut({}, how);
        for (const octets& message : {wire, hello, wire}) {
            const outcome one = decompressed(whole, message);
            const outcome other = decompressed(cut, message, random() % 40 + 1);
            REQUIRE(one.error == other.error);
            REQUIRE(one.message == other.message);
            REQUIRE(one.message.size() <= how.max_message);
            valid += one.error == errc::none;
        }
    }
    CHECK((valid > 1'000 && valid < 8'000));
}

TEST_CASE("an allocation that fails is told as such, and nothing is kept") {
    const octets message = repetitive(60'000, 6);
    const octets wire = by_hand(message);
    scarce_memory plenty;
    {
        decompressor decoder(plenty.policy(), {});
        CHECK(plenty.allocations == 0);
        CHECK(gives(decoder, wire, message));
    }
    CHECK(plenty.held == 0);
    CHECK(plenty.allocations >= 2);
    for (std::size_t at = 1; at <= plenty.allocations; ++at) {
        scarce_memory memory{.fails_at = at};
        {
            decompressor decoder(memory.policy(), {});
            CHECK(decompressed(decoder, wire, 100).error == errc::no_memory);
        }
        CHECK(memory.held == 0);
    }
}

TEST_CASE("a context is needed inside a message, and after it where the peer refers to it") {
    decompressor keeps({}, {});
    decompressor forgets({}, {.keeps_context = false});
    for (decompressor* const decoder : {&keeps, &forgets}) {
        CHECK_FALSE(decoder->holds_context());
        h2ws::const_bytes in = as_bytes(hello);
        CHECK(decoder->decode(in, false));
        CHECK(decoder->holds_context());
        CHECK(decoder->decode(in, true));
        CHECK(decoder->holds_context() == (decoder == &keeps));
    }
    forgets.close();
    CHECK(gives(forgets, hello, "Hello"));
}

TEST_CASE("messages come in pieces of the size that was asked for") {
    const octets message = repetitive(100'000, 8);
    const octets wire = by_hand(message);
    for (const std::size_t piece : {std::size_t{0}, std::size_t{256}, std::size_t{4'096},
                                    std::size_t{100'000}, std::size_t{1} << 20}) {
        scarce_memory memory;
        {
            decompressor decoder(memory.policy(), {.piece = piece});
            const std::size_t room = std::max<std::size_t>(piece, 256);
            octets got;
            h2ws::const_bytes in = as_bytes(wire);
            for (bool more = true; more;) {
                const auto made = decoder.decode(in, true);
                REQUIRE(made);
                more = made->more;
                CHECK((made->data.size() == room || !more));
                got += h2ws::as_text(made->data);
            }
            CHECK(got == message);
            CHECK(memory.held > room + 32'768);
            CHECK(memory.held < room + 32'768 + codec::inflating_memory);
        }
        CHECK(memory.held == 0);
    }
}
