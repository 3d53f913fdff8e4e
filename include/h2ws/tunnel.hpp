// One tunnel after its opening handshake: the websocket, what it has still to send, its timers, and
// how its stream ends (decisions S18-S22). Both ends of a session's engine hold these; the tunnel
// knows nothing of HTTP/2 but END_STREAM and RST_STREAM. It keeps nothing that all tunnels of a
// session share, and no output queue while nothing waits: most tunnels idle.
#pragma once

#include "keepalive.hpp"
#include "message_buffer.hpp"
#include "output_queue.hpp"
#include "owned.hpp"
#include "surroundings.hpp"
#include "websocket.hpp"

#include <cstring>
#include <optional>
#include <utility>

namespace h2ws {

template <class Role, class Extension = no_extension>
class tunnel {
public:
    tunnel(Role role, Extension extension, const session_options& options, instant now) noexcept
        : socket_(role, options.messages, std::move(extension)),
          since_(now) {
        keepalive_.start(now);
    }

    // The next event in the bytes of a DATA frame, which are unmasked where they lie; nothing when
    // all of them are taken.
    std::optional<event> poll(typename Role::input& in, bool end_stream,
                              const surroundings& with) noexcept {
        if (!in.empty()) keepalive_.heard(with.now);
        inbound<Role> arrived{in, end_stream};
        std::optional<event> found;
        do {
            drain(with);
            found = socket_.poll(arrived);
        } while (!found && socket_.wants_transmit());
        in = arrived.data;
        if (found) note(*found, with.now);
        return found;
    }

    // Whether an event or output waits though no new bytes come: to be polled again.
    bool has_more() const noexcept { return socket_.has_more(); }

    // Whether a ping of ours waits for its answer: whatever is heard makes `deadline` nearer then.
    bool awaits_pong() const noexcept { return keepalive_.pinged(); }

    // The stream is over: no output leaves any more.
    std::optional<event> stream_ended(ending how, http2_error code, gather_list& out) noexcept {
        clear(out);
        end_ = stream_end::how::not_yet;
        over_ = true;
        return socket_.stream_ended(how, code);
    }

    // A frame with a copy of the payload. Errors: websocket::send's, queue_full, no_memory.
    result<void> send(opcode type, const_bytes payload, bool fin,
                      const surroundings& with) noexcept {
        if (const errc error = refusal(payload.size(), with); error != errc::none) return error;
        waiting* const output = make_output(with);
        if (output == nullptr) return errc::no_memory;
        const errc error = queue_frames(type, payload, fin, *output, with.out);
        settle_output();
        if (error != errc::none) return error;
        since_ = with.now;
        return {};
    }

    // A frame whose payload is taken over and not copied, unless it is encoded; a client masks it
    // where it lies. On an error it is still the caller's.
    result<void> send(opcode type, message_buffer&& payload, bool fin,
                      const surroundings& with) noexcept {
        if (socket_.encodes(payload.bytes(), fin)) {
            const auto sent = send(type, std::as_const(payload).bytes(), fin, with);
            if (sent) payload.release();
            return sent;
        }
        if (const errc error = refusal(payload.size(), with); error != errc::none) return error;
        waiting* const output = make_output(with);
        if (output == nullptr) return errc::no_memory;
        const errc error = queue_frame(type, std::move(payload), fin, *output);
        settle_output();
        if (error != errc::none) return error;
        since_ = with.now;
        return {};
    }

    // Errors: websocket::send_ping's, queue_full, no_memory.
    result<void> send_ping(const_bytes payload, const surroundings& with) noexcept {
        if (const errc error = refusal(payload.size(), with); error != errc::none) return error;
        return queue(with, [&] { return socket_.send_ping(payload); });
    }

    // Starts the closing handshake; frames that are queued go out before it.
    result<void> send_close(status_code code, std::string_view reason,
                            const surroundings& with) noexcept {
        const auto queued = queue(with, [&] { return socket_.send_close(code, reason); });
        if (queued) close_queued_ = true;
        return queued;
    }

    // Ends the tunnel at once for a reason of ours: RST_STREAM, and `closed` is due.
    void abort(errc error, http2_error code, gather_list& out) noexcept {
        socket_.fail(error);
        clear(out);
        reset_with(code);
        aborted_ = true;
    }

    // Bytes that wait to leave.
    std::size_t queued() const noexcept { return output_ ? output_->queue.size() : 0; }

    // What they take of the allocator.
    std::size_t queued_memory() const noexcept { return output_ ? output_->queue.footprint() : 0; }

    // The same with what the protocol has to say by itself.
    std::size_t output_size(const surroundings& with) noexcept {
        drain(with);
        return queued();
    }

    // Moves the first `size` of them to `with.out`.
    void take(std::size_t size, const surroundings& with) noexcept {
        if (output_) {
            output_->queue.take(size, with.out);
            output_->progress_at = with.now;
            settle_output();
        }
        if (output_) return;
        keepalive_.ping_left(with.options.ping, with.now);
        if (!close_queued_ || close_left_) return;
        close_left_ = true;
        since_ = with.now;
    }

