// Where h2ws::http2 and nghttp2 differ, each by leave of a section: the table against which the
// differential test holds them, and from which docs/differences.md is printed.
#pragma once

#include "observed.hpp"

#include <h2ws/http2/hpack.hpp>

#include <algorithm>

namespace differential {

// The field lines of the peer's blocks, as far as each can be decoded.
class block_reader {
public:
    field_lines read(const peer_frame& frame) {
        octets block = fragment(frame.bytes);
        for (std::size_t at = 9 + frame.length; at + 9 <= frame.bytes.size();) {
            const std::uint32_t length = model::number_at(frame.bytes, at, 3);
            block += frame.bytes.substr(at + 9, length);
            at += 9 + length;
        }
        field_lines read_lines;
        (void)decoder_.decode(as_bytes(block), [&](const field& line) {
            read_lines.emplace_back(line.name, line.value);
        });
        return read_lines;
    }

private:
    // Of HEADERS, without padding and priority.
    static octets fragment(const octets& frame) {
        octets payload = frame.substr(9, model::number_at(frame, 0, 3));
        const auto flags = static_cast<unsigned char>(frame[4]);
        if ((flags & 8) != 0 && !payload.empty()) {
            const std::size_t padding = static_cast<unsigned char>(payload[0]);
            payload.resize(payload.size() - std::min(padding, payload.size() - 1));
            payload.erase(0, 1);
        }
        if ((flags & 0x20) != 0) payload.erase(0, 5);
        return payload;
    }

    http2::hpack_decoder decoder_{allocator{}};
};

// The peer's frame after which the two differ, and what each made of it.
struct cause {
    const peer_frame& frame;
    const outcome& ours;
    const outcome& theirs;   // nghttp2's
    bool is_client;          // are both
    bool we_had_reset;       // the frame's stream, before
    bool opened_by_204;      // it is a tunnel that was
    bool padded;             // DATA of the stream was, then or before
    field_lines fields = {}; // of its block

    bool has(std::string_view name) const {
        return std::any_of(fields.begin(), fields.end(),
                           [&](const auto& line) { return line.first == name; });
    }
    bool has(std::string_view name, std::string_view value) const {
        return std::count(fields.begin(), fields.end(), std::pair<octets, octets>(name, value)) !=
               0;
    }

