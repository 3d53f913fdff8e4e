// WebSocket URIs (RFC 6455 section 3), and the authorities and paths that HTTP/2 makes of them.
#pragma once

#include "characters.hpp"
#include "errc.hpp"
#include "field.hpp"
#include "field_list.hpp"
#include "result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace h2ws {

// A URI in the parts that a client needs. The views are of the text that was parsed.
struct websocket_uri {
    bool secure = true;              // wss or https: over TLS
    std::string_view host = {};      // without the brackets of an IPv6 address
    std::uint16_t port = 443;        // as written, or the scheme's own
    std::string_view authority = {}; // for `:authority`: host and port as written
    std::string_view path = {}; // with the query, as written: maybe empty; `add_path` adds a "/"

    // RFC 8441 §5 (R20)
    constexpr std::string_view scheme() const noexcept { return secure ? "https" : "http"; }
};

struct host_and_port {
    std::string_view host = {}; // without the brackets of an IPv6 address
    std::optional<std::uint16_t> port = {};
};

namespace uris {

// 1 to 65535.
constexpr std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint32_t port = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > 65535) return std::nullopt;
    }
    if (port == 0) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

// reg-name and IPv4address of RFC 3986 §3.2.2.
constexpr bool is_host_name(std::string_view text) noexcept {
    return !text.empty() && characters::all_are(text, characters::host);
}

// The characters of an IPv6 address; which addresses there are is for the resolver to say.
constexpr bool is_ipv6_address(std::string_view text) noexcept {
    int colons = 0;
    for (const char c : text) {
        const bool hexadecimal = is_digit(c) || (lower_case(c) >= 'a' && lower_case(c) <= 'f');
        if (!hexadecimal && c != ':' && c != '.') return false;
        colons += c == ':';
    }
    return colons >= 2;
}

// Whether the URI is of a secure scheme; the scheme is cut off. None when it is no scheme of ours.
constexpr std::optional<bool> take_scheme(std::string_view& uri) noexcept {
    struct known_scheme {
        std::string_view text;
        bool secure;
    };
    constexpr known_scheme schemes[] = {
        {"wss://", true}, {"ws://", false}, {"https://", true}, {"http://", false}};
    for (const auto& [text, secure] : schemes) {
        if (uri.size() < text.size()) continue;
        // RFC 6455 §3 (R127)
        if (!equal_ignoring_case({uri.data(), text.size()}, text)) continue;
        uri.remove_prefix(text.size());
        return secure;
    }
    return std::nullopt;
}

} // namespace uris

// host [ ":" port ]. errc::authority_invalid for user information (RFC 9113 §8.3.1), an empty host,
// a port that is no number between 1 and 65535, or a character that no host has.
constexpr result<host_and_port> parse_authority(std::string_view authority) noexcept {
    host_and_port parts;
    if (!authority.empty() && authority.front() == '[') {
        authority.remove_prefix(1);
        const std::size_t size = authority.size();
        parts.host = take_until(authority, ']');
        if (parts.host.size() == size || !uris::is_ipv6_address(parts.host))
            return errc::authority_invalid;
        if (!authority.empty() && authority.front() != ':') return errc::authority_invalid;
        if (!authority.empty()) authority.remove_prefix(1);
    } else {
        parts.host = take_until(authority, ':');
        // RFC 9113 §8.3.1 (R77): "@" is no character of a host
        if (!uris::is_host_name(parts.host)) return errc::authority_invalid;
    }
    if (authority.empty()) return parts; // "host" and, by RFC 3986 §3.2.3, "host:"
    parts.port = uris::parse_port(authority);
    if (!parts.port) return errc::authority_invalid;
    return parts;
}

// 0 when the scheme is not one of HTTP's. Schemes have no case (RFC 3986 §3.1).
constexpr std::uint16_t default_port(std::string_view scheme) noexcept {
    if (equal_ignoring_case(scheme, "https")) return 443;
    return equal_ignoring_case(scheme, "http") ? 80 : 0;
}

constexpr bool is_http(std::string_view scheme) noexcept { return default_port(scheme) != 0; }

// Whether two authorities name the same entity: letter case and the scheme's default port make no
// difference (RFC 9113 §8.3.1). What is no authority is the same only as itself.
constexpr bool same_authority(std::string_view a, std::string_view b,
                              std::string_view scheme) noexcept {
    if (a == b) return true;
    const result<host_and_port> left = parse_authority(a);
    const result<host_and_port> right = parse_authority(b);
    if (!left || !right) return false;
    const std::uint16_t port = default_port(scheme);
    return equal_ignoring_case(left->host, right->host) &&
           left->port.value_or(port) == right->port.value_or(port);
}

// ALPHA *( ALPHA / DIGIT / "+" / "-" / "." ) (RFC 3986 §3.1).
constexpr bool is_scheme(std::string_view text) noexcept {
    return !text.empty() && is_letter(text.front()) &&
           characters::all_are(text, characters::scheme);
}

// Visible ASCII without "#". Browsers send a few characters raw that RFC 3986 wants encoded, so
// no more than this is asked.
constexpr bool has_path_characters(std::string_view text) noexcept {
    return characters::all_are(text, characters::path);
}

// An absolute path with an optional query, as `:path` carries it: not empty, not "*".
constexpr bool is_absolute_path(std::string_view path) noexcept {
    // RFC 9113 §8.3.1 (R78, R79)
    return !path.empty() && path.front() == '/' && has_path_characters(path);
}

// A URI whose scheme is ws or wss, or http or https as browsers take it since 2023. Everything else
// that is wrong is errc::uri_invalid too: a fragment, user information, an empty host, a port that
// is none, white space, control and non-ASCII characters (RFC 6455 §3 and §4.1).
constexpr result<websocket_uri> parse_uri(std::string_view uri) noexcept {
    // RFC 6455 §3 (R126) and §4.1 (R128)
    if (!has_path_characters(uri)) return errc::uri_invalid;
    const std::optional<bool> secure = uris::take_scheme(uri);
    if (!secure) return errc::uri_invalid;
    std::size_t size = 0;
    while (size < uri.size() && uri[size] != '/' && uri[size] != '?') ++size;
    std::string_view authority{uri.data(), size};
    const result<host_and_port> parts = parse_authority(authority);
    if (!parts) return errc::uri_invalid;
    if (authority.back() == ':')
        authority.remove_suffix(1); // an empty port is none (RFC 3986 §6.2.3)
    uri.remove_prefix(size);
    // RFC 6455 §3 (R127)
    const std::uint16_t port = parts->port.value_or(*secure ? 443 : 80);
    return websocket_uri{*secure, parts->host, port, authority, uri};
}

// Adds `:path`, with the "/" that a URI may leave out before its query or altogether
// (RFC 9113 §8.3.1, RFC 6455 §3). errc::invalid_argument when it is no path even so.
constexpr void add_path(field_list& list, std::string_view path) noexcept {
    // RFC 8441 §5 (R22), RFC 9113 §8.3.1 (R78)
    if (path.empty()) return list.add(":path", "/");
    if (!has_path_characters(path)) return list.fail(errc::invalid_argument);
    if (path.front() == '?') return list.add_copy(":path", {"/", path});
    if (path.front() != '/') return list.fail(errc::invalid_argument);
    list.add(":path", path);
}

} // namespace h2ws
