// HOST:PORT as a command line has it.
#pragma once

#include <h2ws/uri.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace h2ws::tools {

struct listen_address {
    std::string host; // without the brackets of an IPv6 address
    std::uint16_t port = 0;

    std::string text(std::uint16_t real_port) const {
        const bool is_ipv6 = host.find(':') != std::string::npos;
        return (is_ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(real_port);
    }
};

// Port 0 lets the system choose one.
inline std::optional<listen_address> parse_listen_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto host = parse_authority(text.substr(0, colon));
    if (!host || host->port) return std::nullopt;
    const std::string_view number = text.substr(colon + 1);
    if (number == "0") return listen_address{std::string(host->host), 0};
    const auto port = uris::parse_port(number);
    if (!port) return std::nullopt;
    return listen_address{std::string(host->host), *port};
}

} // namespace h2ws::tools
