#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/output_block.hpp>

#include <cstring>
#include <string>

using namespace h2ws;

namespace {

void put(output_block& block, std::string_view text) {
    const mutable_bytes room = block.room_for(text.size());
    std::memcpy(room.data(), text.data(), text.size());
    block.commit(text.size());
}

std::string text_of(const gather_list& list) {
    std::string out;
    for (const const_bytes span : list.spans()) out += as_text(span);
    return out;
}

} // namespace

TEST_CASE("a block gives its copied bytes, then the payload that follows them") {
    scarce_memory memory;
    {
        gather_list out(memory.policy());
        output_block* const block = output_block::make(10, memory.policy());
        REQUIRE(block != nullptr);
        CHECK(block->room() >= 10);
        put(*block, "header");
        message_buffer payload(memory.policy());
        REQUIRE(payload.append(std::string(5'000, 'p')));
        const std::byte* const place = payload.bytes().data();
        block->follow(std::move(payload));
        CHECK(block->room() == 0);
        CHECK(block->size() == 5'006);
        CHECK(as_text(block->front()) == "header");
        CHECK(block->take(3, out) == 3);
        CHECK(block->take(100, out) == 3); // a step never crosses the edge
        CHECK_FALSE(block->lent());
        CHECK(block->take(5'000, out) == 5'000);
        CHECK(block->lent());
        CHECK(block->size() == 0);
        CHECK(out.spans().back().data() == place); // not copied
        CHECK(text_of(out) == "header" + std::string(5'000, 'p'));
        out.keep(*block);
        out.transmitted(5'006);
    }
    CHECK(memory.held == 0);
}

TEST_CASE("a block is cut at a frame's end") {
    scarce_memory memory;
    gather_list out(memory.policy());
    output_block* const block = output_block::make(10, memory.policy());
    REQUIRE(block != nullptr);
    put(*block, "onetwo");
    message_buffer payload(memory.policy());
    REQUIRE(payload.append("payload"));
    block->follow(std::move(payload));
    block->cut(3);
    CHECK(block->size() == 3);
    CHECK(as_text(block->front()) == "one");
    put(*block, "more"); // the payload is gone, there is room again
    CHECK(as_text(block->front()) == "onemore");
    block->release();
    CHECK(memory.held == 0);
}

TEST_CASE("without memory there is no block") {
    scarce_memory memory{.fails_at = 1};
    CHECK(output_block::make(10, memory.policy()) == nullptr);
}
