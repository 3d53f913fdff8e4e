// The slot of a websocket for one extension that owns RSV1, as permessage-deflate does
// (RFC 6455 section 5.8, RFC 7692 section 6). Framing, fragmentation, limits and UTF-8 stay with
// the websocket; an extension turns the payload of a message into other bytes and back.
#pragma once

#include "bytes.hpp"
#include "extension.hpp"
#include "result.hpp"

#include <concepts>

namespace h2ws {

// The default: RSV1 stays reserved, and none of the extension's code is compiled in.
struct no_extension {
    static constexpr bool owns_rsv1 = false;
    static constexpr bool active() noexcept { return false; }
};

// What one call of `decode` gave.
struct decoded {
    const_bytes data; // lent until the next call
    bool more;        // call again before new input: the decoder still holds output
};

// What one call of `encode` gave.
struct encoded {
    std::size_t size; // bytes written
    bool more;        // call again before new payload: the encoder still holds output
};

// What fills the slot. An extension may be off for one websocket (`active`), and passes over a
// message whose first frame has RSV1 clear.
template <class E>
concept message_extension = requires(E extension, const_bytes& in, mutable_bytes out, bool last) {
    { E::owns_rsv1 } -> std::convertible_to<bool>;
    // Whether the handshake agreed on it (R226).
    { extension.active() }
    noexcept->std::same_as<bool>;
    // Takes what it can off the front of an encoded message's next bytes, at least one of them
    // unless it gives data; `last`: the message ends with them. An errc fails the connection (S19):
    // what was decoded before it must have been given by an earlier call.
    { extension.decode(in, last) }
    noexcept->std::same_as<result<decoded>>;
    // Takes what it can off the front of a message's next bytes and writes into `out`.
    { extension.encode(in, out, last) }
    noexcept->std::same_as<result<encoded>>;
};

// One that may leave a message as it is. A message that is copied is encoded if this is true of its
// first bytes, which are all of it with `last`.
template <class E>
concept selective_extension = message_extension<E> && requires(E extension, bool last) {
    { extension.chooses(const_bytes{}, last) }
    noexcept->std::same_as<bool>;
};

// One that sessions ask how much room a call of `encode` should have for a payload of that size.
template <class E>
concept sized_extension = message_extension<E> && requires(const E extension) {
    { extension.room(std::size_t{}) }
    noexcept->std::same_as<std::size_t>;
};

// One that sessions tell what the server has chosen of what the request offered.
template <class E>
concept negotiated_extension = message_extension<E> &&
    requires(E extension, const extension_reader& list) {
    // A client's: an errc fails the tunnel, its stream is reset with info(error).stream_error.
    { extension.agree(list, list) }
    noexcept->std::same_as<errc>;
    // A server's: with an errc the answer is not sent.
    { extension.confirm(list, list) }
    noexcept->std::same_as<errc>;
};

} // namespace h2ws
