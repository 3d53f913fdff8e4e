// What an endpoint of ours says: control frames in the order of the calls that caused them, then
// the streams' DATA in turns. The half of http2::basic_session that makes octets.
#pragma once

#include "control_frames.hpp"
#include "hpack.hpp"
#include "limits.hpp"
#include "peer_settings.hpp"
#include "stream_map.hpp"
#include "turns.hpp"
#include "window_growth.hpp"

#include "../flood_guard.hpp"
#include "../role_session.hpp"

namespace h2ws::http2 {

template <class Self, class Role, class Extension>
class session_output : public role_session<Self, Role, Extension> {
    using base = role_session<Self, Role, Extension>;

public:
    using typename base::stream_type;

    // How often the peer did what `session_options::floods` limits.
    const flood_guard& counters() const noexcept { return guard_; }

    // When `expire` has something to do next.
    instant deadline() const noexcept { return earlier(base::deadline(), last_goaway_due_); }

    // Does what is due: keepalive pings, timeouts. `poll` then gives what came of it.
    void expire(instant now) noexcept {
        base::expire(now);
        if (now >= last_goaway_due_) submit_last_goaway();
    }

protected:
    using entry = stream_entry<stream_type>;

    session_output(Role role, const session_options& options) noexcept
        : base(role, options),
          control_(options.memory),
          streams_by_id_(options.memory),
          encoder_(options.memory, table_size),
          block_(options.memory) {}

    // ---- what the session's lower parts ask of an engine ----------------------------------------

    bool submit_headers(stream_type& at, std::span<const field> fields, bool end_stream) noexcept {
        entry* const to = entry_for(at);
        if (to == nullptr) return false;
        if constexpr (!Role::is_client)
            // RFC 9113 §10.5 (R123)
            if (!at.is_request && at.reset_after_end) count(flood::handshakes);
        if (!write_section(*to, fields, end_stream)) {
            if constexpr (Role::is_client) forget(*to);
            return false;
        }
        if (Role::is_client && next_id_ < 0) numbers_used_up();
        if (end_stream) turns_.move(*to, entry::list::ending);
        return true;
    }

    bool submit_interim(stream_type& at, std::span<const field> fields) noexcept {
        entry* const to = streams_by_id_.find(at.stream_id);
        return to != nullptr && write_section(*to, fields, false);
    }

    bool submit_trailers(stream_type& at, std::span<const field> fields) noexcept {
        entry* const to = streams_by_id_.find(at.stream_id);
        if (to == nullptr || !write_section(*to, fields, true)) {
            this->out_of_memory_ = true;
            return false;
        }
        turns_.move(*to, entry::list::ending);
        return true;
    }

    // RFC 9113 §5.4.2 (R101): the last frame on the stream, which is gone once it has left.
    void submit_reset(stream_type& at, http2_error code) noexcept {
        entry* const gone = streams_by_id_.find(at.stream_id);
        if (gone == nullptr || gone->in == entry::list::dying) return;
        control_.reset(gone->stream_id, code);
        gone->reset_code = code;
        turns_.move(*gone, entry::list::dying);
        if (at.error != errc::reset_by_us) count_provoked(code);
    }

    void resume(stream_type& at) noexcept {
        entry* const to = streams_by_id_.find(at.stream_id);
        if (to != nullptr) turns_.add(*to);
    }

    void credit(stream_type& at, std::size_t size) noexcept {
        if (entry* const to = streams_by_id_.find(at.stream_id)) credit(*to, size);
    }

    void credit_connection(std::size_t size) noexcept {
        if (credit_waits()) return connection_receives_.grow(static_cast<std::int32_t>(size));
        const std::uint32_t grant = connection_receives_.credit(size, connection_target_);
        if (grant != 0) control_.window_update(0, grant);
    }

