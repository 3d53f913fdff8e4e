// The session concept: one HTTP/2 connection as its owner sees it, whoever speaks HTTP/2. Bytes go
// in through `poll`, which gives events; bytes come out of `transmit`; time is an argument.
//
//     after every read:    while (auto event = session.poll(in, now)) handle(*event);
//     after every call:    while (auto event = session.poll(nothing, now)) handle(*event);
//     then:                write(session.transmit(now)); session.transmitted(written);
//     at deadline():       session.expire(now);
//     when all is done:    if (session.finished()) close the transport
//
// One strand per connection: a session is not thread-safe.
#pragma once

#include "bytes.hpp"
#include "instant.hpp"
#include "message_buffer.hpp"
#include "session_base.hpp"
#include "stream_event.hpp"

#include <concepts>
#include <optional>

namespace h2ws {

// clang-format off: version 14 tears compound requirements with noexcept apart

template <class S>
concept session = requires(S session, mutable_bytes in, const_bytes bytes, message_buffer buffer,
                           instant now, tunnel_id tunnel, request_id request) {
    { session.poll(in, now) }
    noexcept->std::same_as<std::optional<stream_event>>;
    { session.transmit(now) }
    noexcept->std::same_as<std::span<const const_bytes>>;
    { session.transmitted(std::size_t{}) }
    noexcept;
    { session.finished() }
    noexcept->std::same_as<bool>;
    { session.lost(connection_loss::failed) }
    noexcept;
    { session.deadline() }
    noexcept->std::same_as<instant>;
    { session.expire(now) }
    noexcept;
    { session.shutdown(now) }
    noexcept;
    { session.stream_id(tunnel) }
    noexcept->std::same_as<std::int32_t>;
    { session.stream_id(request) }
    noexcept->std::same_as<std::int32_t>;
    { session.options() }
    noexcept->std::same_as<const session_options&>;
    { session.queued(tunnel) }
    noexcept->std::same_as<std::size_t>;
    { session.queued(request) }
    noexcept->std::same_as<std::size_t>;
    { session.consume(tunnel, std::size_t{}) }
    noexcept;
    { session.consume(request, std::size_t{}) }
    noexcept;
    { session.send(tunnel, opcode::text, bytes, now, true) }
    noexcept->std::same_as<result<void>>;
    { session.send(tunnel, opcode::text, std::move(buffer), now, true) }
    noexcept->std::same_as<result<void>>;
    { session.send_ping(tunnel, bytes, now) }
    noexcept->std::same_as<result<void>>;
    { session.send_close(tunnel, status_code::normal_closure, std::string_view{}, now) }
    noexcept->std::same_as<result<void>>;
    { session.reset(tunnel, http2_error::cancel, now) }
    noexcept->std::same_as<result<void>>;
    { session.reset(request, http2_error::cancel, now) }
    noexcept->std::same_as<result<void>>;
    { session.write(tunnel, bytes, true, now) }
    noexcept->std::same_as<result<void>>;
    { session.write(request, bytes, true, now) }
    noexcept->std::same_as<result<void>>;
    { session.send_trailers(request, std::span<const field>{}, now) }
    noexcept->std::same_as<result<void>>;
};

// A session that answers.
template <class S>
concept accepting_session = session<S> &&
    requires(S session, tunnel_id tunnel, request_id request, instant now) {
    { session.accept(tunnel, acceptance{}, now) }
    noexcept->std::same_as<result<void>>;
    { session.refuse(tunnel, std::uint16_t{403}, now) }
    noexcept->std::same_as<result<void>>;
    { session.send_interim(request, std::uint16_t{103}, std::span<const field>{}, now) }
    noexcept->std::same_as<result<void>>;
    { session.respond(request, std::uint16_t{200}, std::span<const field>{}, const_bytes{}, now) }
    noexcept->std::same_as<result<void>>;
};

// A session that asks.
template <class S>
concept opening_session = session<S> && requires(S session, connect_request wanted, instant now) {
    { session.open(wanted, now) }
    noexcept->std::same_as<result<tunnel_id>>;
    { session.request(std::span<const field>{}, true, now) }
    noexcept->std::same_as<result<request_id>>;
};

// clang-format on

} // namespace h2ws
