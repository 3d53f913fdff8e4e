// What a peer makes an endpoint of ours hold and do with one field block, counted at its allocator:
// a mebibyte of references to one entry of the table, 4 GiB of fields (RFC 7541 section 7.3).
#include "../scarce_memory.hpp"
#include "../session_suite/alone.hpp"
#include "model.hpp"

#include <h2ws/http2/limits.hpp>

namespace {

using m = http2_model;

constexpr std::size_t references = 1 << 20;

// A field of 4,000 octets that enters the table (RFC 7541 §6.2.1).
octets entry() { return octets("\x40\1x\x7f\xa1\x1e", 6) + octets(4'000, 'v'); }

// What follows on a stream in CONTINUATION frames; that many were heard before the end.
template <class Session>
std::size_t hear_references(alone<Session>& us, std::uint32_t stream) {
    constexpr std::size_t size = 16'384;
    std::size_t heard = 0;
    while (heard < references && !us.side.ended) {
        heard += size;
        us.hears(m::frame(9, heard == references ? 4 : 0, stream, octets(size, '\xbe')));
    }
    return heard;
}

octets block_of(const octets& headers) { return headers.substr(9); }

// Each array grows by doubling: while it moves, three times what it holds.
std::size_t most_held(std::size_t block, const session_options& options, std::size_t fields) {
    const std::size_t table = 2 * http2::table_size + 16 * http2::table_size / 32;
    const std::size_t section = options.max_field_bytes + fields * (sizeof(field) + 16);
    return 3 * (block + section) + table + 8'192;
}

} // namespace

TEST_CASE("a mebibyte of references is refused at the limit of a block",
          "[http2][rfc7541-7.3][rfc9113-10.5.1][R123]") {
    scarce_memory memory;
    {
        const session_options options{.memory = memory.policy()};
        alone<m::server> us(options);
        us.hears(m::client_preface());
        const std::size_t before = memory.held;
        us.hears(m::frame(1, 0, 1, block_of(m::headers(1, websocket_request(), false)) + entry()));
        const std::size_t allocated = memory.allocations;
        memory.peak = memory.held;
        CHECK(hear_references(us, 1) <= http2::field_block_limit(options));
        CHECK(us.side.log.back() == "ended flooded");
        CHECK(memory.peak - before <= most_held(http2::field_block_limit(options), options, 0));
        CHECK(memory.allocations - allocated < 20);
    }
    CHECK(memory.held == 0);
}

TEMPLATE_TEST_CASE("where a block may be so large, its section costs what a section may",
                   "[http2][rfc7541-7.3][rfc9113-10.5.1][R123][R124]", m::server, m::client) {
    scarce_memory memory;
    {
        const session_options options{
            .max_fields = 100'000, .max_field_bytes = 400'000, .memory = memory.policy()};
        REQUIRE(http2::field_block_limit(options) > references);
        alone<TestType> us(options);
        octets begun;
        if constexpr (TestType::is_client) {
            us.hears(m::server_preface(true));
            const auto made = us.side.session.open({.authority = "a.test", .path = "/"}, us.now);
            REQUIRE(made);
            us.side.at(*made);
            us.hears({});
            begun = m::headers(1, std::vector<field>{{":status", "200"}}, false);
        } else {
            us.hears(m::client_preface());
            begun = m::headers(1, websocket_request(), false);
        }
        const std::size_t before = memory.held;
        memory.peak = memory.held;
        const std::size_t allocated = memory.allocations;
        us.hears(m::frame(1, 0, 1, block_of(begun) + entry()));
        CHECK(hear_references(us, 1) == references);
        CHECK(us.side.has(TestType::is_client ? "1 refused too_many_fields"
                                              : "rejected too_many_fields"));
        const octets answer =
            TestType::is_client ? octets("1 reset ENHANCE_YOUR_CALM") : octets("1 reset NO_ERROR");
        CHECK(last(m::frames(us.side.written, TestType::is_client), 1) == lines{answer});
        CHECK_FALSE(us.side.ended);
        const std::size_t fields = options.max_field_bytes / 4'001; // of those that repeat
        CHECK(memory.peak - before <= most_held(references + 8'192, options, fields));
        CHECK(memory.allocations - allocated < 60);
        CHECK(us.side.session.stream_count() == 0);
    }
    CHECK(memory.held == 0);
}
