// What a tunnel is to do, written from the RFCs and from docs/decisions.md alone: nothing of the
// library is included, nothing of it was copied. One stream on one connection, as its peer and its
// application see it; input comes one frame, one call or one span of time at a time, and all that
// the peer's window allows to leave has left before the next.
//
// RFC 6455 sections 5 to 7 (frames, closing), RFC 8441 section 5 (END_STREAM is the orderly end of
// the transport, RST_STREAM the abnormal one), RFC 9113 sections 5.1, 6.8 and 8.1.
#pragma once

#include "alphabet.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace model {

using milliseconds = std::int32_t;

// A specification that is wrong on purpose: the check has to see each of these.
enum class mistake : std::uint8_t {
    none,
    messages_mix,        // RFC 6455 §5.4
    speaks_after_close,  // RFC 6455 §5.5.1
    forgets_late_pong,   // RFC 6455 §5.5.2, S26
    other_ends_first,    // RFC 6455 §7.1.1, S20, S21
    end_is_clean,        // RFC 6455 §7.1.5, S18
    reads_after_failing, // RFC 6455 §7.1.7
    answers_reset,       // RFC 9113 §5.4.2
    forgives_closed,     // RFC 9113 §5.1
    pong_waits_its_turn, // docs/architecture.md, of output
    failing_flushes,     // RFC 6455 §7.1.7
    closes_late,         // the close timer, by a millisecond
};
inline constexpr std::size_t mistakes = static_cast<std::size_t>(mistake::closes_late) + 1;

class specification {
public:
    explicit specification(role we, const switches& chosen = {},
                           mistake wrong = mistake::none) noexcept
        : we_(we),
          chosen_(chosen),
          wrong_(wrong) {}

    // Whether this can happen now. A peer that has sent half a frame can send but the rest of it,
    // as far as anybody still looks; the rest comes only where there was a half.
    bool possible(input what) const noexcept {
        if (!is_of(what)) return false;
        switch (what) {
        case input::rest: return half_ != half::none && reads();
        case input::ping_ack: return announced_;
        case input::window_shut: return !shut_ && !over_ && stream_ != stream::gone;
        case input::window_open: return shut_ && !over_ && stream_ != stream::gone;
        case input::pause: return !deadline() || *deadline() > now_ + pause;
        default: return !(is_frame(what) && half_ != half::none && reads());
        }
    }

    outcome step(input what) {
        result_ = {};
        if (what >= input::pause)
            time(what);
        else if (what >= input::accept)
            call(what);
        else if (!over_)
            peer(what);
        flush();
        // RFC 9113 §6.8: who has heard or said GOAWAY is done when the last stream is
        if (!over_ && stream_ == stream::gone && (goaway_heard_ || goaway_said_))
            end_connection(reason::none);
        return result_;
    }

