// A session that counts what has left.
#pragma once

#include <h2ws/session.hpp>

#include <cstddef>
#include <cstdint>

namespace h2ws::tools {

template <session Session>
class counting_session : public Session {
public:
    using Session::Session;

    void transmitted(std::size_t size) noexcept {
        transmitted_ += size;
        Session::transmitted(size);
    }

    // Bytes in all.
    std::uint64_t transmitted_size() const noexcept { return transmitted_; }

private:
    std::uint64_t transmitted_ = 0;
};

} // namespace h2ws::tools
