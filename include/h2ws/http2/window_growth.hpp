// When our receive windows are to grow: a peer that sends as much in a round trip as a window
// allows would send more. A PING that leaves with a WINDOW_UPDATE measures the round trip; what
// arrives until its acknowledgement is the bandwidth-delay product as far as the windows let it
// show. A pure function of the times given in.
#pragma once

#include "../instant.hpp"

#include <cstddef>
#include <cstdint>

namespace h2ws::http2 {

class window_growth {
public:
    // Whether a probe is to leave now, which `ended` answers. One at a time, and the more seldom
    // the less they find: peers count PINGs.
    [[nodiscard]] constexpr bool begin(instant now) noexcept {
        if (measuring_ || now < next_) return false;
        measuring_ = true;
        received_ = 0;
        return true;
    }

    constexpr void received(std::size_t size) noexcept { received_ += size; }

    // The acknowledgement came: what the window should be now, `window` or more.
    [[nodiscard]] constexpr std::int32_t ended(std::int32_t window, std::int32_t most,
                                               instant now) noexcept {
        if (!measuring_) return window;
        measuring_ = false;
        const auto used = static_cast<std::int64_t>(received_);
        const bool grows = window < most && used >= std::int64_t{window} / 3 * 2;
        pause_ = grows ? shortest_pause : pause_ < longest_pause ? 2 * pause_ : longest_pause;
        next_ = after(now, grows ? 0 : pause_);
        if (!grows) return window;
        const std::int64_t wanted = 2 * (used < window ? std::int64_t{window} : used);
        return wanted < most ? static_cast<std::int32_t>(wanted) : most;
    }

private:
    static constexpr duration shortest_pause = seconds(1) / 20;
    static constexpr duration longest_pause = seconds(10);

    bool measuring_ = false;
    std::size_t received_ = 0; // since the probe left
    instant next_ = INT64_MIN; // not before
    duration pause_ = shortest_pause;
};

} // namespace h2ws::http2
