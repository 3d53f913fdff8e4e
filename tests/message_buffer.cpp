#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/message_buffer.hpp>

using h2ws::as_bytes;
using h2ws::message_buffer;
using h2ws::message_chunk;
using h2ws::opcode;

TEST_CASE("a message is put together from its pieces", "[rfc6455-5.4][R196]") {
    message_buffer buffer;
    const auto add = [&](std::string_view text, bool first, bool last) {
        const auto whole = buffer.add(message_chunk{opcode::text, as_bytes(text), first, last});
        REQUIRE(whole);
        return *whole;
    };
    CHECK_FALSE(add("Hel", true, false));
    CHECK_FALSE(add("", false, false));
    CHECK(add("lo", false, true));
    CHECK(buffer.text() == "Hello");
    CHECK(add("next", true, true)); // the first piece of a message empties the buffer
    CHECK(buffer.text() == "next");
    CHECK(add("", true, true));
    CHECK(buffer.empty());
    CHECK(buffer.capacity() >= 5);
}

TEST_CASE("a buffer gives its memory away by move") {
    scarce_memory memory;
    {
        message_buffer buffer(memory.policy());
        REQUIRE(buffer.append("content"));
        const std::byte* const place = buffer.bytes().data();
        message_buffer other(std::move(buffer));
        CHECK(other.bytes().data() == place);
        CHECK(buffer.empty());
        CHECK(buffer.capacity() == 0);
        REQUIRE(buffer.append("again"));
        buffer = std::move(other);
        CHECK(buffer.text() == "content");
        buffer.release();
        CHECK(memory.held == 0);
    }
    CHECK(memory.held == 0);
}

TEST_CASE("a buffer takes over memory of its allocator") {
    scarce_memory memory;
    const h2ws::allocator policy = memory.policy();
    auto* const bytes = static_cast<std::byte*>(policy.allocate(policy.state, 64));
    std::memcpy(bytes, "given", 5);
    {
        const message_buffer buffer(bytes, 5, 64, policy);
        CHECK(buffer.text() == "given");
    }
    CHECK(memory.held == 0);
}

TEST_CASE("a buffer without memory says so and is as before") {
    scarce_memory memory{.fails_at = 2};
    message_buffer buffer(memory.policy());
    REQUIRE(buffer.append("abc"));
    CHECK(buffer.append(std::string(1'000, 'x')).error() == h2ws::errc::no_memory);
    CHECK(buffer.text() == "abc");
    CHECK_FALSE((memory.fails_at = memory.allocations + 1, buffer.reserve(5'000)));
    CHECK(buffer.text() == "abc");
}
