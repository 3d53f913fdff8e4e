// One tunnel after its opening handshake: the websocket, what it has still to send, its timers, and
// how its stream ends (decisions S18-S22). Both ends of a session's engine hold these; the tunnel
// knows nothing of HTTP/2 but END_STREAM and RST_STREAM.
#pragma once

#include "keepalive.hpp"
#include "message_buffer.hpp"
#include "output_queue.hpp"
#include "session_options.hpp"
#include "websocket.hpp"

#include <cstring>
#include <optional>
#include <utility>

namespace h2ws {

// What follows when all queued output has been taken.
struct stream_end {
    enum class how : std::uint8_t { not_yet, end_stream, reset };
    how what = how::not_yet;
    http2_error code = http2_error::no_error; // of the reset
};

template <class Role, class Extension = no_extension>
class tunnel {
public:
    // `options` outlives the tunnel; `out` is where the session gathers its output.
    tunnel(Role role, Extension extension, const session_options& options, instant now) noexcept
        : options_(options),
          socket_(role, options.messages, std::move(extension)),
          output_(options.memory),
          active_at_(now) {
        keepalive_.start(now);
    }

    // The next event in the bytes of a DATA frame, which are unmasked where they lie; nothing when
    // all of them are taken.
    std::optional<event> poll(typename Role::input& in, bool end_stream, gather_list& out,
                              instant now) noexcept {
        if (!in.empty()) keepalive_.heard(now);
        inbound<Role> arrived{in, end_stream};
        std::optional<event> found;
        do {
            drain(out, now);
            socket_.poll(arrived).swap(found);
        } while (!found && socket_.wants_transmit());
        in = arrived.data;
        if (found) note(*found, now);
        return found;
    }

    // The stream is over: no output leaves any more.
    std::optional<event> stream_ended(ending how, http2_error code, gather_list& out) noexcept {
        output_.clear(out);
        end_ = {};
        over_ = true;
        return socket_.stream_ended(how, code);
    }

    // A frame with a copy of the payload. Errors: websocket::send's, queue_full, no_memory.
    result<void> send(opcode type, const_bytes payload, bool fin, instant now) noexcept {
        if (const errc error = refusal(payload.size()); error != errc::none) return error;
        const bool was_empty = output_.empty();
        const bool encoded = encodes(); // then the payload's size is not known before
        const std::size_t header =
            encoded
                ? max_frame_header_size
                : frame_header_size({.payload_length = payload.size(), .masked = Role::is_client});
        const std::size_t room = header + (encoded ? fragment : payload.size());
        for (bool more = true; more;) {
            const mutable_bytes block = output_.reserve(room);
            if (block.empty()) return errc::no_memory;
            const auto made = socket_.send(type, payload, block.subspan(header), fin);
            if (!made) return made.error();
            place(*made, block);
            more = made->more;
        }
        message_queued(was_empty, now);
        return {};
    }

    // A frame whose payload is taken over and not copied; a client masks it where it lies. On an
    // error it is still the caller's.
    result<void> send(opcode type, message_buffer&& payload, bool fin, instant now) noexcept {
        if (encodes()) return send(type, std::as_const(payload).bytes(), fin, now);
        if (const errc error = refusal(payload.size()); error != errc::none) return error;
        const bool was_empty = output_.empty();
        if (output_.reserve(max_frame_header_size).empty()) return errc::no_memory;
        const auto made = socket_.send(type, payload.bytes(), fin);
        if (!made) return made.error();
        const auto queued = output_.append(made->header(), std::move(payload));
        if (queued) message_queued(was_empty, now);
        return queued;
    }

    result<void> send_ping(const_bytes payload, instant now) noexcept {
        return queue(socket_.send_ping(payload), now);
    }

    // Starts the closing handshake; frames that are queued go out before it.
    result<void> send_close(status_code code, std::string_view reason, instant now) noexcept {
        const auto queued = queue(socket_.send_close(code, reason), now);
        if (queued) close_queued_ = true;
        return queued;
    }

    // Ends the tunnel at once for a reason of ours: RST_STREAM, and `closed` is due.
    void abort(errc error, http2_error code, gather_list& out) noexcept {
        socket_.fail(error);
        output_.clear(out);
        end_ = {stream_end::how::reset, code};
        aborted_ = true;
    }

    // Bytes that can leave now.
    std::size_t output_size(gather_list& out, instant now) noexcept {
        drain(out, now);
        return output_.size();
    }

    // Moves the first `size` of them to `out`.
    void take(std::size_t size, gather_list& out, instant now) noexcept {
        output_.take(size, out);
        progress_at_ = now;
        if (!output_.empty()) return;
        keepalive_.ping_left(options_.ping, now);
        if (close_queued_ && closing_at_ == never) closing_at_ = now;
    }

    // What is to follow the output once it is empty.
    const stream_end& end() const noexcept { return end_; }

    // The engine has sent what `end` said.
    void end_sent() noexcept {
        over_ = over_ || end_.what == stream_end::how::reset;
        end_ = {};
    }

    // Nothing more may be sent: the stream was reset, by whomever.
    bool over() const noexcept { return over_; }

    const closing_handshake& lifecycle() const noexcept { return socket_.lifecycle(); }

    // When `expire` has something to do next.
    instant deadline() const noexcept {
        if (over_) return never;
        instant due = output_.empty() ? never : after(progress_at_, options_.waits.stalled);
        if (is_open()) {
            // A ping waits behind other output; whether that leaves is the stalled timer's matter.
            if (output_.empty()) due = earlier(due, keepalive_.deadline(options_.ping));
            return earlier(due, after(active_at_, options_.waits.idle));
        }
        if (may_end_alone()) due = earlier(due, after(closing_at_, options_.waits.end_stream));
        return earlier(due, after(closing_at_, options_.waits.close));
    }