    // RFC 9113 §6.8 (R113): a server announces that it will take no more, and says what it took a
    // round trip later, when nothing can be on the way. A client takes nothing: the server may not
    // push, so one GOAWAY says all.
    void submit_shutdown() noexcept {
        if (doomed_) return; // the GOAWAY of an error says all
        if (Role::is_client) return submit_last_goaway();
        control_.goaway(max_stream_id, http2_error::no_error);
        control_.ping(shutdown_ping, false);
        announced_ = true;
        last_goaway_due_ = after(this->now_, this->options().waits.goaway);
    }

    // The engine's part of a stream. nullptr: no memory.
    entry* enter(stream_type& at, std::int32_t stream_id) noexcept {
        entry* const made =
            streams_by_id_.insert(at, stream_id, peer_.initial_window_size, local_initial_window_);
        if (made != nullptr) made->receives.grow(stream_target_ - this->options().stream_window);
        return made;
    }

    // ---- for the input --------------------------------------------------------------------------

    void credit(entry& to, std::size_t size) noexcept {
        // RFC 9113 §5.1 (R95): also when our half has ended
        if (to.in == entry::list::dying) return;
        if (credit_waits()) return to.receives.grow(static_cast<std::int32_t>(size));
        const std::uint32_t grant = to.receives.credit(size, stream_target_);
        if (grant == 0) return;
        control_.window_update(to.stream_id, grant);
        if (may_grow() && growth_.begin(to.stream_id, this->now_))
            control_.ping(growth_ping, false);
    }

    // The round trip of `growth_ping` is over. Streams that are at work grow with their next
    // credit; the others cost no frame.
    void round_trip_ended() noexcept {
        const session_options& options = this->options();
        const window_sizes sizes =
            growth_.ended({stream_target_, connection_target_},
                          {options.max_stream_window, options.max_connection_window}, this->now_);
        const std::int32_t by = sizes.stream - std::exchange(stream_target_, sizes.stream);
        if (by != 0) streams_by_id_.each([by](entry& at) { at.receives.grow(by); });
        connection_receives_.grow(sizes.connection -
                                  std::exchange(connection_target_, sizes.connection));
    }

    bool may_grow() const noexcept {
        return stream_target_ < this->options().max_stream_window ||
               connection_target_ < this->options().max_connection_window;
    }

    // Both halves have ended.
    void close_if_ended(entry& at) noexcept {
        if (at.in == entry::list::dying || !at.stream->end_sent || !at.stream->end_received) return;
        close(at, http2_error::no_error, stream_end_kind::both_ended);
    }

    void close(entry& gone, http2_error code, stream_end_kind how) noexcept {
        stream_type& at = *gone.stream;
        closed_.add(gone.stream_id, how);
        turns_.move(gone, entry::list::none);
        streams_by_id_.erase(gone);
        this->stream_closed(at, code);
    }

    void close_dying() noexcept {
        while (entry* const gone = turns_.dying())
            close(*gone, gone->reset_code, stream_end_kind::reset_by_us);
    }

    // Says why, and is then over.
    void terminate(errc why) noexcept {
        if (std::exchange(doomed_, true)) return;
        fatal_ = why;
        // RFC 9113 §6.8 (R114): not one above what a GOAWAY before it has named
        control_.goaway(highest_peer_id_ < last_taken_id_ ? highest_peer_id_ : last_taken_id_,
                        info(why).stream_error);
    }

    void count(flood kind) noexcept {
        if (!doomed_ && !guard_.count(kind, this->options().floods, this->now_))
            terminate(errc::flooded);
    }

    // A reset without a stream of ours.
    void refuse_stream(std::int32_t stream_id, http2_error code) noexcept {
        control_.refuse(stream_id, code);
        closed_.add(stream_id, stream_end_kind::reset_by_us);
        count_provoked(code);
    }

    void submit_last_goaway() noexcept {
        announced_ = false;
        last_goaway_due_ = never;
        if (goaway_left_ || doomed_) return;
        goaway_left_ = true;
        last_taken_id_ = highest_peer_id_; // it never names more than one before it (R114)
        control_.goaway(last_taken_id_, http2_error::no_error);
    }

