// Prints the README's table of limits from the defaults of the options themselves.
#include <h2ws/message_head.hpp>
#include <h2ws/session_options.hpp>

#include <cstdio>
#include <string>

std::string grouped(unsigned long long value) {
    std::string digits = std::to_string(value);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string bytes(unsigned long long value) {
    if (value % (1 << 20) == 0) return grouped(value >> 20) + " MiB";
    if (value % (1 << 10) == 0) return grouped(value >> 10) + " KiB";
    return grouped(value) + " bytes";
}

std::string time(h2ws::duration value) {
    return value == h2ws::never
               ? "never"
               : grouped(static_cast<unsigned long long>(value) / 1'000'000'000) + " s";
}

void row(const char* option, const std::string& value, const char* bounds) {
    std::printf("| `%s` | %s | %s |\n", option, value.c_str(), bounds);
}

void print_messages(const h2ws::limits& of) {
    row("messages.max_message", bytes(of.max_message),
        "bytes of one message, decoded; more fails the peer with 1009");
    row("messages.max_fragments", grouped(of.max_fragments),
        "frames of one message, empty ones too: they cost time");
}

void print_session(const h2ws::session_options& of) {
    row("max_fields`, `max_field_bytes", grouped(of.max_fields) + ", " + bytes(of.max_field_bytes),
        "lines of one field section, and its octets; more is answered 431");
    row("max_streams", grouped(of.max_streams), "tunnels and requests of a connection together");
    row("max_pending", grouped(of.max_pending), "tunnels that wait for accept or refuse; then 503");
    row("max_waiting", grouped(of.max_waiting), "a client's, asked for and not yet on a stream");
    row("max_early_data", bytes(of.max_early_data), "held of a tunnel that is not yet accepted");
    row("stream_window`, `max_stream_window",
        bytes(static_cast<unsigned long long>(of.stream_window)) + ", " +
            bytes(static_cast<unsigned long long>(of.max_stream_window)),
        "received on one tunnel and not consumed, at first and grown");
    row("connection_window`, `max_connection_window",
        bytes(static_cast<unsigned long long>(of.connection_window)) + ", " +
            bytes(static_cast<unsigned long long>(of.max_connection_window)),
        "on its way to us on all tunnels");
    row("max_held", bytes(of.max_held), "received on all tunnels and not consumed");
    row("max_queued`, `max_queued_in_all",
        bytes(of.max_queued) + ", " + bytes(of.max_queued_in_all),
        "queued on one tunnel, and on all; then `send` says `queue_full`");
}

void print_floods(const h2ws::flood_limits& of) {
    row("floods.interval", time(of.interval), "of the counts below; beyond one: GOAWAY");
    row("floods.pings`, `floods.settings", grouped(of.pings) + ", " + grouped(of.settings),
        "PING and SETTINGS frames");
    row("floods.empty_data`, `floods.small_frames",
        grouped(of.empty_data) + ", " + grouped(of.small_frames),
        "DATA with nothing in it; PRIORITY, WINDOW_UPDATE, interim answers, unknown frames");
    row("floods.resets_received`, `floods.resets_provoked",
        grouped(of.resets_received) + ", " + grouped(of.resets_provoked),
        "RST_STREAM before both Closes, and for the peer's faults");
    row("floods.handshakes`, `floods.websocket_pings",
        grouped(of.handshakes) + ", " + grouped(of.websocket_pings),
        "requests for tunnels that were refused; pings on all tunnels");
}

void print_times(const h2ws::timeouts& of, const h2ws::keepalive_options& ping) {
    row("waits.handshake", time(of.handshake), "from the request for a tunnel to its answer");
    row("waits.idle", time(of.idle), "without a message, pings not counted");
    row("waits.close", time(of.close), "from our Close to the end of the peer's half");
    row("waits.end_stream", time(of.end_stream), "of that, before we end our half first");
    row("waits.stalled", time(of.stalled), "output waits and the peer takes none of it");
    row("waits.goaway", time(of.goaway), "between the two GOAWAY of a shutdown, at most");
    row("ping.interval`, `ping.timeout", time(ping.interval) + ", " + time(ping.timeout),
        "silence before a ping, and after it");
}

int main() {
    const h2ws::session_options defaults;
    std::printf("| `session_options` | default | bounds |\n| --- | --- | --- |\n");
    print_messages(defaults.messages);
    print_session(defaults);
    print_times(defaults.waits, defaults.ping);
    print_floods(defaults.floods);
}
