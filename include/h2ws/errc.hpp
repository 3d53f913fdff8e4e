// Every way in which something can be wrong, and one table that says for each what goes on the
// wire: the WebSocket close code, the HTTP/2 error code or the HTTP status, and the RFC section
// whose rule was broken.
#pragma once

#include "http2_error.hpp"
#include "status_code.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace h2ws {

enum class errc : std::uint8_t {
    none,
    // frames and messages (RFC 6455): the connection is failed with a close code
    unmasked_frame,
    masked_frame,
    reserved_bit,
    reserved_opcode,
    length_high_bit,
    length_not_minimal,
    control_frame_fragmented,
    control_frame_too_long,
    unexpected_continuation,
    unfinished_message,
    text_not_utf8,
    close_payload_too_short,
    close_code_invalid,
    close_reason_not_utf8,
    message_too_big,
    too_many_fragments,
    inflates_too_much,
    extension_data_invalid,
    extension_failure,
    // endings without a closing handshake: status code 1006
    end_stream_without_close,
    reset_by_peer,
    reset_by_us,
    connection_lost,
    headers_on_tunnel,
    handshake_timeout,
    keepalive_timeout,
    idle_timeout,
    close_timeout,
    output_stalled,
    // malformed field sections (RFC 9113): a stream error
    malformed_message,
    field_name_invalid,
    field_value_invalid,
    connection_specific_field,
    te_invalid,
    pseudo_field_undefined,
    pseudo_field_misplaced,
    pseudo_field_repeated,
    method_missing,
    scheme_invalid,
    path_invalid,
    authority_missing,
    authority_invalid,
    host_mismatch,
    connect_with_scheme_or_path,
    protocol_without_connect,
    protocol_invalid,
    protocol_not_enabled,
    status_invalid,
    status_101,
    interim_with_end_stream,
    early_data_too_long,
    // well-formed requests that are refused with an HTTP status
    protocol_not_supported,
    content_length_on_connect,
    end_stream_on_connect,
    websocket_scheme_invalid,
    websocket_version_invalid,
    subprotocol_list_invalid,
    extension_list_invalid,
    too_many_fields,
    too_many_tunnels,
    // answers that a client cannot take
    status_not_2xx,
    subprotocol_not_offered,
    subprotocol_missing,
    extension_not_offered,
    extension_conflict,
    deflate_parameters_invalid,
    deflate_not_offered,
    deflate_unsupported,
    end_stream_on_response,
    connect_not_enabled,
    stream_not_processed,
    // the connection
    settings_value_invalid,
    settings_withdrawn,
    connection_error,
    compression_error,
    flooded,
    preface_invalid,
    frame_size_invalid,
    stream_id_invalid,
    padding_invalid,
    frame_unexpected,
    frame_on_closed_stream,
    push_not_allowed,
    setting_invalid,
    window_increment_zero,
    window_exceeded,
    // the caller's own mistakes: returned, never sent
    not_open,
    invalid_argument,
    status_code_not_sendable,
    buffer_too_small,
    no_masking_key,
    no_memory,
    queue_full,
    content_length_mismatch,
    not_prepared,
    callback_missing,
    uri_invalid,
};

struct error_info {
    errc code;
    std::string_view name;
    status_code close;         // sent in a Close, or reported where no Close came (1006)
    http2_error stream_error;  // for RST_STREAM or GOAWAY; NO_ERROR: the stream is not reset for it
    std::uint16_t http_status; // the answer to a request; 0: none is given
    std::string_view section;
    std::string_view sentence;
};

