// The extended CONNECT request (RFC 8441 section 4), for any :protocol: as a server has received it
// and as a client sends it.
#pragma once

#include "errc.hpp"
#include "extension.hpp"
#include "field.hpp"
#include "field_list.hpp"
#include "message_head.hpp"
#include "result.hpp"
#include "uri.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace h2ws {

// All views are borrowed: of the field section that was read, or of whatever the client wrote.
//
// A client fills in what it needs; `authority` alone has no default:
//   request({.authority = "example.com", .path = "/chat", .subprotocols = "chat, superchat"})
// For a server `fields` has every regular field, the sec-websocket-* ones too,
// and `subprotocols` and `extensions` are empty. The member functions do the same for both.
struct connect_request {
    std::string_view protocol = "websocket";
    std::string_view scheme = "https"; // https for wss, http for ws
    std::string_view authority = {};
    std::string_view path = "/";        // with the query
    std::string_view subprotocols = {}; // a list, the preferred first
    std::string_view extensions = {};   // a list as RFC 6455 §9.1 has it
    std::span<const field> fields = {};

    // The value of the first field of that name, given in lower case.
    constexpr std::optional<std::string_view> find(std::string_view name) const noexcept {
        return find_field(fields, name);
    }

    // Empty when there is none, as with clients that are no browsers. A server that browsers reach
    // checks it (RFC 6455 §10.2).
    constexpr std::string_view origin() const noexcept { return find("origin").value_or(""); }

    constexpr token_list offered_subprotocols() const noexcept {
        return {fields, "sec-websocket-protocol", subprotocols};
    }
    constexpr extension_reader offered_extensions() const noexcept {
        return extension_reader{fields, extensions};
    }

    // The values of all cookie fields; each has one or more cookies.
    constexpr field_values cookies() const noexcept { return {fields, "cookie"}; }

    // The same as one text, for whoever takes cookies as HTTP/1.1 has them; empty fields add
    // nothing. The result is in `out`, or errc::buffer_too_small.
    constexpr result<std::string_view> join_cookies(std::span<char> out) const noexcept {
        std::size_t size = 0;
        for (const std::string_view crumb : cookies()) {
            if (crumb.empty()) continue;
            // RFC 9113 §8.2.3 (R66): joined with "; "
            for (const std::string_view piece : {std::string_view(size == 0 ? "" : "; "), crumb}) {
                if (piece.size() > out.size() - size) return errc::buffer_too_small;
                for (const char c : piece) out[size++] = c;
            }
        }
        return std::string_view{out.data(), size};
    }
};

// RFC 8441 §5 (R19, S3), RFC 9110 §7.8 (R45): protocol names have no case.
constexpr bool is_websocket(std::string_view protocol) noexcept {
    return equal_ignoring_case(protocol, "websocket");
}

// The request of a head that is known to be an extended CONNECT. Whatever other fields it has are
// for the application (RFC 8441 §5, R28).
constexpr connect_request to_connect_request(const request_head& head) noexcept {
    return {.protocol = head.protocol,
            .scheme = head.scheme,
            .authority = head.authority,
            .path = head.path,
            .fields = head.fields};
}

// A received field section. Malformed: the errc's stream error. Well-formed, but no extended
// CONNECT: errc::protocol_not_supported, whose 501 is right for those too; whoever serves ordinary
// requests and plain CONNECT beside tunnels begins with read_request_head instead.
constexpr result<connect_request> read_request(std::span<const field> fields,
                                               const request_options& options = {}) noexcept {
    const result<request_head> head = read_request_head(fields, options);
    if (!head) return head.error();
    // RFC 8441 §4 (R14, R16): by method and :protocol, never one of them
    if (head->kind != request_kind::extended_connect) return errc::protocol_not_supported;
    return to_connect_request(*head);
}

// What makes a server refuse a well-formed request whatever its protocol: content of which it gives
// the length, or none at all because the stream has ended.
[[nodiscard]] constexpr errc check_tunnel(const connect_request& request,
                                          bool end_stream) noexcept {
    // RFC 9110 §9.3.6 (R43, S9): a request for a tunnel has no content; nor may its stream have
    // ended (S10)
    if (request.find("content-length")) return errc::content_length_on_connect;
    return end_stream ? errc::end_stream_on_connect : errc::none;
}

