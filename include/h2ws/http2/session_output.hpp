// What an endpoint of ours says: control frames in the order of the calls that caused them, then
// the streams' DATA in turns. The half of http2::basic_session that makes octets.
#pragma once

#include "control_frames.hpp"
#include "hpack.hpp"
#include "limits.hpp"
#include "peer_settings.hpp"
#include "stream_map.hpp"

#include "../client_session.hpp"
#include "../flood_guard.hpp"
#include "../server_session.hpp"

#include <type_traits>

namespace h2ws::http2 {

template <class Self, class Role, class Extension>
using role_session = std::conditional_t<Role::is_client, client_session<Self, Extension>,
                                        server_session<Self, Extension>>;

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
            if (!at.is_request && at.reset_after_end) count(flood::handshakes);
        const bool ends = end_stream || (Role::is_client && at.end_after_output && at.is_request &&
                                         at.body_size() == 0);
        if (!write_section(*to, fields, ends)) {
            if constexpr (Role::is_client) forget(*to);
            return false;
        }
        to->ends_with_headers = ends;
        if (ends) make_ready(*to);
        return true;
    }

    bool submit_interim(stream_type& at, std::span<const field> fields) noexcept {
        entry* const to = streams_by_id_.find(at.stream_id);
        return to != nullptr && write_section(*to, fields, false);
    }

    // RFC 9113 §5.4.2 (R101): the last frame on the stream, which is gone once it has left.
    void submit_reset(stream_type& at, http2_error code) noexcept {
        entry* const gone = streams_by_id_.find(at.stream_id);
        if (gone == nullptr || gone->in == entry::list::dying) return;
        control_.reset(gone->stream_id, code);
        gone->reset_code = code;
        move_to(*gone, entry::list::dying);
        if (at.error != errc::reset_by_us) count_provoked(code);
    }

    void resume(stream_type& at) noexcept {
        entry* const to = streams_by_id_.find(at.stream_id);
        if (to != nullptr) make_ready(*to);
    }

    void credit(stream_type& at, std::size_t size) noexcept {
        if (entry* const to = streams_by_id_.find(at.stream_id)) credit(*to, size);
    }

    void credit_connection(std::size_t size) noexcept {
        const std::uint32_t grant =
            connection_receives_.credit(size, this->options().connection_window);
        if (grant != 0) control_.window_update(0, grant);
    }

    // RFC 9113 §6.8 (R113): a server announces that it will take no more, and says what it took a
    // round trip later, when nothing can be on the way. A client takes nothing: the server may not
    // push, so one GOAWAY says all.
    void submit_shutdown() noexcept {
        if (Role::is_client) return submit_last_goaway();
        control_.goaway(max_stream_id, http2_error::no_error);
        control_.ping(shutdown_ping, false);
        announced_ = true;
        last_goaway_due_ = after(this->now_, this->options().waits.goaway);
    }

    // ---- for the input --------------------------------------------------------------------------

    void credit(entry& to, std::size_t size) noexcept {
        if (to.in == entry::list::dying) return;
        const std::uint32_t grant = to.receives.credit(size, this->options().stream_window);
        if (grant != 0) control_.window_update(to.stream_id, grant);
    }

    // Both halves have ended.
    void close_if_ended(entry& at) noexcept {
        if (at.in == entry::list::dying || !at.stream->end_sent || !at.stream->end_received) return;
        close(at, http2_error::no_error, stream_end_kind::both_ended);
    }

    void close(entry& gone, http2_error code, stream_end_kind how) noexcept {
        stream_type& at = *gone.stream;
        closed_.add(gone.stream_id, how);
        move_to(gone, entry::list::none);
        streams_by_id_.erase(gone);
        this->stream_closed(at, code);
    }

    // Says why, and is then over.
    void terminate(errc why, http2_error code) noexcept {
        if (doomed_) return;
        doomed_ = true;
        fatal_ = why;
        fatal_code_ = code;
        control_.goaway(highest_peer_id_, code);
    }
    void terminate(errc why) noexcept { terminate(why, info(why).stream_error); }

    void count(flood kind) noexcept {
        if (!doomed_ && !guard_.count(kind, this->options().floods, this->now_))
            terminate(errc::flooded);
    }

    // A reset without a stream of ours.
    void refuse_stream(std::int32_t stream_id, http2_error code) noexcept {
        control_.reset(stream_id, code);
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

    void make_ready(entry& to) noexcept {
        if (to.in == entry::list::none) move_to(to, entry::list::ready);
    }

    // The connection's window has grown: those that waited for it go first, in their order.
    void feed_starved() noexcept {
        for (std::size_t urgency = 0; urgency < urgencies; ++urgency) {
            entry_list<stream_type> rest = ready_[urgency];
            ready_[urgency] = starved_[urgency];
            starved_[urgency] = {};
            for (entry* at = ready_[urgency].front(); at != nullptr; at = at->next)
                at->in = entry::list::ready;
            while (entry* const at = rest.front()) {
                rest.remove(*at);
                ready_[urgency].push_back(*at);
            }
        }
    }

    void set_urgency(entry& of, std::uint8_t urgency) noexcept {
        const auto in = of.in;
        if (in == entry::list::dying) return;
        move_to(of, entry::list::none);
        of.urgency = urgency;
        move_to(of, in);
    }

    // ---- octets out -----------------------------------------------------------------------------

    void fill() noexcept {
        while (!this->ended() && this->out_.size() < flush_size) {
            flush_control();
            if (doomed_ || this->ended() || !send_next()) break;
        }
        if (!this->ended()) flush_control();
        check_memory();
    }

    void check_memory() noexcept {
        if (this->out_of_memory_ || this->out_.failed() || control_.failed())
            this->end_connection(errc::no_memory, http2_error::internal_error);
    }

    // Nobody has anything to say any more (RFC 9113 §6.8).
    bool rests() const noexcept {
        return control_.empty() && streams_by_id_.size() == 0 &&
               (goaway_left_ || this->going_away_);
    }

    static constexpr std::array<std::byte, 8> shutdown_ping{
        std::byte{'s'}, std::byte{'h'}, std::byte{'u'}, std::byte{'t'},
        std::byte{'d'}, std::byte{'o'}, std::byte{'w'}, std::byte{'n'}};

    control_frames control_;
    stream_map<stream_type> streams_by_id_;
    closed_streams closed_;
    settings_in_force peer_;
    send_window connection_sends_;
    receive_window connection_receives_;
    std::int32_t local_initial_window_ = default_window; // which the peer has acknowledged
    std::int32_t highest_peer_id_ = 0;                   // a stream that the peer has opened
    std::int32_t last_taken_id_ = max_stream_id;         // by our GOAWAY
    std::int32_t next_id_ = 1;                           // a client's
    bool doomed_ = false;                                // input is passed over
    bool announced_ = false; // a GOAWAY has left, or will, that names no last stream yet

    hpack_encoder& encoder() noexcept { return encoder_; }

private:
    // A write's worth: with one DATA frame more, which we cut at 16 KiB, it fits in 64 KiB.
    static constexpr std::size_t flush_size = 48'000;

    // A server's stream has its entry since it began, a client's gets it with its number.
    entry* entry_for(stream_type& at) noexcept {
        if constexpr (!Role::is_client) {
            return streams_by_id_.find(at.stream_id);
        } else {
            if (next_id_ < 0) return nullptr; // RFC 9113 §5.1.1: the numbers are used up
            entry* const made = streams_by_id_.insert(at, next_id_, peer_.initial_window_size,
                                                      local_initial_window_);
            if (made == nullptr) return nullptr;
            at.stream_id = next_id_;
            next_id_ = next_id_ > max_stream_id - 2 ? -1 : next_id_ + 2;
            return made;
        }
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

    entry_list<stream_type>& list_of(const entry& at) noexcept {
        if (at.in == entry::list::dying) return dying_;
        return (at.in == entry::list::ready ? ready_ : starved_)[at.urgency];
    }

    void move_to(entry& at, typename entry::list to) noexcept {
        if (at.in != entry::list::none) list_of(at).remove(at);
        at.in = to;
        if (to != entry::list::none) list_of(at).push_back(at);
    }

    void flush_control() noexcept {
        while (!control_.empty()) {
            this->out_.copy(control_.bytes());
            control_.clear();
            while (entry* const gone = dying_.front())
                close(*gone, gone->reset_code, stream_end_kind::reset_by_us);
        }
        if (doomed_)
            this->end_connection(fatal_, fatal_code_);
        else if (rests())
            this->end_connection(errc::none, http2_error::no_error);
    }

    entry* next_ready() noexcept {
        for (entry_list<stream_type>& list : ready_)
            if (list.front() != nullptr) return list.front();
        return nullptr;
    }

    // One frame of the stream whose turn it is, or it leaves the round. False: nobody's turn.
    bool send_next() noexcept {
        entry* const to = next_ready();
        if (to == nullptr) return false;
        stream_type& at = *to->stream;
        move_to(*to, entry::list::none);
        if (to->ends_with_headers) {
            to->ends_with_headers = false;
            this->output_ended(at);
            close_if_ended(*to);
            return true;
        }
        const auto waits = this->next_output(at);
        if (at.stage >= stream_stage::over || (waits.size == 0 && !waits.end_stream)) return true;
        if (waits.size != 0 && to->sends.left() <= 0) return true; // until WINDOW_UPDATE
        if (waits.size != 0 && connection_sends_.left() <= 0) {
            move_to(*to, entry::list::starved);
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
        cut(to.sends.left());
        cut(connection_sends_.left());
        cut(default_max_frame_size); // also where the peer takes more (R92): turns are short
        const bool ends = end_stream && size == waits;
        this->out_.copy(
            encode_frame_head({static_cast<std::uint32_t>(size), frame_type::data,
                               ends ? flag::end_stream : std::uint8_t{0}, to.stream_id}));
        to.sends.sent(size);
        connection_sends_.sent(size);
        guard_.earn(flood::small_frames, 2); // WINDOW_UPDATE for stream and connection
        if (size < waits || ends != end_stream)
            move_to(to, entry::list::ready); // behind the others
        this->take_output(at, size, ends);
        if (ends) close_if_ended(to);
    }

    void count_provoked(http2_error code) noexcept {
        switch (code) {
        case http2_error::protocol_error:
        case http2_error::flow_control_error:
        case http2_error::stream_closed:
        case http2_error::frame_size_error:
        case http2_error::refused_stream:
        case http2_error::enhance_your_calm: return count(flood::resets_provoked);
        default: return; // no fault of the peer's
        }
    }

    hpack_encoder encoder_;
    growing_array<std::byte> block_;                         // of the section that is being written
    std::array<entry_list<stream_type>, urgencies> ready_{}; // have something to send
    std::array<entry_list<stream_type>, urgencies> starved_{}; // and the connection's window is 0
    entry_list<stream_type> dying_;                            // their RST_STREAM is in `control_`
    flood_guard guard_;
    instant last_goaway_due_ = never;
    errc fatal_ = errc::connection_error;
    http2_error fatal_code_ = http2_error::no_error;
    bool goaway_left_ = false; // one that names a last stream
};

} // namespace h2ws::http2
