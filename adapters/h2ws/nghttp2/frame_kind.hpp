// What a frame that nghttp2 has received is to us, by itself: whether it is more than its pieces,
// and what it counts as where a peer sends too many (RFC 9113 section 10.5, R123).
#pragma once

#include <h2ws/flood_guard.hpp>

#include <nghttp2/nghttp2.h>

#include <optional>

namespace h2ws::nghttp2 {

// DATA whose pieces have been received, and there is no more to it.
inline bool is_only_data(const nghttp2_frame& frame) noexcept {
    return frame.hd.type == NGHTTP2_DATA && frame.hd.length != frame.data.padlen &&
           (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0;
}

// Nothing: as many of it as the peer likes. Of resets only those count that make work of ours
// useless, which the frame does not say.
inline std::optional<flood> flood_of(const nghttp2_frame& frame) noexcept {
    const bool is_ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame.hd.type) {
    case NGHTTP2_PING: return is_ack ? flood::small_frames : flood::pings;
    case NGHTTP2_SETTINGS: return is_ack ? flood::small_frames : flood::settings;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_GOAWAY: return flood::small_frames;
    case NGHTTP2_DATA:
        if (frame.hd.length != frame.data.padlen || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            return {};
        return flood::empty_data;
    case NGHTTP2_RST_STREAM: return flood::resets_received;
    default: // PRIORITY_UPDATE, and what else an owner lets nghttp2 read
        if (frame.hd.type <= NGHTTP2_CONTINUATION) return {};
        return flood::small_frames;
    }
}

} // namespace h2ws::nghttp2
