// Which vector instructions are used: the best that the machine has. The processor itself is asked,
// at the first use: nothing has to be linked, and no flag given to the compiler.
#pragma once

#include <cstdint>

namespace h2ws::instructions {

// Each with all before it: none; what each machine of the architecture has (SSE2, NEON); and more.
enum class level : std::uint8_t { not_asked, portable, baseline, avx2 };

#if defined(__x86_64__)
// Whether the processor has AVX2, and the operating system keeps its registers.
inline bool has_avx2() noexcept {
#if defined(__AVX2__)
    return true; // the build is for such machines only
#else
    struct registers {
        unsigned a, b, c, d;
    };
    const auto cpuid = [](unsigned leaf) noexcept {
        registers got{};
        __asm__("cpuid" : "=a"(got.a), "=b"(got.b), "=c"(got.c), "=d"(got.d) : "a"(leaf), "c"(0));
        return got;
    };
    constexpr unsigned osxsave = 1U << 27, avx2 = 1U << 5, sse_and_avx = 6;
    if (cpuid(0).a < 7 || (cpuid(1).c & osxsave) == 0) return false;
    unsigned kept = 0, more = 0;
    __asm__("xgetbv" : "=a"(kept), "=d"(more) : "c"(0));
    return (kept & sse_and_avx) == sse_and_avx && (cpuid(7).b & avx2) != 0;
#endif
}
#endif

// The highest level that this machine has.
inline level best() noexcept {
#if defined(__x86_64__)
    return has_avx2() ? level::avx2 : level::baseline;
#elif defined(__aarch64__)
    return level::baseline;
#else
    return level::portable;
#endif
}

// The only global of the core. It needs no initialisation: what runs before main is served as well.
// Threads use it by the compiler's own atomic operations: <atomic> would bring <string>,
// <system_error> and a sixth of the time that our headers take to compile.
class shared_level {
public:
    level load() const noexcept {
        return static_cast<level>(__atomic_load_n(&value_, __ATOMIC_RELAXED));
    }
    void store(level value) noexcept {
        __atomic_store_n(&value_, static_cast<std::uint8_t>(value), __ATOMIC_RELAXED);
    }

private:
    std::uint8_t value_ = static_cast<std::uint8_t>(level::not_asked);
};
inline constinit shared_level in_use;

// From now on nothing above `most` is used. Returns the level that is: a lower one where the
// machine has no more. For tests and measurements, while no other thread uses the library.
[[gnu::cold]] inline level use_at_most(level most) noexcept {
    const level has = best();
    const level used = most < has ? most : has;
    in_use.store(used);
    return used;
}

// Whether instructions of this level are to be used. Where they are: a relaxed load, a comparison.
inline bool use(level wanted) noexcept {
    const level used = in_use.load();
    if (used >= wanted) return true;
    return used == level::not_asked && use_at_most(level::avx2) >= wanted;
}

} // namespace h2ws::instructions