    // What is to follow the output once it is empty.
    stream_end end() const noexcept { return {end_, reset_code_}; }

    // The engine has sent what `end` said.
    void end_sent() noexcept {
        over_ = over_ || end_ == stream_end::how::reset;
        end_ = stream_end::how::not_yet;
    }

    // Nothing more may be sent: the stream was reset, by whomever.
    bool over() const noexcept { return over_; }

    const closing_handshake& lifecycle() const noexcept { return socket_.lifecycle(); }
    Extension& extension() noexcept { return socket_.extension(); }

    // When `expire` has something to do next.
    instant deadline(const session_options& options) const noexcept {
        if (over_) return never;
        const timeouts& waits = options.waits;
        instant due = after(waiting_since(), waits.stalled);
        if (is_open()) {
            // A ping waits behind other output; whether that leaves is the stalled timer's matter.
            if (!output_) due = earlier(due, keepalive_.deadline(options.ping));
            return earlier(due, after(since_, waits.idle));
        }
        if (may_end_alone()) due = earlier(due, after(closing_at(), waits.end_stream));
        return earlier(due, after(closing_at(), waits.close));
    }

    // Does what is due. `poll` with no bytes then gives what came of it.
    void expire(const surroundings& with) noexcept {
        if (with.now < deadline(with.options)) return;
        const timeouts& waits = with.options.waits;
        if (with.now >= after(waiting_since(), waits.stalled))
            return abort(errc::output_stalled, http2_error::cancel, with.out);
        if (is_open()) return expire_open(with);
        if (with.now >= after(closing_at(), waits.close)) return give_up(with.out);
        if (may_end_alone()) {
            if (const auto last = socket_.send_end_stream()) end_stream(with);
        }
    }

    // Of what is allocated with the first piece of output and released with the last, beside it.
    static constexpr std::size_t waiting_size() noexcept { return sizeof(waiting); }

private:
    static constexpr std::size_t fragment = 16'384; // of what is encoded

    bool is_open() const noexcept {
        return lifecycle().received() == direction::open && lifecycle().sent() == direction::open;
    }

    // Output that waits to leave.
    struct waiting {
        waiting(const allocator& memory, std::size_t& queued, instant now) noexcept
            : queue(memory, queued),
              progress_at(now) {}
        const allocator& memory() const noexcept { return queue.memory(); }

        output_queue queue;
        instant progress_at; // when output last left or began to wait
    };

    // Whether our half ends after a while though the peer's has not (S20, S21): a client's after
    // both Closes, a failing server's.
    bool may_end_alone() const noexcept {
        if (lifecycle().sent() != direction::closing || output_) return false;
        return lifecycle().received() == (Role::is_client ? direction::closing : direction::broken);
    }

    void expire_open(const surroundings& with) noexcept {
        if (with.now >= after(since_, with.options.waits.idle))
            return socket_.fail(errc::idle_timeout);
        if (output_) return;
        switch (keepalive_.expire(with.options.ping, with.now)) {
        case keepalive::action::none: break;
        case keepalive::action::give_up: socket_.fail(errc::keepalive_timeout); break;
        case keepalive::action::send_ping:
            // Without memory there is no ping, and the next deadline gives the peer up.
            if (const auto sent = send_ping({}, with); !sent) break;
        }
    }

    // The close timer: RFC 6455 §5.5.1 (R185), S20 and S21.
    void give_up(gather_list& out) noexcept {
        abort(errc::close_timeout, Role::is_client ? http2_error::cancel : http2_error::no_error,
              out);
    }

    // Queues what the protocol has to say by itself.
    void drain(const surroundings& with) noexcept {
        while (socket_.wants_transmit()) {
            const auto said = socket_.poll_transmit();
            if (over_ || aborted_) continue; // nobody hears it any more
            if (!said->bytes.empty() && !queue_said(said->bytes, with)) continue;
            if (said->reset)
                reset_with(said->stream_error);
            else if (said->end_stream)
                end_stream(with);
        }
    }

    bool queue_said(const_bytes frame, const surroundings& with) noexcept {
        const bool is_pong = decode_frame_header(frame.data()).code == opcode::pong;
        if (!is_pong) close_queued_ = true;
        waiting* const output = make_output(with);
        // Failing drops frames that have not begun; an answered Close lets them go first.
        if (output != nullptr && !is_pong && lifecycle().received() == direction::broken)
            output->queue.drop_unbegun(with.out);
        if (output != nullptr &&
            (is_pong ? output->queue.put_pong(frame) : output->queue.append(frame)))
            return true;
        abort(errc::no_memory, http2_error::internal_error, with.out);
        return false;
    }

    void reset_with(http2_error code) noexcept {
        end_ = stream_end::how::reset;
        reset_code_ = code;
    }

