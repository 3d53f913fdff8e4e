// What a run has seen, and how it says that something is wrong.
#pragma once

#include <h2ws/errc.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace soak {

// Against the library's promises; what it is, is said with the seed and the connection.
struct violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* what) {
    if (!holds) throw violation(what);
}
inline void require(bool holds, const char* what, h2ws::errc error) {
    if (!holds) throw violation(std::string(what) + ": " + std::string(h2ws::info(error).name));
}

inline unsigned long long whole(std::uint64_t number) { return number; } // for printf

enum class fault : std::uint8_t { none, cut, damage, silence, jump, scarce, unacknowledged, stop };
inline constexpr std::array<std::string_view, 8> fault_names{"none",
                                                             "cut",
                                                             "damaged octets",
                                                             "silence",
                                                             "clock jump",
                                                             "no memory",
                                                             "SETTINGS never acknowledged",
                                                             "reading stopped"};

struct counts {
    using by_error = std::array<std::uint64_t, h2ws::errors::table.size()>;

    std::uint64_t connections = 0;
    std::uint64_t tunnels = 0; // asked for
    std::uint64_t opened = 0;  // at the server
    std::uint64_t messages = 0, payload = 0;
    std::uint64_t compressed = 0; // messages of tunnels with permessage-deflate
    std::uint64_t pings = 0, requests = 0;
    std::uint64_t octets = 0; // of HTTP/2, delivered
    std::uint64_t full = 0;   // calls that said queue_full
    std::size_t peak = 0;     // memory of a session
    std::size_t bound = 0;    // and of the one that came nearest to its bound, that
    std::size_t nearest = 0;
    std::array<std::uint64_t, fault_names.size()> faults{};
    by_error closed{}, refused{}, ended{};

    void held(std::size_t most, std::size_t allowed) {
        if (most > peak) peak = most;
        if (bound != 0 && most * (bound / 1024) <= nearest * (allowed / 1024)) return;
        nearest = most;
        bound = allowed;
    }

    void line(double seconds) const {
        std::printf("%5.0f s: %llu connections, %llu tunnels, %llu messages, %.1f MB\n", seconds,
                    whole(connections), whole(tunnels), whole(messages), million(payload));
        std::fflush(stdout);
    }

    void report() const {
        std::printf("connections %llu, tunnels %llu (%llu opened), ordinary requests %llu\n",
                    whole(connections), whole(tunnels), whole(opened), whole(requests));
        std::printf("messages %llu (%llu on compressed tunnels), payload %.1f MB, pings %llu\n",
                    whole(messages), whole(compressed), million(payload), whole(pings));
        std::printf("HTTP/2 %.1f MB, calls that said queue_full %llu\n", million(octets),
                    whole(full));
        std::printf("memory of a session: %zu bytes at most; nearest to its bound: %zu of %zu\n",
                    peak, nearest, bound);
        std::printf("faults:");
        for (std::size_t i = 0; i < faults.size(); ++i)
            if (faults[i] != 0) std::printf(" %s %llu;", fault_names[i].data(), whole(faults[i]));
        std::puts("");
        report("tunnels closed", closed);
        report("tunnels refused", refused);
        report("connections ended", ended);
        std::fflush(stdout);
    }

private:
    static double million(std::uint64_t number) { return static_cast<double>(number) / 1e6; }

    static void report(const char* what, const by_error& of) {
        std::printf("%s:", what);
        for (std::size_t i = 0; i < of.size(); ++i)
            if (of[i] != 0)
                std::printf(" %s %llu;", h2ws::errors::table[i].name.data(), whole(of[i]));
        std::puts("");
    }
};

} // namespace soak
