// Field sections as text: "name: value", each line with its end.
#pragma once

#include <h2ws/http2/hpack.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace field_lines {

inline std::string text(const h2ws::field& line) {
    return std::string(line.name).append(": ").append(line.value).append("\n");
}

// The lines of a text, of which the views are.
inline std::vector<h2ws::field> parse(std::string_view text) {
    std::vector<h2ws::field> lines;
    while (!text.empty()) {
        const std::string_view line = h2ws::take_until(text, '\n');
        const std::size_t colon = line.find(": ", 1);
        lines.push_back({line.substr(0, colon), line.substr(colon + 2)});
    }
    return lines;
}

// What a block decodes to, then the error if there is one: "!compression_error".
inline std::string decode(h2ws::http2::hpack_decoder& decoder, std::string_view block) {
    std::string log;
    const h2ws::errc error =
        decoder.decode(h2ws::as_bytes(block), [&](const h2ws::http2::hpack_field& line) {
            log += (line.never_indexed ? "never indexed " : "") + text(line);
        });
    if (error != h2ws::errc::none) log.append("!").append(h2ws::info(error).name);
    return log;
}

// The dynamic table, newest line first.
inline std::string text(const h2ws::http2::hpack_table& table) {
    std::string lines;
    for (std::size_t i = 0; i < table.count(); ++i) lines += text(table[i]);
    return lines;
}

// The block that an encoder makes, or "no memory".
inline std::string encode(h2ws::http2::hpack_encoder& encoder, std::string_view lines) {
    h2ws::growing_array<std::byte> out;
    if (!encoder.encode(parse(lines), out)) return "no memory";
    return std::string(h2ws::as_text({out.data(), out.size()}));
}

} // namespace field_lines
