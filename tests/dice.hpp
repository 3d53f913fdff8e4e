// Chance that is the same in every run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace test {

class dice {
public:
    explicit dice(unsigned seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool one_in(std::uint32_t times) { return below(times) == 0; }
    std::string bytes(std::size_t size) {
        std::string out(size, '\0');
        for (char& c : out) c = static_cast<char>(random_());
        return out;
    }
    template <class T, std::size_t N>
    const T& any(const T (&of)[N]) {
        return of[below(N)];
    }

private:
    std::mt19937 random_;
};

} // namespace test
