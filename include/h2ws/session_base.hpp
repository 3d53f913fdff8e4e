// What every model of the session concept shares. An Engine derives from it and speaks the
// transport's own language:
//
//     bool submit_headers(stream&, std::span<const field>, bool end_stream)  false: cannot
//     bool submit_interim(stream&, std::span<const field>)                   a server's
//     bool submit_trailers(stream&, std::span<const field>)  ends the half; false: ask again
//     void submit_reset(stream&, http2_error)
//     void resume(stream&)                 it has output, or END_STREAM: pull it by next_output
//     void credit(stream&, std::size_t)    bytes of the stream's window
//     void credit_connection(std::size_t)
//     void submit_shutdown()               GOAWAY, in two steps where the transport has them
//
// all noexcept, and calls what stands under "for the engine", here and in the files below, as
// things arrive.
#pragma once

#include "session_input.hpp"

#include <utility>

namespace h2ws {

// The end of a transport as its owner saw it.
enum class connection_loss : std::uint8_t {
    closed_by_peer, // in order
    failed,         // with an error
};

template <class Engine, class Role, class Extension>
class session_base : public session_input<Engine, Role, Extension> {
    using base = session_input<Engine, Role, Extension>;

public:
    using typename base::stream_type;

    // Credit for bytes that an event stood for. Unknown names are ignored.
    void consume(tunnel_id tunnel, std::size_t wire_bytes) noexcept {
        consume_of(tunnel.value, wire_bytes);
    }
    void consume(request_id request, std::size_t wire_bytes) noexcept {
        consume_of(request.value, wire_bytes);
    }

    // Bytes, frames or body, that wait to leave on its stream. What the transport was offered and
    // has not taken does not count.
    std::size_t queued(tunnel_id tunnel) noexcept { return queued_on(tunnel.value); }
    std::size_t queued(request_id request) noexcept { return queued_on(request.value); }

    // A message or a fragment of one, copied. Errors: not_open (no such tunnel, or it is closing),
    // invalid_argument, no_masking_key, queue_full, no_memory. Nothing of it is sent then; where an
    // extension had encoded a part, `closed` follows.
    result<void> send(tunnel_id tunnel, opcode type, const_bytes payload, instant now,
                      bool fin = true) noexcept {
        return with_socket(tunnel, now, [&](auto& socket) {
            return socket.send(type, payload, fin, this->around());
        });
    }
    // The same without a copy: the payload is the session's unless there is an error.
    result<void> send(tunnel_id tunnel, opcode type, message_buffer&& payload, instant now,
                      bool fin = true) noexcept {
        return with_socket(tunnel, now, [&](auto& socket) {
            return socket.send(type, std::move(payload), fin, this->around());
        });
    }
    result<void> send_ping(tunnel_id tunnel, const_bytes payload, instant now) noexcept {
        return with_socket(tunnel, now,
                           [&](auto& socket) { return socket.send_ping(payload, this->around()); });
    }
    // Starts the closing handshake; what was queued goes first.
    result<void> send_close(tunnel_id tunnel, status_code code, std::string_view reason,
                            instant now) noexcept {
        return with_socket(tunnel, now, [&](auto& socket) {
            return socket.send_close(code, reason, this->around());
        });
    }

    // What encodes the tunnel's messages, until it is closed; nullptr: there is no such tunnel. It
    // says itself whether it is active.
    Extension* extension(tunnel_id tunnel, instant now) noexcept {
        stream_type* const at = this->live(tunnel.value, now);
        return at == nullptr || !at->socket ? nullptr : &at->socket->extension();
    }

    // Ends a tunnel at once by RST_STREAM (RFC 8441 §5): `closed` and tunnel_released follow.
    result<void> reset(tunnel_id tunnel, http2_error code, instant now) noexcept {
        return reset_stream(tunnel.value, code, now);
    }
    // The same of a request (RFC 9113 §5.4.2), answered or not: request_released follows.
    result<void> reset(request_id request, http2_error code, instant now) noexcept {
        return reset_stream(request.value, code, now);
    }