    void end_stream(const surroundings& with) noexcept {
        if (Role::is_client && with.options.end_with_reset) return reset_with(http2_error::cancel);
        end_ = stream_end::how::end_stream;
        if (!close_left_) since_ = with.now;
        reset_code_ = http2_error::no_error;
    }

    // Room comes first: a Close that was made has to leave.
    template <class Make>
    result<void> queue(const surroundings& with, Make&& make) noexcept {
        waiting* const output = make_output(with);
        if (output == nullptr) return errc::no_memory;
        result<void> done = errc::no_memory;
        if (!output->queue.reserve(max_frame_header_size + max_control_payload).empty()) {
            const result<control_frame> made = make();
            done = made ? output->queue.append(made->bytes()) : result<void>(made.error());
        }
        settle_output();
        return done;
    }

    // All of it or nothing. Where an encoder has taken a part it cannot go back: the tunnel ends.
    errc queue_frames(opcode type, const_bytes payload, bool fin, waiting& output,
                      gather_list& out) noexcept {
        const std::size_t given = payload.size();
        const bool encoded = socket_.encodes(payload, fin);
        // What is encoded has a size that is not known before.
        const std::size_t header =
            encoded ? max_frame_header_size
                    : frame_header_size({.payload_length = given, .masked = Role::is_client});
        for (bool begun = false, more = true; more; begun = true) {
            const std::size_t room = encoded ? encoded_room(payload.size()) : payload.size();
            const mutable_bytes block = output.queue.reserve(header + room);
            const result<frame> made =
                block.empty() ? errc::no_memory
                              : socket_.send(type, payload, block.subspan(header), fin, encoded);
            if (!made) {
                if (begun || payload.size() != given)
                    abort(made.error(), http2_error::internal_error, out);
                return made.error();
            }
            place(*made, block, output.queue);
            more = made->more;
        }
        return errc::none;
    }

    std::size_t encoded_room([[maybe_unused]] std::size_t payload) noexcept {
        if constexpr (sized_extension<Extension>) return socket_.extension().room(payload);
        return fragment;
    }

    errc queue_frame(opcode type, message_buffer&& payload, bool fin, waiting& output) noexcept {
        if (output.queue.reserve(max_frame_header_size).empty()) return errc::no_memory;
        const auto made = socket_.send(type, payload.bytes(), fin);
        if (!made) return made.error();
        return output.queue.append(made->header(), std::move(payload)).error();
    }

    waiting* make_output(const surroundings& with) noexcept {
        return output_.make(with.queues, with.queued, with.now);
    }

    // An empty queue costs nothing.
    void settle_output() noexcept {
        if (output_ && output_->queue.empty()) output_.release();
    }

    void clear(gather_list& out) noexcept {
        if (output_) output_->queue.clear(out);
        output_.release();
    }

    errc refusal(std::size_t size, const surroundings& with) const noexcept {
        const bool fits = has_room(size, queued_memory(), with.options.max_queued) &&
                          has_room(size, with.queued, with.options.max_queued_in_all);
        return fits ? errc::none : errc::queue_full;
    }

    static void place(const frame& made, mutable_bytes block, output_queue& queue) noexcept {
        if (made.header_size == 0) return;
        std::byte* const to = block.data() + made.header_size;
        if (to != made.payload.data() && !made.payload.empty())
            std::memmove(to, made.payload.data(), made.payload.size());
        std::memcpy(block.data(), made.octets, made.header_size);
        queue.commit(made.header_size + made.payload.size());
    }

    // Since when output waits, or the end of our half alone: an engine may hold that back too while
    // the window is 0, though RFC 9113 §6.9.1 lets it leave.
    instant waiting_since() const noexcept {
        if (output_) return output_->progress_at;
        return end_ == stream_end::how::end_stream ? since_ : never;
    }

    // When our Close left, or a server's came after it.
    instant closing_at() const noexcept { return close_left_ ? since_ : never; }

    void note(const event& found, instant now) noexcept {
        // A client waits for the end of the server's half from the server's Close on (S20); a
        // server counts from its own (S21).
        if (close_left_ ? Role::is_client && std::holds_alternative<close_frame>(found)
                        : std::holds_alternative<message_chunk>(found))
            since_ = now;
    }

    // Small members lie in the padding at the end of the one before them.
    [[no_unique_address]] websocket<Role, Extension> socket_;
    stream_end::how end_ = stream_end::how::not_yet;
    bool close_queued_ : 1 = false;
    bool close_left_ : 1 = false;
    bool aborted_ : 1 = false;
    bool over_ : 1 = false;
    [[no_unique_address]] keepalive keepalive_;
    http2_error reset_code_ = http2_error::no_error;
    owned<waiting> output_; // where there is some
    instant since_; // when a message last passed, or our half was to end; once our Close has left:
                    // closing_at
};

} // namespace h2ws
