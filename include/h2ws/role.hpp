// The two roles. They differ in who masks: a client masks every frame, a server none
// (RFC 6455 section 5.1); hence in whose bytes must be writable.
#pragma once

#include "bytes.hpp"
#include "mask.hpp"

namespace h2ws {

// Where masking keys come from. Each key must be fresh and unpredictable (RFC 6455 §5.3, R168):
// derive it from a source of strong entropy, never from earlier keys. `next` returns false when it
// has none; nothing is sent then. What `state` points to outlives the object that uses the source.
struct masking_key_source {
    bool (*next)(void* state, masking_key& key) noexcept = nullptr;
    void* state = nullptr;
};

struct server {
    using input = mutable_bytes; // unmasked where it lies
    using output = const_bytes;
    static constexpr bool is_client = false;
};

struct client {
    using input = const_bytes;
    using output = mutable_bytes; // masked where it lies
    static constexpr bool is_client = true;

    masking_key_source keys;
};

// The bytes of an HTTP/2 DATA frame, and whether it ended the stream. websocket::poll advances
// `data`.
template <class Role>
struct inbound {
    typename Role::input data;
    bool end_stream = false;
};

} // namespace h2ws
