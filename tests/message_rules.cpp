#include "catch.hpp"

#include <h2ws/message_rules.hpp>

#include <cstdint>
#include <string>
#include <string_view>

using h2ws::as_bytes;
using h2ws::errc;
using h2ws::frame_header;
using h2ws::limits;
using h2ws::message_rules;
using h2ws::opcode;

namespace {

constexpr std::uint64_t largest = ~std::uint64_t{0} >> 1; // 2^63 - 1

frame_header data(opcode code, bool fin, std::uint64_t length = 0) {
    return {.payload_length = length, .code = code, .fin = fin};
}

// The rules with one message's frames going through them.
struct message {
    limits allowed;
    message_rules rules = {};

    errc begin(opcode code, std::uint64_t length = 0, bool rsv1 = false) {
        frame_header header = data(code, false, length);
        header.rsv1 = rsv1;
        return rules.begin_frame(header, allowed);
    }

    // How much is good; `error` says why not more.
    std::size_t take(std::string_view payload, bool last = false) {
        error = errc::none;
        const std::size_t good = rules.take(as_bytes(payload), false, last, allowed, error);
        if (error == errc::none) rules.deliver(last);
        return good;
    }

    errc error = errc::none;
};

} // namespace

TEST_CASE("a message begins with its type and goes on with continuations",
          "[rfc6455-5.4][R172][R178]") {
    message m;
    CHECK(m.begin(opcode::binary) == errc::none);
    CHECK(m.rules.type() == opcode::binary);
    CHECK(m.begin(opcode::continuation) == errc::none);
    CHECK(m.begin(opcode::continuation) == errc::none);
    CHECK(m.rules.type() == opcode::binary);
    m.take("", true);
    CHECK(m.begin(opcode::text) == errc::none);
    CHECK(m.rules.type() == opcode::text);
}

TEST_CASE("a continuation continues something", "[rfc6455-5.4][R173]") {
    message m;
    CHECK(m.begin(opcode::continuation) == errc::unexpected_continuation);
    m = {};
    m.begin(opcode::text);
    m.take("", true);
    CHECK(m.begin(opcode::continuation) == errc::unexpected_continuation);
}

TEST_CASE("a message ends before the next begins", "[rfc6455-5.4][R173][R175]") {
    for (const opcode next : {opcode::text, opcode::binary}) {
        message m;
        m.begin(opcode::text);
        CHECK(m.begin(next) == errc::unfinished_message);
        m = {};
        m.begin(opcode::text);
        m.begin(opcode::continuation);
        m.take("x");
        CHECK(m.begin(next) == errc::unfinished_message);
    }
}

TEST_CASE("the first piece that is delivered is the first, whatever frame it is from",
          "[rfc6455-5.4][R176]") {
    message_rules rules;
    const limits allowed;
    rules.begin_frame(data(opcode::text, false), allowed);
    rules.begin_frame(data(opcode::continuation, false), allowed);
    CHECK(rules.deliver(false));
    CHECK_FALSE(rules.deliver(false));
    CHECK_FALSE(rules.deliver(true));
    rules.begin_frame(data(opcode::text, true), allowed);
    CHECK(rules.deliver(true));
}

TEST_CASE("RSV1 stands on a message's first frame only", "[rfc7692-6.1][R228][R230]") {
    message m;
    CHECK(m.begin(opcode::text, 0, true) == errc::none);
    CHECK(m.rules.encoded());
    CHECK(m.begin(opcode::continuation) == errc::none);
    CHECK(m.rules.encoded());
    CHECK(m.begin(opcode::continuation, 0, true) == errc::reserved_bit);
    m = {};
    CHECK(m.begin(opcode::text) == errc::none);
    CHECK_FALSE(m.rules.encoded());
    CHECK(m.begin(opcode::continuation, 0, true) == errc::reserved_bit);
}

TEST_CASE("a frame that would pass the limit is refused before a byte of it is taken",
          "[rfc6455-10.4][R197]") {
    message m{.allowed = {.max_message = 10}};
    CHECK(m.begin(opcode::binary, 10) == errc::none);
    m = {.allowed = {.max_message = 10}};
    CHECK(m.begin(opcode::binary, 11) == errc::message_too_big);
    m = {.allowed = {.max_message = 0}};
    CHECK(m.begin(opcode::binary, 0) == errc::none);
    m = {.allowed = {.max_message = 0}};
    CHECK(m.begin(opcode::binary, 1) == errc::message_too_big);
}

TEST_CASE("the limit holds over the sum of the fragments, and for each message anew",
          "[rfc6455-10.4][R197]") {
    message m{.allowed = {.max_message = 10}};
    for (int i = 0; i < 3; ++i) {
        m.begin(opcode::binary, 4);
        CHECK(m.take("1234") == 4);
        CHECK(m.begin(opcode::continuation, 6) == errc::none);
        CHECK(m.take("123456", true) == 6);
    }
    m.begin(opcode::binary, 4);
    m.take("1234");
    CHECK(m.begin(opcode::continuation, 7) == errc::message_too_big);
}

