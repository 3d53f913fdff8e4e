// What one session makes of a peer's octets: after each frame of theirs, what it told its
// application and what it answered, as lines that can be compared.
#pragma once

#include "talk.hpp"

#include "../session_pair.hpp"

#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <set>

namespace differential {

using session_suite::endpoint;
using session_suite::lines;
using namespace h2ws;

struct peer_frame {
    bool is_preface = false; // a client's
    bool whole = true;       // else the input ended inside of it
    bool broken = false;     // another frame is inside of its field block
    std::uint32_t length = 0;
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    octets bytes; // its head too

    octets payload() const { return bytes.size() < 9 ? octets{} : bytes.substr(9); }
    bool has(unsigned flag) const { return (flags & flag) != 0; }
};

// The input, cut where a frame ends, or a field block.
inline std::vector<peer_frame> cut(std::string_view input, bool from_client) {
    std::vector<peer_frame> out;
    if (from_client) {
        out.push_back({.is_preface = true, .bytes = octets(input.substr(0, 24))});
        input.remove_prefix(std::min<std::size_t>(input.size(), 24));
    }
    std::uint32_t block_of = 0; // the stream whose field block has not ended
    while (!input.empty()) {
        peer_frame next;
        std::size_t size = input.size();
        if (size >= 9) {
            next.length = model::number_at(input, 0, 3);
            next.type = static_cast<std::uint8_t>(input[3]);
            next.flags = static_cast<std::uint8_t>(input[4]);
            next.stream = model::number_at(input, 5) & 0x7fff'ffff;
            size = std::min<std::size_t>(size, 9 + next.length);
        }
        next.whole = size >= 9 && size == 9 + std::size_t{next.length};
        next.bytes = octets(input.substr(0, size));
        input.remove_prefix(size);
        const bool joins = block_of != 0;
        const bool continues = next.type == 9 && next.stream == block_of;
        if (next.type == 1 || !continues) block_of = 0;
        if ((next.type == 1 && !joins) || continues)
            block_of = next.has(4) || !next.whole ? 0 : next.stream;
        if (joins) { // one field block, and what broke into it
            out.back().bytes += next.bytes;
            out.back().whole = next.whole;
            out.back().broken = !continues;
        } else {
            out.push_back(std::move(next));
        }
    }
    if (block_of != 0) out.back().whole = false;
    return out;
}

// What came of one frame.
struct outcome {
    lines events;  // each tunnel's in order; the connection's in order
    lines answers; // frames that left, sorted by stream; DATA of a stream joined
    octets goaway; // the error's name; NO_ERROR too
    std::map<std::uint32_t, octets> resets;
    friend bool operator==(const outcome&, const outcome&) = default;

    lines all() const {
        lines out = events;
        for (const octets& line : answers) out.push_back("> " + line);
        return out;
    }
};

template <class Session>
class observed {
public:
    observed(const session_options& options, std::uint32_t tunnels, std::uint32_t requests)
        : side_(options, {}, now_) {
        nghttp2_hd_inflater* made = nullptr;
        REQUIRE(nghttp2_hd_inflate_new(&made) == 0);
        inflater_.reset(made);
        side_.echoes = true;
        if constexpr (Session::is_client) {
            side_.receive(model::server_preface(true));
            for (std::uint32_t i = 0; i < tunnels; ++i) open();
            for (std::uint32_t i = 0; i < requests; ++i) ask();
        } else {
            side_.on_event = [this](const stream_event& found) { respond(found); };
        }
        (void)what_left();
        side_.log.clear();
    }

    outcome hear(const peer_frame& what) {
        outcome out;
        const std::size_t heard = side_.log.size();
        if (!side_.ended) side_.receive(what.bytes);
        out = what_left();
        for (const auto& [stream, code] : out.resets) reset_before_.insert(stream);
        lines said;
        for (std::size_t i = heard; i < side_.log.size(); ++i)
            said.push_back(without_reason(side_.log[i], out));
        std::stable_sort(said.begin(), said.end(), [](const octets& a, const octets& b) {
            return label_of(a) < label_of(b);
        });
        for (const auto& [name, state] : side_.tunnels) { // as far as it came
            std::size_t& before = begun_[state.label];
            if (state.message.size() > before)
                said.push_back(std::to_string(state.label) + " begun " +
                               std::to_string(state.message.size()));
            before = state.message.size();
        }
        const std::size_t body = side_.body.size() - std::exchange(body_before_, side_.body.size());
        if (body != 0) said.push_back("body " + std::to_string(body));
        out.events = std::move(said);
        return out;
    }

    // Nothing follows.
    void end() {
        side_.lost();
        side_.check_ended();
    }

    // Whether we had reset that stream before, or do now.
    bool has_reset(std::uint32_t stream) const { return reset_before_.contains(stream); }

private:
    static octets label_of(const octets& line) {
        return is_digit(line[0]) ? line.substr(0, line.find(' ')) : octets{};
    }

