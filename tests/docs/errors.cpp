// Prints docs/errors.md's table from the code's own.
#include <h2ws/errc.hpp>

#include <cstdio>
#include <string>

namespace {

using h2ws::errc;

// What an error ends.
const char* scope(errc code) {
    if (code == errc::none) return "-";
    if (code >= errc::not_open) return "the call";
    switch (code) {
    case errc::frame_size_invalid:
    case errc::frame_on_closed_stream:
    case errc::window_increment_zero:
    case errc::window_exceeded: return "stream or connection";
    default: break;
    }
    return code >= errc::settings_value_invalid || code == errc::connection_lost ? "connection"
                                                                                 : "stream";
}

std::string close_code(const h2ws::error_info& row) {
    const auto code = std::to_string(static_cast<unsigned>(row.close));
    return row.code >= errc::not_open ? "-" : code;
}

std::string http2_code(const h2ws::error_info& row) {
    if (row.code >= errc::not_open || row.stream_error == h2ws::http2_error::no_error) return "-";
    return std::string(h2ws::name(row.stream_error));
}

} // namespace

int main() {
    std::printf("| | name | ends | close code | HTTP/2 code | status | section | sentence |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const h2ws::error_info& row : h2ws::errors::table) {
        const std::string status = row.http_status == 0 ? "-" : std::to_string(row.http_status);
        std::printf("| %u | `%.*s` | %s | %s | %s | %s | %.*s | %.*s |\n",
                    static_cast<unsigned>(row.code), static_cast<int>(row.name.size()),
                    row.name.data(), scope(row.code), close_code(row).c_str(),
                    http2_code(row).c_str(), status.c_str(), static_cast<int>(row.section.size()),
                    row.section.data(), static_cast<int>(row.sentence.size()), row.sentence.data());
    }
}
