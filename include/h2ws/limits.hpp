// What one websocket accepts. The object itself holds no message, so these bound what an
// application has to hold that assembles them (RFC 6455 section 10.4).
#pragma once

#include <cstdint>

namespace h2ws {

struct limits {
    // Application bytes of one message, after an extension decoded it (R197, R262). 16 MiB is the
    // order of what ws, Beast and browsers' peers take; memory: that much per tunnel at worst.
    std::uint64_t max_message = std::uint64_t{16} << 20;

    // Frames of one message, empty ones included: they cost time and no memory. Enough for a
    // 16 MiB message in frames of 256 bytes.
    std::uint32_t max_fragments = 65'536;
};

} // namespace h2ws
