// One websocket that does what the steps of a transcript say, and its log. Memory that it is lent
// lies between octets that nobody may touch; what must never happen is logged with "!!" in front.
#pragma once

#include "octets.hpp"

#include <h2ws/websocket.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace transcript {

using log_lines = std::vector<std::string>;

// One thing that happens: bytes arrive, or the application makes a call.
struct step {
    enum class kind {
        receive,
        end_stream,
        send,
        send_copied,
        send_ping,
        send_pong,
        send_close,
        send_end_stream,
        stream_ended,
        fail,
    };
    kind what;
    octets data = {};
    h2ws::opcode type = h2ws::opcode::text;
    bool fin = true;
    std::size_t room = 0; // of the buffer, for send_copied
    h2ws::status_code code = h2ws::status_code::normal_closure;
    h2ws::ending how = h2ws::ending::connection_lost;
    h2ws::http2_error stream_error = h2ws::http2_error::no_error;
    h2ws::errc error = h2ws::errc::none;
};

inline step receive(octets bytes) { return {step::kind::receive, std::move(bytes)}; }
inline step end_stream() { return {step::kind::end_stream}; }
inline step send(h2ws::opcode type, octets payload, bool fin = true) {
    return {step::kind::send, std::move(payload), type, fin};
}
inline step send_copied(h2ws::opcode type, octets payload, std::size_t room, bool fin = true) {
    return {step::kind::send_copied, std::move(payload), type, fin, room};
}
inline step send_ping(octets payload) { return {step::kind::send_ping, std::move(payload)}; }
inline step send_pong(octets payload) { return {step::kind::send_pong, std::move(payload)}; }
inline step send_close(unsigned code = 1000, octets reason = {}) {
    step made{step::kind::send_close, std::move(reason)};
    made.code = static_cast<h2ws::status_code>(code);
    return made;
}
inline step send_end_stream() { return {step::kind::send_end_stream}; }
inline step stream_ended(h2ws::ending how, h2ws::http2_error code = h2ws::http2_error::no_error) {
    step made{step::kind::stream_ended};
    made.how = how;
    made.stream_error = code;
    return made;
}
inline step fail(h2ws::errc error) {
    step made{step::kind::fail};
    made.error = error;
    return made;
}

// Memory with octets around it that nobody may touch.
class guarded {
public:
    explicit guarded(std::string_view content) : all_(content.size() + 2 * guard_size, guard) {
        if (!content.empty()) std::memcpy(all_.data() + guard_size, content.data(), content.size());
    }

    h2ws::mutable_bytes bytes() { return h2ws::mutable_bytes(all_).subspan(guard_size, size()); }

    std::string_view text() { return h2ws::as_text(bytes()); }

    bool intact() const {
        const auto untouched = [](std::byte octet) { return octet == guard; };
        return std::all_of(all_.begin(), all_.begin() + guard_size, untouched) &&
               std::all_of(all_.end() - guard_size, all_.end(), untouched);
    }

private:
    static constexpr int guard_size = 16;
    static constexpr std::byte guard{0xa5};

    std::size_t size() const { return all_.size() - 2 * guard_size; }

    std::vector<std::byte> all_;
};

inline bool next_fixed_key(void*, h2ws::masking_key& key) noexcept {
    std::memcpy(key.data(), fixed_key.data(), key.size());
    return true;
}

template <class Role>
Role with_fixed_key() {
    if constexpr (Role::is_client)
        return {.keys = {.next = next_fixed_key}};
    else
        return {};
}

// How a transcript is played.
struct manner {
    std::size_t room = 0;               // of the buffer that payloads go to; 0: in place
    std::vector<std::size_t> cuts = {}; // of the whole input; one that is repeated cuts out nothing
    bool octet_by_octet = false;
    bool end_apart = false;   // END_STREAM on a piece of its own
    bool drain_first = false; // poll_transmit after each poll, else when polled dry

    std::string text() const {
        std::string out = room == 0 ? "in place" : "into " + std::to_string(room);
        if (octet_by_octet) out += ", octet by octet";
        for (const std::size_t cut : cuts) out += ", cut at " + std::to_string(cut);
        return out + (end_apart ? ", end apart" : "") + (drain_first ? ", drained first" : "");
    }
};

// Bytes and calls go in, one by one; `finish` gives the log.
template <class Role, class Extension = h2ws::no_extension>
class player {
public:
    using socket_type = h2ws::websocket<Role, Extension>;

