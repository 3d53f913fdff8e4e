#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/gather_list.hpp>

#include <algorithm>
#include <string>

using h2ws::as_bytes;
using h2ws::as_text;
using h2ws::gather_list;

namespace {

std::string text_of(const gather_list& list) {
    std::string out;
    for (const h2ws::const_bytes span : list.spans()) out += as_text(span);
    return out;
}

struct counted final : h2ws::kept_memory {
    int released = 0;
    void release() noexcept override { ++released; }
};

} // namespace

TEST_CASE("small pieces lie together, large ones where they were") {
    gather_list list({});
    const std::string large(5'000, 'L');
    list.copy(as_bytes("head"));
    list.copy(as_bytes("er "));
    list.lend(as_bytes(large));
    list.copy(as_bytes(" tail"));
    REQUIRE(list.spans().size() == 3);
    CHECK(list.spans()[1].data() == as_bytes(large).data());
    CHECK(list.size() == 7 + 5'000 + 5);
    CHECK(text_of(list) == "header " + large + " tail");
}

TEST_CASE("what was written leaves the list from the front, in pieces of any size") {
    gather_list list({});
    std::string expected;
    const std::string large(5'000, 'L');
    for (int i = 0; i < 20; ++i) {
        list.copy(as_bytes(std::to_string(i)));
        list.lend(as_bytes(large));
        expected += std::to_string(i) + large;
    }
    for (std::size_t step = 1; !list.empty(); step = step * 3 % 7'001) {
        const std::size_t size = std::min(step, list.size());
        list.transmitted(size);
        expected.erase(0, size);
        REQUIRE(text_of(list) == expected);
    }
    CHECK(list.spans().empty());
    list.transmitted(0);
    list.copy(as_bytes("again"));
    CHECK(text_of(list) == "again");
}

TEST_CASE("copies longer than a page are whole") {
    scarce_memory memory;
    {
        gather_list list(memory.policy());
        const std::string text(100'000, 't');
        list.copy(as_bytes(text));
        CHECK(text_of(list) == text);
        list.transmitted(100'000);
        CHECK(memory.held < 20'000); // one page stays
    }
    CHECK(memory.held == 0);
}

TEST_CASE("memory that is kept is released when all is written") {
    counted first, second, third;
    {
        gather_list list({});
        list.keep(first);
        CHECK(first.released == 1); // nothing was listed
        list.copy(as_bytes("xy"));
        list.keep(second);
        list.transmitted(1);
        CHECK(second.released == 0);
        list.transmitted(1);
        CHECK(second.released == 1);
        list.copy(as_bytes("z"));
        list.keep(third);
    }
    CHECK(third.released == 1);
}

TEST_CASE("a list without memory has failed, and ends where the first octet is missing") {
    for (std::size_t turn = 1; turn < 4; ++turn) {
        scarce_memory memory{.fails_at = turn};
        gather_list list(memory.policy());
        list.copy(as_bytes(std::string(20'000, 'x')));
        CHECK(list.failed() == (turn <= 3));
        CHECK(list.size() == text_of(list).size());
        const std::string before = text_of(list);
        CHECK(std::string(20'000, 'x').starts_with(before));
        const std::string large(list.lend_from, 'y');
        list.copy(as_bytes("more"));
        list.lend(as_bytes(large));
        CHECK(text_of(list) == before);
    }
}