namespace errors {

// A text whose size the compiler knows: counted, the sizes of the table below would cost every
// source that includes us a fiftieth of its compile time.
struct literal : std::string_view {
    template <std::size_t N>
    constexpr literal(const char (&text)[N]) noexcept : std::string_view(text, N - 1) {}
};

constexpr error_info failed(errc code, literal name, status_code close, literal section,
                            literal sentence) noexcept {
    return {code, name, close, http2_error::no_error, 0, section, sentence};
}

constexpr error_info reset(errc code, literal name, http2_error stream_error, literal section,
                           literal sentence) noexcept {
    return {code, name, status_code::abnormal_closure, stream_error, 0, section, sentence};
}

constexpr error_info malformed(errc code, literal name, literal section,
                               literal sentence) noexcept {
    return reset(code, name, http2_error::protocol_error, section, sentence);
}

constexpr error_info refused(errc code, literal name, std::uint16_t http_status, literal section,
                             literal sentence) noexcept {
    return {code,    name,    status_code::abnormal_closure, http2_error::no_error, http_status,
            section, sentence};
}

constexpr error_info mistake(errc code, literal name, literal sentence) noexcept {
    return {code, name, status_code::internal_error, http2_error::internal_error, 0, "", sentence};
}

inline constexpr std::array table{
    error_info{errc::none, "none", status_code::normal_closure, http2_error::no_error, 0, "",
               "nothing is wrong"},
    failed(errc::unmasked_frame, "unmasked_frame", status_code::protocol_error, "RFC 6455 5.1",
           "a client's frame is not masked"),
    failed(errc::masked_frame, "masked_frame", status_code::protocol_error, "RFC 6455 5.1",
           "a server's frame is masked"),
    failed(errc::reserved_bit, "reserved_bit", status_code::protocol_error, "RFC 6455 5.2",
           "a reserved bit is set that no extension defines"),
    failed(errc::reserved_opcode, "reserved_opcode", status_code::protocol_error, "RFC 6455 5.2",
           "the opcode is reserved"),
    failed(errc::length_high_bit, "length_high_bit", status_code::protocol_error, "RFC 6455 5.2",
           "the highest bit of a 64-bit length is set"),
    failed(errc::length_not_minimal, "length_not_minimal", status_code::protocol_error,
           "RFC 6455 5.2", "the payload length is not encoded in the fewest bytes"),
    failed(errc::control_frame_fragmented, "control_frame_fragmented", status_code::protocol_error,
           "RFC 6455 5.5", "a control frame is fragmented"),
    failed(errc::control_frame_too_long, "control_frame_too_long", status_code::protocol_error,
           "RFC 6455 5.5", "a control frame's payload is longer than 125 bytes"),
    failed(errc::unexpected_continuation, "unexpected_continuation", status_code::protocol_error,
           "RFC 6455 5.4", "a continuation frame continues no message"),
    failed(errc::unfinished_message, "unfinished_message", status_code::protocol_error,
           "RFC 6455 5.4", "a new message begins before the last one has ended"),
    failed(errc::text_not_utf8, "text_not_utf8", status_code::invalid_payload_data, "RFC 6455 8.1",
           "a text message is not valid UTF-8"),
    failed(errc::close_payload_too_short, "close_payload_too_short", status_code::protocol_error,
           "RFC 6455 5.5.1", "a Close frame's payload is one byte long"),
    failed(errc::close_code_invalid, "close_code_invalid", status_code::protocol_error,
           "RFC 6455 7.4", "a Close frame carries a status code that must not be sent"),
    failed(errc::close_reason_not_utf8, "close_reason_not_utf8", status_code::invalid_payload_data,
           "RFC 6455 8.1", "a Close frame's reason is not valid UTF-8"),
    failed(errc::message_too_big, "message_too_big", status_code::message_too_big, "RFC 6455 10.4",
           "a message is longer than the limit"),
    failed(errc::too_many_fragments, "too_many_fragments", status_code::policy_violation,
           "RFC 6455 10.4", "a message has more fragments than the limit"),
    failed(errc::inflates_too_much, "inflates_too_much", status_code::message_too_big,
           "RFC 6455 10.4", "a message is larger, decompressed, than the limits allow"),
    failed(errc::extension_data_invalid, "extension_data_invalid",
           status_code::invalid_payload_data, "RFC 7692 6.2",
           "the extension cannot decode a message"),
    failed(errc::extension_failure, "extension_failure", status_code::internal_error,
           "RFC 6455 7.4.1", "the extension failed at this end"),

    reset(errc::end_stream_without_close, "end_stream_without_close", http2_error::cancel,
          "RFC 6455 7.1.5", "the stream ended without a Close frame"),
    reset(errc::reset_by_peer, "reset_by_peer", http2_error::no_error, "RFC 8441 5",
          "the peer reset the stream"),
    reset(errc::reset_by_us, "reset_by_us", http2_error::cancel, "RFC 8441 5",
          "this end reset the stream"),
    reset(errc::connection_lost, "connection_lost", http2_error::no_error, "RFC 6455 7.2.1",
          "the connection was lost"),
    malformed(errc::headers_on_tunnel, "headers_on_tunnel", "RFC 9113 8.5",
              "HEADERS arrived on an open tunnel"),
    reset(errc::handshake_timeout, "handshake_timeout", http2_error::cancel, "RFC 6455 4.1",
          "the opening handshake was not answered in time"),
    failed(errc::keepalive_timeout, "keepalive_timeout", status_code::going_away, "RFC 6455 5.5.2",
           "no pong answered a keepalive ping in time"),
    failed(errc::idle_timeout, "idle_timeout", status_code::going_away, "RFC 6455 7.3",
           "nothing was exchanged for too long"),
    reset(errc::close_timeout, "close_timeout", http2_error::cancel, "RFC 6455 7.1.1",
          "no Close answered ours in time"),
    reset(errc::output_stalled, "output_stalled", http2_error::cancel, "RFC 9113 6.9",
          "the peer took no output for too long"),

    malformed(errc::malformed_message, "malformed_message", "RFC 9113 8.1.1",
              "the field section is malformed"),
    malformed(errc::field_name_invalid, "field_name_invalid", "RFC 9113 8.2.1",
              "a field name is empty or has a character that is not allowed"),
    malformed(errc::field_value_invalid, "field_value_invalid", "RFC 9113 8.2.1",
              "a field value has NUL, CR or LF, or white space at an end"),
    malformed(errc::connection_specific_field, "connection_specific_field", "RFC 9113 8.2.2",
              "a connection-specific field is present"),
    malformed(errc::te_invalid, "te_invalid", "RFC 9113 8.2.2",
              "te has a value other than trailers"),
    malformed(errc::pseudo_field_undefined, "pseudo_field_undefined", "RFC 9113 8.3",
              "a pseudo-header field is not defined for this message"),
    malformed(errc::pseudo_field_misplaced, "pseudo_field_misplaced", "RFC 9113 8.3",
              "a pseudo-header field follows a regular field"),
    malformed(errc::pseudo_field_repeated, "pseudo_field_repeated", "RFC 9113 8.3",
              "a pseudo-header field is repeated"),
    malformed(errc::method_missing, "method_missing", "RFC 9113 8.3.1", ":method is missing"),
    malformed(errc::scheme_invalid, "scheme_invalid", "RFC 9113 8.3.1",
              ":scheme is missing or not a scheme"),
    malformed(errc::path_invalid, "path_invalid", "RFC 9113 8.3.1",
              ":path is missing or not an absolute path with an optional query"),
    malformed(errc::authority_missing, "authority_missing", "RFC 9113 8.3.1",
              ":authority is missing"),
    malformed(errc::authority_invalid, "authority_invalid", "RFC 9113 8.3.1",
              ":authority has user information or is not an authority"),
    malformed(errc::host_mismatch, "host_mismatch", "RFC 9113 8.3.1",
              "host is there twice, or names another entity than :authority"),
    malformed(errc::connect_with_scheme_or_path, "connect_with_scheme_or_path", "RFC 9113 8.5",
              "a CONNECT without :protocol has :scheme or :path"),
    malformed(errc::protocol_without_connect, "protocol_without_connect", "RFC 8441 4",
              ":protocol stands on a method other than CONNECT"),
    malformed(errc::protocol_invalid, "protocol_invalid", "RFC 8441 4",
              ":protocol is not one token"),
    malformed(errc::protocol_not_enabled, "protocol_not_enabled", "RFC 8441 3",
              ":protocol was used though extended CONNECT was not enabled"),
    malformed(errc::status_invalid, "status_invalid", "RFC 9113 8.3.2",
              ":status is missing or not three digits"),
    malformed(errc::status_101, "status_101", "RFC 9113 8.6",
              "101 (Switching Protocols) does not exist in HTTP/2"),
    malformed(errc::interim_with_end_stream, "interim_with_end_stream", "RFC 9113 8.1",
              "an interim response ends the stream"),
    reset(errc::early_data_too_long, "early_data_too_long", http2_error::enhance_your_calm,
          "RFC 6455 4.1", "too much data arrived before the answer"),

    refused(errc::protocol_not_supported, "protocol_not_supported", 501, "RFC 9220 3",
            "the protocol in :protocol is not supported"),
    refused(errc::content_length_on_connect, "content_length_on_connect", 400, "RFC 9110 9.3.6",
            "a CONNECT request has content-length"),
    refused(errc::end_stream_on_connect, "end_stream_on_connect", 400, "RFC 8441 5",
            "the CONNECT request ended its stream"),
    refused(errc::websocket_scheme_invalid, "websocket_scheme_invalid", 400, "RFC 8441 5",
            ":scheme is neither http nor https"),
    refused(errc::websocket_version_invalid, "websocket_version_invalid", 400, "RFC 6455 4.4",
            "sec-websocket-version is not 13"),
    refused(errc::subprotocol_list_invalid, "subprotocol_list_invalid", 400, "RFC 6455 4.1",
            "sec-websocket-protocol is not a list of unique tokens"),
    refused(errc::extension_list_invalid, "extension_list_invalid", 400, "RFC 6455 9.1",
            "sec-websocket-extensions does not match its grammar"),
    refused(errc::too_many_fields, "too_many_fields", 431, "RFC 9113 10.5.1",
            "the field section is larger than the limit"),
    refused(errc::too_many_tunnels, "too_many_tunnels", 503, "RFC 9113 10.5.2",
            "the connection has as many tunnels as the limit allows"),

    reset(errc::status_not_2xx, "status_not_2xx", http2_error::no_error, "RFC 9113 8.5",
          "the server refused the tunnel"),
    reset(errc::subprotocol_not_offered, "subprotocol_not_offered", http2_error::cancel,
          "RFC 6455 4.1", "the server chose a subprotocol that was not offered"),
    reset(errc::subprotocol_missing, "subprotocol_missing", http2_error::cancel, "RFC 6455 4.1",
          "the server chose none of the subprotocols"),
    reset(errc::extension_not_offered, "extension_not_offered", http2_error::cancel, "RFC 6455 9.1",
          "the server chose an extension that was not offered"),
    reset(errc::extension_conflict, "extension_conflict", http2_error::cancel, "RFC 7692 5",
          "the server chose an extension that cannot be used beside another one"),
    reset(errc::deflate_parameters_invalid, "deflate_parameters_invalid", http2_error::cancel,
          "RFC 7692 7",
          "a parameter of permessage-deflate is undefined, is repeated or has an invalid value"),
    reset(errc::deflate_not_offered, "deflate_not_offered", http2_error::cancel, "RFC 7692 5",
          "permessage-deflate was chosen with parameters that no offer allows"),
    reset(errc::deflate_unsupported, "deflate_unsupported", http2_error::cancel, "RFC 7692 7",
          "a window that permessage-deflate is to keep to is smaller than ours can be"),
    reset(errc::end_stream_on_response, "end_stream_on_response", http2_error::cancel,
          "RFC 6455 7.1.5", "the response that opened the tunnel ended the stream"),
    reset(errc::connect_not_enabled, "connect_not_enabled", http2_error::no_error, "RFC 8441 3",
          "the server did not enable extended CONNECT"),
    reset(errc::stream_not_processed, "stream_not_processed", http2_error::no_error, "RFC 9113 8.7",
          "the server did not process the request; it may be retried"),

    malformed(errc::settings_value_invalid, "settings_value_invalid", "RFC 8441 3",
              "SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1"),
    malformed(errc::settings_withdrawn, "settings_withdrawn", "RFC 8441 3",
              "SETTINGS_ENABLE_CONNECT_PROTOCOL went from 1 to 0"),
    malformed(errc::connection_error, "connection_error", "RFC 9113 5.4.1",
              "the HTTP/2 connection failed"),
    reset(errc::compression_error, "compression_error", http2_error::compression_error,
          "RFC 9113 4.3", "a field block cannot be decoded"),
    reset(errc::flooded, "flooded", http2_error::enhance_your_calm, "RFC 9113 10.5",
          "the peer did one thing more often than the limit allows"),
    malformed(errc::preface_invalid, "preface_invalid", "RFC 9113 3.4",
              "the connection does not begin with the preface and SETTINGS"),
    reset(errc::frame_size_invalid, "frame_size_invalid", http2_error::frame_size_error,
          "RFC 9113 4.2", "a frame's length is above the limit, or not that of its type"),
    malformed(errc::stream_id_invalid, "stream_id_invalid", "RFC 9113 5.1.1",
              "a frame stands on a stream that it cannot stand on"),
    malformed(errc::padding_invalid, "padding_invalid", "RFC 9113 6.1",
              "the padding is longer than the frame"),
    malformed(errc::frame_unexpected, "frame_unexpected", "RFC 9113 5.1",
              "a frame came in a state that does not allow it"),
    reset(errc::frame_on_closed_stream, "frame_on_closed_stream", http2_error::stream_closed,
          "RFC 9113 5.1", "a frame came after the end of its stream"),
    malformed(errc::push_not_allowed, "push_not_allowed", "RFC 9113 8.4",
              "PUSH_PROMISE came though push is not enabled"),
    malformed(errc::setting_invalid, "setting_invalid", "RFC 9113 6.5.2",
              "a setting has a value that it cannot have"),
    malformed(errc::window_increment_zero, "window_increment_zero", "RFC 9113 6.9",
              "WINDOW_UPDATE adds nothing"),
    reset(errc::window_exceeded, "window_exceeded", http2_error::flow_control_error,
          "RFC 9113 6.9.1", "more came than the window allowed, or the window is above 2^31-1"),

    mistake(errc::not_open, "not_open", "the call came too late: this direction has closed"),
    mistake(errc::invalid_argument, "invalid_argument", "an argument is not allowed here"),
    mistake(errc::status_code_not_sendable, "status_code_not_sendable",
            "the status code must not stand in a Close frame (RFC 6455 7.4.1)"),
    mistake(errc::buffer_too_small, "buffer_too_small", "the result does not fit its buffer"),
    mistake(errc::no_masking_key, "no_masking_key",
            "the source of masking keys failed (RFC 6455 5.3)"),
    mistake(errc::no_memory, "no_memory", "memory could not be allocated"),
    mistake(errc::queue_full, "queue_full", "more output is queued than the limit allows"),
    mistake(errc::content_length_mismatch, "content_length_mismatch",
            "the body is not as long as its content-length (RFC 9113 8.1.1)"),
    mistake(errc::not_prepared, "not_prepared",
            "the HTTP/2 session was made without the options that tunnels need"),
    mistake(errc::callback_missing, "callback_missing",
            "a callback that tunnels need was not forwarded to them"),
    mistake(errc::uri_invalid, "uri_invalid",
            "the URI is not a ws or wss URI without fragment (RFC 6455 3)"),
};

static_assert(
    [] {
        for (std::size_t i = 0; i < table.size(); ++i)
            if (static_cast<std::size_t>(table[i].code) != i) return false;
        return table.size() == static_cast<std::size_t>(errc::uri_invalid) + 1;
    }(),
    "one row per errc, in the enumeration's order");

} // namespace errors

// What is known of an error. The views are of static storage.
constexpr const error_info& info(errc code) noexcept {
    return errors::table[static_cast<std::size_t>(code)];
}

} // namespace h2ws
