#pragma once

#include <h2ws/h2ws.hpp>

struct setting {
    std::uint16_t id;
    std::uint32_t value;
};

// A server's first SETTINGS have this among them.
constexpr setting takes_tunnels{h2ws::settings_enable_connect_protocol, 1};

// A client: each SETTINGS frame that is no acknowledgement. An error is one of the connection:
// GOAWAY with info(error).stream_error.
h2ws::errc settings_arrived(h2ws::connect_gate& gate, std::span<const setting> settings) {
    for (const setting& one : settings)
        if (const auto taken = gate.receive(one.id, one.value); !taken) return taken.error();
    gate.settings_received();
    return h2ws::errc::none;
}
