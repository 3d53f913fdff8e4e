// A session that is asked to write when there is room: what a full queue refused is offered again
// before output is made.
#pragma once

#include <h2ws/session.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace h2ws::tools {

template <session Session>
class resuming_session : public Session {
public:
    using Session::Session;

    // `resume` sends what was held back, as far as the queues take it.
    void before_output(std::function<void(instant)> resume) { resume_ = std::move(resume); }

    // Every byte that leaves makes room, and is followed by another call of this.
    std::span<const const_bytes> transmit(instant now) noexcept {
        if (resume_) resume_(now);
        return Session::transmit(now);
    }

    void transmitted(std::size_t size) noexcept {
        transmitted_ += size;
        Session::transmitted(size);
    }

    // Bytes that have left in all.
    std::uint64_t transmitted_size() const noexcept { return transmitted_; }

private:
    std::function<void(instant)> resume_;
    std::uint64_t transmitted_ = 0;
};

} // namespace h2ws::tools