    explicit player(const manner& how = {}, const h2ws::limits& allowed = {},
                    Extension extension = {})
        : how_(how),
          socket_(with_fixed_key<Role>(), allowed, extension) {}

    socket_type& socket() { return socket_; }

    const log_lines& log() const { return log_; } // so far

    void receive(std::string_view piece, bool ends) {
        guarded input(piece);
        if (how_.room == 0) {
            h2ws::inbound<Role> in{input.bytes(), ends};
            pump(in.data, [&] { return socket_.poll(in); });
        } else {
            guarded out(octets(how_.room, '\xee'));
            h2ws::const_bytes in = input.bytes();
            pump(in, [&] { return socket_.poll(in, ends, out.bytes()); });
            if (!out.intact()) complain("wrote beyond out");
            if (input.text() != piece) complain("changed constant input");
        }
        if (!input.intact()) complain("wrote beyond the input");
    }

    void perform(const step& call) {
        using kind = step::kind;
        if (call.what == kind::send) perform_send(call);
        if (call.what == kind::send_copied) perform_send_copied(call);
        const h2ws::const_bytes data = h2ws::as_bytes(call.data);
        if (call.what == kind::send_ping) log_control(socket_.send_ping(data));
        if (call.what == kind::send_pong) log_control(socket_.send_pong(data));
        if (call.what == kind::send_close) log_control(socket_.send_close(call.code, call.data));
        if (call.what == kind::send_end_stream) {
            const h2ws::result<h2ws::transmit> made = socket_.send_end_stream();
            made ? log_transmit(*made) : log_refusal(made.error());
        }
        if (call.what == kind::stream_ended)
            if (const auto found = socket_.stream_ended(call.how, call.stream_error))
                log_event(*found);
        if (call.what == kind::fail) socket_.fail(call.error);
        receive({}, false);
    }

    // What holds of every websocket in the end; then the log is complete.
    log_lines finish() {
        flush_unfinished();
        const auto last = socket_.stream_ended(h2ws::ending::connection_lost, {});
        if (closed_ + (last ? 1 : 0) != 1) complain("closed came more than once, or not at all");
        for (const char* garbage : {"", "\x81", "\x88\x85", "anything at all"}) {
            const std::size_t lines = log_.size();
            receive(garbage, false);
            receive(garbage, true);
            if (log_.size() != lines) complain("something was received after the end");
        }
        if (socket_.poll_transmit()) complain("something was transmitted after the end");
        refuses_to_send();
        return log_;
    }

private:
    template <class Bytes, class Poll>
    void pump(Bytes& in, Poll poll) {
        for (;;) {
            bool idle = true;
            while (std::optional<h2ws::event> found = watched(in, poll)) {
                idle = false;
                log_event(*found);
                if (how_.drain_first) drain();
            }
            if (!drain() && idle) break;
        }
        if (!in.empty()) complain("input was left though nothing is owed");
    }

    template <class Bytes, class Poll>
    std::optional<h2ws::event> watched(Bytes& in, Poll poll) {
        const Bytes before = in;
        const bool owes = socket_.wants_transmit();
        std::optional<h2ws::event> found = poll();
        if (in.size() > before.size() || in.data() != before.data() + (before.size() - in.size()))
            complain("input was not advanced from its front");
        if (owes && in.size() != before.size()) complain("input was taken while something is owed");
        return found;
    }

    bool drain() {
        int frames = 0;
        bool spoke = false;
        while (const std::optional<h2ws::transmit> out = socket_.poll_transmit()) {
            spoke = true;
            if (!out->bytes.empty() && ++frames > 1) complain("more than one frame was owed");
            if (ended_) complain("transmitted after the end of the half");
            log_transmit(*out);
        }
        if (socket_.wants_transmit()) complain("wants to transmit and does not");
        return spoke;
    }

    void perform_send(const step& call) {
        guarded payload(call.data);
        const h2ws::result<h2ws::frame> made = socket_.send(call.type, payload.bytes(), call.fin);
        made ? log_frame(*made) : log_refusal(made.error());
        if (!payload.intact()) complain("wrote beyond the payload");
        if (!Role::is_client && payload.text() != call.data) complain("changed constant payload");
    }

    void perform_send_copied(const step& call) {
        guarded out(octets(call.room, '\xee'));
        h2ws::const_bytes rest = h2ws::as_bytes(call.data);
        for (bool more = true; more;) {
            const h2ws::result<h2ws::frame> made =
                socket_.send(call.type, rest, out.bytes(), call.fin);
            made ? log_frame(*made) : log_refusal(made.error());
            more = made && made->more;
        }
        if (!out.intact()) complain("wrote beyond out");
    }

