#include "../../tools/bench_content.hpp"

#include "../catch.hpp"

#include <vector>

using h2ws::const_bytes;
using h2ws::opcode;
using h2ws::tools::bench_content;

namespace {

constexpr std::size_t sizes[] = {16, 17, 125, 1'000};

std::vector<std::byte> message(bench_content& content, std::uint32_t tunnel, std::uint32_t number) {
    const const_bytes made = content.make(tunnel, number);
    return {made.begin(), made.end()};
}

} // namespace

TEST_CASE("a message begins with its tunnel and its number, and text is ASCII") {
    for (const opcode type : {opcode::text, opcode::binary}) {
        bench_content content(125, type);
        const auto text = h2ws::as_text(content.make(0x12ab, 0xffff'fffe));
        CHECK(text.substr(0, 16) == "000012abfffffffe");
        CHECK(text.size() == 125);
    }
    bench_content content(10'000, opcode::text);
    for (const std::byte octet : content.make(7, 7))
        REQUIRE((octet >= std::byte{' '} && octet <= std::byte{'~'}));
}

TEST_CASE("a message matches itself in every two pieces") {
    for (const std::size_t size : sizes) {
        bench_content content(size, opcode::binary);
        const auto sent = message(content, 3, 9);
        for (std::size_t split = 0; split <= size; ++split) {
            REQUIRE(content.matches(3, 9, 0, const_bytes(sent).first(split)));
            REQUIRE(content.matches(3, 9, split, const_bytes(sent).subspan(split)));
        }
    }
}

TEST_CASE("an octet that was changed is found wherever it stands") {
    for (const std::size_t size : sizes) {
        bench_content content(size, opcode::text);
        auto received = message(content, 3, 9);
        for (std::byte& octet : received) {
            octet ^= std::byte{1};
            REQUIRE_FALSE(content.matches(3, 9, 0, received));
            octet ^= std::byte{1};
        }
        CHECK(content.matches(3, 9, 0, received));
    }
}

TEST_CASE("another message is none of this one, nor is a piece of one moved") {
    bench_content content(125, opcode::text);
    const auto sent = message(content, 3, 9);
    CHECK_FALSE(content.matches(3, 10, 0, sent));
    CHECK_FALSE(content.matches(4, 9, 0, sent));
    const const_bytes rest = const_bytes(sent).subspan(16);
    CHECK_FALSE(content.matches(3, 10, 16, rest)); // behind the name too
    CHECK_FALSE(content.matches(4, 9, 16, rest));
    CHECK_FALSE(content.matches(3, 9, 17, rest.first(10)));
}

TEST_CASE("what goes beyond the message does not match it") {
    bench_content content(20, opcode::binary);
    auto received = message(content, 3, 9);
    received.push_back(received.back());
    CHECK_FALSE(content.matches(3, 9, 0, received));
    CHECK_FALSE(content.matches(3, 9, 20, const_bytes(received).first(1)));
    CHECK_FALSE(content.matches(3, 9, 21, {}));
    CHECK(content.matches(3, 9, 20, {}));
}
