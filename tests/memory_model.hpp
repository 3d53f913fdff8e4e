// The in-memory session as the session concept's suite sees it.
#pragma once

#include "../examples/memory_session.hpp"

#include <string>
#include <tuple>
#include <vector>

struct memory_model {
    using server = examples::memory_server;
    using client = examples::memory_client;
    using record = examples::memory_record;
    using kind = record::kind;
    using octets = std::string;

    // What is told of a framing error that breaks this rule.
    static constexpr h2ws::errc framing_error(h2ws::errc) noexcept {
        return h2ws::errc::connection_error;
    }

    static octets numbers(kind what, std::uint8_t flags, std::uint32_t stream,
                          std::initializer_list<std::uint32_t> values) {
        examples::memory_records out({});
        out.put({what, flags, stream}, values);
        return octets(h2ws::as_text(out.bytes()));
    }
    static octets client_preface() {
        return numbers(kind::settings, 0, 0, {1 << 20, 1 << 24, 100});
    }
    static octets server_preface(bool enables) {
        return numbers(kind::settings, enables ? record::enables : std::uint8_t{0}, 0,
                       {1 << 20, 1 << 24, 100});
    }
    static octets headers(std::uint32_t stream, std::span<const h2ws::field> fields, bool end) {
        examples::memory_records out({});
        out.put({kind::headers, end ? record::end_stream : std::uint8_t{0}, stream}, fields);
        return octets(h2ws::as_text(out.bytes()));
    }
    static octets data(std::uint32_t stream, std::string_view bytes, bool end) {
        const record head{kind::data, end ? record::end_stream : std::uint8_t{0}, stream,
                          static_cast<std::uint32_t>(bytes.size())};
        return octets(h2ws::as_text(head.encode())).append(bytes);
    }
    static octets reset(std::uint32_t stream, std::uint32_t code) {
        return numbers(kind::reset, 0, stream, {code});
    }
    static octets goaway(std::uint32_t last) { return numbers(kind::goaway, 0, 0, {last, 0}); }

    static std::vector<octets> frames(std::string_view bytes, bool) {
        std::vector<octets> out;
        while (bytes.size() >= record::header_size) {
            const auto* at = reinterpret_cast<const std::byte*>(bytes.data());
            const record head = record::decode(at);
            const octets stream = std::to_string(head.stream) + ' ';
            const octets end = head.has(record::end_stream) ? " end" : "";
            if (head.what == kind::headers) out.push_back(stream + "headers" + end);
            if (head.what == kind::data)
                out.push_back(stream + "data " + std::to_string(head.length) + end);
            if (head.what == kind::reset) {
                const auto code =
                    static_cast<h2ws::http2_error>(record::number_at(at + record::header_size));
                out.push_back(stream + "reset " + octets(h2ws::name(code)));
            }
            bytes.remove_prefix(record::header_size + head.length);
        }
        return out;
    }
};

using models = std::tuple<memory_model>;