    // A raw tunnel's bytes, copied; `end` ends our half after them. Errors: not_open, queue_full,
    // no_memory.
    result<void> write(tunnel_id tunnel, const_bytes bytes, bool end, instant now) noexcept {
        stream_type* const at = this->live(tunnel.value, now);
        if (at == nullptr || at->stage != stream_stage::raw) return errc::not_open;
        return write_to(*at, bytes, end);
    }

    // A part of an ordinary message's body, copied. Errors: not_open (no such request, no head was
    // sent yet, or its end was), content_length_mismatch (it is longer than the head said, or ends
    // shorter), queue_full, no_memory; nothing of it is sent then.
    result<void> write(request_id request, const_bytes bytes, bool end, instant now) noexcept {
        stream_type* const at = this->live(request.value, now);
        if (at == nullptr || !at->is_request || !at->head_sent || at->end_after_output)
            return errc::not_open;
        return write_body(*at, bytes, end);
    }

    // Ends an ordinary message's body with trailers, copied (RFC 9113 §8.1); what was written goes
    // first. Errors: not_open and content_length_mismatch as for `write`, invalid_argument (a
    // pseudo-header field, one that no message can have, content-length), too_many_fields,
    // no_memory.
    result<void> send_trailers(request_id request, std::span<const field> trailers,
                               instant now) noexcept {
        stream_type* const at = this->live(request.value, now);
        if (at == nullptr || !at->is_request || !at->head_sent || at->end_after_output)
            return errc::not_open;
        if (trailers.empty()) return write_body(*at, {}, true);
        if (const errc error = check_content(*at, 0, true); error != errc::none) return error;
        if (const errc error = keep_last_words(*at, trailers); error != errc::none) return error;
        at->end_after_output = at->has_trailers = true;
        this->wake(*at);
        return {};
    }

    // When `expire` has something to do next.
    instant deadline() const noexcept {
        return earlier(this->transport_due(), this->due_ < walk_at_ ? walk_at_ : this->due_);
    }

    // Does what is due: keepalive pings, timeouts. `poll` then gives what came of it.
    void expire(instant now) noexcept {
        this->now_ = now;
        if (now < deadline()) return;
        if (now >= this->transport_due()) lose(errc::output_stalled);
        this->due_ = never;
        this->streams_.each([&](stream_type& at) { expire(at, now); });
        walk_at_ = after(now, static_cast<duration>(this->stream_count()) * walk_pause);
    }

    // The transport has ended: every tunnel gets its `closed`, then connection_ended comes.
    void lost(connection_loss how) noexcept {
        lose(how == connection_loss::closed_by_peer && this->streams_.size() == 0
                 ? errc::none
                 : errc::connection_lost);
    }

    // Takes no new streams and lets those that are live go on (RFC 9113 §6.8): GOAWAY in two steps.
    // A server still takes what was on its way before the second of them; a client's tunnels that
    // wait for their turn are refused, and may be tried on another connection.
    void shutdown(instant now) noexcept {
        this->now_ = now;
        if (std::exchange(this->shutting_down_, true) || this->ended_) return;
        this->engine().submit_shutdown();
        this->engine().shutdown_begun();
    }

protected:
    using base::base;

private:
    // What is due is found by looking at every stream. So much time passes for each before it is
    // done again: 10,000 streams are looked at ten times a second at most, and their timers are up
    // to 0.1 s late.
    static constexpr duration walk_pause = 10'000; // nanoseconds

    result<void> reset_stream(std::uint64_t name, http2_error code, instant now) noexcept {
        stream_type* const at = this->live(name, now);
        if (at == nullptr) return errc::not_open;
        this->abort(*at, errc::reset_by_us, code);
        return {};
    }

    void lose(errc error) noexcept {
        this->lost_ = true;
        this->end_connection(error, http2_error::no_error);
    }