TEST_CASE("no length wraps around the limit", "[rfc6455-10.4][R197]") {
    for (const std::uint64_t length : {std::uint64_t{0xffffffff}, std::uint64_t{0x100000000},
                                       std::uint64_t{0x100000001}, largest - 1, largest}) {
        message m{.allowed = {.max_message = length}};
        CHECK(m.begin(opcode::binary, length) == errc::none);
        m = {.allowed = {.max_message = length - 1}};
        CHECK(m.begin(opcode::binary, length) == errc::message_too_big);
        m = {.allowed = {.max_message = length}};
        m.begin(opcode::binary, 1);
        m.take("x");
        CHECK(m.begin(opcode::continuation, length) == errc::message_too_big);
        CHECK(m.begin(opcode::continuation, length - 1) == errc::none);
    }
    message unlimited{.allowed = {.max_message = ~std::uint64_t{0}}};
    unlimited.begin(opcode::binary, 1);
    unlimited.take("x");
    CHECK(unlimited.begin(opcode::continuation, largest) == errc::none);
    CHECK(unlimited.begin(opcode::continuation, ~std::uint64_t{0}) == errc::message_too_big);
}

TEST_CASE("the frames of a message are counted, empty ones too", "[rfc6455-10.4][R197]") {
    message m{.allowed = {.max_fragments = 3}};
    for (int i = 0; i < 2; ++i) {
        CHECK(m.begin(opcode::binary) == errc::none);
        CHECK(m.begin(opcode::continuation) == errc::none);
        CHECK(m.begin(opcode::continuation) == errc::none);
        m.take("", true);
    }
    m.begin(opcode::binary);
    m.begin(opcode::continuation);
    m.begin(opcode::continuation);
    CHECK(m.begin(opcode::continuation) == errc::too_many_fragments);
    m = {.allowed = {.max_fragments = 1}};
    CHECK(m.begin(opcode::binary) == errc::none);
    CHECK(m.begin(opcode::continuation) == errc::too_many_fragments);
}

TEST_CASE("an encoded message is measured as it is decoded", "[rfc7692-8][rfc6455-10.4][R262]") {
    message m{.allowed = {.max_message = 10}};
    CHECK(m.begin(opcode::binary, 1000, true) == errc::none); // what is on the wire does not count
    CHECK(m.take("1234567") == 7);
    CHECK(m.error == errc::none);
    CHECK(m.take("890") == 3);
    CHECK(m.error == errc::none);
    CHECK(m.take("x") == 0);
    CHECK(m.error == errc::message_too_big);
}

TEST_CASE("a decoded message is good up to the limit", "[rfc7692-8][rfc6455-10.4][R262]") {
    message m{.allowed = {.max_message = 10}};
    m.begin(opcode::binary, 1, true);
    m.take("1234567");
    CHECK(m.take("890x") == 3);
    CHECK(m.error == errc::message_too_big);

    m = {.allowed = {.max_message = 2}}; // what is cut there is no error of the text
    m.begin(opcode::text, 1, true);
    CHECK(m.take("a\xc3\xa9", true) == 2);
    CHECK(m.error == errc::message_too_big);

    m = {.allowed = {.max_message = 2}}; // but an invalid octet before it is
    m.begin(opcode::text, 1, true);
    CHECK(m.take("a\xff and more") == 1);
    CHECK(m.error == errc::text_not_utf8);
}

TEST_CASE("text is valid over its frames, not in each of them", "[rfc6455-5.6][R191]") {
    message m;
    m.begin(opcode::text, 4);
    CHECK(m.take("caf\xc3") == 4);
    CHECK(m.error == errc::none);
    m.begin(opcode::continuation, 1);
    CHECK(m.take("\xa9", true) == 1);
    CHECK(m.error == errc::none);
}

TEST_CASE("text is good up to its first invalid octet", "[rfc6455-8.1][R216]") {
    message m;
    m.begin(opcode::text, 5);
    CHECK(m.take("caf\xc3(") == 4);
    CHECK(m.error == errc::text_not_utf8);
    m = {};
    m.begin(opcode::text, 1);
    CHECK(m.take("\x80") == 0);
    CHECK(m.error == errc::text_not_utf8);
}

TEST_CASE("text does not end inside a character", "[rfc6455-5.6][R191]") {
    message m;
    m.begin(opcode::text, 4);
    CHECK(m.take("caf\xc3", true) == 4);
    CHECK(m.error == errc::text_not_utf8);
    m = {};
    m.begin(opcode::text, 4);
    m.take("caf\xc3");
    m.begin(opcode::continuation, 0);
    CHECK(m.take("", true) == 0);
    CHECK(m.error == errc::text_not_utf8);
}

TEST_CASE("each text begins afresh, and binary data may be anything", "[rfc6455-5.6][R191]") {
    message m;
    m.begin(opcode::binary, 2);
    CHECK(m.take("\xff\xc3", true) == 2);
    CHECK(m.error == errc::none);
    m.begin(opcode::text, 1);
    CHECK(m.take("a", true) == 1);
    CHECK(m.error == errc::none);
}
