// The same octets to a session of h2ws::http2 and to one on nghttp2, frame by frame, until one
// makes of a frame what the other does not: by leave of the table of differences.hpp, or without.
#pragma once

#include "differences.hpp"

#include <array>

namespace differential {

inline constexpr std::uint32_t tunnels = 3, requests = 2; // that a client has asked for

template <class Dice>
session_options options_of(Dice& random) {
    session_options options;
    options.accept_tunnels = true;
    options.answer_malformed = false;
    options.max_early_data = 400;
    options.stream_window = random.one_in(8) ? 150 : 65'535;
    options.max_stream_window = options.max_connection_window = 0; // nghttp2's do not grow
    options.floods = {};
    return options;
}

template <class Dice>
octets damaged(octets out, Dice& random) {
    const auto place = [&] { return random.below(static_cast<std::uint32_t>(out.size())); };
    for (std::uint32_t i = 1 + random.below(4); i != 0; --i)
        out[place()] ^= static_cast<char>(1U << random.below(8));
    if (random.one_in(4)) out.insert(place(), random.bytes(random.below(30)));
    if (random.one_in(4)) out.resize(place());
    return out;
}

// Half break rules on purpose, a third is damaged, the rest is noise.
template <bool to_client, class Dice>
octets input_of(Dice& random) {
    const std::uint32_t kind = random.below(12);
    talk<to_client, Dice> peer(random, kind < 6 ? 6 : 0, tunnels, requests);
    if (kind < 11)
        for (std::uint32_t i = 5 + random.below(40); i != 0; --i) peer.speak();
    octets out = peer.said;
    if (kind >= 6 && kind < 10) out = damaged(out, random);
    if (kind == 11) out += random.bytes(random.below(200));
    if (to_client) return out;
    octets preface = model::client_preface();
    if (random.one_in(60)) preface[random.below(24)] ^= 1;
    return preface + out;
}

inline octets listed(const lines& all) {
    octets out;
    for (const octets& line : all) out += "\n    " + line.substr(0, 200);
    return out;
}

struct tally {
    static constexpr std::size_t most_told = 20;
    std::size_t frames = 0; // that both took alike
    std::size_t events = 0; // that both told
    std::size_t resets = 0; // by both
    std::size_t ended = 0;  // connections that both ended
    std::size_t unexplained = 0;
    octets report; // of these, the first ones
    std::array<std::size_t, std::size(differences)> explained{};

    void count(const outcome& alike) {
        ++frames;
        events += alike.events.size();
        resets += alike.resets.size();
        ended += !alike.goaway.empty() && alike.goaway != "NO_ERROR";
    }
    void note(const octets& where, const outcome& ours, const outcome& theirs) {
        if (++unexplained <= most_told)
            report += where + "\n  ours:" + listed(ours.all()) +
                      "\n  theirs:" + listed(theirs.all()) + '\n';
    }
};

// Whether the table has it.
inline bool explained(const cause& found, tally& all) {
    for (std::size_t i = 0; i < std::size(differences); ++i)
        if (differences[i].explains(found)) return ++all.explained[i], true;
    return false;
}

template <class Ours, class Theirs>
void compare(const session_options& ours_have, const session_options& theirs_have,
             const octets& input, tally& all, unsigned seed) {
    observed<Ours> ours(ours_have, tunnels, requests);
    observed<Theirs> theirs(theirs_have, tunnels, requests);
    const std::vector<peer_frame> frames = cut(input, !Ours::is_client);
    block_reader blocks;
    std::set<std::uint32_t> by_204; // streams of tunnels that were opened so
    std::set<std::uint32_t> padded; // streams whose DATA was
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const bool reset = ours.has_reset(frames[i].stream);
        if (frames[i].type == causes::data && frames[i].has(8)) padded.insert(frames[i].stream);
        const field_lines fields =
            frames[i].type == 1 && frames[i].whole ? blocks.read(frames[i]) : field_lines{};
        const outcome ours_made = ours.hear(frames[i]);
        const outcome theirs_made = theirs.hear(frames[i]);
        if (ours_made == theirs_made) {
            all.count(ours_made);
            for (const octets& line : ours_made.events)
                if (line.ends_with(" opened 204")) by_204.insert(frames[i].stream);
            continue;
        }
        if (explained({frames[i], ours_made, theirs_made, Ours::is_client, reset,
                       by_204.contains(frames[i].stream), padded.contains(frames[i].stream),
                       fields},
                      all))
            return;
        octets told;
        for (const auto& [name, value] : fields) told += "\n  " + name + ": " + value;
        return all.note("seed " + std::to_string(seed) + ", frame " + std::to_string(i) + ": " +
                            transcript::spaced_hex(frames[i].bytes.substr(0, 120)) + told,
                        ours_made, theirs_made);
    }
    ours.end();
    theirs.end();
}

} // namespace differential
