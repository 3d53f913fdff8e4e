// Masking keys from the operating system's random generator, a thousand to a call (RFC 6455
// section 10.3): a call costs what two hundred keys do.
#pragma once

#include "role.hpp"

#include <cerrno>
#include <cstring>
#include <sys/random.h>
#include <unistd.h>

namespace h2ws {

// For one thread, 4 KiB; outlives the sessions and websockets that were given its source.
class system_entropy {
public:
    system_entropy() noexcept = default;
    system_entropy(const system_entropy&) = delete;
    system_entropy& operator=(const system_entropy&) = delete;

    masking_key_source source() noexcept { return {next, this}; }

private:
    static bool next(void* state, masking_key& key) noexcept {
        auto& self = *static_cast<system_entropy*>(state);
        if (self.used_ == sizeof self.pool_ && !self.fill()) return false;
        std::memcpy(key.data(), self.pool_ + self.used_, key.size());
        std::memset(self.pool_ + self.used_, 0, key.size()); // no key is used twice, or kept
        self.used_ += key.size();
        return true;
    }

    [[gnu::noinline]] bool fill() noexcept {
        for (std::size_t filled = 0; filled < sizeof pool_;) {
            const std::ptrdiff_t more = some(pool_ + filled, sizeof pool_ - filled);
            if (more < 0) return false;
            filled += static_cast<std::size_t>(more);
        }
        used_ = 0;
        return true;
    }

    // Writes some octets, and returns how many, or -1.
    static std::ptrdiff_t some(std::byte* to, std::size_t size) noexcept {
#if defined(__linux__) || defined(__FreeBSD__)
        const std::ptrdiff_t written = getrandom(to, size, 0);
        return written < 0 && errno == EINTR ? 0 : written; // a signal came
#else
        constexpr std::size_t most = 256; // of POSIX's function
        const std::size_t written = smaller(size, most);
        return getentropy(to, written) == 0 ? static_cast<std::ptrdiff_t>(written) : -1;
#endif
    }

    std::byte pool_[4'096]{};
    std::size_t used_ = sizeof pool_;
};

} // namespace h2ws
