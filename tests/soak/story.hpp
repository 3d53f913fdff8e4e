// What both sides of a connection know of it, beside what their sessions tell them: who has said
// what on which tunnel, what was done to the connection, and so how things may end.
#pragma once

#include "content.hpp"
#include "count.hpp"

#include <h2ws/status_code.hpp>

#include <map>
#include <optional>

namespace soak {

// What one side says on a tunnel, or as the body of a request, and what the other heard of it.
struct half {
    std::uint64_t messages = 0; // that the session took
    std::size_t octets = 0;     // of the next, which has begun
    bool inside = false;
    std::uint64_t pings = 0;
    std::optional<h2ws::status_code> close;
    bool reset = false;

    std::uint64_t heard = 0;
    std::size_t heard_octets = 0;
    bool heard_inside = false;
    std::uint64_t heard_pings = 0;
};

enum class answer : std::uint8_t { accept, late, refuse, ignore };

struct exchange {
    answer how = answer::accept;
    bool deflate = false;
    bool subprotocol = false;
    bool told = false;   // to the server
    bool unsure = false; // damage may have made another of it
    half halves[2] = {}; // the server's, the client's

    half& said_by(bool client) { return halves[client]; }

    // Of what that side said. A compressor keeps some of a message that has not ended.
    bool all_heard(bool client) const {
        const half& of = halves[client];
        if (of.heard != of.messages || unsure) return unsure;
        return deflate || of.heard_octets == of.octets;
    }
};

// What happened to the connection so far.
struct misfortune {
    bool lost = false;           // or one side left while the other had tunnels
    bool timers = false;         // time passed that something may have waited for
    bool unacknowledged = false; // SETTINGS
    bool shut_down = false;      // by a side, with tunnels that waited
    bool damaged[2] = {};        // what the server, what the client hears
    bool scarce[2] = {};         // memory
    bool any_damage() const { return damaged[0] || damaged[1]; }
    bool any_scarce() const { return scarce[0] || scarce[1]; }
    bool any() const { return lost || timers || unacknowledged || any_damage() || any_scarce(); }
};

struct story {
    const content& contents;
    counts& counted;
    std::uint64_t connection;
    std::size_t largest; // message
    std::size_t most;    // tunnels at a time
    bool deflates = false;
    misfortune met = {};
    std::map<std::uint64_t, exchange> exchanges = {};
    std::uint64_t asked = 0;

    said next(std::uint64_t number, bool client, std::uint64_t message) const {
        return contents.of({connection, 2 * number + client, message}, largest);
    }

    // The connection is misread from now on at that side.
    void damage(bool client) {
        met.damaged[client] = true;
        if (client) return;
        for (auto& [number, one] : exchanges) one.unsure = one.unsure || !one.told;
    }

    // A part of message or body, which `client` or the server has said.
    void hear(std::uint64_t number, exchange& one, bool client, std::string_view part,
              std::optional<h2ws::opcode> type, bool last) {
        half& of = one.said_by(client);
        if (one.unsure || met.damaged[!client]) return;
        const said expected = next(number, client, of.heard);
        require(of.heard < of.messages || (of.inside && of.heard == of.messages),
                "a message came that nobody sent");
        require(!type || *type == expected.type, "a message is of another type");
        require(part == expected.bytes.substr(of.heard_octets, part.size()),
                "a message is not what was sent");
        of.heard_octets += part.size();
        require(of.heard < of.messages || of.heard_octets <= of.octets,
                "more of a message came than was sent");
        of.heard_inside = !last;
        counted.payload += part.size();
        if (!last) return;
        require(of.heard_octets == expected.bytes.size() && of.heard < of.messages,
                "a message is cut short");
        ++of.heard;
        of.heard_octets = 0;
        ++counted.messages;
        counted.compressed += one.deflate;
    }

    // How a tunnel may end for a side.
    bool may_end(const exchange& one, bool client, h2ws::errc error) const {
        using h2ws::errc;
        const half& ours = one.halves[client];
        const half& theirs = one.halves[!client];
        switch (error) {
        case errc::none: return true;
        case errc::reset_by_us: return ours.reset || met.any();
        case errc::reset_by_peer: return theirs.reset || one.how >= answer::late || met.any();
        case errc::connection_lost: return met.any();
        case errc::end_stream_without_close:
            return met.timers || met.any_damage() || met.any_scarce();
        case errc::handshake_timeout: return one.how >= answer::late || met.any();
        case errc::keepalive_timeout:
        case errc::idle_timeout:
        case errc::close_timeout:
        case errc::output_stalled: return met.any();
        case errc::status_not_2xx: return one.how != answer::accept || met.any();
        case errc::too_many_tunnels: return true;
        case errc::stream_not_processed: return met.shut_down || met.any();
        default: return may_fail(client, error);
        }
    }

    // How the connection may end for a side.
    bool may_end(bool client, h2ws::errc error) const {
        using h2ws::errc;
        if (error == errc::none) return true;
        if (error == errc::connection_lost || error == errc::output_stalled) return met.any();
        return may_fail(client, error);
    }

private:
    // By an error of what the peer sends, where there was damage; by none that only a caller makes.
    bool may_fail(bool client, h2ws::errc error) const {
        using h2ws::errc;
        if (error == errc::no_memory || error == errc::extension_failure) return met.scarce[client];
        return error < errc::not_open && (met.any_damage() || met.unacknowledged);
    }
};

} // namespace soak
