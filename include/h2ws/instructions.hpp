// Which vector instructions there are beyond those that each machine of the architecture has. Asked
// of the processor itself, once: nothing has to be linked, and no flag given to the compiler.
#pragma once

namespace h2ws::instructions {

#if defined(__AVX2__)
inline constexpr bool avx2 = true; // the build is for such machines only
#elif defined(__x86_64__)
// Whether the processor has AVX2, and the operating system keeps its registers.
inline bool ask_for_avx2() noexcept {
    struct registers {
        unsigned a, b, c, d;
    };
    const auto cpuid = [](unsigned leaf) noexcept {
        registers got{};
        __asm__("cpuid" : "=a"(got.a), "=b"(got.b), "=c"(got.c), "=d"(got.d) : "a"(leaf), "c"(0));
        return got;
    };
    constexpr unsigned osxsave = 1U << 27, has_avx2 = 1U << 5, sse_and_avx = 6;
    if (cpuid(0).a < 7 || (cpuid(1).c & osxsave) == 0) return false;
    unsigned kept = 0, more = 0;
    __asm__("xgetbv" : "=a"(kept), "=d"(more) : "c"(0));
    return (kept & sse_and_avx) == sse_and_avx && (cpuid(7).b & has_avx2) != 0;
}

// False while the program's objects are initialised, before it is itself: that works too.
inline const bool avx2 = ask_for_avx2();
#else
inline constexpr bool avx2 = false;
#endif

} // namespace h2ws::instructions
