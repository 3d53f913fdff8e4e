// What an endpoint of ours takes beyond `session_options`, and where it stops a peer.
#pragma once

#include "frame.hpp"

#include "../session_options.hpp"

#include <cstddef>
#include <cstdint>

namespace h2ws::http2 {

// What SETTINGS_MAX_HEADER_LIST_SIZE advertises (RFC 9113 §6.5.2: 32 octets count for each field).
constexpr std::size_t field_section_limit(const session_options& options) noexcept {
    return options.max_field_bytes + 32 * options.max_fields;
}

// Octets of one field block before decoding, all its CONTINUATION frames together: a block is
// decoded when it is whole, so this is the memory that one can hold. Above what is advertised,
// since a section that is a little too large is answered with 431, which needs it decoded (RFC
// 9113 §10.5.1, R124); beyond, the peer floods us (CVE-2024-27316 and its like).
constexpr std::size_t field_block_limit(const session_options& options) noexcept {
    const std::size_t limit = 2 * field_section_limit(options);
    return limit < 65'536 ? std::size_t{65'536} : limit;
}

// CONTINUATION frames of one block, unless a larger block may have more: small ones, or empty ones,
// cost work without end.
inline constexpr std::uint32_t max_continuations = 32;

// The same with what a block may have: twice the frames that it needs at 16 KiB each.
constexpr std::size_t continuation_limit(const session_options& options) noexcept {
    const std::size_t limit = field_block_limit(options) / default_max_frame_size * 2;
    return limit < max_continuations ? std::size_t{max_continuations} : limit;
}

// Acknowledgements, resets of streams that were not taken, and answers on streams that the peer has
// reset since, that wait while it reads nothing. Memory: 17 octets each, and the answers' HEADERS.
inline constexpr std::uint32_t max_waiting_replies = 1'000;

// Octets of control frames that may wait behind a write before credit waits too, until that write
// is over: what a peer that sends and never reads makes us hold.
inline constexpr std::size_t max_waiting_octets = 65'536;

// Streams that PRIORITY_UPDATE names before they are opened; with those that are active they may be
// no more than MAX_CONCURRENT_STREAMS (RFC 9218 §7.1). This bounds them where that is far larger,
// and before the peer knows it: what is said of more is lost, as a hint may be. Memory: 8 octets
// each, once there is one. Each frame is counted among flood_limits::small_frames.
inline constexpr std::size_t max_idle_priorities = 1'024;

// The dynamic table that we let the peer fill, and the largest that we use of its own: RFC 9113
// §6.5.2's default. Memory: as much for each direction once it is used.
inline constexpr std::uint32_t table_size = 4'096;

} // namespace h2ws::http2
