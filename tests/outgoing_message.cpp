#include "catch.hpp"
#include "player.hpp"

#include <h2ws/outgoing_message.hpp>

using h2ws::as_bytes;
using h2ws::as_text;
using h2ws::client;
using h2ws::const_bytes;
using h2ws::errc;
using h2ws::frame;
using h2ws::masking_key;
using h2ws::mutable_bytes;
using h2ws::opcode;
using h2ws::result;
using h2ws::server;
using transcript::from_client;
using transcript::from_server;
using transcript::from_us;
using transcript::guarded;
using transcript::hex;
using transcript::octets;
using transcript::with_fixed_key;

namespace {

template <class Role>
using outgoing = h2ws::outgoing_message<Role, h2ws::no_extension>;

octets whole(const frame& made) {
    return octets(as_text(made.header())).append(as_text(made.payload));
}

template <class Role>
octets in_place(outgoing<Role>& message, opcode type, std::string_view payload, bool fin = true) {
    guarded memory(payload);
    const result<frame> made = message.in_place(type, memory.bytes(), fin);
    REQUIRE(made);
    CHECK(made->payload.data() == memory.bytes().data()); // no copy
    CHECK(memory.intact());
    return whole(*made);
}

// Keys that say how many were drawn.
bool count_up(void* state, masking_key& key) noexcept {
    const int drawn = ++*static_cast<int*>(state);
    key = {std::byte{1}, std::byte{2}, std::byte{3}, static_cast<std::byte>(drawn)};
    return drawn < 100;
}

} // namespace

TEST_CASE("a message of one frame has the opcode and FIN", "[rfc6455-5.4][R171][R194]") {
    outgoing<server> message({}, {});
    CHECK(in_place(message, opcode::text, "Hello") == hex("81 05 48 65 6c 6c 6f"));
    CHECK(in_place(message, opcode::binary, "") == hex("82 00"));
}

TEST_CASE("a client masks the payload where it lies", "[rfc6455-5.1][R158][R194]") {
    outgoing<client> message(with_fixed_key<client>(), {});
    CHECK(in_place(message, opcode::text, "Hello") == hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"));
}

TEST_CASE("a server masks nothing and writes to no payload", "[rfc6455-5.1][R160]") {
    outgoing<server> message({}, {});
    guarded memory("Hello");
    const auto made = message.in_place(opcode::text, memory.bytes(), true);
    REQUIRE(made);
    CHECK((made->header()[1] & std::byte{0x80}) == std::byte{0}); // the bit that says masked
    CHECK(memory.text() == "Hello");
}

TEST_CASE("fragments have the opcode on the first and FIN on the last", "[rfc6455-5.4][R172]") {
    outgoing<server> message({}, {});
    CHECK(in_place(message, opcode::text, "Hel", false) == hex("01 03 48 65 6c"));
    CHECK(in_place(message, opcode::text, "", false) == hex("00 00"));
    CHECK(in_place(message, opcode::text, "lo", true) == hex("80 02 6c 6f"));
    CHECK(in_place(message, opcode::binary, "x", true) == hex("82 01 78"));
}

TEST_CASE("a message keeps its type", "[rfc6455-5.4][R175]") {
    outgoing<server> message({}, {});
    guarded memory("x");
    const_bytes rest = memory.bytes();
    guarded out("y");
    REQUIRE(message.in_place(opcode::text, memory.bytes(), false));
    for (const opcode other : {opcode::binary, opcode::continuation, opcode::ping}) {
        CHECK(message.in_place(other, memory.bytes(), true).error() == errc::invalid_argument);
        CHECK(message.copied(other, rest, out.bytes(), true).error() == errc::invalid_argument);
    }
    CHECK(in_place(message, opcode::text, "x") == hex("80 01 78")); // the mistakes left no trace
}

TEST_CASE("only text and binary are types of messages", "[rfc6455-5.4]") {
    outgoing<server> message({}, {});
    guarded memory("x");
    for (unsigned code = 0; code < 16; ++code) {
        if (code == 1 || code == 2) continue;
        const_bytes rest = memory.bytes();
        CHECK(message.in_place(static_cast<opcode>(code), memory.bytes(), true).error() ==
              errc::invalid_argument);
        CHECK(message.copied(static_cast<opcode>(code), rest, memory.bytes(), true).error() ==
              errc::invalid_argument);
    }
}

TEST_CASE("lengths are encoded in the fewest octets at every edge", "[rfc6455-5.2][R166]") {
    outgoing<server> message({}, {});
    outgoing<client> masked(with_fixed_key<client>(), {});
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
        const octets payload(size, 'p');
        INFO(size);
        CHECK((in_place(message, opcode::binary, payload) == from_server(0x82, payload)));
        CHECK((in_place(masked, opcode::binary, payload) == from_client(0x82, payload)));
    }
}

