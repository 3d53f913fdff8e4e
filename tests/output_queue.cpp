#include "catch.hpp"
#include "octets.hpp"
#include "scarce_memory.hpp"

#include <h2ws/output_queue.hpp>

#include <algorithm>
#include <string>

using namespace h2ws;
using transcript::from_server;

namespace {

std::string text_of(const gather_list& list) {
    std::string out;
    for (const const_bytes span : list.spans()) out += as_text(span);
    return out;
}

// All that is left, taken in steps.
std::string taken(output_queue& queue, std::size_t step = 1) {
    gather_list out({});
    while (!queue.empty()) queue.take(std::min(step, queue.size()), out);
    return text_of(out);
}

const std::string one = from_server(0x81, "one"), two = from_server(0x82, std::string(300, '2'));
const std::string pong_a = from_server(0x8a, "a"), pong_b = from_server(0x8a, "b");

} // namespace

TEST_CASE("frames leave in order, in pieces of any size") {
    for (const std::size_t step : {1U, 2U, 5U, 100U, 10'000U}) {
        std::size_t total = 0;
        output_queue queue({}, total);
        for (int i = 0; i < 10; ++i) {
            REQUIRE(queue.append(as_bytes(one)));
            REQUIRE(queue.append(as_bytes(two)));
        }
        std::string expected;
        for (int i = 0; i < 10; ++i) expected += one + two;
        CHECK(queue.size() == expected.size());
        CHECK(taken(queue, step) == expected);
        CHECK(queue.size() == 0);
    }
}

TEST_CASE("a pong overtakes frames that have not begun, and replaces one that waits",
          "[rfc6455-5.5.3][R189][rfc9113-10.5][R123]") {
    std::size_t total = 0;
    output_queue queue({}, total);
    REQUIRE(queue.append(as_bytes(one + two)));
    gather_list out({});
    queue.take(2, out); // `one` has begun
    REQUIRE(queue.put_pong(as_bytes(pong_a)));
    REQUIRE(queue.put_pong(as_bytes(pong_b)));
    CHECK(queue.size() == one.size() - 2 + two.size() + pong_b.size());
    CHECK(text_of(out) + taken(queue) == one + pong_b + two);
    REQUIRE(queue.put_pong(as_bytes(pong_a)));
    CHECK(taken(queue) == pong_a);
}

TEST_CASE("failing finishes the frame that has begun and drops the others", "[R207]") {
    std::size_t total = 0;
    output_queue queue({}, total);
    gather_list out({});
    REQUIRE(queue.append(as_bytes(one + two)));
    REQUIRE(queue.append(as_bytes(one)));
    REQUIRE(queue.put_pong(as_bytes(pong_a)));
    queue.take(pong_a.size() + one.size() + 1, out);
    REQUIRE(queue.put_pong(as_bytes(pong_b)));
    queue.drop_unbegun(out);
    CHECK(queue.size() == two.size() - 1);
    REQUIRE(queue.append(as_bytes(one)));
    CHECK(text_of(out) + taken(queue) == pong_a + one + two + one);
    queue.drop_unbegun(out); // nothing to drop
    REQUIRE(queue.append(as_bytes(two)));
    queue.drop_unbegun(out);
    CHECK(queue.empty());
    REQUIRE(queue.append(as_bytes(one)));
    CHECK(taken(queue) == one);
}

TEST_CASE("a payload that was handed over is finished, or dropped, without a copy") {
    scarce_memory memory;
    {
        gather_list out(memory.policy());
        std::size_t total = 0;
        output_queue queue(memory.policy(), total);
        const std::string text(10'000, 'm');
        const std::string header = transcript::frame_start(0x82, false, text.size());
        const auto hand_over = [&] {
            message_buffer payload(memory.policy());
            REQUIRE(payload.append(text));
            REQUIRE(queue.append(as_bytes(header), std::move(payload)));
        };
        hand_over();
        hand_over();
        queue.take(9'000, out);
        queue.drop_unbegun(out);
        CHECK(queue.size() == header.size() + text.size() - 9'000);
        queue.take(queue.size(), out);
        CHECK(text_of(out) == header + text);
        hand_over();
        queue.take(8'000, out);
        queue.clear(out);
        CHECK(queue.empty());
        CHECK(text_of(out) == header + text + header + text.substr(0, 8'000 - header.size()));
    }
    CHECK(memory.held == 0);
}

TEST_CASE("room that was reserved and not used spoils nothing") {
    std::size_t total = 0;
    output_queue queue({}, total);
    REQUIRE(!queue.reserve(10).empty());
    const std::string large = from_server(0x82, std::string(5'000, 'l'));
    REQUIRE(queue.append(as_bytes(large)));
    REQUIRE(!queue.reserve(10'000).empty());
    REQUIRE(queue.put_pong(as_bytes(pong_a)));
    CHECK(taken(queue, 700) == pong_a + large);
    REQUIRE(!queue.reserve(10).empty());
    REQUIRE(queue.append(as_bytes(large)));
    gather_list out({});
    queue.drop_unbegun(out);
    CHECK(queue.empty());
}

TEST_CASE("plain bytes are no frames") {
    std::size_t total = 0;
    output_queue queue({}, total, false);
    REQUIRE(queue.append(as_bytes("\x81\x7f plain")));
    REQUIRE(queue.append({}));
    REQUIRE(queue.append(as_bytes(std::string(1'000, 'p'))));
    CHECK(taken(queue, 3) == "\x81\x7f plain" + std::string(1'000, 'p'));
}

TEST_CASE("a queue without memory says so and is as before") {
    scarce_memory memory;
    std::size_t total = 0;
    output_queue queue(memory.policy(), total);
    REQUIRE(queue.append(as_bytes(one)));
    memory.fails_at = 1;
    memory.for_good = true;
    CHECK(queue.append(as_bytes(std::string(1'000, 'x'))).error() == errc::no_memory);
    CHECK(queue.put_pong(as_bytes(pong_a)).error() == errc::no_memory);
    CHECK(queue.reserve(1'000).empty());
    CHECK(queue.size() == one.size());
    CHECK(taken(queue) == one);
}

TEST_CASE("what a queue says it takes is what it has of the allocator") {
    scarce_memory memory;
    {
        gather_list out(memory.policy());
        out.copy(as_bytes("x")); // its page and its list are there, and keep what is lent
        const std::size_t list = memory.held;
        std::size_t total = 0;
        output_queue queue(memory.policy(), total);
        CHECK(queue.footprint() == 0);
        const auto exact = [&] {
            return queue.footprint() == memory.held - list && total == queue.footprint();
        };

        REQUIRE(queue.append(as_bytes(one)));
        CHECK(exact());
        for (int i = 0; i < 20; ++i) REQUIRE(queue.append(as_bytes(two))); // more than a block
        CHECK(exact());
        message_buffer payload(memory.policy());
        REQUIRE(payload.append(std::string(3'000, '3')));
        REQUIRE(queue.append(as_bytes(from_server(0x82, std::string(3'000, '3'))).first(4),
                             std::move(payload)));
        CHECK(exact());
        REQUIRE(queue.put_pong(as_bytes(pong_a)));
        REQUIRE(queue.append(as_bytes(two)));
        CHECK(exact());

        SECTION("while it is taken") {
            while (!queue.empty()) {
                queue.take(1, out);
                REQUIRE(exact());
            }
            CHECK(queue.footprint() == 0);
        }
        SECTION("when frames that have not begun are dropped") {
            queue.take(queue.size() - two.size() - 1'000, out); // amid the payload
            queue.drop_unbegun(out);
            CHECK(exact());
            queue.clear(out);
            CHECK(exact());
        }
        SECTION("when it is cleared") {
            queue.clear(out);
            CHECK(queue.footprint() == 0);
            CHECK(exact());
        }
    }
    CHECK(memory.held == 0);
}

TEST_CASE("a long queue takes little more than its bytes") {
    for (const std::size_t size : {1U, 100U, 300U, 700U, 5'000U, 20'000U}) {
        std::size_t total = 0;
        output_queue queue({}, total);
        const std::string frame = from_server(0x82, std::string(size, 'x'));
        while (queue.size() < 1'000'000) REQUIRE(queue.append(as_bytes(frame)));
        CHECK(queue.footprint() < queue.size() * 5 / 4);
    }
}
