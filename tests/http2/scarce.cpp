// Our own HTTP/2 when memory runs out.
#include "model.hpp"

#include "../scarce_memory.hpp"

using model = http2_model;

// All that it takes comes from the session's allocator.
struct engine_memory {
    engine_memory(bool, scarce_memory&) noexcept {}
};

#include "../engine_suite/scarce.hpp"
