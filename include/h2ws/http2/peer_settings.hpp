// The peer's SETTINGS (RFC 9113 section 6.5): what is in force, and what a value may be.
#pragma once

#include "frame.hpp"

namespace h2ws::http2 {

struct settings_in_force {
    std::uint32_t header_table_size = 4'096;
    std::uint32_t max_concurrent_streams = 0xffff'ffff; // no limit
    std::int32_t initial_window_size = default_window;
    std::uint32_t max_frame_size = default_max_frame_size;
    std::uint32_t no_rfc7540_priorities = 0;
};

// Whether a setting may have this value at all; SETTINGS_ENABLE_CONNECT_PROTOCOL is the connect
// gate's. `from_server`: a server must not enable push (RFC 9113 §7, §8.4).
constexpr errc check_setting(setting which, std::uint32_t value, bool from_server) noexcept {
    switch (which) {
    case setting::enable_push:
        return value <= (from_server ? 0U : 1U) ? errc::none : errc::setting_invalid;
    case setting::initial_window_size:
        return value <= static_cast<std::uint32_t>(max_window) ? errc::none : errc::window_exceeded;
    case setting::max_frame_size:
        return value >= default_max_frame_size && value <= 0xff'ffff ? errc::none
                                                                     : errc::setting_invalid;
    case setting::no_rfc7540_priorities: // RFC 9218 §2.1
        return value <= 1 ? errc::none : errc::setting_invalid;
    default: return errc::none; // RFC 9113 §6.5.2: unknown ones are ignored
    }
}

} // namespace h2ws::http2
