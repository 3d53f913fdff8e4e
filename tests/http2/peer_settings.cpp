#include "../catch.hpp"

#include <h2ws/http2/peer_settings.hpp>

using namespace h2ws;
using namespace h2ws::http2;

TEST_CASE("each setting has the values that it may have", "[http2][rfc9113-6.5.2][R109]") {
    struct row {
        setting which;
        std::uint32_t value;
        errc from_client, from_server;
    };
    constexpr errc none = errc::none;
    constexpr errc invalid = errc::setting_invalid;
    const row rows[]{
        {setting::enable_push, 0, none, none},
        {setting::enable_push, 1, none, invalid}, // RFC 9113 §8.4: a server cannot
        {setting::enable_push, 2, invalid, invalid},
        {setting::initial_window_size, 0x7fff'ffff, none, none},
        {setting::initial_window_size, 0x8000'0000, errc::window_exceeded, errc::window_exceeded},
        {setting::max_frame_size, 16'383, invalid, invalid},
        {setting::max_frame_size, 16'384, none, none},
        {setting::max_frame_size, 0xff'ffff, none, none},
        {setting::max_frame_size, 0x100'0000, invalid, invalid},
        {setting::no_rfc7540_priorities, 1, none, none},
        {setting::no_rfc7540_priorities, 2, invalid, invalid},
        {setting::header_table_size, 0xffff'ffff, none, none},
        {setting::max_concurrent_streams, 0, none, none},
        {setting::max_header_list_size, 0, none, none},
        {static_cast<setting>(0xfafa), 0xffff'ffff, none, none},
    };
    for (const row& at : rows) {
        CAPTURE(static_cast<int>(at.which), at.value);
        CHECK(check_setting(at.which, at.value, false) == at.from_client);
        CHECK(check_setting(at.which, at.value, true) == at.from_server);
    }
    CHECK(info(errc::setting_invalid).stream_error == http2_error::protocol_error);
    CHECK(info(errc::window_exceeded).stream_error == http2_error::flow_control_error);
}
