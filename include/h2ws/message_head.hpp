// The heads of HTTP/2 messages: what a field section must hold to be a request, a response or a
// trailer section (RFC 9113 sections 8.1 to 8.5), `:protocol` of RFC 8441 section 4 included.
// What breaks these rules is malformed, a stream error (RFC 9113 section 8.1.1).
#pragma once

#include "errc.hpp"
#include "field.hpp"
#include "result.hpp"
#include "uri.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace h2ws {

// How large a field section may be: too_many_fields, hence 431, beyond either (RFC 9113 §10.5.1).
// Memory: `bytes` at most per request that waits for its answer, in whoever holds the section.
struct field_limits {
    std::size_t fields = 128; // browsers send about 20; cookies may come as one line each
    std::size_t bytes =
        65'536; // names, values and 32 for each line, as MAX_HEADER_LIST_SIZE counts
};

enum class request_kind : std::uint8_t {
    ordinary,         // any method but CONNECT
    connect,          // CONNECT without :protocol: a TCP tunnel to :authority
    extended_connect, // CONNECT with :protocol: never a TCP tunnel to :authority (R16)
};

// A request that is well-formed. What a kind of request does not have is empty. All views are of
// the field section that was read.
struct request_head {
    request_kind kind = request_kind::ordinary;
    std::string_view method = {};
    std::string_view protocol = {};
    std::string_view scheme = {};
    std::string_view authority = {}; // may be empty in an ordinary request, which then has a host
    std::string_view path = {};
    std::span<const field> fields = {}; // the regular fields
};

struct request_options {
    bool connect_enabled = true; // we have sent SETTINGS_ENABLE_CONNECT_PROTOCOL with 1
    field_limits limits = {};
};

// A response that is well-formed, interim ones included.
struct response_head {
    std::uint16_t status = 0;
    std::span<const field> fields = {}; // the regular fields

    constexpr bool is_interim() const noexcept { return status < 200; }
    constexpr bool is_success() const noexcept { return status >= 200 && status < 300; }
};

namespace heads {

constexpr bool take(std::size_t size, std::size_t& left) noexcept {
    if (size > left) return false;
    left -= size;
    return true;
}

// What all sections have in common. Gives the number of pseudo-header fields at the section's head.
constexpr result<std::size_t> read_section(std::span<const field> fields,
                                           const field_limits& limits) noexcept {
    if (fields.size() > limits.fields) return errc::too_many_fields; // RFC 9113 §10.5.1 (R124)
    std::size_t left = limits.bytes;
    std::size_t pseudo_fields = 0;
    bool regular = false;
    for (const field& line : fields) {
        if (!take(line.name.size(), left) || !take(line.value.size(), left) || !take(32, left))
            return errc::too_many_fields;
        // RFC 9113 §8.2.1 and §8.2.2 (R57-R64)
        if (const errc error = check_field(line); error != errc::none) return error;
        if (!line.is_pseudo()) {
            regular = true;
            continue;
        }
        if (regular) return errc::pseudo_field_misplaced; // RFC 9113 §8.3 (R70)
        ++pseudo_fields;
    }
    return pseudo_fields;
}

struct request_pseudo_fields {
    std::optional<std::string_view> method, protocol, scheme, authority, path;

    constexpr std::optional<std::string_view>* find(std::string_view name,
                                                    bool connect_enabled) noexcept {
        if (name == ":method") return &method;
        if (name == ":scheme") return &scheme;
        if (name == ":authority") return &authority;
        if (name == ":path") return &path;
        // RFC 8441 §3 (R9)
        if (name == ":protocol" && connect_enabled) return &protocol;
        return nullptr;
    }

    constexpr errc assign(const field& line, bool connect_enabled) noexcept {
        std::optional<std::string_view>* const slot = find(line.name, connect_enabled);
        if (slot == nullptr) // RFC 9113 §8.3 (R67-R69)
            return line.name == ":protocol" ? errc::protocol_not_enabled
                                            : errc::pseudo_field_undefined;
        // RFC 8441 §4 (R11), RFC 9113 §8.3 (R71)
        if (slot->has_value()) return errc::pseudo_field_repeated;
        *slot = line.value;
        return errc::none;
    }
};

constexpr errc check_ordinary(const request_head& head, bool has_authority) noexcept {
    if (!is_scheme(head.scheme)) return errc::scheme_invalid; // RFC 9113 §8.3.1 (R80)
    if (!is_http(head.scheme))
        return has_path_characters(head.path) ? errc::none : errc::path_invalid;
    const bool asterisk = head.method == "OPTIONS" && head.path == "*";
    if (!is_absolute_path(head.path) && !asterisk) return errc::path_invalid;
    // RFC 9110 §7.2: where there is no :authority, host says what it would; §4.2: one of them has
    // to
    const auto host = has_authority ? head.authority : find_field(head.fields, "host");
    if (!host) return errc::authority_missing;
    return parse_authority(*host) ? errc::none : errc::authority_invalid;
}

constexpr errc check_extended_connect(const request_head& head) noexcept {
    if (!is_token(head.protocol)) return errc::protocol_invalid; // RFC 8441 §4 (R12)
    // RFC 8441 §4 (R13): ":scheme and :path [...] MUST also be included"
    if (!is_scheme(head.scheme)) return errc::scheme_invalid;
    if (!is_absolute_path(head.path)) return errc::path_invalid;
    // RFC 8441 §4 (R15) and §5 (R24): of an ordinary request's meaning, and required
    if (head.authority.empty()) return errc::authority_missing;
    if (!parse_authority(head.authority)) return errc::authority_invalid;
    return errc::none;
}

constexpr errc check_connect(const request_pseudo_fields& pseudo,
                             const request_head& head) noexcept {
    // RFC 9113 §8.5 (R82)
    if (pseudo.scheme || pseudo.path) return errc::connect_with_scheme_or_path;
    if (head.authority.empty()) return errc::authority_missing;
    const result<host_and_port> target = parse_authority(head.authority);
    return target && target->port ? errc::none : errc::authority_invalid;
}

constexpr errc check_kind(const request_pseudo_fields& pseudo, const request_head& head) noexcept {
    switch (head.kind) {
    case request_kind::extended_connect: return check_extended_connect(head);
    case request_kind::connect: return check_connect(pseudo, head);
    case request_kind::ordinary: break;
    }
    return check_ordinary(head, pseudo.authority.has_value());
}

// `host` is compared, and never used where :authority is (R73). There is one at most (RFC 9110
// §7.2, RFC 9112 §3.2): of two, others would take another than we do.
constexpr errc check_host(const request_head& head) noexcept {
    bool found = false;
    for (const std::string_view host : field_values(head.fields, "host")) {
        if (std::exchange(found, true)) return errc::host_mismatch;
        if (head.authority.empty()) continue;
        // RFC 9113 §8.3.1 (R75, R76, S8)
        if (!same_authority(host, head.authority, head.scheme)) return errc::host_mismatch;
    }
    return errc::none;
}

constexpr request_kind kind_of(const request_pseudo_fields& pseudo) noexcept {
    // RFC 8441 §4 (R16)
    if (pseudo.protocol) return request_kind::extended_connect;
    return pseudo.method == "CONNECT" ? request_kind::connect : request_kind::ordinary;
}

// Three digits, the first not 0.
constexpr std::optional<std::uint16_t> parse_status(std::string_view text) noexcept {
    if (text.size() != 3 || text.front() == '0') return std::nullopt;
    int status = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        status = status * 10 + (c - '0');
    }
    return static_cast<std::uint16_t>(status);
}

} // namespace heads