    // Which rule was broken nghttp2 does not say; that one was counts. So does the code of a reset
    // of its own, which it tells as if it were the peer's.
    static octets without_reason(octets line, const outcome& seen) {
        for (const auto& [stream, code] : seen.resets)
            if (line.ends_with(' ' + code) && line.find(" closed ") != octets::npos)
                line.resize(line.size() - code.size() - 1);
        for (const error_info& row : errors::table) {
            if (row.code == errc::none) continue;
            const octets name = ' ' + octets(row.name);
            const std::size_t at = line.find(name);
            if (at != octets::npos &&
                (at + name.size() == line.size() || line[at + name.size()] == ' '))
                return line.replace(at, name.size(), " error");
        }
        return line;
    }

    void open() {
        const auto made = side_.call([&](auto& session) {
            return session.open({.authority = "a.test", .path = "/"}, now_);
        });
        REQUIRE(made);
        side_.at(*made);
    }
    void ask() {
        const std::vector<field> fields{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/page"}};
        REQUIRE(side_.call([&](auto& session) { return session.request(fields, true, now_); }));
    }
    void respond(const stream_event& found) {
        if constexpr (!Session::is_client)
            if (const auto* asked = std::get_if<request_received>(&found))
                (void)side_.session.respond(asked->request, 200, {}, as_bytes("page"), now_);
    }

    outcome what_left() {
        octets out;
        for (int i = 0; i < 1'000 && !side_.offered().empty(); ++i) out += side_.transmit();
        side_.poll_dry();
        std::string_view rest = out;
        if (rest.starts_with("PRI")) rest.remove_prefix(24);
        outcome seen;
        std::map<std::uint32_t, lines> of;
        std::map<std::uint32_t, octets> data;
        while (rest.size() >= 9) {
            const std::uint32_t length = model::number_at(rest, 0, 3);
            if (rest.size() < 9 + std::size_t{length}) FAIL("a frame is cut short");
            const std::uint32_t stream = model::number_at(rest, 5);
            note(static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]), stream,
                 rest.substr(9, length), seen, of[stream], data[stream]);
            rest.remove_prefix(9 + length);
        }
        if (!rest.empty()) FAIL("a frame's head is cut short");
        for (auto& [stream, each] : of) {
            if (!data[stream].empty())
                seen.answers.push_back(std::to_string(stream) + " data " +
                                       transcript::described(opcode::binary, data[stream]));
            for (const octets& line : each)
                seen.answers.push_back(std::to_string(stream) + ' ' + line);
        }
        return seen;
    }

    // How windows are granted is each session's own.
    void note(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload,
              outcome& seen, lines& of, octets& data) {
        const auto code = [&](std::size_t at) {
            return octets(name(static_cast<http2_error>(model::number_at(payload, at))));
        };
        switch (type) {
        case 0:
            data += payload;
            if ((flags & 1) != 0) of.push_back("end");
            return;
        case 1: return of.push_back(section(payload) + ((flags & 1) != 0 ? " end" : ""));
        case 3: seen.resets[stream] = code(0); return of.push_back("reset " + code(0));
        case 4:
            if ((flags & 1) != 0) of.push_back("settings ack");
            return;
        case 6:
            return of.push_back(octets((flags & 1) != 0 ? "pong " : "ping ") +
                                transcript::spaced_hex(payload));
        case 7: seen.goaway = code(4); return of.push_back("goaway " + code(4));
        case 8: return;
        default: return of.push_back("type " + std::to_string(type));
        }
    }

    octets section(std::string_view block) {
        octets out = "headers";
        const auto* at = reinterpret_cast<const std::uint8_t*>(block.data());
        std::size_t left = block.size();
        for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
            nghttp2_nv line;
            flags = 0;
            const auto taken = nghttp2_hd_inflate_hd2(inflater_.get(), &line, &flags, at, left, 1);
            if (taken < 0) FAIL("our field block cannot be decoded");
            at += taken;
            left -= static_cast<std::size_t>(taken);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
                out += ' ' + octets(reinterpret_cast<char*>(line.name), line.namelen) + '=' +
                       octets(reinterpret_cast<char*>(line.value), line.valuelen);
        }
        nghttp2_hd_inflate_end_headers(inflater_.get());
        return out;
    }

    struct deleter {
        void operator()(nghttp2_hd_inflater* it) const { nghttp2_hd_inflate_del(it); }
    };

    instant now_ = seconds(1);
    endpoint<Session> side_;
    std::set<std::uint32_t> reset_before_;
    std::size_t body_before_ = 0;
    std::map<std::size_t, std::size_t> begun_; // messages, how far each has come
    std::unique_ptr<nghttp2_hd_inflater, deleter> inflater_;
};

} // namespace differential
