// What nghttp2 is told before a session is made: manual window updates, and limits of its own that
// agree with ours.
#pragma once

#include <h2ws/session_options.hpp>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace h2ws::nghttp2 {

// Entries of one SETTINGS frame: 13 are registered.
inline constexpr std::size_t max_settings_entries = 32;
// CONTINUATION frames after one HEADERS (CVE-2024-28182). At 16,384 bytes each that is more than
// max_field_bytes allows by default.
inline constexpr std::size_t max_continuations = 8;

// Beyond what no header of 1.52 to date limits by itself. `Option` is nghttp2_option: options that
// a header does not have are found missing when this is made for it.
template <class Option>
void set_newer_options(Option* option) noexcept {
    constexpr std::uint64_t by_flood_guard = 1'000'000'000;
    // It counts resets after both Closes too; `flood::resets_received` is what limits them here.
    if constexpr (requires {
                      nghttp2_option_set_stream_reset_rate_limit(option, by_flood_guard,
                                                                 by_flood_guard);
                  })
        nghttp2_option_set_stream_reset_rate_limit(option, by_flood_guard, by_flood_guard);
    if constexpr (requires { nghttp2_option_set_max_continuations(option, max_continuations); })
        nghttp2_option_set_max_continuations(option, max_continuations);
    // The same of newer versions: malformed frames per interval.
    if constexpr (requires {
                      nghttp2_option_set_glitch_rate_limit(option, by_flood_guard, by_flood_guard);
                  })
        nghttp2_option_set_glitch_rate_limit(option, by_flood_guard, by_flood_guard);
}

inline void set_options(nghttp2_option& option, const session_options& options) noexcept {
    nghttp2_option_set_no_auto_window_update(&option, 1); // back-pressure is ours
    // A server's closed streams are remembered, 288 bytes each, at most max_streams with those that
    // live: nghttp2_option_set_no_closed_streams would save that, and let DATA on them pass, which
    // RFC 9113 §6.1 (R106) makes an error.
    nghttp2_option_set_max_settings(&option, max_settings_entries);
    // Acknowledgements that wait for a peer that does not read; our limits come first.
    nghttp2_option_set_max_outbound_ack(&option, std::size_t{options.floods.pings} +
                                                     std::size_t{options.floods.settings} + 1);
    set_newer_options(&option);
}

} // namespace h2ws::nghttp2
