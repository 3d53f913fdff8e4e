// When our receive windows are to grow: a peer that sends as much in a round trip as a window
// allows would send more. A PING that leaves with a stream's WINDOW_UPDATE measures the round trip;
// what arrives until its acknowledgement, on that stream and on all together, is the
// bandwidth-delay product as far as the windows let it show. A pure function of the times given in.
#pragma once

#include "../instant.hpp"

#include <cstddef>
#include <cstdint>

namespace h2ws::http2 {

// Of each stream, and of the connection.
struct window_sizes {
    std::int32_t stream;
    std::int32_t connection;
    friend constexpr bool operator==(const window_sizes&, const window_sizes&) noexcept = default;
};

class window_growth {
public:
    // Whether a probe is to leave now, with credit of that stream, which `ended` answers. One at a
    // time, and the more seldom the less they find: peers count PINGs.
    [[nodiscard]] constexpr bool begin(std::int32_t stream_id, instant now) noexcept {
        if (stream_id_ != 0 || now < next_) return false;
        stream_id_ = stream_id;
        on_stream_ = on_connection_ = 0;
        return true;
    }

    constexpr void received(std::int32_t stream_id, std::size_t size) noexcept {
        add(on_connection_, size);
        if (stream_id == stream_id_) add(on_stream_, size);
    }

    // The acknowledgement came: what the windows should be now, as they are or more. As many
    // streams as before fill the connection's.
    [[nodiscard]] constexpr window_sizes ended(window_sizes are, window_sizes most,
                                               instant now) noexcept {
        if (stream_id_ == 0) return are;
        stream_id_ = 0;
        const std::int32_t stream = grown(are.stream, on_stream_, most.stream);
        const std::int32_t room = most.connection - are.connection;
        const std::int32_t more = stream - are.stream;
        const std::int32_t least = are.connection + (more < room ? more : room > 0 ? room : 0);
        const std::int32_t filled = grown(are.connection, on_connection_, most.connection);
        const window_sizes sizes{stream, least < filled ? filled : least};
        const bool grows = sizes != are;
        pause_ = grows ? shortest_pause : pause_ < longest_pause ? 2 * pause_ : longest_pause;
        next_ = after(now, grows ? 0 : pause_);
        return sizes;
    }

private:
    static constexpr duration shortest_pause = seconds(1) / 20;
    static constexpr duration longest_pause = seconds(10);

    // No window is larger than half of what it counts to.
    static constexpr void add(std::uint32_t& sum, std::size_t size) noexcept {
        const std::size_t room = 0xffff'ffff - sum;
        sum += static_cast<std::uint32_t>(size < room ? size : room);
    }

    static constexpr std::int32_t grown(std::int32_t window, std::uint32_t used,
                                        std::int32_t most) noexcept {
        if (window >= most || std::int64_t{used} < std::int64_t{window} / 3 * 2) return window;
        const std::int64_t wanted =
            2 *
            (used < static_cast<std::uint32_t>(window) ? std::int64_t{window} : std::int64_t{used});
        return wanted < most ? static_cast<std::int32_t>(wanted) : most;
    }

    std::int32_t stream_id_ = 0;  // whose WINDOW_UPDATE the probe left with; 0: there is none
    std::uint32_t on_stream_ = 0; // since then
    std::uint32_t on_connection_ = 0;
    instant next_ = INT64_MIN; // not before
    duration pause_ = shortest_pause;
};

} // namespace h2ws::http2
