#pragma once

#include "stack.hpp"

// False: the tunnel is closing, nothing was sent.
bool send_text(tunnel& on, std::string_view text) {
    const auto frame = on.socket.send(h2ws::opcode::text, h2ws::as_bytes(text));
    if (!frame) return false;
    on.stream.send_data(frame->header(), false);
    on.stream.send_data(frame->payload, false);
    return true;
}

void close(tunnel& on, h2ws::status_code code, std::string_view reason) {
    if (const auto frame = on.socket.send_close(code, reason))
        on.stream.send_data(frame->bytes(), false);
}
