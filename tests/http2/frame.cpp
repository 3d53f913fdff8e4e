#include "../catch.hpp"

#include <h2ws/http2/frame.hpp>

#include <vector>

using namespace h2ws;
using namespace h2ws::http2;

namespace {

constexpr bool round_trips(const frame_head& head) {
    return decode_frame_head(encode_frame_head(head).data()) == head;
}

static_assert(round_trips({0, frame_type::data, 0, 1}));
static_assert(round_trips({0xff'ffff, frame_type::continuation, 0xff, max_stream_id}));
static_assert(round_trips({16'384, static_cast<frame_type>(0xee), 0x25, 0x0102'0304}));
static_assert(!check_frame_head({16'384, frame_type::data, 0, 1}, 16'384));

constexpr auto octets_of(const frame_head& head) { return encode_frame_head(head); }
static_assert(octets_of({0x01'02'03, frame_type::headers, 0x05, 0x0a0b'0c0d}) ==
              std::array<std::byte, 9>{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{1},
                                       std::byte{5}, std::byte{0x0a}, std::byte{0x0b},
                                       std::byte{0x0c}, std::byte{0x0d}});

std::vector<std::byte> octets(std::initializer_list<int> values) {
    std::vector<std::byte> out;
    for (const int value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

} // namespace

TEST_CASE("the reserved bit of a stream identifier is ignored", "[http2][rfc9113-4.1][R91]") {
    const auto head = octets({0, 0, 8, 6, 1, 0x80, 0, 0, 7});
    CHECK(decode_frame_head(head.data()) == frame_head{8, frame_type::ping, flag::ack, 7});
}

TEST_CASE("a head alone shows a wrong length or a wrong place", "[http2][rfc9113-4.2][rfc9113-6]") {
    struct row {
        frame_head head;
        errc error;
        bool of_stream = false;
    };
    using type = frame_type;
    const row rows[]{
        {{16'385, type::data, 0, 1}, errc::frame_size_invalid},
        {{16'385, static_cast<type>(0x77), 0, 1}, errc::frame_size_invalid},
        {{1, type::data, 0, 0}, errc::stream_id_invalid},
        {{1, type::headers, 4, 0}, errc::stream_id_invalid},
        {{5, type::priority, 0, 0}, errc::stream_id_invalid},
        {{4, type::rst_stream, 0, 0}, errc::stream_id_invalid},
        {{4, type::push_promise, 4, 0}, errc::stream_id_invalid},
        {{4, type::continuation, 4, 0}, errc::stream_id_invalid},
        {{6, type::settings, 0, 1}, errc::stream_id_invalid},
        {{8, type::ping, 0, 1}, errc::stream_id_invalid},
        {{8, type::goaway, 0, 1}, errc::stream_id_invalid},
        {{8, type::priority_update, 0, 1}, errc::stream_id_invalid},
        {{4, type::priority, 0, 1}, errc::frame_size_invalid, true},
        {{6, type::priority, 0, 1}, errc::frame_size_invalid, true},
        {{3, type::rst_stream, 0, 1}, errc::frame_size_invalid},
        {{5, type::settings, 0, 0}, errc::frame_size_invalid},
        {{6, type::settings, flag::ack, 0}, errc::frame_size_invalid},
        {{7, type::ping, 0, 0}, errc::frame_size_invalid},
        {{7, type::goaway, 0, 0}, errc::frame_size_invalid},
        {{3, type::window_update, 0, 0}, errc::frame_size_invalid},
        {{5, type::window_update, 0, 1}, errc::frame_size_invalid},
        {{3, type::priority_update, 0, 0}, errc::frame_size_invalid},
        {{0, type::settings, flag::ack, 0}, errc::none},
        {{12, type::settings, 0, 0}, errc::none},
        {{4, type::window_update, 0, 0}, errc::none},
        {{4, type::window_update, 0, 9}, errc::none},
        {{77, static_cast<type>(0x77), 0xff, 0}, errc::none},
    };
    for (const row& at : rows) {
        CAPTURE(at.head.length, static_cast<int>(at.head.type), at.head.stream_id);
        const frame_fault found = check_frame_head(at.head, default_max_frame_size);
        CHECK(found.error == at.error);
        CHECK(found.of_stream == at.of_stream);
    }
}

TEST_CASE("a field block's fragment has neither padding nor priority", "[http2][rfc9113-6.2]") {
    const auto take = [](std::uint8_t flags, const std::vector<std::byte>& payload) {
        return fragment_of(
            {static_cast<std::uint32_t>(payload.size()), frame_type::headers, flags, 1}, payload);
    };
    const auto plain = octets({1, 2, 3});
    CHECK(take(0, plain)->size() == 3);
    const auto padded = octets({2, 9, 0, 0});
    REQUIRE(take(flag::padded, padded));
    CHECK(take(flag::padded, padded)->size() == 1);
    CHECK((*take(flag::padded, padded))[0] == std::byte{9});
    const auto both = octets({1, 0, 0, 0, 3, 16, 7, 0});
    REQUIRE(take(flag::padded | flag::priority, both));
    CHECK(take(flag::padded | flag::priority, both)->size() == 1);
    CHECK(take(flag::padded, octets({3, 0, 0, 0}))->empty());
    CHECK(take(flag::padded, octets({4, 0, 0, 0})).error() == errc::padding_invalid);
    CHECK(take(flag::padded, {}).error() == errc::frame_size_invalid);
    CHECK(take(flag::priority, octets({0, 0, 0, 3})).error() == errc::frame_size_invalid);
    CHECK(take(flag::padded | flag::priority, octets({1, 0, 0, 0, 3, 16})).error() ==
          errc::padding_invalid);
}
