#include "../catch.hpp"

#include <h2ws/http2/window_growth.hpp>

using namespace h2ws;
using h2ws::http2::window_growth;

TEST_CASE("a window that a round trip fills is doubled, up to the limit", "[http2][rfc9113-5.2]") {
    window_growth growth;
    CHECK(growth.begin(0));
    CHECK_FALSE(growth.begin(1)); // one at a time
    growth.received(60'000);
    CHECK(growth.ended(65'535, 1 << 20, 10) == 2 * 65'535);
    CHECK(growth.begin(10)); // at once: there may be more
    growth.received(200'000);
    CHECK(growth.ended(131'070, 1 << 20, 20) == 400'000);
    CHECK(growth.begin(20));
    growth.received(900'000);
    CHECK(growth.ended(400'000, 1 << 20, 30) == 1 << 20);
    CHECK(growth.begin(30));
    growth.received(5'000'000);
    CHECK(growth.ended(1 << 20, 1 << 20, 40) == 1 << 20);
}

TEST_CASE("a window that is not filled stays, and is asked of less and less", "[http2]") {
    window_growth growth;
    instant now = 0;
    instant last = 0;
    for (int i = 0; i < 12; ++i) {
        while (!growth.begin(now)) now += seconds(1) / 100;
        if (i > 1) CHECK(now - last >= seconds(1) / 20);
        if (i == 11) CHECK(now - last >= seconds(10));
        last = now;
        growth.received(1'000);
        CHECK(growth.ended(65'535, 1 << 20, now) == 65'535);
    }
    CHECK(growth.ended(65'535, 1 << 20, now) == 65'535); // nobody asked
}
