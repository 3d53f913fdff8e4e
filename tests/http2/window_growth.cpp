#include "../session_suite/alone.hpp"
#include "model.hpp"

#include <h2ws/http2/window_growth.hpp>

using namespace session_suite;
using h2ws::http2::window_growth;
using h2ws::http2::window_sizes;

namespace {

using m = http2_model;

// A server with tunnels; on each as much arrives in every round trip.
struct busy_tunnels {
    explicit busy_tunnels(std::uint32_t count, session_options options = {})
        : tunnels(count),
          us(options) {
        us.hears(m::client_preface());
        for (std::uint32_t i = 0; i < tunnels; ++i)
            us.hears(m::headers(2 * i + 1, websocket_request(), false));
        us.side.echoes = false;
    }

    std::uint32_t tunnels;
    alone<m::server> us;
    std::map<std::uint32_t, std::int64_t> grown; // windows; of stream 0 the connection's

    void run(std::uint32_t round_trips, std::size_t size) {
        const octets frame = transcript::from_client(0x82, octets(size, 'x'));
        std::uint32_t answered_at = 0; // the PING that measures, a round trip after it left
        for (std::uint32_t turn = 1; turn <= round_trips * tunnels; ++turn) {
            const std::uint32_t stream = 2 * (turn % tunnels) + 1;
            grown[0] -= static_cast<std::int64_t>(frame.size());
            grown[stream] -= static_cast<std::int64_t>(frame.size());
            us.now += seconds(20) / tunnels;
            if (answer(in_frames(stream, frame))) answered_at = turn + tunnels;
            if (turn == answered_at) (void)answer(m::frame(6, 1, 0, "roundtrp"));
        }
    }

private:
    static octets in_frames(std::uint32_t stream, std::string_view bytes) {
        octets out;
        for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 16'000)))
            out += m::data(stream, bytes.substr(0, 16'000), false);
        return out;
    }

    // Whether a PING leaves with it.
    bool answer(const octets& bytes) {
        const std::size_t before = us.side.written.size();
        us.hears(bytes);
        bool pings = false;
        for (std::string_view rest = std::string_view(us.side.written).substr(before);
             !rest.empty(); rest.remove_prefix(9 + m::number_at(rest, 0, 3))) {
            if (rest[3] == 8) grown[m::number_at(rest, 5)] += m::number_at(rest, 9);
            pings = pings || rest[3] == 6;
        }
        return pings;
    }
};

} // namespace

TEST_CASE("a window that a round trip fills is doubled, up to the limit", "[http2][rfc9113-5.2]") {
    window_growth growth;
    constexpr window_sizes most{1 << 20, 1 << 24};
    const auto grown = [&](std::int32_t stream, std::int32_t connection, instant now) {
        return growth.ended({stream, connection}, most, now);
    };
    CHECK(growth.begin(1, 0));
    CHECK_FALSE(growth.begin(3, 1)); // one at a time
    growth.received(1, 60'000);
    CHECK(grown(65'535, 1 << 20, 10) == window_sizes{2 * 65'535, (1 << 20) + 65'535});
    CHECK(growth.begin(1, 10)); // at once: there may be more
    growth.received(1, 200'000);
    CHECK(grown(131'070, 1 << 20, 20) == window_sizes{400'000, (1 << 20) + 268'930});
    CHECK(growth.begin(1, 20));
    growth.received(1, 900'000);
    CHECK(grown(400'000, 1 << 22, 30) == window_sizes{1 << 20, (1 << 22) + (1 << 20) - 400'000});
    CHECK(growth.begin(1, 30));
    growth.received(1, 5'000'000);
    CHECK(grown(1 << 20, 1 << 24, 40) == most);
    CHECK(growth.begin(1, 40 + seconds(1)));
    growth.received(1, 5'000'000'000);
    CHECK(grown(1 << 20, 1 << 20, 50 + seconds(1)) == most);
}

TEST_CASE("what comes on other streams counts for the connection's window alone",
          "[http2][rfc9113-5.2]") {
    window_growth growth;
    constexpr window_sizes now{65'535, 1 << 20}, most{1 << 20, 1 << 24};
    CHECK(growth.begin(1, 0));
    growth.received(1, 40'000);
    growth.received(3, 400'000);
    CHECK(growth.ended(now, most, 10) == now);
    CHECK(growth.begin(3, seconds(1)));
    growth.received(1, 700'000);
    growth.received(3, 40'000);
    CHECK(growth.ended(now, most, seconds(2)) == window_sizes{65'535, 1 << 21});
    CHECK(growth.begin(3, seconds(2)));
    growth.received(1, 700'000);
    CHECK(growth.ended(now, now, seconds(3)) == now);
}

TEST_CASE("a window that is not filled stays, and is asked of less and less", "[http2]") {
    window_growth growth;
    constexpr window_sizes sizes{65'535, 65'535};
    instant now = 0;
    instant last = 0;
    for (int i = 0; i < 12; ++i) {
        while (!growth.begin(1, now)) now += seconds(1) / 100;
        if (i > 1) CHECK(now - last >= seconds(1) / 20);
        if (i == 11) CHECK(now - last >= seconds(10));
        last = now;
        growth.received(1, 1'000);
        CHECK(growth.ended(sizes, {1 << 20, 1 << 20}, now) == sizes);
    }
    CHECK(growth.ended(sizes, {1 << 20, 1 << 20}, now) == sizes); // nobody asked
}

TEST_CASE("a stream's window grows where that stream fills it", "[http2][rfc9113-5.2]") {
    busy_tunnels one(1);
    one.run(20, 60'000);
    CHECK(one.grown[1] > 0);
}

TEST_CASE("streams that fill the connection's window only together let that one grow",
          "[http2][rfc9113-5.2]") {
    SECTION("30 of them do not fill it") {
        busy_tunnels all(30);
        all.run(20, 20'000);
        for (const auto& [stream, by] : all.grown) CHECK(by <= 0);
    }
    SECTION("40 do") {
        busy_tunnels all(40);
        all.run(20, 20'000);
        CHECK(std::exchange(all.grown[0], 0) > 0);
        for (const auto& [stream, by] : all.grown) CHECK(by <= 0);
    }
    SECTION("not above its limit") {
        busy_tunnels all(40, {.max_connection_window = 1 << 20});
        all.run(20, 20'000);
        for (const auto& [stream, by] : all.grown) CHECK(by <= 0);
    }
}
