#include "catch.hpp"
#include "player.hpp"

#include <h2ws/control_frame.hpp>

using h2ws::as_bytes;
using h2ws::as_text;
using h2ws::client;
using h2ws::control_frame;
using h2ws::masking_key;
using h2ws::opcode;
using h2ws::server;
using h2ws::status_code;
using transcript::close_body;
using transcript::from_client;
using transcript::from_server;
using transcript::octets;
using transcript::with_fixed_key;

namespace {

constexpr masking_key key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

control_frame holding(std::string_view payload) {
    control_frame frame;
    frame.append(as_bytes(payload));
    return frame;
}

octets sealed(control_frame frame, opcode code, const auto& role) {
    REQUIRE(frame.seal(code, role));
    return octets(as_text(frame.bytes()));
}

} // namespace

TEST_CASE("a server's control frame is a header of two octets and the payload",
          "[rfc6455-5.5][R160][R179]") {
    for (const std::size_t size : {0U, 1U, 124U, 125U}) {
        const octets payload(size, 'p');
        CHECK(sealed(holding(payload), opcode::ping, server{}) == from_server(0x89, payload));
        CHECK(sealed(holding(payload), opcode::pong, server{}) == from_server(0x8a, payload));
        CHECK(sealed(holding(payload), opcode::close, server{}) == from_server(0x88, payload));
    }
}

TEST_CASE("a client's control frame is masked", "[rfc6455-5.1][R158]") {
    const client role = with_fixed_key<client>();
    for (const std::size_t size : {0U, 1U, 124U, 125U}) {
        const octets payload(size, 'p');
        CHECK(sealed(holding(payload), opcode::ping, role) == from_client(0x89, payload));
        CHECK(sealed(holding(payload), opcode::close, role) == from_client(0x88, payload));
    }
    CHECK(sealed(holding("Hello"), opcode::pong, role) ==
          transcript::hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58")); // RFC 6455 §5.7
}

TEST_CASE("without a masking key a client's frame is not sealed", "[rfc6455-5.3][R168]") {
    const client none;
    const client failing{.keys = {.next = [](void*, masking_key&) noexcept { return false; }}};
    CHECK_FALSE(holding("x").seal(opcode::ping, none));
    CHECK_FALSE(holding("x").seal(opcode::ping, failing));
}

TEST_CASE("a payload is collected in pieces, masked or not", "[rfc6455-5.5]") {
    const octets payload = "a payload that comes in several pieces";
    const octets masked = transcript::masked(payload);
    for (std::size_t cut = 0; cut <= payload.size(); ++cut) {
        control_frame plain;
        plain.append(as_bytes(payload).first(cut));
        plain.append(as_bytes(payload).subspan(cut));
        CHECK(as_text(plain.payload()) == payload);

        control_frame unmasked;
        unmasked.append_masked(as_bytes(masked).first(cut), key);
        unmasked.append_masked(as_bytes(masked).subspan(cut), h2ws::rotated(key, cut));
        CHECK(as_text(unmasked.payload()) == payload);
    }
}

TEST_CASE("a frame is used again after it was cleared", "[rfc6455-5.5]") {
    control_frame frame = holding("a long payload, of a ping");
    REQUIRE(frame.seal(opcode::pong, server{}));
    frame.clear();
    CHECK(frame.payload().empty());
    frame.append(as_bytes("x"));
    CHECK(sealed(frame, opcode::pong, server{}) == from_server(0x8a, "x"));
}

TEST_CASE("a header that arrives in pieces has room where no payload lies", "[rfc6455-5.2]") {
    control_frame frame;
    std::memset(frame.scratch(), 0x77, h2ws::max_frame_header_size);
    frame.append(as_bytes("payload"));
    CHECK(as_text(frame.payload()) == "payload");
}

TEST_CASE("a Close has a code and a reason, or nothing", "[rfc6455-5.5.1]") {
    control_frame frame;
    frame.set({status_code::going_away, "bye"});
    CHECK(sealed(frame, opcode::close, server{}) == from_server(0x88, close_body(1001, "bye")));
    const octets longest(h2ws::max_close_reason, 'r');
    frame.set({status_code::going_away, longest});
    CHECK(sealed(frame, opcode::close, server{}) == from_server(0x88, close_body(1001, longest)));
    frame.set({});
    CHECK(sealed(frame, opcode::close, server{}) == from_server(0x88));
}

TEST_CASE("a received Close is answered with its code alone", "[rfc6455-5.5.1][R183]") {
    control_frame frame = holding(close_body(4001, "the reason stays here"));
    frame.keep_code();
    CHECK(sealed(frame, opcode::close, server{}) == from_server(0x88, close_body(4001)));
    control_frame empty = holding("");
    empty.keep_code();
    CHECK(sealed(empty, opcode::close, server{}) == from_server(0x88));
}

TEST_CASE("the reason can be read until the answer is sealed", "[rfc6455-5.5.1]") {
    control_frame frame = holding(close_body(4001, "reason"));
    const h2ws::const_bytes payload = frame.payload();
    frame.keep_code();
    CHECK(as_text(payload) == close_body(4001, "reason"));
}