    result<void> write_to(stream_type& at, const_bytes bytes, bool end) noexcept {
        if (at.end_after_output) return errc::not_open;
        if (!has_room(bytes.size(), at.queued_memory(), this->options_.max_queued) ||
            !has_room(bytes.size(), this->queued_, this->options_.max_queued_in_all))
            return this->note_full(at);
        if (!at.exchange.make(this->options_.memory, this->queued_)) return errc::no_memory;
        if (const auto done = at.exchange->output.append(bytes); !done) return done;
        at.end_after_output = end;
        this->wake(at);
        return {};
    }

    errc check_content(stream_type& at, std::size_t size, bool end) const noexcept {
        if (!at.exchange || !at.exchange->parts) return errc::none;
        return base::check_length(at.exchange->parts->unwritten, size, end);
    }

    result<void> write_body(stream_type& at, const_bytes bytes, bool end) noexcept {
        if (const errc error = check_content(at, bytes.size(), end); error != errc::none)
            return error;
        const result<void> done = write_to(at, bytes, end);
        if (done && at.exchange->parts && at.exchange->parts->unwritten)
            *at.exchange->parts->unwritten -= bytes.size();
        return done;
    }

    errc keep_last_words(stream_type& at, std::span<const field> trailers) noexcept {
        for (const field& line : trailers) // R50, R56, R63; RFC 9110 §6.5.1
            if (check_trailers({&line, 1}) != errc::none || line.name == "content-length")
                return errc::invalid_argument;
        const session_options& options = this->options_;
        if (!at.exchange.make(options.memory, this->queued_) ||
            !at.exchange->parts.make(options.memory))
            return errc::no_memory;
        field_store& kept = at.exchange->parts->last_words;
        for (const field& line : trailers)
            if (const errc error = kept.add(line, options.max_fields, options.max_field_bytes);
                error != errc::none) {
                kept.clear();
                return error;
            }
        if (!kept.fields().empty()) return errc::none;
        kept.clear();
        return errc::no_memory;
    }

    std::size_t queued_on(std::uint64_t name) noexcept {
        const stream_type* const at = this->streams_.find(name);
        if (at == nullptr) return 0;
        return at->socket ? at->socket->queued() : at->body_size();
    }

    void consume_of(std::uint64_t name, std::size_t wire_bytes) noexcept {
        stream_type* const at = this->streams_.find(name);
        if (at == nullptr) return;
        const std::size_t size = wire_bytes < at->uncredited ? wire_bytes : at->uncredited;
        this->unhold(*at, size);
        if (at->stage != stream_stage::gone && !at->end_received) this->engine().credit(*at, size);
    }

    template <class Call>
    result<void> with_socket(tunnel_id tunnel, instant now, Call&& call) noexcept {
        stream_type* const at = this->live(tunnel.value, now);
        // RFC 6455 §4.1 (R135): nothing before the answer
        if (at == nullptr || at->stage != stream_stage::open) return errc::not_open;
        const result<void> done = call(*at->socket);
        const bool ends = !done && at->socket->end().what == stream_end::how::reset;
        if (ends) this->pump(*at);
        if (done || ends) this->wake(*at);
        if (done.error() == errc::queue_full) return this->note_full(*at);
        return done;
    }

    void expire(stream_type& at, instant now) noexcept {
        if (at.stage >= stream_stage::over) return;
        if (now >= this->deadline_of(at)) {
            if (at.socket) {
                at.socket->expire(this->around());
                this->pump(at);
                this->wake(at);
            } else {
                at.exchange->due = never;
                overdue(at);
            }
        }
        this->due_ = earlier(this->due_, this->deadline_of(at));
    }

    void overdue(stream_type& at) noexcept {
        if (this->has_output(at))
            this->abort(at, errc::output_stalled, http2_error::cancel);
        else
            this->engine().answer_overdue(at);
    }

    instant walk_at_ = 0; // not before
};

} // namespace h2ws