    // ---- octets out -----------------------------------------------------------------------------

    void fill() noexcept {
        if (this->ended()) return;
        if (std::exchange(credit_waited_, false)) grant_credit();
        do flush_control(); // waits for no window: RFC 9113 §5.2.1 (R99)
        while (!doomed_ && !control_.failed() && this->out_.size() < flush_size && send_next());
        flush_control();
        if (doomed_)
            this->end_connection(fatal_, info(fatal_).stream_error);
        else if (rests())
            this->end_connection(errc::none, http2_error::no_error);
        check_memory();
    }

    void check_memory() noexcept {
        if (this->out_of_memory_ || this->out_.failed() || control_.failed())
            this->end_connection(errc::no_memory, http2_error::internal_error);
    }

    // A peer that makes us answer while it reads nothing (RFC 9113 §10.5, R123). It is told, behind
    // what waits, in case that it does read: much may come while one write is under way.
    void check_replies() noexcept {
        const bool unread = control_.replies() > max_waiting_replies && !this->out_.empty();
        if (!unread || this->ended()) return;
        terminate(errc::flooded);
        flush_control();
        this->end_connection(errc::flooded, http2_error::enhance_your_calm);
    }

    // Nobody has anything to say any more (RFC 9113 §6.8).
    bool rests() const noexcept {
        return control_.empty() && streams_by_id_.size() == 0 &&
               (goaway_left_ || this->going_away_);
    }

    hpack_encoder& encoder() noexcept { return encoder_; }

    static constexpr std::array<std::byte, 8> shutdown_ping{
        std::byte{'s'}, std::byte{'h'}, std::byte{'u'}, std::byte{'t'},
        std::byte{'d'}, std::byte{'o'}, std::byte{'w'}, std::byte{'n'}};
    static constexpr std::array<std::byte, 8> growth_ping{
        std::byte{'r'}, std::byte{'o'}, std::byte{'u'}, std::byte{'n'},
        std::byte{'d'}, std::byte{'t'}, std::byte{'r'}, std::byte{'p'}};

    control_frames control_;
    stream_map<stream_type> streams_by_id_;
    turns<stream_type> turns_;
    closed_streams closed_;
    settings_in_force peer_;
    send_window connection_sends_;
    receive_window connection_receives_;
    window_growth growth_;
    std::int32_t stream_target_ = this->options().stream_window; // what each stream's grows to
    std::int32_t connection_target_ = this->options().connection_window;
    std::int32_t local_initial_window_ = default_window; // which the peer has acknowledged
    std::int32_t highest_peer_id_ = 0;                   // a stream that the peer has opened
    std::int32_t last_taken_id_ = max_stream_id;         // by our GOAWAY
    std::int32_t next_id_ = 1;                           // a client's
    bool doomed_ = false;                                // input is passed over
    bool announced_ = false; // a GOAWAY has left, or will, that names no last stream yet

private:
    // Next to those above they take no room.
    bool goaway_left_ = false;   // one that names a last stream
    bool credit_waited_ = false; // for the end of a write
    errc fatal_ = errc::connection_error;

    // A write's worth: with one DATA frame more, which we cut at 16 KiB, it fits in 64 KiB.
    static constexpr std::size_t flush_size = 48'000;

    // A server's stream has its entry since it began, a client's gets it with its number.
    entry* entry_for(stream_type& at) noexcept {
        if constexpr (!Role::is_client) {
            return streams_by_id_.find(at.stream_id);
        } else {
            if (next_id_ < 0) return nullptr; // RFC 9113 §5.1.1: the numbers are used up
            entry* const made = enter(at, next_id_);
            if (made == nullptr) return nullptr;
            at.stream_id = next_id_;
            next_id_ = next_id_ > max_stream_id - 2 ? -1 : next_id_ + 2;
            return made;
        }
    }