// What a field section asks for, be it a tunnel or not, or why it is malformed. A server calls this
// for every request: the kind decides, never the method alone (RFC 8441 §4).
constexpr result<request_head> read_request_head(std::span<const field> fields,
                                                 const request_options& options = {}) noexcept {
    const result<std::size_t> pseudo_fields = heads::read_section(fields, options.limits);
    if (!pseudo_fields) return pseudo_fields.error();
    heads::request_pseudo_fields pseudo;
    for (const field& line : fields.first(*pseudo_fields))
        if (const errc error = pseudo.assign(line, options.connect_enabled); error != errc::none)
            return error;
    // RFC 9113 §8.3.1 (R73): the authority is :authority, never a host
    const request_head head{heads::kind_of(pseudo),        pseudo.method.value_or(""),
                            pseudo.protocol.value_or(""),  pseudo.scheme.value_or(""),
                            pseudo.authority.value_or(""), pseudo.path.value_or(""),
                            fields.subspan(*pseudo_fields)};
    if (!is_token(head.method)) return errc::method_missing; // RFC 9113 §8.3.1 (R72, R80)
    // RFC 8441 §4 (R14)
    if (pseudo.protocol && head.method != "CONNECT") return errc::protocol_without_connect;
    if (const errc error = heads::check_kind(pseudo, head); error != errc::none) return error;
    if (const errc error = heads::check_host(head); error != errc::none) return error;
    return head;
}

// Any response.
constexpr result<response_head> read_response_head(std::span<const field> fields, bool end_stream,
                                                   const field_limits& limits = {}) noexcept {
    const result<std::size_t> pseudo_fields = heads::read_section(fields, limits);
    if (!pseudo_fields) return pseudo_fields.error();
    for (const field& line : fields.first(*pseudo_fields))
        if (line.name != ":status") return errc::pseudo_field_undefined; // RFC 9113 §8.3 (R68)
    if (*pseudo_fields > 1) return errc::pseudo_field_repeated;          // RFC 9113 §8.3 (R71)
    if (*pseudo_fields == 0) return errc::status_invalid;                // RFC 9113 §8.3.2 (R81)
    const std::optional<std::uint16_t> status = heads::parse_status(fields.front().value);
    if (!status) return errc::status_invalid;
    if (*status == 101) return errc::status_101; // RFC 9113 §8.6 (R48)
    const response_head head{*status, fields.subspan(1)};
    // RFC 9113 §8.1 (R47)
    if (head.is_interim() && end_stream) return errc::interim_with_end_stream;
    return head;
}

// How long the fields say that the content is (RFC 9110 §8.6); nothing where they do not say.
// Error: malformed_message, of what is no number below 2^64 or stands there twice.
constexpr result<std::optional<std::uint64_t>>
content_length(std::span<const field> fields) noexcept {
    std::optional<std::uint64_t> length;
    for (const std::string_view text : field_values(fields, "content-length")) {
        if (length || text.empty()) return errc::malformed_message;
        std::uint64_t value = 0;
        for (const char c : text) {
            const auto digit = static_cast<std::uint64_t>(c - '0');
            if (!is_digit(c) || value > (UINT64_MAX - digit) / 10) return errc::malformed_message;
            value = value * 10 + digit;
        }
        length = value;
    }
    return length;
}

// errc::none when a field section may be the trailers of an ordinary message. A tunnel has none:
// HEADERS there are errc::headers_on_tunnel.
[[nodiscard]] constexpr errc check_trailers(std::span<const field> fields,
                                            const field_limits& limits = {}) noexcept {
    const result<std::size_t> pseudo_fields = heads::read_section(fields, limits);
    if (!pseudo_fields) return pseudo_fields.error();
    // RFC 9113 §8.1 (R50), RFC 8441 §4 (R10)
    return *pseudo_fields == 0 ? errc::none : errc::pseudo_field_undefined;
}

} // namespace h2ws
