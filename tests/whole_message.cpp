#include "catch.hpp"
#include "player.hpp"

#include <h2ws/websocket.hpp>
#include <h2ws/whole_message.hpp>

#include <string>
#include <string_view>

using h2ws::as_text;
using h2ws::client;
using h2ws::const_bytes;
using h2ws::elsewhere;
using h2ws::event;
using h2ws::in_place;
using h2ws::limits;
using h2ws::message_chunk;
using h2ws::mutable_bytes;
using h2ws::opcode;
using h2ws::server;
using h2ws::take_whole_message;
using transcript::from_peer;
using transcript::guarded;
using transcript::hex;
using transcript::octets;

namespace {

// What was taken, and of what, in memory whose surroundings are watched.
struct attempt {
    explicit attempt(const octets& input, const limits& allowed = {})
        : bytes(input),
          in(bytes.bytes()) {
        taken = take_whole_message<server>(in, in_place<server>{}, allowed, found);
    }

    const message_chunk& chunk() const { return std::get<message_chunk>(*found); }

    guarded bytes;
    mutable_bytes in;
    std::optional<event> found;
    bool taken;
};

// It was left to others, and nothing was changed.
void check_left(const octets& input, const limits& allowed = {}) {
    attempt tried(input, allowed);
    CAPTURE(input.size());
    CHECK(!tried.taken);
    CHECK(!tried.found);
    CHECK(tried.in.size() == input.size());
    CHECK(tried.bytes.text() == input);
    CHECK(tried.bytes.intact());
}

} // namespace

TEST_CASE("a message that is one frame is taken at once", "[rfc6455-6.2][R195][R196]") {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 300U, 65'535U}) {
        const octets payload(size, 'x');
        attempt tried(from_peer<server>(0x82, payload) + hex("81 80"));
        REQUIRE(tried.taken);
        CHECK(tried.chunk().type == opcode::binary);
        CHECK(as_text(tried.chunk().payload) == payload);
        CHECK((tried.chunk().first && tried.chunk().last));
        CHECK(tried.in.size() == 2); // the next header stays
        CHECK(tried.bytes.intact());
    }
}

TEST_CASE("text is taken at once when it is UTF-8, else left as it was", "[rfc6455-5.6][R191]") {
    for (const std::string_view good : {"", "ascii", "Gr\u00fc\u00dfe", "\U0001f600"}) {
        const attempt tried(from_peer<server>(0x81, octets(good)));
        REQUIRE(tried.taken);
        CHECK(tried.chunk().type == opcode::text);
        CHECK(as_text(tried.chunk().payload) == good);
    }
    for (const std::string_view bad : {"\x80", "\xc3", "ascii \xed\xa0\x80", "\xf0\x9f\x98"})
        check_left(from_peer<server>(0x81, octets(bad)));
    CHECK(attempt(from_peer<server>(0x82, octets("\xc3"))).taken); // of binary nothing is asked
}

TEST_CASE("what is not whole, or not a message of its own, is left", "[rfc6455-5.2]") {
    const octets frame = from_peer<server>(0x82, octets(300, 'x'));
    for (const std::size_t size : {0U, 1U, 2U, 3U, 7U, 8U, 307U}) check_left(frame.substr(0, size));
    for (const unsigned first :
         {0x00U, 0x01U, 0x02U, 0x80U, 0x83U, 0x88U, 0x89U, 0x92U, 0xa2U, 0xc2U})
        check_left(from_peer<server>(first, "x"));
    check_left(hex("82 01 78"));                   // not masked
    check_left(hex("82 fe 00 01 00 00 00 00 78")); // a longer length than it takes
    check_left(hex("82 ff 00 00 00 00 00 01 00 00 00 00 00 00") + octets(65'536, 'x'));
}

TEST_CASE("what is beyond a limit is left", "[rfc6455-10.4][R197]") {
    const octets frame = from_peer<server>(0x82, "12345");
    CHECK(attempt(frame, {.max_message = 5}).taken);
    check_left(frame, {.max_message = 4});
    CHECK(attempt(frame, {.max_fragments = 1}).taken);
    check_left(frame, {.max_fragments = 0});
}

TEST_CASE("a payload that fits is written elsewhere, another is left", "[rfc6455-6.2][R195]") {
    const octets frame = from_peer<server>(0x81, "Hello");
    for (const std::size_t room : {4U, 5U, 6U}) {
        guarded out(octets(room, '.'));
        const_bytes in = h2ws::as_bytes(frame);
        std::optional<event> found;
        CHECK(take_whole_message<server>(in, elsewhere<server>(out.bytes()), {}, found) ==
              (room >= 5));
        CHECK(in.size() == (room >= 5 ? 0 : frame.size()));
        CHECK(out.text() ==
              octets("Hello.").substr(0, room >= 5 ? room : 0) + octets(room >= 5 ? 0 : room, '.'));
        CHECK(out.intact());
    }
}

TEST_CASE("a client's payload stays as it lies", "[rfc6455-5.1][R161]") {
    const octets frame = from_peer<client>(0x81, "Gr\u00fc\u00dfe");
    const_bytes in = h2ws::as_bytes(frame);
    std::optional<event> found;
    CHECK(take_whole_message<client>(in, in_place<client>{}, {}, found));
    CHECK(as_text(std::get<message_chunk>(*found).payload) == "Gr\u00fc\u00dfe");
    CHECK(in.empty());
    const octets bad = from_peer<client>(0x81, "\xc3");
    in = h2ws::as_bytes(bad);
    CHECK(!take_whole_message<client>(in, in_place<client>{}, {}, found));
    CHECK(in.size() == bad.size());
}