    void refuses_to_send() {
        guarded payload("x");
        guarded out("y");
        h2ws::const_bytes rest = payload.bytes();
        const h2ws::opcode text = h2ws::opcode::text;
        if (socket_.send(text, payload.bytes()).error() != h2ws::errc::not_open ||
            socket_.send(text, rest, out.bytes()).error() != h2ws::errc::not_open ||
            socket_.send_ping().error() != h2ws::errc::not_open ||
            socket_.send_pong().error() != h2ws::errc::not_open ||
            socket_.send_close().error() != h2ws::errc::not_open ||
            socket_.send_end_stream().error() != h2ws::errc::not_open)
            complain("something was sent after the end");
    }

    void log_event(const h2ws::event& found) {
        if (closed_ != 0) complain("an event followed closed");
        if (const auto* chunk = std::get_if<h2ws::message_chunk>(&found)) log_chunk(*chunk);
        if (const auto* control = std::get_if<h2ws::ping>(&found))
            log_.push_back("ping " + quoted(h2ws::as_text(control->payload)));
        if (const auto* control = std::get_if<h2ws::pong>(&found))
            log_.push_back("pong " + quoted(h2ws::as_text(control->payload)));
        if (const auto* close = std::get_if<h2ws::close_frame>(&found))
            log_.push_back("close " + std::to_string(static_cast<unsigned>(close->code)) + ' ' +
                           quoted(close->reason));
        if (const auto* last = std::get_if<h2ws::closed>(&found)) {
            ++closed_;
            flush_unfinished();
            std::string line = "closed " + std::string(h2ws::info(last->error).name);
            if (last->stream_error != h2ws::http2_error::no_error)
                line += ' ' + std::string(h2ws::name(last->stream_error));
            log_.push_back(line);
        }
    }

    void log_chunk(const h2ws::message_chunk& chunk) {
        if (chunk.first == unfinished_) complain("first is wrong");
        if (!chunk.first && chunk.type != type_) complain("a message changed its type");
        if (chunk.payload.empty() && !chunk.last) complain("an empty piece that is not the last");
        if (how_.room != 0 && std::is_same_v<Extension, h2ws::no_extension> &&
            chunk.payload.size() > how_.room)
            complain("a piece is longer than out");
        unfinished_ = true;
        type_ = chunk.type;
        message_ += h2ws::as_text(chunk.payload);
        if (!chunk.last) return;
        log_.push_back(described(type_, std::exchange(message_, {})));
        unfinished_ = false;
    }

    void flush_unfinished() {
        if (unfinished_) log_.push_back(described(type_, message_) + " unfinished");
        unfinished_ = false;
    }

    void log_frame(const h2ws::frame& made) {
        if (made.header_size == 0) return log_.push_back("> nothing yet");
        const octets bytes =
            octets(h2ws::as_text(made.header())).append(h2ws::as_text(made.payload));
        log_.push_back("> " + (bytes.size() > 200 ? described(h2ws::opcode::binary, bytes)
                                                  : spaced_hex(bytes)));
    }

    void log_control(const h2ws::result<h2ws::control_frame>& made) {
        made ? log_.push_back("> " + spaced_hex(h2ws::as_text(made->bytes())))
             : log_refusal(made.error());
    }

    void log_transmit(const h2ws::transmit& out) {
        if (out.end_stream && out.reset) complain("both END_STREAM and a reset");
        std::string line = ">";
        if (!out.bytes.empty()) line += ' ' + spaced_hex(h2ws::as_text(out.bytes));
        if (out.end_stream) line += " end_stream";
        if (out.reset) line += " reset " + std::string(h2ws::name(out.stream_error));
        ended_ = ended_ || out.end_stream || out.reset;
        log_.push_back(line);
    }

    void log_refusal(h2ws::errc error) {
        log_.push_back("! " + std::string(h2ws::info(error).name));
    }

    void complain(const char* what) { log_.push_back(std::string("!! ") + what); }

    manner how_;
    socket_type socket_;
    log_lines log_;
    octets message_;
    h2ws::opcode type_ = h2ws::opcode::continuation;
    bool unfinished_ = false;
    bool ended_ = false;
    int closed_ = 0;
};

} // namespace transcript