    bool we_reset(std::string_view code) const { return reset(ours, code); }
    bool they_reset(std::string_view code) const { return reset(theirs, code); }

private:
    bool reset(const outcome& of, std::string_view code) const {
        const auto found = of.resets.find(frame.stream);
        return of.goaway.empty() && found != of.resets.end() && found->second == code;
    }
};

struct difference {
    std::string_view name;
    std::string_view section; // of RFC 9113, where no other is named
    std::string_view ours;
    std::string_view theirs;
    std::string_view why;
    bool (*explains)(const cause&);
};

namespace causes {

constexpr std::uint8_t data = 0, headers = 1, priority = 2, settings = 4, push_promise = 5,
                       goaway = 7, window_update = 8, continuation = 9, priority_update = 16;

inline bool of_block(const cause& of) {
    return of.frame.type == headers || of.frame.type == continuation;
}
// Both end the connection, with these codes.
inline bool both_end(const cause& of, std::string_view ours, std::string_view theirs) {
    return of.ours.goaway == ours && of.theirs.goaway == theirs;
}
inline bool is_reset(const cause& of, std::string_view ours, std::string_view theirs) {
    return of.we_reset(ours) && of.theirs.goaway == theirs;
}
inline bool is_nothing(const outcome& what) { return what == outcome{}; }

// As if no half of ours had ended, and therefore no tunnel.
inline outcome without_ends(outcome what) {
    std::erase_if(what.answers, [](const octets& line) {
        return line.substr(std::min(line.size(), line.find(' '))) == " end";
    });
    std::erase_if(what.events, [](const octets& line) { return line.ends_with(" released"); });
    return what;
}

// By the number that PRIORITY holds, or HEADERS with a priority.
inline bool depends_on_itself(const peer_frame& frame) {
    const bool of_headers = frame.type == headers && frame.has(0x20);
    if (frame.type != priority && !of_headers) return false;
    const std::size_t at = of_headers && frame.has(8) ? 10 : 9;
    return frame.bytes.size() >= at + 4 &&
           (model::number_at(frame.bytes, at) & 0x7fff'ffff) == frame.stream;
}

// Of those that were cut into one block with this frame; the last may be unfinished.
inline std::uint32_t longest_continuation(const peer_frame& frame) {
    std::uint32_t longest = 0;
    for (std::size_t at = 9 + std::size_t{frame.length}; at + 9 <= frame.bytes.size();) {
        const std::uint32_t length = model::number_at(frame.bytes, at, 3);
        if (frame.bytes[at + 3] == continuation) longest = std::max(longest, length);
        at += 9 + std::size_t{length};
    }
    return longest;
}

} // namespace causes

inline constexpr difference differences[]{
    {"half-closed", "5.1, 5.4.1",
     "DATA or HEADERS after END_STREAM: stream, STREAM_CLOSED, or FLOW_CONTROL_ERROR beyond its"
     " window",
     "connection, STREAM_CLOSED", "5.1 makes it a stream error: other streams need not die of it",
     [](const cause& of) {
         return ((of.frame.type == causes::data || causes::of_block(of)) &&
                 causes::is_reset(of, "STREAM_CLOSED", "STREAM_CLOSED")) ||
                (of.frame.type == causes::data &&
                 causes::is_reset(of, "FLOW_CONTROL_ERROR", "STREAM_CLOSED"));
     }},
    {"goaway-last-stream", "6.8", "a GOAWAY is taken whatever last stream it names",
     "connection, PROTOCOL_ERROR, where that stream is not ours or above one named before",
     "6.8 binds the sender alone, and tunnels go on",
     [](const cause& of) {
         return of.frame.type == causes::goaway && of.ours.goaway.empty() &&
                of.ours.resets.empty() && of.theirs.goaway == "PROTOCOL_ERROR" &&
                model::number_at(of.frame.bytes, 9) != 0;
     }},
    {"beyond-window", "6.9",
     "DATA beyond a stream's window: none of it is told, FLOW_CONTROL_ERROR",
     "told before the same error", "the peer had no right to send it",
     [](const cause& of) {
         return of.frame.type == causes::data && of.we_reset("FLOW_CONTROL_ERROR") &&
                (of.they_reset("FLOW_CONTROL_ERROR") || !of.frame.whole);
     }},
    {"window-of-padding", "6.1, 6.9", "the window that padding took is granted behind the data",
     "with the data, in one WINDOW_UPDATE",
     "of two grants a peer may have one when it sends DATA, which is then beyond one of the "
     "windows",
     [](const cause& of) {
         return of.frame.type == causes::data && of.padded &&
                of.we_reset("FLOW_CONTROL_ERROR") != of.they_reset("FLOW_CONTROL_ERROR");
     }},
    {"told-before-damage", "4.3, 6.10",
     "a block is decoded when it is whole: nothing is told of one that is damaged or broken off",
     "fields before the damage are told, a malformed one as a rejected request",
     "the connection ends with the same error either way",
     [](const cause& of) {
         return causes::of_block(of) && of.ours.answers == of.theirs.answers &&
                (causes::both_end(of, "COMPRESSION_ERROR", "COMPRESSION_ERROR") ||
                 (of.frame.broken && causes::both_end(of, "PROTOCOL_ERROR", "PROTOCOL_ERROR")));
     }},
    {"no-pad-length", "4.2",
     "a frame without the Pad Length or priority that its flags name:"
     " FRAME_SIZE_ERROR",
     "PROTOCOL_ERROR", "4.2: too small for mandatory frame data",
     [](const cause& of) {
         const bool of_headers = of.frame.type == causes::headers && of.frame.has(0x20);
         const std::uint32_t mandatory = (of.frame.has(8) ? 1U : 0U) + (of_headers ? 5U : 0U);
         return of.frame.type <= causes::headers && of.frame.length < mandatory &&
                causes::both_end(of, "FRAME_SIZE_ERROR", "PROTOCOL_ERROR");
     }},
    {"continuation-size", "4.2", "CONTINUATION above MAX_FRAME_SIZE: connection, FRAME_SIZE_ERROR",
     "read as far as it comes", "4.2 makes it an error of the connection",
     [](const cause& of) {
         return causes::of_block(of) && of.ours.goaway == "FRAME_SIZE_ERROR" &&
                causes::longest_continuation(of.frame) > 16'384;
     }},
    {"two-faults", "4.2, 6",
     "of a frame with two faults, the stream's number counts before the length",
     "the length counts first", "no section says which of two errors is named",
     [](const cause& of) {
         return of.frame.type != causes::continuation &&
                causes::both_end(of, "PROTOCOL_ERROR", "FRAME_SIZE_ERROR");
     }},
    {"unfinished-frame", "4.1", "the head of a frame is judged at once, the rest when it is whole",
     "some heads later, some payloads while they arrive",
     "the connection ends either way, or the transport does",
     [](const cause& of) {
         return !of.frame.whole && (of.ours.goaway.empty() || of.theirs.goaway.empty());
     }},
    {"padding-of-closed-stream", "6.1",
     "DATA whose padding is longer than it ends the connection, on a closed stream too",
     "DATA on a closed stream is passed over unseen", "6.1 makes no exception",
     [](const cause& of) {
         return of.frame.type == causes::data && of.frame.has(8) &&
                (of.ours.goaway == "PROTOCOL_ERROR" || of.ours.goaway == "FRAME_SIZE_ERROR") &&
                causes::is_nothing(of.theirs);
     }},
    {"data-before-response", "8.1, 8.1.1", "DATA before the HEADERS of a response: stream error",
     "connection, PROTOCOL_ERROR; empty DATA is passed over",
     "8.1.1: what is malformed is a stream error",
     [](const cause& of) {
         return of.is_client && of.frame.type == causes::data &&
                (causes::is_reset(of, "PROTOCOL_ERROR", "PROTOCOL_ERROR") ||
                 causes::is_reset(of, "FLOW_CONTROL_ERROR", "PROTOCOL_ERROR") ||
                 (of.frame.length == 0 && of.we_reset("PROTOCOL_ERROR") &&
                  causes::is_nothing(of.theirs)));
     }},
    {"preface", "3.4", "a wrong preface is answered by GOAWAY(PROTOCOL_ERROR)",
     "by nothing: the connection ends", "3.4 lets GOAWAY be omitted; a peer can read ours",
     [](const cause& of) {
         return of.frame.is_preface && of.ours.goaway == "PROTOCOL_ERROR" &&
                of.ours.events == of.theirs.events;
     }},
    {"skipped-stream", "5.1.1",
     "HEADERS on a stream below one that was opened before it: connection, PROTOCOL_ERROR",
     "passed over, where its block can be decoded", "5.1.1: what was skipped can be opened no more",
     [](const cause& of) {
         return !of.is_client && causes::of_block(of) && !of.we_had_reset &&
                of.ours.goaway == "PROTOCOL_ERROR" &&
                (causes::is_nothing(of.theirs) || of.theirs.goaway == "COMPRESSION_ERROR");
     }},
    {"closed-stream", "5.1",
     "DATA or HEADERS after the peer's reset: stream, STREAM_CLOSED; after both ends: connection",
     "passed over", "5.1 asks for both errors; after a reset of ours we pass over them, too",
     [](const cause& of) {
         return (of.frame.type == causes::data || causes::of_block(of)) && !of.we_had_reset &&
                (of.we_reset("STREAM_CLOSED") || of.ours.goaway == "STREAM_CLOSED") &&
                causes::is_nothing(of.theirs);
     }},
    {"window-update-0", "6.9", "WINDOW_UPDATE of 0 on a stream: stream, PROTOCOL_ERROR",
     "connection, PROTOCOL_ERROR", "6.9 makes it a stream error",
     [](const cause& of) {
         return of.frame.type == causes::window_update &&
                causes::is_reset(of, "PROTOCOL_ERROR", "PROTOCOL_ERROR");
     }},
    {"priority-depends-on-itself", "5.3.2", "PRIORITY is passed over, whatever it says",
     "a stream that depends on itself: connection, PROTOCOL_ERROR",
     "5.3.2 deprecates the tree, and with it the rule of RFC 7540",
     [](const cause& of) {
         return causes::depends_on_itself(of.frame) && of.ours.goaway.empty() &&
                of.theirs.goaway == "PROTOCOL_ERROR";
     }},
    {"priority-length", "6.3", "PRIORITY that has not 5 octets: stream, FRAME_SIZE_ERROR",
     "connection, FRAME_SIZE_ERROR", "6.3 makes it a stream error",
     [](const cause& of) {
         return of.frame.type == causes::priority &&
                causes::is_reset(of, "FRAME_SIZE_ERROR", "FRAME_SIZE_ERROR");
     }},
    {"priority-update", "RFC 9218 7.1",
     "PRIORITY_UPDATE is read, and an invalid one ends the connection",
     "a type that it does not know", "urgency is obeyed here",
     [](const cause& of) {
         return of.frame.type == causes::priority_update && causes::is_nothing(of.theirs) &&
                (of.ours.goaway == "PROTOCOL_ERROR" || of.ours.goaway == "FRAME_SIZE_ERROR") &&
                (of.is_client || of.frame.stream != 0 || of.frame.length < 4 ||
                 model::number_at(of.frame.bytes, 9) % 2 == 0); // no request's number
     }},
    {"push", "6.6, 8.4", "PUSH_PROMISE: connection, PROTOCOL_ERROR",
     "refused with CANCEL until the client's SETTINGS are acknowledged",
     "they come before any request, so no server that has one to answer may push",
     [](const cause& of) {
         return of.is_client && of.frame.type == causes::push_promise &&
                of.ours.goaway == "PROTOCOL_ERROR" &&
                (of.theirs.goaway.empty() || of.theirs.goaway == "COMPRESSION_ERROR");
     }},
    {"stream-before-connection", "5.4",
     "a frame with an error of its stream and one of the connection:"
     " RST_STREAM, then GOAWAY",
     "GOAWAY only", "the head of a frame is judged before the rest",
     [](const cause& of) {
         const auto first = of.ours.resets.find(of.frame.stream);
         return of.frame.type <= causes::headers && first != of.ours.resets.end() &&
                !of.ours.goaway.empty() &&
                (of.theirs.goaway == of.ours.goaway || of.theirs.goaway == first->second);
     }},
    {"frame-inside-block", "4.3, 6.10",
     "another frame inside a field block: PROTOCOL_ERROR; STREAM_CLOSED if the block's stream was",
     "COMPRESSION_ERROR where the part before it is damaged; PROTOCOL_ERROR",
     "a block is decoded when it is whole, and its head judged at once",
     [](const cause& of) {
         return of.frame.broken && (causes::both_end(of, "PROTOCOL_ERROR", "COMPRESSION_ERROR") ||
                                    causes::both_end(of, "STREAM_CLOSED", "PROTOCOL_ERROR"));
     }},
    {"settings-ack", "6.5.3", "an acknowledgement of nothing is passed over, and counted",
     "connection, PROTOCOL_ERROR", "no section forbids it",
     [](const cause& of) {
         return of.frame.type == causes::settings && of.frame.has(1) && of.frame.length == 0 &&
                causes::is_nothing(of.ours) && of.theirs.goaway == "PROTOCOL_ERROR";
     }},
    {"head-fields-in-trailers", "RFC 9110 6.5.1",
     "host or content-length among trailers is passed over",
     "stream, PROTOCOL_ERROR, as a second one of its kind",
     "a sender must not, and nothing is made of trailers here",
     [](const cause& of) {
         return causes::of_block(of) && of.frame.has(1) && of.they_reset("PROTOCOL_ERROR") &&
                of.ours.resets.empty() && of.ours.goaway.empty() &&
                (of.has("host") || of.has("content-length")) && !of.has(":method") &&
                !of.has(":status");
     }},
    {"length-without-content", "8.1.1, RFC 9110 8.6",
     "content-length in a 1xx or 204 answer is passed over", "stream, PROTOCOL_ERROR",
     "a server must not send it, and 8.1.1 lets what has no content have one",
     [](const cause& of) {
         const bool has_none = std::any_of(of.fields.begin(), of.fields.end(), [](const auto& at) {
             return at.first == ":status" && (at.second.starts_with('1') || at.second == "204");
         });
         return of.is_client && causes::of_block(of) && of.they_reset("PROTOCOL_ERROR") &&
                !of.we_reset("PROTOCOL_ERROR") && of.ours.goaway.empty() && has_none &&
                of.has("content-length");
     }},
    {"204", "8.5", "204 to CONNECT opens the tunnel, as any 2xx does",
     "its DATA: stream, PROTOCOL_ERROR", "8.5: any 2xx",
     [](const cause& of) {
         return of.is_client && of.frame.type == causes::data && of.they_reset("PROTOCOL_ERROR") &&
                of.opened_by_204 && !of.we_reset("PROTOCOL_ERROR") && of.ours.goaway.empty();
     }},
    {"after-our-reset", "5.1", "DATA or HEADERS on a stream that we have reset are passed over",
     "connection, STREAM_CLOSED, where the peer had ended its half before",
     "5.1: whoever has sent RST_STREAM ignores what follows",
     [](const cause& of) {
         return (of.frame.type == causes::data || causes::of_block(of)) && of.we_had_reset &&
                causes::is_nothing(of.ours) && of.theirs.goaway == "STREAM_CLOSED";
     }},
    {"content-length-on-connect", "RFC 9110 9.3.6",
     "an extended CONNECT with content-length is refused with 400",
     "reset, where the length is no number or does not fit", "the client can read why",
     [](const cause& of) {
         return !of.is_client && causes::of_block(of) && of.they_reset("PROTOCOL_ERROR") &&
                !of.we_reset("PROTOCOL_ERROR") && of.has(":method", "CONNECT") &&
                of.has("content-length") && of.ours.events == of.theirs.events;
     }},
    {"content-of-304", "8.1.1, RFC 9110 15.4.5",
     "304 to CONNECT with content: PROTOCOL_ERROR, and nothing of it is told",
     "the same error; its status is told", "a client never accepts a malformed response",
     [](const cause& of) {
         return of.is_client && of.frame.type == causes::data && of.we_reset("PROTOCOL_ERROR") &&
                of.they_reset("PROTOCOL_ERROR") && of.ours.answers == of.theirs.answers;
     }},
    {"end-without-window", "6.9.1",
     "END_STREAM in an empty DATA frame leaves at once, also at a window of 0",
     "when the window allows, as if it were an octet", "6.9.1 exempts it; the tunnel is over",
     [](const cause& of) {
         return of.ours.answers != of.theirs.answers &&
                causes::without_ends(of.ours) == causes::without_ends(of.theirs);
     }},
    {"initial-window-overflow", "6.9.2",
     "SETTINGS_INITIAL_WINDOW_SIZE that makes a stream's window too large: connection,"
     " FLOW_CONTROL_ERROR",
     "that stream, FLOW_CONTROL_ERROR, also one that the peer has reset",
     "6.9.2 makes it a connection error, and what is closed has no window",
     [](const cause& of) {
         if (of.frame.type != causes::settings || !of.theirs.goaway.empty()) return false;
         if (of.ours.goaway == "FLOW_CONTROL_ERROR") return true;
         outcome without_resets = of.theirs; // of streams that are closed: nothing else differs
         without_resets.resets.clear();
         std::erase_if(without_resets.answers, [](const octets& line) {
             return line.ends_with(" reset FLOW_CONTROL_ERROR");
         });
         return of.ours == without_resets;
     }},
};

} // namespace differential
