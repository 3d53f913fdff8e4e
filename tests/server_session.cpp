#include "catch.hpp"
#include "scarce_memory.hpp"
#include "still_session.hpp"

#include <h2ws/server_session.hpp>

using namespace h2ws;

namespace {

const std::vector<field> asks_for_tunnel{{":method", "CONNECT"}, {":protocol", "websocket"},
                                         {":scheme", "https"},   {":authority", "a.test"},
                                         {":path", "/"},         {"sec-websocket-version", "13"}};

} // namespace

TEST_CASE("a request for which there is no memory is reset, and the session goes on") {
    scarce_memory plenty;
    std::size_t most = 0;
    const auto open = [](scarce_memory& memory) {
        still_session<server> session({}, {.accept_tunnels = true, .memory = memory.policy()});
        auto* const at = session.asks(1, asks_for_tunnel);
        if (at == nullptr) return false; // without a stream there is nothing to reset
        const auto first = session.next_event(0);
        REQUIRE(first);
        if (std::holds_alternative<request_rejected>(*first)) {
            CHECK(std::get<request_rejected>(*first).error == errc::no_memory);
            CHECK(session.asked == std::vector<std::string>{"reset 1 INTERNAL_ERROR"});
        } else {
            REQUIRE(std::holds_alternative<tunnel_requested>(*first));
            CHECK(session.accept(tunnel_id{at->id}, {}, 0));
        }
        CHECK_FALSE(session.next_event(0));
        auto* const second = session.asks(3, asks_for_tunnel);
        REQUIRE(second != nullptr);
        REQUIRE(session.next_event(0));
        CHECK(session.accept(tunnel_id{second->id}, {}, 0));
        session.stream_closed(*at, http2_error::internal_error);
        const bool was_open = at->told;
        std::size_t events = 0;
        while (session.next_event(0)) ++events;
        CHECK(events == (was_open ? 2 : 0)); // its closed and released, or nobody knew of it
        CHECK(session.stream_count() == 1);
        return true;
    };
    CHECK(open(plenty));
    most = plenty.allocations / 2;
    REQUIRE(most >= 5);
    for (std::size_t turn = 1; turn <= most; ++turn) {
        CAPTURE(turn);
        scarce_memory memory{.fails_at = turn};
        CHECK(open(memory) == (turn > 2)); // the table, the stream
        CHECK(memory.held == 0);
    }
}