// RFC 6455 sets no number. The members are compared each with each, so there has to be one.
inline constexpr std::size_t max_subprotocols = 64;

// errc::none when the subprotocols, if there are any, are unique tokens.
[[nodiscard]] constexpr errc check_subprotocols(const connect_request& request) noexcept {
    const token_list offered = request.offered_subprotocols();
    const bool present = !request.subprotocols.empty() || request.find("sec-websocket-protocol");
    // RFC 6455 §4.1 (R133) and §4.2.1 (R142): 1#token
    if (present && offered.empty()) return errc::subprotocol_list_invalid;
    std::size_t count = 0;
    for (const std::string_view member : offered) {
        if (count == max_subprotocols || !is_token(member)) return errc::subprotocol_list_invalid;
        std::size_t left = count++;
        for (const std::string_view earlier : offered) {
            if (left-- == 0) break;
            if (earlier == member) return errc::subprotocol_list_invalid;
        }
    }
    return errc::none;
}

namespace requests {

// Fields that an application must not write by itself, because we do or nobody may.
constexpr bool is_reserved(std::string_view name) noexcept {
    return name == "content-length" || // RFC 9110 §9.3.6 (R41, R43)
           name == "host" ||           // RFC 8441 §5 (R24), RFC 9113 §8.3.1 (R75)
           name == "sec-websocket-key" || name == "sec-websocket-accept" || // RFC 8441 §5 (R26)
           name == "sec-websocket-version" || name == "sec-websocket-protocol" ||
           name == "sec-websocket-extensions";
}

constexpr bool has_reserved(std::span<const field> fields) noexcept {
    for (const field& line : fields)
        if (is_reserved(line.name)) return true;
    return false;
}

constexpr errc check(const connect_request& request) noexcept {
    const bool websocket = is_websocket(request.protocol);
    if (!is_token(request.protocol)) return errc::invalid_argument;
    // RFC 8441 §5 (R20): "https" for wss, "http" for ws
    if (!(websocket ? is_http(request.scheme) : is_scheme(request.scheme)))
        return errc::invalid_argument;
    // RFC 9113 §8.3.1 (R74, R77)
    if (!parse_authority(request.authority)) return errc::invalid_argument;
    if (!websocket && !(request.subprotocols.empty() && request.extensions.empty()))
        return errc::invalid_argument;
    if (has_reserved(request.fields)) return errc::invalid_argument;
    if (!is_field_value(request.subprotocols) || !is_field_value(request.extensions))
        return errc::invalid_argument;
    // RFC 6455 §4.1 (R133, R134)
    if (const errc error = check_subprotocols(request); error != errc::none) return error;
    return check_extensions(request.offered_extensions());
}

} // namespace requests

// The field section that a client sends, without END_STREAM; its views are those of the request,
// which must outlive it. Its error() is errc::invalid_argument where the request could not stand in
// a well-formed message or writes a field that is ours to write, subprotocol_list_invalid or
// extension_list_invalid where a list is wrong, too_many_fields.
constexpr field_list request(const connect_request& request) noexcept {
    field_list list;
    if (const errc error = requests::check(request); error != errc::none) {
        list.fail(error);
        return list;
    }
    const bool websocket = is_websocket(request.protocol);
    // RFC 9113 §8.3 (R70): all pseudo-header fields come first
    list.add(":method", "CONNECT");
    list.add(":protocol", websocket ? "websocket" : request.protocol); // RFC 8441 §5 (R18)
    list.add(":scheme", request.scheme);
    add_path(list, request.path);
    list.add(":authority", request.authority);
    // RFC 8441 §5 (R27), RFC 6455 §4.1 (R132)
    if (websocket) list.add("sec-websocket-version", "13");
    if (!request.subprotocols.empty()) list.add("sec-websocket-protocol", request.subprotocols);
    if (!request.extensions.empty()) list.add("sec-websocket-extensions", request.extensions);
    list.add_all(request.fields);
    return list;
}

} // namespace h2ws
