// The WebSocket opening handshake on top of extended CONNECT (RFC 8441 section 5): RFC 6455
// section 4 without key and accept, whose task :protocol has taken over.
#pragma once

#include "errc.hpp"
#include "extended_connect.hpp"
#include "extension.hpp"
#include "field.hpp"
#include "field_list.hpp"
#include "http2_error.hpp"
#include "message_head.hpp"
#include "result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace h2ws {

struct handshake_options {
    bool strict_protocol_case = false; // take "websocket" in lower case only
};

namespace handshakes {

constexpr bool has_version_13(const connect_request& request) noexcept {
    const field_values versions{request.fields, "sec-websocket-version"};
    // RFC 6455 §4.2.1 (R143) and §4.3 (R152), S12
    return !versions.empty() && *versions.begin() == "13" && ++versions.begin() == versions.end();
}

} // namespace handshakes

// Server: whether a received request asks for a WebSocket that can be opened. Anything but
// errc::none is well-formed and answered by `refuse(error)`; errc::protocol_not_supported is also
// what a request for a raw tunnel gives. To accept is then the application's decision, from the
// origin, the path and the credentials.
[[nodiscard]] constexpr errc
check_opening_handshake(const connect_request& request, bool end_stream,
                        const handshake_options& options = {}) noexcept {
    // RFC 8441 §5 (R19, R21), RFC 9220 §3 (R37)
    const bool ours = options.strict_protocol_case ? request.protocol == "websocket"
                                                   : is_websocket(request.protocol);
    if (!ours) return errc::protocol_not_supported;
    if (const errc error = check_tunnel(request, end_stream); error != errc::none) return error;
    if (!is_http(request.scheme)) return errc::websocket_scheme_invalid; // RFC 8441 §5 (R20)
    if (!handshakes::has_version_13(request)) return errc::websocket_version_invalid;
    // RFC 6455 §4.2.1 (R142)
    if (const errc error = check_subprotocols(request); error != errc::none) return error;
    return check_extensions(request.offered_extensions()); // RFC 6455 §9.1 (R155)
}

// What a server says when it opens a tunnel. Empty means: not said.
struct acceptance {
    std::string_view subprotocol = {};          // one of those offered
    std::string_view extensions = {};           // a list, each by a name that was offered
    std::string_view sec_websocket_accept = {}; // only for clients that sent a key and insist
    std::span<const field> fields = {};
    std::uint16_t status = 200;
};

namespace handshakes {

// errc::none when every extension of the answer was offered, by name.
constexpr errc check_chosen(extension_reader chosen, const extension_reader& offered) noexcept {
    while (true) {
        const result<std::optional<extension_offer>> choice = chosen.next();
        if (!choice) return choice.error();
        if (!*choice) return errc::none;
        extension_reader offers = offered;
        result<std::optional<extension_offer>> offer = offers.next();
        while (offer && *offer && (*offer)->name != (*choice)->name) offer = offers.next();
        if (!offer || !*offer) return errc::extension_not_offered;
    }
}

constexpr errc check(const acceptance& answer, const connect_request& request) noexcept {
    // RFC 8441 §5.1 (R32), RFC 9113 §8.5 (R83)
    if (answer.status < 200 || answer.status > 299) return errc::invalid_argument;
    // RFC 6455 §4.2.2 (R148)
    if (!answer.subprotocol.empty() && !request.offered_subprotocols().contains(answer.subprotocol))
        return errc::subprotocol_not_offered;
    // RFC 9110 §9.3.6 (R41): fields that nobody writes
    if (!is_field_value(answer.extensions) || !is_field_value(answer.sec_websocket_accept))
        return errc::invalid_argument;
    if (requests::has_reserved(answer.fields)) return errc::invalid_argument;
    // RFC 6455 §4.2.2 (R149) and §9 (R157)
    return check_chosen(extension_reader{{}, answer.extensions}, request.offered_extensions());
}

} // namespace handshakes

// Server: the field section that opens the tunnel, without END_STREAM; its views are those of the
// acceptance. Its error() is subprotocol_not_offered, extension_not_offered or
// extension_list_invalid where the answer goes beyond the request, errc::invalid_argument for a
// status other than 2xx and for fields that are not the application's, too_many_fields.
constexpr field_list accept(const acceptance& answer, const connect_request& request) noexcept {
    field_list list;
    if (const errc error = handshakes::check(answer, request); error != errc::none) {
        list.fail(error);
        return list;
    }
    list.add_status(answer.status); // RFC 8441 §5.1 (R32, S4)
    // RFC 6455 §4.2.2 (R148): never an empty field
    if (!answer.subprotocol.empty()) list.add("sec-websocket-protocol", answer.subprotocol);
    if (!answer.extensions.empty()) list.add("sec-websocket-extensions", answer.extensions);
    if (!answer.sec_websocket_accept.empty()) // RFC 8441 §5 (R26, S14)
        list.add("sec-websocket-accept", answer.sec_websocket_accept);
    list.add_all(answer.fields);
    return list;
}

