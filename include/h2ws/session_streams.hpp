// The streams of a session, whatever brought them and whatever they carry: what each has still to
// say, how each ends, and the events that come of it. The lowest part of what the models share.
#pragma once

#include "event_queue.hpp"
#include "gather_list.hpp"
#include "session_options.hpp"
#include "spare_memory.hpp"
#include "stream.hpp"
#include "stream_event.hpp"
#include "stream_table.hpp"

#include <optional>
#include <utility>

namespace h2ws {

template <class Engine, class Role, class Extension>
class session_streams {
public:
    using role_type = Role;
    using extension_type = Extension;
    using stream_type = stream<Role, Extension>;
    static constexpr bool is_client = Role::is_client;

    session_streams(const session_streams&) = delete;
    session_streams& operator=(const session_streams&) = delete;

    std::size_t stream_count() const noexcept { return streams_.size(); }
    bool ended() const noexcept { return ended_; }

    // Whether `lost` was called: nothing can be written any more.
    bool is_lost() const noexcept { return lost_; }

    const session_options& options() const noexcept { return options_; }

    // HTTP/2's number of the stream that it runs on; 0 when it has none yet, or any more.
    std::int32_t stream_id(tunnel_id tunnel) noexcept { return number_of(tunnel.value); }
    std::int32_t stream_id(request_id request) noexcept { return number_of(request.value); }

protected:
    session_streams(Role role, const session_options& options) noexcept
        : role_(role),
          options_(options),
          streams_(options_.memory),
          out_(options_.memory),
          events_(options_.memory) {}
    ~session_streams() = default;

    // ---- for the engine -------------------------------------------------------------------------

    // Gives up what the last event lent: only then may output be made of what is owed.
    void settle() noexcept {
        if (unsettled()) settle_last();
    }
    bool unsettled() const noexcept { return (touched_ | retired_) != 0; }
    void settle_last() noexcept {
        if (stream_type* const at = streams_.find(std::exchange(touched_, 0))) {
            if (at->socket || at->is_raw) at->forget_handshake();
            if (at->stage == stream_stage::open) pump(*at); // `closed` may be due
            wake(*at);
        }
        if (stream_type* const at = streams_.find(std::exchange(retired_, 0))) streams_.erase(*at);
    }

    // The engine has forgotten the stream: ended both ways, or reset with `code`.
    void stream_closed(stream_type& at, http2_error code) noexcept {
        if (at.stage == stream_stage::gone) return;
        const ending how = ended_             ? ending::connection_lost
                           : at.reset_by_peer ? ending::reset_by_peer
                                              : ending::reset_by_us;
        if (at.socket) {
            // END_STREAM that came before, and was not told yet, decides (S18): of an input that is
            // polled dry nothing else can wait. Bytes held before the answer die with the stream
            // (R218).
            typename Role::input nothing{};
            if (at.end_received && at.has(news::frames) && !at.has(news::early))
                if (const auto first = at.socket->poll(nothing, true, around()))
                    if (std::holds_alternative<closed>(*first)) tell_closed(at, *first);
            if (const auto last = at.socket->stream_ended(how, code, out_)) tell_closed(at, *last);
        } else if (!at.is_request) {
            engine().tunnel_lost(at, how, code);
        }
        release(at, how, code);
    }

    // What can leave on a stream.
    struct output {
        std::size_t size;
        bool end_stream; // follows it
    };

    output next_output(stream_type& at) noexcept {
        if (!at.socket)
            return {at.body_size(), at.end_after_output && !at.has_trailers && !at.end_sent};
        const std::size_t size = at.socket->output_size(around());
        return {size, at.socket->end().what == stream_end::how::end_stream};
    }

    // What `transmit` gives: nothing once the transport is lost, though what was offered stays
    // where it is, for a write that is still under way.
    std::span<const const_bytes> offered() noexcept {
        if (lost_) return {};
        if (offered_since_ == never && !out_.empty()) offered_since_ = now_;
        return out_.spans();
    }

    // The first bytes of what was offered have left.
    void written(std::size_t size) noexcept {
        out_.transmitted(size);
        if (size != 0) offered_since_ = never;
    }

    // Moves the first `size` bytes of it to `out_`, behind the transport's own header.
    void take_output(stream_type& at, std::size_t size, bool end_stream) noexcept {
        if (at.socket) {
            at.socket->take(size, around());
        } else if (size != 0) {
            at.exchange->output.take(size, out_);
            at.exchange->due = never;
            await_progress(at);
        }
        output_left(at);
        if (end_stream) output_ended(at);
        if (at.socket) {
            due_ = earlier(due_, at.socket->deadline(options_));
            reset_if_due(at);
        } else {
            submit_trailers(at);
        }
    }

    // Our half has ended.
    void output_ended(stream_type& at) noexcept {
        at.end_sent = true;
        if (at.socket)
            at.socket->end_sent();
        else if (at.exchange && at.is_request)
            at.exchange->due = never;
        // RFC 9113 §8.1 (S23): the rest of the request is of no interest
        if (at.reset_after_end && !at.end_received) {
            at.stage = stream_stage::over;
            engine().submit_reset(at, http2_error::no_error);
        }
    }

