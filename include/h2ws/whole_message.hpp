// The usual case on a path with few branches: a message that is one frame and lies wholly in the
// input, so that nothing of it has to be remembered. What is not so, or not as it must be, is left
// to those who take octet by octet and say what is wrong (frame_reader.hpp, message_rules.hpp).
#pragma once

#include "event.hpp"
#include "limits.hpp"
#include "payload_place.hpp"
#include "utf8.hpp"

#include <optional>

namespace h2ws {

// Whether it is UTF-8. If not, what was unmasked where it lay is masked again.
template <class Bytes, class Place>
[[gnu::noinline]] bool is_good_text(Bytes masked, const_bytes text, Place place,
                                    masking_key key) noexcept {
    const bool good = is_utf8(text);
    if (!good && Place::stays) place.unmask(masked, key);
    return good;
}

// `in` begins with a frame, and no message has begun. Takes the message, gives its only piece and
// returns true; or leaves `in` as it is.
template <class Role, class Bytes, class Place>
bool take_whole_message(Bytes& in, Place place, const limits& allowed,
                        std::optional<event>& found) noexcept {
    constexpr bool masked = !Role::is_client;
    const usual_header header = read_usual_header<masked>(in);
    const std::size_t size = header.payload_length;
    if (header.size == 0 || in.size() - header.size < size) return false;
    if (size > place.room || size > allowed.max_message || allowed.max_fragments == 0)
        return false; // RFC 6455 §10.4 (R197)
    masking_key key{};
    if constexpr (masked) std::memcpy(&key, in.data() + header.size - sizeof key, sizeof key);
    const Bytes payload = in.subspan(header.size, size);
    const unmasked got = place.unmask(payload, key); // §6.2 (R195)
    if (header.type == opcode::text && !got.ascii &&
        !is_good_text(payload, got.payload, place, key))
        return false; // §5.6 (R191)
    in = in.subspan(header.size + size);
    found.emplace(message_chunk{header.type, got.payload, true, true});
    return true;
}

} // namespace h2ws