TEST_CASE("each frame has a key of its own", "[rfc6455-5.3][R168]") {
    int drawn = 0;
    outgoing<client> message({.keys = {.next = count_up, .state = &drawn}}, {});
    CHECK(in_place(message, opcode::binary, octets(4, '\0'), false) ==
          hex("02 84 01 02 03 01 01 02 03 01"));
    CHECK(in_place(message, opcode::binary, octets(4, '\0'), true) ==
          hex("80 84 01 02 03 02 01 02 03 02"));
    CHECK(drawn == 2);
}

TEST_CASE("without a key nothing is sent and nothing is changed", "[rfc6455-5.3][R168]") {
    int drawn = 98;
    outgoing<client> message({.keys = {.next = count_up, .state = &drawn}}, {});
    in_place(message, opcode::text, "begun", false);
    guarded memory("secret");
    guarded out("123456");
    const_bytes rest = as_bytes("secret");
    CHECK(message.in_place(opcode::text, memory.bytes(), true).error() == errc::no_masking_key);
    CHECK(message.copied(opcode::text, rest, out.bytes(), true).error() == errc::no_masking_key);
    CHECK(memory.text() == "secret");
    CHECK(out.text() == "123456");
    CHECK(rest.size() == 6);
    drawn = 0;
    CHECK(in_place(message, opcode::text, "").substr(0, 2) ==
          hex("80 80")); // still the same message

    outgoing<client> none({}, {});
    CHECK(none.in_place(opcode::text, memory.bytes(), true).error() == errc::no_masking_key);
}

TEMPLATE_TEST_CASE("a copied message is one frame when it fits", "[rfc6455-5.4]", server, client) {
    outgoing<TestType> message(with_fixed_key<TestType>(), {});
    for (const std::size_t size : {0U, 1U, 7U, 8U}) {
        const octets payload(size, 'p');
        guarded out("01234567");
        const_bytes rest = as_bytes(payload);
        const result<frame> made = message.copied(opcode::text, rest, out.bytes(), true);
        REQUIRE(made);
        CHECK_FALSE(made->more);
        CHECK(rest.empty());
        CHECK(whole(*made) == from_us<TestType>(0x81, payload));
        CHECK(out.intact());
    }
}

TEMPLATE_TEST_CASE("a copied message is as many fragments as it needs", "[rfc6455-5.4][R172]",
                   server, client) {
    outgoing<TestType> message(with_fixed_key<TestType>(), {});
    guarded out("012");
    const_bytes rest = as_bytes("Hello, you");
    octets sent;
    int frames = 0;
    for (bool more = true; more; ++frames) {
        const result<frame> made = message.copied(opcode::text, rest, out.bytes(), true);
        REQUIRE(made);
        sent += whole(*made);
        more = made->more;
        CHECK(more == !rest.empty());
    }
    CHECK(frames == 4);
    CHECK(sent == from_us<TestType>(0x01, "Hel") + from_us<TestType>(0x00, "lo,") +
                      from_us<TestType>(0x00, " yo") + from_us<TestType>(0x80, "u"));
    CHECK(out.intact());
}

TEST_CASE("a fragment that is copied need not be the last", "[rfc6455-5.4][R172]") {
    outgoing<server> message({}, {});
    guarded out("0123");
    const_bytes rest = as_bytes("Hello");
    CHECK(whole(*message.copied(opcode::text, rest, out.bytes(), false)) ==
          from_server(0x01, "Hell"));
    CHECK(whole(*message.copied(opcode::text, rest, out.bytes(), false)) == from_server(0x00, "o"));
    rest = {};
    CHECK(whole(*message.copied(opcode::text, rest, out.bytes(), true)) == from_server(0x80));
}

TEMPLATE_TEST_CASE("a copied payload needs some room", "[rfc6455-5.4]", server, client) {
    outgoing<TestType> message(with_fixed_key<TestType>(), {});
    const_bytes rest = as_bytes("x");
    CHECK(message.copied(opcode::text, rest, {}, true).error() == errc::buffer_too_small);
    CHECK(rest.size() == 1);
    rest = {};
    const result<frame> empty = message.copied(opcode::text, rest, {}, true);
    REQUIRE(empty);
    CHECK(whole(*empty) == from_us<TestType>(0x81));
}
