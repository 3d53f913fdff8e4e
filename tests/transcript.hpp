// Plays transcripts: bytes in and calls made, against the log of what comes of them. Each is played
// whole, octet by octet, cut in two at every offset and cut at random, through both polls; the log
// must be the same every time, once the pieces of messages are joined.
#pragma once

#include "catch.hpp"
#include "octets.hpp"
#include "player.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace transcript {

using steps = std::vector<step>;

inline octets whole_input(const steps& played) {
    octets all;
    for (const step& one : played)
        if (one.what == step::kind::receive) all += one.data;
    return all;
}

template <class Role, class Extension = h2ws::no_extension>
log_lines play(const steps& played, const manner& how, const h2ws::limits& allowed = {},
               Extension extension = {}) {
    player<Role, Extension> one(how, allowed, extension);
    std::size_t offset = 0; // in the whole input
    for (std::size_t i = 0; i < played.size(); ++i) {
        const step& now = played[i];
        if (now.what == step::kind::end_stream) {
            one.receive({}, true);
        } else if (now.what != step::kind::receive) {
            one.perform(now);
        } else {
            const std::size_t end = offset + now.data.size();
            const bool ends = !how.end_apart && i + 1 < played.size() &&
                              played[i + 1].what == step::kind::end_stream;
            std::size_t from = offset;
            const auto piece_until = [&](std::size_t to) {
                one.receive(std::string_view(now.data).substr(from - offset, to - from),
                            ends && to == end);
                from = to;
            };
            if (how.octet_by_octet)
                while (from + 1 < end) piece_until(from + 1);
            for (const std::size_t cut : how.cuts)
                if (cut >= from && cut < end) piece_until(cut);
            piece_until(end);
            offset = end;
            if (ends) ++i;
        }
    }
    return one.finish();
}

// The lines of one side: what is transmitted or refused, or what is received.
inline log_lines only(const log_lines& all, bool ours) {
    log_lines out;
    for (const std::string& line : all)
        if ((line[0] == '>' || line.starts_with("! ")) == ours) out.push_back(line);
    return out;
}

inline std::string joined(const log_lines& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + '\n';
    return out;
}

// Where cutting a long input can matter: around the frames' edges, and here and there.
inline std::vector<std::size_t> telling_offsets(const octets& input) {
    std::vector<std::size_t> out;
    const auto around = [&](std::size_t edge) {
        for (std::size_t at = edge < 4 ? 0 : edge - 4; at < edge + 20; ++at)
            if (at <= input.size()) out.push_back(at);
    };
    std::size_t at = 0;
    while (at + 14 <= input.size()) {
        around(at);
        const auto* header = reinterpret_cast<const std::byte*>(input.data()) + at;
        const std::uint64_t length = h2ws::decode_frame_header(header).payload_length;
        at += h2ws::frame_header_size(header[1]);
        if (length > input.size() - at) break;
        at += static_cast<std::size_t>(length);
    }
    around(input.size());
    for (std::size_t part = 1; part < 8; ++part) out.push_back(input.size() * part / 8);
    return out;
}

inline std::vector<manner> manners(const octets& input) {
    const bool is_long = input.size() > 2000;
    std::vector<manner> all;
    std::mt19937 random(42);
    std::uniform_int_distribution<std::size_t> anywhere(0, input.size());
    std::vector<std::size_t> offsets = telling_offsets(input);
    if (!is_long) {
        offsets.resize(input.size() + 1);
        for (std::size_t at = 0; at < offsets.size(); ++at) offsets[at] = at;
    }
    for (const std::size_t room : {0U, 1U, 7U, 125U, 4096U}) {
        for (const bool end_apart : {false, true}) {
            for (const bool drain_first : {false, true}) {
                if (is_long && (end_apart || drain_first || room == 1 || room == 125)) continue;
                const manner whole{room, {}, false, end_apart, drain_first};
                all.push_back(whole);
                all.push_back(whole);
                all.back().octet_by_octet = true;
                for (int i = is_long ? 5 : 0; i < 8; ++i) {
                    all.push_back(whole);
                    for (int cut = 0; cut < 5; ++cut) all.back().cuts.push_back(anywhere(random));
                    all.back().cuts.push_back(all.back().cuts.front());
                    std::sort(all.back().cuts.begin(), all.back().cuts.end());
                }
                if (input.size() > 300 && (room == 1 || drain_first)) continue; // takes long
                for (const std::size_t offset : offsets) {
                    all.push_back(whole);
                    all.back().cuts = {offset};
                }
            }
        }
    }
    return all;
}

// Plays the transcript in every manner.
template <class Role, class Extension = h2ws::no_extension>
void check(const steps& played, const log_lines& expected, const h2ws::limits& allowed = {},
           Extension extension = {}) {
    const std::vector<manner> ways = manners(whole_input(played));
    std::size_t agree = 0;
    for (const manner& how : ways) {
        const log_lines log = play<Role>(played, how, allowed, extension);
        // Where `closed` stands among what is transmitted may differ when that is drained first.
        const bool same = how.drain_first ? only(log, true) == only(expected, true) &&
                                                only(log, false) == only(expected, false)
                                          : log == expected;
        agree += same;
        if (same) continue;
        INFO((Role::is_client ? "client, " : "server, ") << how.text());
        CHECK(joined(log) == joined(expected));
        break;
    }
    CHECK(agree == ways.size());
}

} // namespace transcript
