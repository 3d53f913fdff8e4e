// Masking keys from the operating system's random generator, a few dozen to a call (RFC 6455
// section 10.3; getentropy of POSIX systems).
#pragma once

#include "role.hpp"

#include <cstring>
#include <sys/random.h>
#include <unistd.h>

namespace h2ws {

// For one thread; outlives the sessions and websockets that were given its source.
class system_entropy {
public:
    system_entropy() noexcept = default;
    system_entropy(const system_entropy&) = delete;
    system_entropy& operator=(const system_entropy&) = delete;

    masking_key_source source() noexcept { return {next, this}; }

private:
    static bool next(void* state, masking_key& key) noexcept {
        auto& self = *static_cast<system_entropy*>(state);
        if (self.used_ == sizeof self.pool_) {
            if (getentropy(self.pool_, sizeof self.pool_) != 0) return false;
            self.used_ = 0;
        }
        std::memcpy(key.data(), self.pool_ + self.used_, key.size());
        std::memset(self.pool_ + self.used_, 0, key.size()); // no key is used twice, or kept
        self.used_ += key.size();
        return true;
    }

    std::byte pool_[256]{}; // the most that one getentropy gives
    std::size_t used_ = sizeof pool_;
};

} // namespace h2ws
