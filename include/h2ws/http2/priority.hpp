// Urgency as RFC 9218 writes it: of a priority field, or of a PRIORITY_UPDATE frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace h2ws::http2 {

inline constexpr std::size_t urgencies = 8;
inline constexpr std::uint8_t default_urgency = 3; // RFC 9218 §4.1

// The urgency in a priority field's value: a Dictionary (RFC 8941 §3.2) whose member `u` is an
// Integer from 0 to 7. The last one counts; anything else leaves what there was, since priority is
// a hint (RFC 9218 §4): `found`, which the field lines before said, for they are one Dictionary
// (§5).
constexpr std::uint8_t urgency_of(std::string_view value,
                                  std::uint8_t found = default_urgency) noexcept {
    while (!value.empty()) {
        const std::size_t comma = value.find(',');
        std::string_view member = value.substr(0, comma);
        value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
        while (!member.empty() && (member.front() == ' ' || member.front() == '\t'))
            member.remove_prefix(1);
        if (!member.starts_with("u=") || member.size() < 3) continue;
        const char digit = member[2];
        const std::string_view rest = member.substr(3);
        const bool ends = rest.empty() || rest[0] == ';' || rest[0] == ' ' || rest[0] == '\t';
        if (ends && digit >= '0' && digit <= '7') found = static_cast<std::uint8_t>(digit - '0');
    }
    return found;
}

} // namespace h2ws::http2