    // When something is due next.
    std::optional<milliseconds> deadline() const noexcept {
        std::optional<milliseconds> due;
        const auto at = [&](milliseconds when) {
            when = std::max(when, now_);
            if (!due || when < *due) due = when;
        };
        if (over_) return due;
        if (announced_) at(announced_at_ + 5'000);
        if (stream_ == stream::asked || stream_ == stream::refused) at(10'000); // the answer
        if (stream_ != stream::tunnel) return due;
        if (!queue_.empty()) at(waiting_since_ + 30'000); // S21
        if (is_open() && queue_.empty()) at((pinged_ ? pinged_at_ : heard_at_) + 30'000);
        if (is_open() && chosen_.idle != 0) at(moved_at_ + chosen_.idle);
        if (!is_open() && close_left_) at(closing_since_ + patience());
        if (ends_alone()) at(closing_since_ + 1'000);
        return due;
    }

    milliseconds now() const noexcept { return now_; }

    // The same for states that cannot be told apart, with high probability only for them.
    std::uint64_t digest() const noexcept {
        std::uint64_t sum = 0xcbf29ce484222325;
        const auto mix = [&sum](auto value) {
            sum = (sum ^ (static_cast<std::uint64_t>(value) + 0x9e3779b97f4a7c15)) *
                  0xff51afd7ed558ccd;
            sum ^= sum >> 32;
        };
        const auto flags = {told_closed_,   peer_ended_,   we_ended_,    end_left_,   close_left_,
                            message_comes_, message_goes_, pinged_,      ping_waits_, shut_,
                            announced_,     goaway_heard_, goaway_said_, over_};
        for (const bool flag : flags) mix(flag);
        mix(stream_), mix(parted_), mix(in_), mix(out_), mix(half_);
        const bool runs = stream_ == stream::tunnel;
        mix(deadline().value_or(-1) - now_);
        mix(runs && close_left_ ? now_ - closing_since_ : 0);
        mix(runs && is_open() ? now_ - (pinged_ ? pinged_at_ : heard_at_) : 0);
        mix(queue_.empty() ? 0 : now_ - waiting_since_);
        mix(ending_);
        mix(chosen_.idle != 0 && runs && is_open() ? now_ - moved_at_ : 0);
        for (const token& one : queue_) mix(one.what), mix(one.detail);
        mix(announced_ ? now_ - announced_at_ : 0);
        mix(stream_ == stream::asked || stream_ == stream::refused ? now_ : 0);
        for (std::size_t i = 0; i < early_size_; ++i) mix(early_[i]);
        return sum;
    }

private:
    static constexpr milliseconds pause = 700;
    static constexpr milliseconds long_time = 100'000;
    // RFC 9113 §7
    static constexpr std::uint16_t no_error = 0, protocol_error = 1, stream_closed = 5, cancel = 8;

    enum class stream : std::uint8_t {
        asked,   // the request has no final answer
        refused, // a client's: the head of a refusal came, content may follow
        tunnel,  // frames flow, or have flowed
        gone,    // closed (RFC 9113 §5.1)
    };
    enum class parted : std::uint8_t { both_ended, by_peer, by_us };
    enum class reading : std::uint8_t { frames, after_close, failed };
    enum class writing : std::uint8_t { frames, after_close };
    enum class ending : std::uint8_t { none, end_stream, reset };
    enum class half : std::uint8_t { none, message, ping };

    // ---- what can be done at which end ----------------------------------------------------------

    bool errs(mistake in) const noexcept { return wrong_ == in; }
    bool server() const noexcept { return we_ == role::server; }

    bool is_of(input what) const noexcept {
        switch (what) {
        case input::success:
        case input::success_end:
        case input::interim:
        case input::refusal:
        case input::refusal_end:
        case input::reset_refused:
        case input::goaway_all: return !server();
        case input::ping_ack:
        case input::accept:
        case input::refuse: return server();
        default: return true;
        }
    }

    static bool is_frame(input what) noexcept {
        return what >= input::message && what <= input::close_end && what != input::end_stream;
    }

    // Whether octets of the peer are still looked at.
    bool reads() const noexcept {
        return !over_ && !peer_ended_ && in_ == reading::frames &&
               (stream_ == stream::tunnel || (server() && stream_ == stream::asked));
    }

    bool is_open() const noexcept { return in_ == reading::frames && out_ == writing::frames; }

    // ---- the peer -------------------------------------------------------------------------------

    void peer(input what) {
        if (what <= input::fields_end) return headers(what);
        if (what <= input::close_end) return data(what);
        switch (what) {
        case input::reset:
        case input::reset_refused: return peer_resets(what);
        case input::goaway:
        case input::goaway_all: return peer_leaves(what);
        case input::ping_ack: return last_goaway();
        case input::window_shut:
        case input::window_open: shut_ = what == input::window_shut; return;
        default: return transport_lost();
        }
    }

    void headers(input what) {
        if (stream_ == stream::gone) return frame_on_closed_stream();
        if (peer_ended_) return abort(reason::closed_stream, stream_closed); // RFC 9113 §5.1
        // RFC 9113 §8.5: only DATA, whatever the fields are; a server has had its head (S7)
        if (stream_ == stream::tunnel || server())
            return abort(reason::headers_on_tunnel, protocol_error);
        const bool ends =
            what == input::success_end || what == input::refusal_end || what == input::fields_end;
        if (stream_ == stream::refused) { // RFC 9113 §8.1: only trailers may follow, and they end
            if (what != input::fields_end) return abort(reason::not_2xx, protocol_error);
            return refusal_complete();
        }
        switch (what) {
        case input::interim: return; // RFC 9113 §8.1: the final one is still to come
        case input::success: return open();
        case input::success_end: return abort(reason::answer_ends_stream, cancel); // no tunnel
        case input::refusal:
        case input::refusal_end:
            stream_ = stream::refused;
            if (ends) refusal_complete();
            return;
        default: return abort(reason::malformed, protocol_error); // RFC 9113 §8.1.1, §8.3.2
        }
    }

    void open() {
        stream_ = stream::tunnel;
        heard_at_ = moved_at_ = now_;
        if (!server()) tell(sign::opened);
    }

    // The answer is complete and the stream of no use any more.
    void refusal_complete() {
        peer_ended_ = true;
        abort(reason::not_2xx, cancel);
    }

    void data(input what) {
        const bool ends =
            what == input::end_stream || what == input::message_end || what == input::close_end;
        if (stream_ == stream::gone) return frame_on_closed_stream();
        if (peer_ended_) return abort(reason::closed_stream, stream_closed); // RFC 9113 §5.1
        if (stream_ == stream::refused) { // content, of no interest
            if (ends) refusal_complete();
            return;
        }
        if (stream_ == stream::asked && !server()) // RFC 9113 §8.1: a head comes first
            return abort(reason::malformed, protocol_error);
        if (stream_ == stream::asked) { // S11: it waits for our answer
            note_half(what);
            if (early_size_ < early_.size()) early_[early_size_++] = what;
            peer_ended_ = ends;
            return;
        }
        frame(what);
        if (ends) peer_ends();
    }

    void note_half(input what) noexcept {
        if (what == input::half_message) half_ = half::message;
        if (what == input::half_ping) half_ = half::ping;
        if (what == input::rest) half_ = half::none;
    }

    // RFC 6455 §5. After a Close, or once the peer was failed, nothing is looked at (§5.5.1,
    // §7.1.7; S17).
    void frame(input what) {
        const bool deaf = in_ == reading::failed && !errs(mistake::reads_after_failing);
        if (deaf || in_ == reading::after_close || what == input::end_stream) return;
        heard_at_ = now_;
        pinged_ = ping_waits_ = false;
        switch (what) {
        case input::message:
        case input::message_end: return text(true, true);
        case input::first: return text(false, true);
        case input::half_message: half_ = half::message; return text(false, true);
        case input::rest: return rest_of_frame();
        case input::middle: return continuation(false);
        case input::last: return continuation(true);
        case input::bad_text: // §8.1; but a message that is not finished comes first (§5.4)
            return fail(message_comes_ ? reason::unfinished_message : reason::text_not_utf8);
        case input::reserved: return fail(reason::reserved_opcode); // §5.2
        case input::half_ping: half_ = half::ping; return;
        case input::ping: return answer_ping();
        case input::pong: return tell(sign::pong_told); // §5.5.3
        case input::close:
        case input::close_end: return close(1000);
        case input::close_empty: return close(1005);      // §7.1.5
        default: return fail(reason::close_code_invalid); // §7.4.1: 1005 must not be there
        }
    }

    void text(bool whole, bool begins) {
        if (begins && message_comes_ && !errs(mistake::messages_mix))
            return fail(reason::unfinished_message); // §5.4
        message_comes_ = !whole;
        chunk(whole ? 3 : 1);
    }

    void continuation(bool final) {
        if (!message_comes_) return fail(reason::unexpected_continuation); // §5.4
        message_comes_ = !final;
        chunk(final ? 2 : 0);
    }

    void chunk(std::uint16_t edges) {
        moved_at_ = now_;
        tell(sign::chunk, edges);
        if (chosen_.answers && (edges & 2) != 0 && is_open()) send_text(true);
    }

    void rest_of_frame() {
        const half was = half_;
        half_ = half::none;
        if (was == half::ping) return answer_ping();
        continuation(true); // its frame had FIN
    }

    // §5.5.2: unless a Close was received; in_ says that none was (S26).
    // §5.5.3: of pings that were not answered yet, the last may be the only one that is.
    void answer_ping() {
        tell(sign::ping_told);
        queue_.remove(sign::pong_left);
        if (out_ == writing::frames || !errs(mistake::forgets_late_pong)) say(sign::pong_left);
    }

    // §5.5.1: the first answers, the second completes. Then the server ends the transport (§7.1.1,
    // S21), and the client waits for that (S20).
    void close(std::uint16_t code) {
        tell(sign::close_told, code);
        in_ = reading::after_close; // from here on the application's own comes too late
        half_ = half::none;
        if (out_ == writing::frames)
            say_close(code);
        else if (!server() && close_left_)
            closing_since_ = now_;
        tell_closed(reason::none);
        if (server() != errs(mistake::other_ends_first)) end_our_half();
    }

    void say_close(std::uint16_t code) {
        say(sign::close_left, code == 1005 ? std::uint16_t{0} : code);
        out_ = writing::after_close;
    }

    // §7.1.7: a Close with the code that fits, unless one has left; then nothing is read.
    void fail(reason why) {
        tell_closed(why);
        in_ = reading::failed;
        half_ = half::none;
        if (out_ != writing::frames) return;
        if (!errs(mistake::failing_flushes)) queue_ = {}; // no frame but that, of those not begun
        say_close(code_of(why));
    }

    static std::uint16_t code_of(reason why) noexcept { // §7.4.1
        if (why == reason::text_not_utf8) return 1007;
        const bool silent = why == reason::keepalive_timeout || why == reason::idle_timeout;
        return silent ? 1001 : 1002;
    }

    // RFC 8441 §5: FIN. Without a Close before it it is abnormal (RFC 6455 §7.1.5, S18): a server
    // ends its half too, a client resets; after both Closes it ends in order.
    void peer_ends() {
        peer_ended_ = true;
        if (!told_closed_) {
            tell_closed(errs(mistake::end_is_clean) ? reason::none : reason::end_without_close);
            in_ = reading::failed;
        }
        if (server() || in_ == reading::after_close)
            end_our_half();
        else
            ending_ = ending::reset; // CANCEL; what waits goes before it
    }

    void end_our_half() {
        if (!std::exchange(we_ended_, true)) ending_ = ending::end_stream;
        if (peer_ended_ && end_left_) go(parted::both_ended);
    }

    // RFC 8441 §5: RST; RFC 9113 §8.7 where the request was not looked at.
    void peer_resets(input what) {
        if (stream_ == stream::gone) return; // RFC 9113 §5.4.2: it is not answered
        const bool unseen = what == input::reset_refused && stream_ == stream::asked;
        lose(unseen ? reason::not_processed : reason::reset_by_peer);
        if (errs(mistake::answers_reset)) leave(sign::reset_left, cancel);
        go(parted::by_peer);
    }

    // RFC 9113 §6.8, S16: a stream that it includes goes on, another was not processed. Where a
    // server excludes one that it has answered, the RFC does not say; it ends, and no reset of ours
    // leaves.
    void peer_leaves(input what) {
        tell(sign::goaway_told);
        goaway_heard_ = true;
        if (what == input::goaway || stream_ == stream::gone) return;
        lose(stream_ == stream::tunnel ? reason::reset_by_us : reason::not_processed);
        go(parted::by_us);
    }

    void transport_lost() {
        if (stream_ != stream::gone) {
            lose(reason::connection_lost); // RFC 6455 §7.2.1
            go(parted::by_us);
        }
        end_connection(reason::connection_lost);
    }

    // RFC 9113 §5.1, closed
    void frame_on_closed_stream() {
        if (parted_ == parted::by_us || errs(mistake::forgives_closed))
            return; // it may have been on its way
        if (parted_ == parted::by_peer) {
            leave(sign::reset_left, stream_closed);
            parted_ = parted::by_us;
            return;
        }
        leave(sign::goaway_left, stream_closed);
        end_connection(reason::closed_stream);
    }

    // ---- the application ------------------------------------------------------------------------

    void call(input what) {
        switch (what) {
        case input::shutdown: return shut_down();
        case input::send_reset:
            if (stream_ == stream::gone) return refuse_call(verdict::not_open);
            return abort(reason::reset_by_us, cancel); // RFC 8441 §5, S6
        case input::accept:
        case input::refuse:
            if (stream_ != stream::asked) return refuse_call(verdict::not_open);
            return what == input::accept ? accept() : refuse();
        default: break;
        }
        // RFC 6455 §5.5.1, §7.1.7: nothing after a Close of either side
        const bool closing = !is_open() && !errs(mistake::speaks_after_close);
        if (stream_ != stream::tunnel || closing) return refuse_call(verdict::not_open);
        switch (what) {
        case input::send_message:
        case input::send_fragment: return send_text(what == input::send_message);
        case input::send_binary: // RFC 6455 §5.4: one message at a time
            if (message_goes_) return refuse_call(verdict::invalid_argument);
            moved_at_ = now_;
            return say(sign::frame, 0x82);
        case input::send_ping: return say(sign::ping_left);
        case input::send_close: return say_close(1000);
        default: return refuse_call(verdict::not_sendable); // RFC 6455 §7.4.1
        }
    }

    // RFC 6455 §5.4: the first fragment names the type, those after it continue.
    void send_text(bool final) {
        say(sign::frame,
            static_cast<std::uint16_t>((final ? 0x80 : 0) | (message_goes_ ? 0x00 : 0x01)));
        message_goes_ = !final;
        moved_at_ = now_;
    }

    void accept() {
        leave(sign::answer_200);
        open();
        half_ = half::none;
        const bool ended = std::exchange(peer_ended_, false);
        for (std::size_t i = 0; i < early_size_; ++i) { // S11; in one piece, whatever it came in
            const bool joined = i + 1 < early_size_ && early_[i + 1] == input::rest;
            if (joined) ++i;
            const bool is_ping = joined && early_[i - 1] == input::half_ping;
            frame(!joined ? early_[i] : is_ping ? input::ping : input::message);
        }
        early_size_ = 0;
        if (ended) peer_ends();
    }

    // RFC 9113 §8.1: a client that has not ended its half is told to stop (S23).
    void refuse() {
        leave(sign::answer_refusing);
        we_ended_ = true;
        if (peer_ended_) return go(parted::both_ended);
        leave(sign::reset_left, no_error);
        go(parted::by_us);
    }

    // RFC 9113 §6.8: a server announces it, and names the last stream a round trip later.
    void shut_down() {
        if (std::exchange(shut_down_, true) || over_) return;
        if (!server()) return last_goaway();
        leave(sign::announced);
        announced_ = true;
        announced_at_ = now_;
    }

    void last_goaway() {
        announced_ = false;
        goaway_said_ = true;
        leave(sign::goaway_left, no_error);
    }

    // ---- time -----------------------------------------------------------------------------------

    void time(input what) {
        const std::optional<milliseconds> due = deadline();
        if (what == input::pause || !due) {
            now_ += what == input::pause ? pause : long_time;
            return;
        }
        now_ = *due;
        if (stream_ == stream::tunnel)
            pass_time();
        else if (stream_ != stream::gone && now_ >= 10'000)
            server() ? refuse() : abort(reason::handshake_timeout, cancel);
        if (announced_ && now_ >= announced_at_ + 5'000) last_goaway();
    }

    void pass_time() {
        if (!queue_.empty() && now_ >= waiting_since_ + 30'000) // the peer grants no window (S21)
            return abort(reason::output_stalled, cancel);
        if (!is_open()) return hurry();
        if (chosen_.idle != 0 && now_ >= moved_at_ + chosen_.idle)
            return fail(reason::idle_timeout);
        if (queue_.empty()) keep_alive();
    }

    // RFC 6455 §5.5.2: a ping after 30 s of silence, and 30 s for whatever answers.
    void keep_alive() {
        if (now_ < (pinged_ ? pinged_at_ : heard_at_) + 30'000) return;
        if (pinged_) return fail(reason::keepalive_timeout);
        say(sign::ping_left);
        pinged_ = ping_waits_ = true;
        pinged_at_ = now_;
    }

    // Whether our half ends though the peer's has not: a client's after both Closes (S20), a
    // failing server's (S21).
    bool ends_alone() const noexcept {
        return close_left_ && !we_ended_ && queue_.empty() &&
               in_ == (server() ? reading::failed : reading::after_close);
    }

    milliseconds patience() const noexcept { return errs(mistake::closes_late) ? 5'001 : 5'000; }

    // The close timer (S20, S21).
    void hurry() {
        if (!close_left_) return;
        if (now_ >= closing_since_ + patience())
            abort(reason::close_timeout, server() ? no_error : cancel);
        else if (ends_alone() && now_ >= closing_since_ + 1'000)
            end_our_half();
    }

    // ---- endings --------------------------------------------------------------------------------

    // The stream ends at once, for a reason of ours.
    void abort(reason why, std::uint16_t code) {
        lose(why);
        reset(code);
    }

    void reset(std::uint16_t code) {
        leave(sign::reset_left, code);
        go(parted::by_us);
    }

    // What the application is told of it, once.
    void lose(reason why) {
        if (stream_ == stream::refused) why = reason::not_2xx; // the answer counts
        if (server() || stream_ == stream::tunnel) return tell_closed(why);
        tell(sign::refused, why);
    }

    void tell_closed(reason why) { // RFC 6455 §7.1.4: after both Closes all is clean (S22)
        if (std::exchange(told_closed_, true)) return;
        tell(sign::closed, why);
    }

    void go(parted how) {
        queue_ = {};
        waiting_since_ = -1;
        ending_ = ending::none;
        stream_ = stream::gone;
        parted_ = how;
        tell(sign::released);
    }

    void end_connection(reason why) {
        over_ = true;
        announced_ = false;
        tell(sign::connection_over, why);
    }

    void tell(sign what, std::uint16_t detail = 0) { result_.told.add(what, detail); }
    void tell(sign what, reason why) { result_.told.add(what, why); }
    void leave(sign what, std::uint16_t detail = 0) { result_.left.add(what, detail); }
    // RFC 9113 §6.9: a frame waits for the window. A pong may overtake others (RFC 6455 §5.5.3).
    void say(sign what, std::uint16_t detail = 0) {
        if (waiting_since_ < 0) waiting_since_ = now_; // not where it takes another's place
        if (what == sign::pong_left && !errs(mistake::pong_waits_its_turn))
            queue_.add_first(what, detail);
        else
            queue_.add(what, detail);
    }

    // What may leave leaves. The end of the stream rides on the last frame, or needs no window.
    void flush() {
        if (shut_ && !queue_.empty()) return;
        const bool rides = !queue_.empty();
        for (const token& one : queue_) {
            leave(one.what, one.detail);
            if (one.what != sign::close_left) continue;
            close_left_ = true;
            closing_since_ = now_;
        }
        queue_ = {};
        waiting_since_ = -1;
        if (std::exchange(ping_waits_, false)) pinged_at_ = now_;
        const ending how = std::exchange(ending_, ending::none);
        const bool instead = how == ending::end_stream && !server() && chosen_.end_with_reset;
        if (how == ending::reset || instead) return reset(cancel);
        if (how == ending::none) return;
        leave(sign::end_of_stream, rides);
        end_left_ = true;
        if (peer_ended_) go(parted::both_ended);
    }

    void refuse_call(verdict how) noexcept { result_.call = how; }

    outcome result_;
    role we_;
    switches chosen_;
    mistake wrong_;
    stream stream_ = stream::asked;
    parted parted_ = parted::by_us;
    reading in_ = reading::frames;
    writing out_ = writing::frames;
    half half_ = half::none;
    bool told_closed_ = false;
    bool peer_ended_ = false, we_ended_ = false;        // END_STREAM
    bool message_comes_ = false, message_goes_ = false; // and is not finished
    bool pinged_ = false;
    bool close_left_ = false, end_left_ = false; // not only said
    bool ping_waits_ = false;                    // that of keep_alive
    bool shut_ = false;                          // the peer's window for our frames
    ending ending_ = ending::none;               // follows the queue
    tokens queue_;                               // frames that wait for the window
    bool announced_ = false, shut_down_ = false;
    bool goaway_heard_ = false, goaway_said_ = false;
    bool over_ = false; // the connection
    milliseconds now_ = 0, heard_at_ = 0, pinged_at_ = 0, closing_since_ = 0, announced_at_ = 0,
                 waiting_since_ = -1;
    milliseconds moved_at_ = 0;     // a message, either way
    std::array<input, 16> early_{}; // came before our answer
    std::size_t early_size_ = 0;
};

} // namespace model
