// WebSocket close status codes: what each means and which may stand in a Close frame
// (RFC 6455 section 7.4 and the IANA registry it founded).
#pragma once

#include <cstdint>

namespace h2ws {

// The registered codes. Applications use 3000-3999 (registered with IANA) and 4000-4999 (private)
// by casting; the enumeration does not name them.
enum class status_code : std::uint16_t {
    normal_closure = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status_received = 1005, // never on the wire: the Close frame had no code
    abnormal_closure = 1006,   // never on the wire: there was no Close frame
    invalid_payload_data = 1007,
    policy_violation = 1008,
    message_too_big = 1009,
    mandatory_extension = 1010, // sent by clients only
    internal_error = 1011,
    service_restart = 1012,
    try_again_later = 1013,
    bad_gateway = 1014,
    tls_handshake = 1015, // never on the wire
};

// Whether the code may stand in a Close frame: RFC 6455 §7.4.1 (R213) and §7.4.2 (R215). Below
// 3000 only codes that a specification registered; 1004 is reserved, 1005, 1006 and 1015 are
// reports and never sent.
constexpr bool is_allowed_on_the_wire(status_code code) noexcept {
    const auto value = static_cast<std::uint16_t>(code);
    if (value >= 3000) return value <= 4999;
    return (value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014);
}

} // namespace h2ws