    // Does what is due. `poll` with no bytes then gives what came of it.
    void expire(gather_list& out, instant now) noexcept {
        if (now < deadline()) return;
        const timeouts& waits = options_.waits;
        if (!output_.empty() && now >= after(progress_at_, waits.stalled))
            return abort(errc::output_stalled, http2_error::cancel, out);
        if (is_open()) return expire_open(now);
        if (now >= after(closing_at_, waits.close)) return give_up(out);
        if (may_end_alone()) {
            if (const auto last = socket_.send_end_stream()) end_stream();
        }
    }

private:
    static constexpr std::size_t fragment = 16'384; // for output whose size is not known before

    bool is_open() const noexcept {
        return lifecycle().received() == direction::open && lifecycle().sent() == direction::open;
    }

    // Whether our half ends after a while though the peer's has not (S20, S21): a client's after
    // both Closes, a failing server's.
    bool may_end_alone() const noexcept {
        if (lifecycle().sent() != direction::closing || !output_.empty()) return false;
        return lifecycle().received() == (Role::is_client ? direction::closing : direction::broken);
    }

    void expire_open(instant now) noexcept {
        if (now >= after(active_at_, options_.waits.idle)) return socket_.fail(errc::idle_timeout);
        if (!output_.empty()) return;
        switch (keepalive_.expire(options_.ping, now)) {
        case keepalive::action::none: break;
        case keepalive::action::give_up: socket_.fail(errc::keepalive_timeout); break;
        case keepalive::action::send_ping:
            // Without memory there is no ping, and the next deadline gives the peer up.
            if (const auto sent = send_ping({}, now); !sent) break;
        }
    }

    // The close timer: RFC 6455 §5.5.1 (R185), S20 and S21.
    void give_up(gather_list& out) noexcept {
        abort(errc::close_timeout, Role::is_client ? http2_error::cancel : http2_error::no_error,
              out);
    }

    // Queues what the protocol has to say by itself.
    void drain(gather_list& out, instant now) noexcept {
        while (const auto said = socket_.poll_transmit()) {
            if (over_ || aborted_) continue; // nobody hears it any more
            if (!said->bytes.empty() && !queue_said(said->bytes, out, now)) continue;
            if (said->reset)
                end_ = {stream_end::how::reset, said->stream_error};
            else if (said->end_stream)
                end_stream();
        }
    }

    bool queue_said(const_bytes frame, gather_list& out, instant now) noexcept {
        const bool was_empty = output_.empty();
        const bool is_pong = decode_frame_header(frame.data()).code == opcode::pong;
        if (!is_pong) {
            close_queued_ = true;
            // Failing drops frames that have not begun; an answered Close lets them go first.
            if (lifecycle().received() == direction::broken) output_.drop_unbegun(out);
        }
        if (!(is_pong ? output_.put_pong(frame) : output_.append(frame))) {
            abort(errc::no_memory, http2_error::internal_error, out);
            return false;
        }
        frame_queued(was_empty, now);
        return true;
    }

    void end_stream() noexcept {
        end_ = {stream_end::how::end_stream, http2_error::no_error};
        if (Role::is_client && options_.end_with_reset)
            end_ = {stream_end::how::reset, http2_error::cancel};
    }

    result<void> queue(const result<control_frame>& made, instant now) noexcept {
        if (!made) return made.error();
        const bool was_empty = output_.empty();
        const auto queued = output_.append(made->bytes());
        if (queued) frame_queued(was_empty, now);
        return queued;
    }

    errc refusal(std::size_t size) const noexcept {
        const bool full = !output_.empty() && size > options_.max_queued - smaller(output_.size());
        return full ? errc::queue_full : errc::none;
    }

    std::size_t smaller(std::size_t size) const noexcept {
        return size < options_.max_queued ? size : options_.max_queued;
    }

    bool encodes() noexcept {
        if constexpr (Extension::owns_rsv1) return socket_.extension().active();
        return false;
    }

    void place(const frame& made, mutable_bytes block) noexcept {
        if (made.header_size == 0) return;
        std::byte* const to = block.data() + made.header_size;
        if (to != made.payload.data() && !made.payload.empty())
            std::memmove(to, made.payload.data(), made.payload.size());
        std::memcpy(block.data(), made.octets, made.header_size);
        output_.commit(made.header_size + made.payload.size());
    }

    void frame_queued(bool was_empty, instant now) noexcept {
        if (was_empty) progress_at_ = now;
    }

    void message_queued(bool was_empty, instant now) noexcept {
        frame_queued(was_empty, now);
        active_at_ = now;
    }

    void note(const event& found, instant now) noexcept {
        if (std::holds_alternative<message_chunk>(found)) active_at_ = now;
        // A client waits for the end of the server's half from the server's Close on (S20); a
        // server counts from its own (S21).
        if (Role::is_client && std::holds_alternative<close_frame>(found) && closing_at_ != never)
            closing_at_ = now;
    }

    const session_options& options_;
    websocket<Role, Extension> socket_;
    output_queue output_;
    keepalive keepalive_;
    instant active_at_;          // when a message last passed
    instant progress_at_ = 0;    // when output last left or began to wait
    instant closing_at_ = never; // when our Close left, or a server's came after it
    stream_end end_;
    bool close_queued_ = false;
    bool aborted_ = false;
    bool over_ = false;
};

} // namespace h2ws
