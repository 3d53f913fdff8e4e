#include "catch.hpp"

#include <h2ws/connect_gate.hpp>

#include <utility>
#include <vector>

using h2ws::check_connect_setting;
using h2ws::connect_advertisement;
using h2ws::connect_answer;
using h2ws::connect_gate;
using h2ws::errc;

namespace {

constexpr std::uint16_t id = h2ws::settings_enable_connect_protocol;

static_assert(id == 0x8); // RFC 8441 §9.1 (R35)
static_assert(connect_gate{}.answer() == connect_answer::unknown_yet);
static_assert(!connect_advertisement{}.enabled());
static_assert(sizeof(connect_gate) == 1);

using frame = std::vector<std::pair<std::uint16_t, std::uint32_t>>;

struct outcome {
    connect_answer answer;
    errc error; // the last one
};

outcome receive(const std::vector<frame>& frames) {
    connect_gate gate;
    errc error = errc::none;
    for (const frame& settings : frames) {
        for (const auto& [setting, value] : settings)
            if (const auto received = gate.receive(setting, value); !received)
                error = received.error();
        gate.settings_received();
    }
    return {gate.answer(), error};
}

} // namespace

TEST_CASE("the setting's code is 8 and its initial value is 0", "[rfc8441-9.1][R35]") {
    CHECK(id == 8);
    CHECK(receive({{}}).answer == connect_answer::no);
}

TEST_CASE("a client learns from SETTINGS whether it may use extended CONNECT",
          "[rfc8441-3][R1][R3][R4][R8][rfc9113-6.5][R108][rfc9113-6.5.2][R109]") {
    struct row {
        std::vector<frame> frames;
        connect_answer answer;
    };
    const row rows[] = {
        {{}, connect_answer::unknown_yet},
        {{{}}, connect_answer::no},
        {{{{0x3, 100}}}, connect_answer::no},
        {{{{0x9, 1}}}, connect_answer::no},
        {{{{id, 0}}}, connect_answer::no},
        {{{{id, 1}}}, connect_answer::yes},
        {{{{0x4, 1}, {id, 1}, {0xfff0, 7}}}, connect_answer::yes},
        {{{{id, 0}, {id, 1}}}, connect_answer::yes}, // the last value counts
        {{{}, {{id, 1}}}, connect_answer::yes},      // late, but not too late
        {{{{id, 0}}, {{id, 1}}}, connect_answer::yes},
        {{{{id, 1}}, {}}, connect_answer::yes}, // a frame without it changes nothing
        {{{{id, 1}}, {{id, 1}}}, connect_answer::yes},
    };
    for (const row& row : rows) {
        const outcome outcome = receive(row.frames);
        CHECK(outcome.answer == row.answer);
        CHECK(outcome.error == errc::none);
    }
}

TEST_CASE("a client holds its request back until SETTINGS arrive", "[rfc8441-3][R3]") {
    connect_gate gate;
    CHECK(gate.answer() == connect_answer::unknown_yet);
    CHECK(gate.receive(0x1, 4096));
    CHECK(gate.answer() == connect_answer::unknown_yet);
    gate.settings_received();
    CHECK(gate.answer() == connect_answer::no);
}

TEST_CASE("a value other than 0 and 1 is an error for either role", "[rfc8441-3][R1][R2][S1]") {
    for (const std::uint32_t value : {2u, 3u, 0x80000000u, 0xffffffffu}) {
        CHECK(check_connect_setting(id, value) == errc::settings_value_invalid);
        CHECK(check_connect_setting(0x3, value) == errc::none);
        CHECK(receive({{{id, value}}}).error == errc::settings_value_invalid);
        CHECK(receive({{{id, value}}}).answer != connect_answer::yes);
    }
    CHECK(h2ws::info(errc::settings_value_invalid).stream_error ==
          h2ws::http2_error::protocol_error);
}

TEST_CASE("a client notices that the setting is withdrawn", "[rfc8441-3][R7][S1]") {
    const std::vector<std::vector<frame>> sequences{
        {{{id, 1}, {id, 0}}}, {{{id, 1}}, {{id, 0}}}, {{{id, 1}}, {}, {{id, 0}}}};
    for (const std::vector<frame>& frames : sequences) {
        CHECK(receive(frames).error == errc::settings_withdrawn);
        CHECK(receive(frames).answer == connect_answer::no);
    }
    CHECK(receive({{{id, 1}, {id, 0}, {id, 1}}}).error == errc::settings_withdrawn);
}

TEST_CASE("a server is not affected by what a client sends", "[rfc8441-3][R5][S1][S25]") {
    connect_advertisement ours;
    REQUIRE(ours.send(1));
    for (const std::uint32_t value : {0u, 1u, 0u})
        CHECK(check_connect_setting(id, value) == errc::none);
    CHECK(ours.enabled());
}

TEST_CASE("what a server sent decides whether :protocol may come", "[rfc8441-3][R9]") {
    connect_advertisement ours;
    CHECK_FALSE(ours.enabled());
    CHECK(ours.send(0));
    CHECK_FALSE(ours.enabled());
    CHECK(ours.send(1));
    CHECK(ours.enabled());
    CHECK(ours.send(1));
}

TEST_CASE("a sender does not send 0 after 1", "[rfc8441-3][R1][R6]") {
    connect_advertisement ours;
    CHECK(ours.send(2).error() == errc::invalid_argument);
    CHECK_FALSE(ours.enabled());
    REQUIRE(ours.send(1));
    CHECK(ours.send(0).error() == errc::invalid_argument);
    CHECK(ours.enabled());
}