    // RFC 9113 §5.1.1: what has not left needs another connection.
    void numbers_used_up() noexcept {
        this->going_away_ = true;
        this->shutdown_begun();
    }

    // A number that was not used is given to the next.
    void forget(entry& unused) noexcept {
        next_id_ = std::exchange(unused.stream->stream_id, 0);
        streams_by_id_.erase(unused);
    }

    // False: no memory, and nothing has changed.
    bool write_section(entry& to, std::span<const field> fields, bool end_stream) noexcept {
        block_.clear();
        if (!encoder_.encode(fields, block_)) return false;
        control_.headers(to.stream_id, {block_.data(), block_.size()}, end_stream,
                         peer_.max_frame_size);
        return true;
    }

    bool credit_waits() noexcept {
        if (control_.bytes().size() < max_waiting_octets || this->out_.empty()) return false;
        return credit_waited_ = true;
    }

    // What was dealt with while a write was stuck.
    void grant_credit() noexcept {
        credit_connection(0);
        streams_by_id_.each([&](entry& at) { credit(at, 0); });
    }

    void flush_control() noexcept {
        while (!control_.empty() && !control_.failed()) {
            this->out_.copy(control_.bytes());
            control_.clear();
            end_with_headers();
            close_dying();
        }
    }

    // The HEADERS have left: nobody's turn is waited for, since the peer may use the stream's place
    // below MAX_CONCURRENT_STREAMS once it has them (RFC 9113 §5.1.2).
    void end_with_headers() noexcept {
        while (entry* const at = turns_.ending()) {
            turns_.move(*at, entry::list::none);
            this->output_ended(*at->stream);
            close_if_ended(*at);
        }
    }

    // One frame of the stream whose turn it is, or it leaves the round. False: nobody's turn.
    bool send_next() noexcept {
        entry* const to = turns_.take(connection_sends_.left() > 0);
        if (to == nullptr) return false;
        stream_type& at = *to->stream;
        const auto waits = this->next_output(at);
        if (at.stage >= stream_stage::over || (waits.size == 0 && !waits.end_stream)) return true;
        if (waits.size != 0 && to->sends.left() <= 0) return true; // until WINDOW_UPDATE
        if (waits.size != 0 && connection_sends_.left() <= 0) {
            turns_.move(*to, entry::list::starved);
            return true;
        }
        send_data(*to, at, waits.size, waits.end_stream);
        return true;
    }

    // RFC 9113 §6.9.1 (R118): within both windows; an empty frame may end the stream without any.
    void send_data(entry& to, stream_type& at, std::size_t waits, bool end_stream) noexcept {
        std::size_t size = waits;
        const auto cut = [&size](std::int64_t most) {
            if (size != 0 && most < static_cast<std::int64_t>(size))
                size = static_cast<std::size_t>(most);
        };
        cut(to.sends.left()); // RFC 9113 §6.9.1 (R118)
        cut(connection_sends_.left());
        cut(default_max_frame_size); // also where the peer takes more (R92): turns are short
        const bool ends = end_stream && size == waits;
        this->out_.copy(
            encode_frame_head({static_cast<std::uint32_t>(size), frame_type::data,
                               ends ? flag::end_stream : std::uint8_t{0}, to.stream_id}));
        to.sends.sent(size);
        connection_sends_.sent(size);        // RFC 9113 §5.2.1 (R99)
        guard_.earn(flood::small_frames, 2); // (R123) WINDOW_UPDATE for stream and connection
        if (size < waits || ends != end_stream)
            turns_.move(to, entry::list::ready); // behind the others
        this->take_output(at, size, ends);
        if (ends) close_if_ended(to);
    }

    void count_provoked(http2_error code) noexcept {
        if (blames_peer(code)) count(flood::resets_provoked); // RFC 9113 §10.5 (R123)
    }

    hpack_encoder encoder_;
    growing_array<std::byte> block_; // of the section that is being written
    flood_guard guard_;
    instant last_goaway_due_ = never;
};

} // namespace h2ws::http2