// Server: the field section of any other final answer, 300 to 599, to be sent with END_STREAM or
// with a body that has it. errc::invalid_argument for another status, and for fields that would
// make the answer malformed.
constexpr field_list refuse(std::uint16_t status, std::span<const field> fields = {}) noexcept {
    field_list list;
    if (status < 300 || status > 599) list.fail(errc::invalid_argument);
    list.add_status(status);
    list.add_all(fields);
    return list;
}

// The same with the status that the error calls for; 400 where a malformed request is answered
// rather than reset (RFC 9113 §8.1.1). errc::invalid_argument when it calls for neither.
constexpr field_list refuse(errc error, std::span<const field> fields = {}) noexcept {
    std::uint16_t status = info(error).http_status;
    if (status == 0 && info(error).stream_error == http2_error::protocol_error)
        status = 400; // RFC 9113 §8.1.1 (R53), §8.2.1 (R62)
    field_list list = refuse(status, fields);
    // RFC 6455 §4.2.2 (R144) and §4.4 (R153)
    if (error == errc::websocket_version_invalid) list.add("sec-websocket-version", "13");
    return list;
}

enum class response_kind : std::uint8_t {
    interim,  // 1xx: the answer is still to come
    accepted, // 2xx: the tunnel is open
    refused,  // any other: an ordinary HTTP response, maybe with a body
};

// Client: one HEADERS frame of the answer. All views are of the field section that was read.
struct connect_response {
    response_kind kind = response_kind::interim;
    std::uint16_t status = 0;
    std::string_view subprotocol = {}; // the one chosen, empty for none
    std::span<const field> fields = {};

    // Those in use, in the order of their application: RFC 6455 §4.1 (R141), §9.1 (R156), §5.8
    // (R192).
    constexpr extension_reader extensions() const noexcept { return extension_reader{fields}; }
};

struct response_options {
    bool require_subprotocol = false; // fail when some were offered and none was chosen
    field_limits limits = {};
};

namespace handshakes {

constexpr errc check_subprotocol(const field_values& chosen, const connect_request& sent,
                                 bool required) noexcept {
    const token_list offered = sent.offered_subprotocols();
    if (chosen.empty()) // RFC 6455 §4.1 (R140, S13)
        return required && !offered.empty() ? errc::subprotocol_missing : errc::none;
    // RFC 6455 §4.1 (R138, R139): one token, and one of ours
    if (++chosen.begin() != chosen.end() || !offered.contains(*chosen.begin()))
        return errc::subprotocol_not_offered;
    return errc::none;
}

} // namespace handshakes

// Client: reads one HEADERS frame of the answer to `sent`; called again after an interim one. A
// refusal is no error. Whatever the error is, there is no tunnel and the stream is reset with
// info(error).stream_error, or with CANCEL where that is NO_ERROR.
constexpr result<connect_response> read_response(std::span<const field> fields, bool end_stream,
                                                 const connect_request& sent,
                                                 const response_options& options = {}) noexcept {
    const result<response_head> head = read_response_head(fields, end_stream, options.limits);
    if (!head) return head.error(); // RFC 9113 §8.1.1 (R54)
    connect_response response{response_kind::refused, head->status, {}, head->fields};
    if (head->is_interim()) response.kind = response_kind::interim; // RFC 9113 §8.1 (R46)
    // RFC 9110 §9.3.6 (R40), RFC 6455 §4.1 (R136)
    if (!head->is_success()) return response;
    // Content-length means nothing here (RFC 9110 §9.3.6, R42), nor does sec-websocket-accept
    // (RFC 8441 §5, R25).
    response.kind = response_kind::accepted;
    if (end_stream) return errc::end_stream_on_response; // RFC 8441 §5 (R29)
    if (!is_websocket(sent.protocol)) return response;
    const field_values chosen{head->fields, "sec-websocket-protocol"};
    if (const errc error = handshakes::check_subprotocol(chosen, sent, options.require_subprotocol);
        error != errc::none)
        return error;
    if (!chosen.empty()) response.subprotocol = *chosen.begin(); // RFC 6455 §4.1 (R141)
    // RFC 6455 §4.1 (R137)
    if (const errc error =
            handshakes::check_chosen(response.extensions(), sent.offered_extensions());
        error != errc::none)
        return error;
    return response;
}

} // namespace h2ws
