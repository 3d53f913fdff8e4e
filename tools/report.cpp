#include "report.hpp"

#include <cstdio>

namespace h2ws::tools {

namespace {

void write_line(std::FILE* to, std::string_view prefix, std::string_view text) {
    std::string line(prefix);
    line += text;
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), to);
    std::fflush(to);
}

} // namespace

void print_line(std::string_view line) { write_line(stdout, "", line); }

void complain(std::string_view message) { write_line(stderr, "h2ws: ", message); }

std::string describe(errc error) {
    const error_info& what = info(error);
    std::string text(what.sentence);
    text += " (";
    if (!what.section.empty()) text.append(what.section).append(", ");
    return text.append(what.name).append(")");
}

std::string printable(std::string_view text) {
    std::string shown(text);
    for (char& c : shown)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return shown;
}

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find_first_of("\r\n"));
}

exit_status status_of(errc error) {
    switch (error) {
    case errc::none: return exit_status::success;
    case errc::status_not_2xx: return exit_status::refused;
    case errc::connect_not_enabled: return exit_status::no_websockets;
    case errc::end_stream_without_close:
    case errc::reset_by_peer:
    case errc::reset_by_us:
    case errc::connection_lost:
    case errc::stream_not_processed: return exit_status::abnormal_ending;
    case errc::handshake_timeout:
    case errc::keepalive_timeout:
    case errc::idle_timeout:
    case errc::close_timeout:
    case errc::output_stalled: return exit_status::timeout;
    default: break;
    }
    // Only the caller's own mistakes break no section.
    return info(error).section.empty() ? exit_status::internal_error
                                       : exit_status::protocol_violation;
}

} // namespace h2ws::tools
