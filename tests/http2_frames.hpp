// HTTP/2 frames written by hand and read by hand: what a model of the suites takes from here.
#pragma once

#include "octets.hpp"

#include <h2ws/field.hpp>
#include <h2ws/http2_error.hpp>

#include <algorithm>
#include <string>
#include <vector>

// Field lines are literals that no table remembers (RFC 7541 §6.2.2).
struct http2_frames {
    using octets = std::string;

    static octets number(std::uint32_t value, int size = 4) {
        octets out;
        for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
            out.push_back(static_cast<char>(value >> shift & 0xff));
        return out;
    }
    static octets frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                        std::string_view payload) {
        return number(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
               static_cast<char>(flags) + number(stream) + octets(payload);
    }
    static octets windows() { // large ones
        return frame(4, 0, 0, octets("\0\4", 2) + number(1 << 20)) +
               frame(8, 0, 0, number(1 << 24));
    }
    static octets client_preface() { return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + windows(); }
    static octets server_preface(bool enables) {
        return frame(4, 0, 0, enables ? octets("\0\10", 2) + number(1) : octets{}) + windows();
    }
    static octets text(std::string_view value) { // shorter than 127
        return static_cast<char>(value.size()) + octets(value);
    }
    static octets headers(std::uint32_t stream, const std::vector<h2ws::field>& fields, bool end) {
        octets block;
        for (const h2ws::field& line : fields) block += '\0' + text(line.name) + text(line.value);
        return frame(1, end ? 5 : 4, stream, block);
    }
    static octets data(std::uint32_t stream, std::string_view bytes, bool end) {
        return frame(0, end, stream, bytes);
    }
    static octets reset(std::uint32_t stream, std::uint32_t code) {
        return frame(3, 0, stream, number(code));
    }
    static octets goaway(std::uint32_t last) { return frame(7, 0, 0, number(last) + number(0)); }

    static std::uint32_t number_at(std::string_view bytes, std::size_t at, int size = 4) {
        std::uint32_t value = 0;
        for (int i = 0; i < size; ++i)
            value =
                value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
        return value;
    }
    static std::vector<octets> frames(std::string_view bytes, bool from_client) {
        std::vector<octets> out;
        if (from_client) bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 24));
        while (bytes.size() >= 9) {
            const std::uint32_t length = number_at(bytes, 0, 3);
            const octets stream = std::to_string(number_at(bytes, 5)) + ' ';
            const octets end = (bytes[4] & 1) != 0 ? " end" : "";
            if (bytes[3] == 0) out.push_back(stream + "data " + std::to_string(length) + end);
            if (bytes[3] == 1) out.push_back(stream + "headers" + end);
            if (bytes[3] == 3) {
                const auto code = static_cast<h2ws::http2_error>(number_at(bytes, 9));
                out.push_back(stream + "reset " + octets(h2ws::name(code)));
            }
            bytes.remove_prefix(9 + length);
        }
        return out;
    }
};
