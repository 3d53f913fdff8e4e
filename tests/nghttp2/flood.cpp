// Floods, on nghttp2, and on tunnels attached to a session of the application's.
#include "model.hpp"
#include "owner.hpp"

using model = nghttp2_model;

#include "../engine_suite/flood.hpp"

using namespace attach_tests;

TEST_CASE("attached tunnels count what their owner forwards", "[nghttp2][attach][flood][R123]") {
    for (const kind& of : kinds) {
        CAPTURE(of.name);
        if (of.name == octets("frames of an unknown type")) continue; // no callback tells of them
        constexpr std::uint32_t limit = 20;
        owner<server> ours({.options = {.floods = limited(of.limit, limit)}});
        ours.echoes = false;
        const auto hears = [&](const octets& bytes) {
            CHECK(ours.receive(bytes) == 0);
            (void)ours.transmit();
        };
        hears(model::client_preface());
        hears(request(1));
        const std::uint32_t before = ours.tunnels->counters().in_interval(of.what);
        for (std::uint32_t turn = before; turn < limit; ++turn) hears(of.once(turn));
        CHECK_FALSE(goaway_code(ours.written).has_value());
        CHECK(ours.tunnels->counters().in_interval(of.what) == limit);
        for (std::uint32_t turn = 0; turn <= 2; ++turn) hears(of.once(limit + turn));
        CHECK(goaway_code(ours.written) == 0xbU);
        CHECK(ours.log.back() == "ended flooded");
        ours.check_all_over();
    }
}

TEST_CASE("PRIORITY_UPDATE that an owner's nghttp2 reads is counted for it",
          "[nghttp2][attach][flood][rfc9113-10.5][R123]") {
    owner<server> ours(
        {.options = {.floods = limited(&flood_limits::small_frames, 20)}, .urgencies = true});
    const auto hears = [&](const octets& bytes) {
        CHECK(ours.receive(bytes) == 0);
        (void)ours.transmit();
    };
    hears(model::client_preface());
    hears(request(1));
    const octets update = model::frame(16, 0, 0, model::number(1) + octets("u=1"));
    for (auto turn = ours.tunnels->counters().total(flood::small_frames); turn < 20; ++turn)
        hears(update);
    CHECK_FALSE(goaway_code(ours.written).has_value());
    hears(update);
    CHECK(goaway_code(ours.written) == 0xbU);
    CHECK(ours.log.back() == "ended flooded");
    ours.check_all_over();
}
