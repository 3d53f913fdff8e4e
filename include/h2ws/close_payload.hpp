// The payload of a Close frame: nothing, or a status code and a reason (RFC 6455 section 5.5.1).
#pragma once

#include "bytes.hpp"
#include "frame_header.hpp"
#include "result.hpp"
#include "utf8.hpp"

namespace h2ws {

inline constexpr std::size_t max_close_reason = max_control_payload - 2;

struct close_payload {
    status_code code = status_code::no_status_received; // 1005: the payload is empty
    std::string_view reason;                            // not for end users (RFC 6455 §5.5.1)
};

// What a received payload says; `reason` is a view into it.
inline result<close_payload> read_close_payload(const_bytes payload) noexcept {
    if (payload.empty()) return close_payload{};
    if (payload.size() == 1) return errc::close_payload_too_short; // RFC 6455 §5.5.1 (R180)
    const auto value =
        (std::to_integer<unsigned>(payload[0]) << 8) | std::to_integer<unsigned>(payload[1]);
    const auto code = static_cast<status_code>(value);
    if (!is_allowed_on_the_wire(code)) return errc::close_code_invalid; // §7.4.2 (R215)
    const const_bytes reason = payload.subspan(2);
    if (!is_utf8(reason)) return errc::close_reason_not_utf8; // §5.5.1 (R181)
    return close_payload{code, as_text(reason)};
}

// The longest beginning of `reason` that fits a Close frame and cuts no UTF-8 sequence.
constexpr std::string_view fitting_reason(std::string_view reason) noexcept {
    if (reason.size() <= max_close_reason) return reason;
    std::size_t size = max_close_reason;
    while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
    reason.remove_suffix(reason.size() - size);
    return reason;
}

// Why a Close with this payload must not be sent, or errc::none.
inline errc close_refusal(const close_payload& payload, bool is_client) noexcept {
    if (!is_utf8(as_bytes(payload.reason))) return errc::invalid_argument;
    if (payload.code == status_code::no_status_received)
        return payload.reason.empty() ? errc::none : errc::invalid_argument;
    // §7.4.1 (R214)
    const bool clients_only = payload.code == status_code::mandatory_extension;
    if (!is_allowed_on_the_wire(payload.code) || (clients_only && !is_client))
        return errc::status_code_not_sendable; // RFC 6455 §7.4.1 (R213)
    return errc::none;
}

// Writes the payload, which fits 125 octets when the reason is fitting, and returns its size. The
// code 1005 means an empty payload.
inline std::size_t write_close_payload(const close_payload& payload, std::byte* octets) noexcept {
    if (payload.code == status_code::no_status_received) return 0;
    const auto value = static_cast<std::uint16_t>(payload.code);
    octets[0] = static_cast<std::byte>(value >> 8);
    octets[1] = static_cast<std::byte>(value & 0xff);
    if (!payload.reason.empty())
        std::memcpy(octets + 2, payload.reason.data(), payload.reason.size());
    return 2 + payload.reason.size();
}

} // namespace h2ws
