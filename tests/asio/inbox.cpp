#include "../catch.hpp"

#include <h2ws/asio/inbox.hpp>

#include <array>
#include <string>
#include <string_view>

using h2ws::opcode;
using h2ws::asio::inbox;

namespace {

void put(inbox& to, std::string_view text, bool first, bool last, std::size_t wire_bytes) {
    to.put({opcode::text, h2ws::as_bytes(text), first, last}, wire_bytes);
}

// The text that fits, what of a message it is, and what it is credited with.
std::string take(inbox& from, std::size_t room) {
    std::array<std::byte, 64> memory{};
    const inbox::taken taken = from.take(h2ws::mutable_bytes(memory).first(room));
    return std::string(h2ws::as_text(h2ws::const_bytes(memory).first(taken.part.size))) + ' ' +
           std::to_string(taken.wire_bytes) + (taken.part.first ? " first" : "") +
           (taken.part.last ? " last" : "");
}

} // namespace

TEST_CASE("pieces of a message are joined, and never those of two", "[asio]") {
    inbox held;
    put(held, "ab", true, false, 8);
    put(held, "cd", false, true, 2);
    put(held, "ef", true, true, 4);
    CHECK(held.front_size() == 4);
    CHECK(take(held, 64) == "abcd 10 first last");
    CHECK(take(held, 64) == "ef 4 first last");
    CHECK(held.empty());
}

TEST_CASE("a message is taken by parts, and credited as it is taken", "[asio][R117]") {
    inbox held;
    put(held, "abcde", true, true, 11);
    CHECK(take(held, 0) == " 0");
    CHECK(take(held, 2) == "ab 4 first");
    CHECK(take(held, 2) == "cd 4");
    CHECK(take(held, 2) == "e 3 last");
    CHECK(held.empty());
}

TEST_CASE("a message goes on after all of it that had come was taken", "[asio]") {
    inbox held;
    put(held, "ab", true, false, 4);
    CHECK(take(held, 64) == "ab 4 first");
    CHECK(held.empty());
    put(held, "", false, true, 2);
    CHECK_FALSE(held.empty());
    CHECK(take(held, 64) == " 2 last");
}

TEST_CASE("what is dropped is credited whole", "[asio][R117]") {
    inbox held;
    put(held, "abcd", true, true, 6);
    put(held, "", true, true, 2);
    CHECK(take(held, 1) == "a 1 first");
    CHECK(held.clear() == 7);
    CHECK(held.empty());
    CHECK(held.clear() == 0);
}

TEST_CASE("every byte is credited once, however it is shared out", "[asio][R117]") {
    std::size_t wrong = 0;
    for (std::size_t size = 1; size < 40; ++size)
        for (std::size_t wire = 0; wire < 90; wire += 7)
            for (std::size_t step = 1; step <= size; ++step) {
                inbox held;
                put(held, std::string(size, 'x'), true, true, wire);
                std::array<std::byte, 64> memory{};
                std::size_t credited = 0;
                while (!held.empty())
                    credited += held.take(h2ws::mutable_bytes(memory).first(step)).wire_bytes;
                wrong += credited == wire ? 0 : 1;
            }
    CHECK(wrong == 0);
}

TEST_CASE("an inbox that is never empty keeps no more than there is in it", "[asio]") {
    inbox held;
    put(held, "ab", true, true, 4);
    for (int i = 0; i < 1'000; ++i) {
        put(held, "cd", true, true, 4);
        REQUIRE(take(held, 64) == (i == 0 ? "ab 4 first last" : "cd 4 first last"));
        REQUIRE(held.memory() < 1'000);
    }
}
