// A session whose bytes are shown, each direction's in its order, when somebody asked for that.
#pragma once

#include "wire_trace.hpp"

#include <h2ws/session.hpp>

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

namespace h2ws::tools {

template <session Session>
class traced_session : public Session {
public:
    using Session::Session;

    void show_frames(bool server, const line_writer& write) { trace_.emplace(server, write); }

    std::optional<stream_event> poll(mutable_bytes& in, instant now) noexcept {
        const mutable_bytes before = in;
        auto happened = Session::poll(in, now);
        // Payloads may have been unmasked where they lie; they are not shown.
        if (trace_) trace_->received(before.first(before.size() - in.size()));
        return happened;
    }

    std::span<const const_bytes> transmit(instant now) noexcept {
        return offered_ = Session::transmit(now);
    }

    void transmitted(std::size_t size) noexcept {
        std::size_t left = trace_ ? size : 0;
        for (const const_bytes span : offered_) {
            if (left == 0) break;
            const const_bytes gone = span.first(std::min(left, span.size()));
            trace_->sent(gone);
            left -= gone.size();
        }
        Session::transmitted(size);
    }

private:
    std::optional<wire_trace> trace_;
    std::span<const const_bytes> offered_;
};

} // namespace h2ws::tools
