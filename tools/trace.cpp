#include "trace.hpp"

#include <cstdint>
#include <cstdio>

namespace h2ws::tools {

namespace {

std::string_view name_of(opcode type) {
    switch (type) {
    case opcode::continuation: return "continuation";
    case opcode::text: return "text";
    case opcode::binary: return "binary";
    case opcode::close: return "close";
    case opcode::ping: return "ping";
    case opcode::pong: return "pong";
    }
    return "reserved opcode";
}

} // namespace

void trace::line(char mark, std::string_view text) const {
    if (!shown_) return;
    std::string whole{mark, ' '};
    whole += printable(text);
    whole += '\n';
    std::fwrite(whole.data(), 1, whole.size(), stderr);
}

void trace::settings(bool enabled, const peer_settings& values) const {
    const std::uint32_t streams = values.max_concurrent_streams;
    line('<', std::string("SETTINGS: extended CONNECT ") + (enabled ? "enabled" : "not enabled") +
                  ", concurrent streams " +
                  (streams == 0xffff'ffff ? "without limit" : std::to_string(streams)) +
                  ", window of a stream " + std::to_string(values.initial_window_size) +
                  ", largest frame " + std::to_string(values.max_frame_size));
}

void trace::list(char mark, std::span<const field> fields) const {
    for (const field& each : fields) {
        std::string text(each.name);
        line(mark, text.append(": ").append(each.value));
    }
}

void trace::frame(char mark, opcode type, std::size_t size, bool first, bool last) const {
    std::string text(name_of(type));
    text += ", " + std::to_string(size) + (size == 1 ? " byte" : " bytes");
    if (!first || !last)
        text += first ? ", the beginning" : last ? ", the end" : ", to be continued";
    line(mark, text);
}

void trace::close(char mark, status_code code, std::string_view reason) const {
    std::string text = "close, " + std::to_string(static_cast<std::uint16_t>(code));
    if (code == status_code::no_status_received) text = "close, without a code";
    if (!reason.empty()) text.append(", ").append(reason);
    line(mark, text);
}

} // namespace h2ws::tools
