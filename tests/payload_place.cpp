#include "catch.hpp"
#include "player.hpp"

#include <h2ws/payload_place.hpp>

#include <type_traits>

using h2ws::as_text;
using h2ws::client;
using h2ws::const_bytes;
using h2ws::elsewhere;
using h2ws::in_place;
using h2ws::masking_key;
using h2ws::server;
using transcript::guarded;
using transcript::hex;

namespace {

constexpr masking_key key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

// Const-ness follows the mask: who has to unmask needs writable bytes, nobody else does.
static_assert(std::is_same_v<server::input, h2ws::mutable_bytes>);
static_assert(std::is_same_v<server::output, h2ws::const_bytes>);
static_assert(std::is_same_v<client::input, h2ws::const_bytes>);
static_assert(std::is_same_v<client::output, h2ws::mutable_bytes>);
static_assert(client::is_client && !server::is_client);
static_assert(in_place<server>::stays && !elsewhere<server>::stays);

} // namespace

TEST_CASE("a server unmasks where the payload lies", "[rfc6455-6.2][R195]") {
    guarded input(hex("7f 9f 4d 51 58"));
    const const_bytes payload = in_place<server>{}.unmask(input.bytes(), key).payload;
    CHECK(as_text(payload) == "Hello");
    CHECK(payload.data() == input.bytes().data());
    CHECK(input.intact());
}

TEST_CASE("a client takes the payload as it lies", "[rfc6455-5.1][R161]") {
    guarded input("Hello");
    const const_bytes payload = in_place<client>{}.unmask(input.bytes(), {}).payload;
    CHECK(as_text(payload) == "Hello");
    CHECK(payload.data() == input.bytes().data());
}

TEST_CASE("a server unmasks into memory that it is given", "[rfc6455-6.2][R195]") {
    const guarded untouched(hex("7f 9f 4d 51 58"));
    guarded input(hex("7f 9f 4d 51 58"));
    guarded out("01234567");
    const elsewhere<server> place(out.bytes());
    CHECK(place.room == 8);
    const const_bytes payload = place.unmask(input.bytes(), key).payload;
    CHECK(as_text(payload) == "Hello");
    CHECK(payload.data() == out.bytes().data());
    CHECK(out.text() == "Hello567");
    CHECK(input.text() == hex("7f 9f 4d 51 58"));
    CHECK((out.intact() && untouched.intact()));
}

TEST_CASE("a client copies nothing, though it is given memory", "[rfc6455-5.1]") {
    guarded input("Hello");
    guarded out("01234567");
    const const_bytes payload = elsewhere<client>(out.bytes()).unmask(input.bytes(), {}).payload;
    CHECK(as_text(payload) == "Hello");
    CHECK(payload.data() == input.bytes().data());
    CHECK(out.text() == "01234567");
}
