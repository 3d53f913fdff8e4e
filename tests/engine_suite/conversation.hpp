// A session with two tunnels whose peer speaks HTTP/2 frame by frame, made by hand. The file that
// includes a suite of this folder includes session_pair.hpp's model first and names it `model`.
#pragma once

#include "../session_pair.hpp"

#include <memory>
#include <tuple>

namespace engine_suite {

using namespace session_suite;

inline constexpr std::uint8_t data_type = 0, headers_type = 1, priority_type = 2, reset_type = 3,
                              settings_type = 4, push_type = 5, ping_type = 6, goaway_type = 7,
                              update_type = 8, continuation_type = 9;

inline octets window_update(std::uint32_t stream, std::uint32_t increment) {
    return model::frame(update_type, 0, stream, model::number(increment));
}
inline octets setting(std::uint16_t id, std::uint32_t value) {
    return model::frame(settings_type, 0, 0, model::number(id, 2) + model::number(value));
}
inline const octets settings_ack = model::frame(settings_type, 1, 0, {});

struct seen_frame {
    std::uint8_t type;
    std::uint8_t flags;
    std::uint32_t stream;
    octets payload;
    bool ends() const { return type <= headers_type && (flags & 1) != 0; }
    http2_error code() const { // RST_STREAM's and GOAWAY's
        return static_cast<http2_error>(model::number_at(payload, type == goaway_type ? 4 : 0));
    }
};

inline std::vector<seen_frame> parsed(std::string_view bytes) {
    std::vector<seen_frame> out;
    if (bytes.starts_with("PRI")) bytes.remove_prefix(24);
    while (bytes.size() >= 9) {
        const std::uint32_t length = model::number_at(bytes, 0, 3);
        out.push_back({static_cast<std::uint8_t>(bytes[3]), static_cast<std::uint8_t>(bytes[4]),
                       model::number_at(bytes, 5), octets(bytes.substr(9, length))});
        bytes.remove_prefix(9 + length);
    }
    return out;
}

inline std::vector<field> tunnel_request() {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", "/"},         {"sec-websocket-version", "13"}};
}

// A session with two echoing tunnels, streams 1 and 3; its peer is made by hand.
template <class Session>
struct conversation {
    explicit conversation(session_options options = {}, const octets& settings = {},
                          const octets& acknowledged = settings_ack)
        : side((options.accept_tunnels = true, options), {}, now) {
        side.echoes = true;
        if constexpr (Session::is_client) {
            hears(model::server_preface(true) + settings + acknowledged);
            open();
            open();
            for (const std::uint32_t stream : {1U, 3U})
                hears(model::headers(stream, {{":status", "200"}}, false));
        } else {
            hears(model::client_preface() + settings + acknowledged);
            for (const std::uint32_t stream : {1U, 3U})
                hears(model::headers(stream, tunnel_request(), false));
        }
        REQUIRE(echoes(1));
        REQUIRE(echoes(3));
        mark();
    }

    instant now = seconds(1);
    endpoint<Session> side;
    std::size_t begun = 0;

    void hears(const octets& bytes) {
        side.receive(bytes);
        flush();
    }
    void flush() {
        while (!side.offered().empty()) (void)side.transmit();
    }
    void open() {
        if constexpr (Session::is_client) {
            const auto made = side.call(
                [&](auto& s) { return s.open({.authority = "a.test", .path = "/"}, now); });
            REQUIRE(made);
            side.at(*made);
            flush();
        }
    }

    // A peer's WebSocket frame.
    static octets message(std::string_view text, unsigned first = 0x82) {
        return Session::is_client
                   ? transcript::frame_start(first, false, text.size()) + octets(text)
                   : transcript::from_client(first, text);
    }
    static octets said(std::uint32_t stream, std::string_view text, unsigned first = 0x82) {
        return model::data(stream, message(text, first), false);
    }

    void mark() { begun = side.written.size(); }
    std::vector<seen_frame> frames() const { return parsed(side.written.substr(begun)); }
    std::vector<seen_frame> frames(std::uint8_t type, std::uint32_t stream) const {
        std::vector<seen_frame> out;
        for (seen_frame& frame : frames())
            if (frame.type == type && frame.stream == stream) out.push_back(std::move(frame));
        return out;
    }
    std::vector<seen_frame> frames_on(std::uint32_t stream) const {
        std::vector<seen_frame> out;
        for (seen_frame& frame : frames())
            if (frame.stream == stream) out.push_back(std::move(frame));
        return out;
    }
    std::uint64_t granted(std::uint32_t stream) const {
        std::uint64_t sum = 0;
        for (const seen_frame& frame : frames(update_type, stream))
            sum += model::number_at(frame.payload, 0);
        return sum;
    }
    std::size_t sent(std::uint32_t stream) const {
        std::size_t sum = 0;
        for (const seen_frame& frame : frames(data_type, stream)) sum += frame.payload.size();
        return sum;
    }

    bool echoes(std::uint32_t stream) {
        const octets label = std::to_string(stream / 2 + 1);
        const std::size_t before = side.written.size();
        const std::size_t heard = side.log.size();
        hears(said(stream, "echo?"));
        for (const seen_frame& frame : parsed(side.written.substr(before)))
            if (frame.type == data_type && frame.stream == stream)
                return side.log.size() == heard + 1;
        return false;
    }

    // Stream 1 is gone, by our RST_STREAM where there is a code; 3 is as it was.
    void check_stream_error(std::optional<http2_error> code) {
        const auto resets = frames(reset_type, 1);
        CHECK(resets.size() == (code ? 1U : 0U));
        if (code && !resets.empty()) CHECK(resets[0].code() == *code);
        CHECK(frames(goaway_type, 0).empty());
        CHECK_FALSE(side.ended);
        const lines of_one = side.of(1);
        CHECK(std::count_if(of_one.begin(), of_one.end(), [](const std::string& line) {
                  return line.starts_with("closed");
              }) == 1);
        CHECK(of_one.back() == "released");
        CHECK(echoes(3));
    }

    void check_closed_in_order() {
        CHECK(side.count("1 closed none") == 1);
        CHECK(side.of(1).back() == "released");
        CHECK(frames(goaway_type, 0).empty());
        CHECK(echoes(3));
    }

    void check_connection_error(http2_error code) {
        const auto goaways = frames(goaway_type, 0);
        REQUIRE(goaways.size() == 1);
        CHECK(goaways[0].code() == code);
        CHECK(side.ended);
        for (const std::size_t label : {1U, 2U}) {
            CHECK(side.count(std::to_string(label) + " closed connection_lost") == 1);
            CHECK(side.of(label).back() == "released");
        }
        side.check_ended();
        CHECK(side.session.finished());
    }

    void check_nothing_wrong() {
        CHECK(frames(reset_type, 1).empty());
        CHECK(frames(reset_type, 3).empty());
        CHECK(frames(goaway_type, 0).empty());
        CHECK(echoes(1));
        CHECK(echoes(3));
    }
};

using both_roles = std::tuple<model::server, model::client>;

} // namespace engine_suite
