// What PRIORITY_UPDATE said of streams that the client has not opened yet (RFC 9218 section 7).
#pragma once

#include "limits.hpp"

#include "../growing_array.hpp"

#include <algorithm>
#include <optional>

namespace h2ws::http2 {

class idle_priorities {
public:
    explicit idle_priorities(const allocator& memory) noexcept : kept_(memory) {}

    // The urgency of a stream: what was said last counts. Beyond max_idle_priorities, and where
    // there is no memory, the hint is lost.
    void set(std::int32_t stream_id, std::uint8_t urgency) noexcept {
        const std::size_t at = place_of(stream_id);
        if (is_at(at, stream_id)) {
            kept_[at].urgency = urgency;
            return;
        }
        if (full() || !kept_.push_back({stream_id, urgency})) return;
        std::rotate(kept_.begin() + at, kept_.end() - 1, kept_.end());
    }

    bool has(std::int32_t stream_id) const noexcept {
        return is_at(place_of(stream_id), stream_id);
    }
    bool full() const noexcept { return kept_.size() == max_idle_priorities; }
    std::size_t size() const noexcept { return kept_.size(); }

    // What was said of a stream that opens now. Those below it can be opened no more (RFC 9113
    // §5.1.1) and are forgotten.
    std::optional<std::uint8_t> open(std::int32_t stream_id) noexcept {
        if (kept_.empty()) return std::nullopt;
        std::size_t gone = place_of(stream_id);
        std::optional<std::uint8_t> found;
        if (is_at(gone, stream_id)) found = kept_[gone++].urgency;
        std::copy(kept_.begin() + gone, kept_.end(), kept_.begin());
        kept_.truncate(kept_.size() - gone);
        return found;
    }

private:
    struct priority {
        std::int32_t stream_id;
        std::uint8_t urgency;
    };

    // The first that is not below.
    std::size_t place_of(std::int32_t stream_id) const noexcept {
        const auto below = [](const priority& at, std::int32_t id) { return at.stream_id < id; };
        return static_cast<std::size_t>(
            std::lower_bound(kept_.begin(), kept_.end(), stream_id, below) - kept_.begin());
    }

    bool is_at(std::size_t place, std::int32_t stream_id) const noexcept {
        return place != kept_.size() && kept_[place].stream_id == stream_id;
    }

    growing_array<priority> kept_; // by stream
};

} // namespace h2ws::http2