    // Once: every stream gets its end, then the connection's is told. What is in `out_` may still
    // leave.
    void end_connection(errc error, http2_error code) noexcept {
        if (std::exchange(ended_, true)) return;
        // RFC 9113 §5.4.3 (R103): abnormal for each that was open
        streams_.each([&](stream_type& at) { stream_closed(at, http2_error::no_error); });
        end_ = connection_ended{error, code};
    }

    // ---- for the parts above --------------------------------------------------------------------

    // The stream of that name if the application may still speak on it.
    stream_type* live(std::uint64_t name, instant now) noexcept {
        now_ = now;
        settle();
        stream_type* const at = streams_.find(name);
        return at == nullptr || at->stage >= stream_stage::over ? nullptr : at;
    }

    void push(stream_event&& happened) noexcept {
        if (!events_.push(std::move(happened))) out_of_memory_ = true;
    }

    void abort(stream_type& at, errc error, http2_error code) noexcept {
        if (at.stage >= stream_stage::over) return;
        if (at.error == errc::none) at.error = error;
        if (at.socket) {
            at.socket->abort(error, code, out_);
            pump(at);
            return wake(at);
        }
        at.stage = stream_stage::over;
        if (at.stream_id != 0)
            engine().submit_reset(at, code);
        else
            stream_closed(at, code);
    }

    // Why a stream ended that carries no websocket; none: both halves did, in order, or a client
    // has the whole answer.
    errc ending_error(const stream_type& at, ending how, http2_error code) const noexcept {
        if (at.error != errc::none) return at.error;
        if (how == ending::connection_lost) return errc::connection_lost;
        // RFC 9113 §8.7 (R89): it has not reached the application there
        if (is_client && code == http2_error::refused_stream && at.stage <= stream_stage::pending)
            return errc::stream_not_processed;
        if (how == ending::reset_by_peer) {
            // RFC 9113 §8.1 (R51): the rest of the request is of no interest to the server
            const bool answered = is_client && at.end_received && code == http2_error::no_error;
            return answered ? errc::none : errc::reset_by_peer;
        }
        return at.end_sent && at.end_received ? errc::none : errc::reset_by_us;
    }

    // The end of a tunnel that has no websocket, or not yet.
    void tell_closed(stream_type& at, ending how, http2_error code) noexcept {
        tell_closed(at, closed{ending_error(at, how, code), code});
    }

    // Of our own body: what is left to write by its content-length, of which so much is written now
    // (RFC 9113 §8.1.1, R52).
    static errc check_length(const std::optional<std::uint64_t>& unwritten, std::size_t size,
                             bool end) noexcept {
        const bool fits = !unwritten || (end ? size == *unwritten : size <= *unwritten);
        return fits ? errc::none : errc::content_length_mismatch;
    }

    // False: no memory.
    bool keep_unwritten(stream_type& at, std::uint64_t size) noexcept {
        if (!at.exchange.make(options_.memory, queued_) ||
            !at.exchange->parts.make(options_.memory))
            return false;
        at.exchange->parts->unwritten = size;
        return true;
    }

    void tell(stream_type& at, news what) noexcept { streams_.tell(at, what); }

    // What a tunnel needs of us for a call.
    surroundings around() noexcept { return {options_, queues_, out_, queued_, now_}; }

    // When a transport that takes nothing is given up: no window is in its way, so no stream's
    // time runs, and a peer that reads nothing would keep what it was sent for ever (S21).
    instant transport_due() const noexcept {
        return lost_ ? never : after(offered_since_, options_.waits.stalled);
    }

    // When the stream has something to do next.
    instant deadline_of(const stream_type& at) const noexcept {
        if (at.socket) return at.socket->deadline(options_);
        return at.exchange ? at.exchange->due : never;
    }

    // Tells the engine what the stream has to say, if it has.
    void wake(stream_type& at) noexcept {
        if (at.stage >= stream_stage::over || at.stream_id == 0) return;
        const output ready = next_output(at);
        if (at.socket) {
            due_ = earlier(due_, at.socket->deadline(options_));
            if (reset_if_due(at)) return;
        } else {
            await_progress(at);
        }
        if (ready.size != 0 || ready.end_stream) return engine().resume(at);
        submit_trailers(at);
    }

    // The websocket may have something to say without new bytes, if only that it is closed.
    void pump(stream_type& at) noexcept { tell(at, news::frames); }

    void await_answer(stream_type& at) noexcept {
        at.exchange->due = after(now_, options_.waits.handshake);
        due_ = earlier(due_, at.exchange->due);
    }

    // A body, a raw tunnel's bytes or the end of either wait: an engine may hold END_STREAM back
    // too while the window is 0, though RFC 9113 §6.9.1 lets it leave.
    bool has_output(stream_type& at) noexcept {
        const output waits = next_output(at);
        return at.exchange && (waits.size != 0 || waits.end_stream);
    }

