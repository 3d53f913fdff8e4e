// SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3): a client may use extended CONNECT once it
// has received the value 1; a server may be asked for it once it has sent that. The two directions
// know nothing of each other.
#pragma once

#include "errc.hpp"
#include "result.hpp"

#include <cstdint>

namespace h2ws {

// RFC 8441 §9.1 (R35), and the same over HTTP/3 (RFC 9220 §3, R36). The initial value is 0.
inline constexpr std::uint16_t settings_enable_connect_protocol = 0x8;

// Whether a received setting has a legal value; any other setting has. This is all that a server
// does with it: receipt "does not have any impact", a 0 after a 1 included (R5).
[[nodiscard]] constexpr errc check_connect_setting(std::uint16_t setting,
                                                   std::uint32_t value) noexcept {
    // RFC 8441 §3 (R1, R2, S1): the RFC does not name the error; we do as for ENABLE_PUSH
    return setting != settings_enable_connect_protocol || value <= 1 ? errc::none
                                                                     : errc::settings_value_invalid;
}

enum class connect_answer : std::uint8_t {
    unknown_yet, // no SETTINGS frame has come: hold the request back
    no,
    yes,
};

// A client's side: may a new stream carry an extended CONNECT? The answer concerns new streams
// only; tunnels that are open stay open (R8).
class connect_gate {
public:
    constexpr connect_answer answer() const noexcept { return answer_; }

    // Every setting of every SETTINGS frame, in order. An error is one of the connection.
    constexpr result<void> receive(std::uint16_t setting, std::uint32_t value) noexcept {
        if (setting != settings_enable_connect_protocol) return {}; // RFC 9113 §6.5.2 (R109)
        if (const errc error = check_connect_setting(setting, value); error != errc::none)
            return error;
        const bool withdrawn = answer_ == connect_answer::yes && value == 0;
        // RFC 8441 §3 (R3, R4, R8), RFC 9113 §6.5 (R108): the last value counts, also a late one
        answer_ = value == 1 ? connect_answer::yes : connect_answer::no;
        if (withdrawn) return errc::settings_withdrawn; // RFC 8441 §3 (R7)
        return {};
    }

    // The end of a SETTINGS frame that is no acknowledgement. One without the setting says no; a
    // later one may still say yes.
    constexpr void settings_received() noexcept {
        // RFC 8441 §3 (R4)
        if (answer_ == connect_answer::unknown_yet) answer_ = connect_answer::no;
    }

private:
    connect_answer answer_ = connect_answer::unknown_yet;
};

// A sender's side: what was sent decides whether `:protocol` may come (R9).
class connect_advertisement {
public:
    constexpr bool enabled() const noexcept { return enabled_; }

    // Before the setting is sent; errc::invalid_argument when it must not be.
    constexpr result<void> send(std::uint32_t value) noexcept {
        if (value > 1) return errc::invalid_argument; // RFC 8441 §3 (R1)
        // RFC 8441 §3 (R6): "MUST NOT send [...] the value of 0 after previously sending [...] 1"
        if (enabled_ && value == 0) return errc::invalid_argument;
        enabled_ = value == 1;
        return {};
    }

private:
    bool enabled_ = false;
};

} // namespace h2ws
