// What a fuzzer's input decides: numbers and octets off its front, zeros once it is used up.
#pragma once

#include <h2ws/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace fuzz {

// A property that does not hold ends the program, so that the fuzzer keeps the input.
inline void require(bool holds) {
    if (!holds) std::abort();
}

class supply {
public:
    supply(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const std::byte*>(data), size) {}

    bool empty() const { return rest_.empty(); }

    // From 0 to `most`.
    std::size_t number(std::size_t most) {
        std::size_t value = 0;
        for (std::size_t reach = most; reach != 0; reach >>= 8) value = value << 8 | octet();
        return most == SIZE_MAX ? value : value % (most + 1);
    }
    bool flag() { return (octet() & 1) != 0; }

    // Up to so many octets, as many as there are.
    h2ws::const_bytes octets(std::size_t most) {
        const std::size_t size = most < rest_.size() ? most : rest_.size();
        const h2ws::const_bytes taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    h2ws::const_bytes rest() { return octets(rest_.size()); }

private:
    std::size_t octet() {
        if (rest_.empty()) return 0;
        const auto value = std::to_integer<std::size_t>(rest_.front());
        rest_ = rest_.subspan(1);
        return value;
    }

    h2ws::const_bytes rest_;
};

} // namespace fuzz