    // Their time, as a tunnel's output has one (S21).
    void await_progress(stream_type& at) noexcept {
        if (!has_output(at) || at.exchange->due != never) return;
        at.exchange->due = after(now_, options_.waits.stalled);
        due_ = earlier(due_, at.exchange->due);
    }

    // Flow-controlled bytes arrived, whatever they are for (RFC 9113 §6.9, R117). The connection is
    // credited on receipt, under the limit on held bytes.
    void received(std::size_t size) noexcept {
        uncredited_ += size;
        credit_connection();
    }

    void hold(stream_type& at, std::size_t size) noexcept {
        at.uncredited += static_cast<std::uint32_t>(size);
        held_ += size;
    }

    void unhold(stream_type& at, std::size_t size) noexcept {
        at.uncredited -= static_cast<std::uint32_t>(size);
        held_ -= size;
        credit_connection();
    }

    void credit_connection() noexcept {
        if (held_ <= options_.max_held && uncredited_ != 0 && !ended_)
            engine().credit_connection(std::exchange(uncredited_, 0));
    }

    // queue_full is said: when there is room again is to be told. Where the stream's own queue is
    // short, all of them together are in the way.
    errc note_full(stream_type& at) noexcept {
        at.was_full = true;
        all_full_ = all_full_ || at.queued_memory() <= options_.max_queued / 2;
        return errc::queue_full;
    }

    Engine& engine() noexcept { return static_cast<Engine&>(*this); }

    Role role_;
    const session_options options_;
    spare_memory spare_{options_.memory, tunnel<Role, Extension>::waiting_size(),
                        output_block::usual_size()};
    const allocator queues_ = spare_.policy();
    std::size_t queued_ = 0; // memory of all streams' output
    stream_table<Role, Extension> streams_;
    gather_list out_;
    event_queue events_;
    instant now_ = 0;
    instant due_ = never;
    std::optional<connection_ended> end_; // comes after all other events, also without memory
    std::uint64_t touched_ = 0; // lends the last event: not to be woken before the next call
    std::uint64_t retired_ = 0; // its release was told
    bool ended_ = false;
    bool lost_ = false;
    bool going_away_ = false;    // the peer takes no new streams
    bool shutting_down_ = false; // we do not
    bool out_of_memory_ = false;

private:
    std::int32_t number_of(std::uint64_t name) noexcept {
        const stream_type* const at = streams_.find(name);
        return at == nullptr || at->stage == stream_stage::gone ? 0 : at->stream_id;
    }

    bool reset_if_due(stream_type& at) noexcept {
        const stream_end end = at.socket->end();
        if (end.what != stream_end::how::reset || next_output(at).size != 0) return false;
        at.socket->end_sent();
        at.stage = stream_stage::over;
        engine().submit_reset(at, end.code);
        return true;
    }

    // Once: when the body has left (RFC 9113 §8.1).
    void submit_trailers(stream_type& at) noexcept {
        if (!at.has_trailers || at.body_size() != 0) return;
        field_store& trailers = at.exchange->parts->last_words;
        if (trailers.fields().empty()) return; // they are on their way
        if (engine().submit_trailers(at, trailers.fields())) trailers.clear();
    }

    // Half a queue is room enough to go on. Where all queues together were full they must have it,
    // and no more: what others hold for peers that take nothing is in nobody's way.
    void output_left(stream_type& at) noexcept {
        if (!all_full_) return tell_if_writable(at);
        const std::size_t most = options_.max_queued_in_all;
        const std::size_t enough = (options_.max_queued < most ? options_.max_queued : most) / 2;
        if (!has_room(enough, queued_, most)) return;
        all_full_ = false;
        streams_.each([&](stream_type& each) { tell_if_writable(each); });
    }

    void tell_if_writable(stream_type& at) noexcept {
        if (!at.was_full || at.queued_memory() > options_.max_queued / 2) return;
        at.was_full = false;
        if (at.stage < stream_stage::over) tell(at, news::writable);
    }

    void release(stream_type& at, ending how, http2_error code) noexcept {
        if (at.is_request) at.error = ending_error(at, how, code);
        at.stage = stream_stage::gone;
        unhold(at, at.uncredited);
        if (at.exchange) at.exchange->output.clear(out_);
        output_left(at);
        tell(at, news::released);
        engine().stream_freed(at);
    }

    void tell_closed(stream_type& at, const event& last) noexcept {
        const closed& how = std::get<closed>(last);
        at.error = how.error;
        at.code = how.stream_error;
        tell(at, news::closed);
    }

    bool all_full_ = false;         // queue_full was said because of all queues together
    std::size_t held_ = 0;          // bytes delivered and not consumed, on all streams
    std::size_t uncredited_ = 0;    // of the connection's window
    instant offered_since_ = never; // and nothing of it was written
};

} // namespace h2ws
