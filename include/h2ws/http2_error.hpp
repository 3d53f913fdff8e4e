// HTTP/2 error codes, as RST_STREAM and GOAWAY carry them (RFC 9113 section 7).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace h2ws {

// Any 32-bit value may arrive; one without a name here means nothing special (RFC 9113 §7).
enum class http2_error : std::uint32_t {
    no_error = 0x0,
    protocol_error = 0x1,
    internal_error = 0x2,
    flow_control_error = 0x3,
    settings_timeout = 0x4,
    stream_closed = 0x5,
    frame_size_error = 0x6,
    refused_stream = 0x7,
    cancel = 0x8,
    compression_error = 0x9,
    connect_error = 0xa,
    enhance_your_calm = 0xb,
    inadequate_security = 0xc,
    http_1_1_required = 0xd,
};

// The registry's spelling, or "unknown error code".
constexpr std::string_view name(http2_error code) noexcept {
    constexpr std::array<std::string_view, 14> names{"NO_ERROR",
                                                     "PROTOCOL_ERROR",
                                                     "INTERNAL_ERROR",
                                                     "FLOW_CONTROL_ERROR",
                                                     "SETTINGS_TIMEOUT",
                                                     "STREAM_CLOSED",
                                                     "FRAME_SIZE_ERROR",
                                                     "REFUSED_STREAM",
                                                     "CANCEL",
                                                     "COMPRESSION_ERROR",
                                                     "CONNECT_ERROR",
                                                     "ENHANCE_YOUR_CALM",
                                                     "INADEQUATE_SECURITY",
                                                     "HTTP_1_1_REQUIRED"};
    const auto index = static_cast<std::uint32_t>(code);
    return index < names.size() ? names[index] : "unknown error code"; // RFC 9113 §7 (R121)
}

// Whether RST_STREAM with this code says that the peer did wrong, or too much.
constexpr bool blames_peer(http2_error code) noexcept {
    switch (code) {
    case http2_error::protocol_error:
    case http2_error::flow_control_error:
    case http2_error::stream_closed:
    case http2_error::frame_size_error:
    case http2_error::refused_stream:
    case http2_error::enhance_your_calm: return true;
    default: return false;
    }
}

} // namespace h2ws
