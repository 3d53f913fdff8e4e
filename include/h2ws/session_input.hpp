// What arrives on a session's streams: pieces of DATA and their ends become events, whatever is
// held back or discarded is accounted for.
#pragma once

#include "session_streams.hpp"

#include <optional>
#include <utility>

namespace h2ws {

template <class Engine, class Role, class Extension>
class session_input : public session_streams<Engine, Role, Extension> {
    using base = session_streams<Engine, Role, Extension>;

public:
    using typename base::stream_type;

protected:
    using base::base;

    // ---- for the engine -------------------------------------------------------------------------

    // The next event that needs no new bytes. What the last event lent is given up first.
    std::optional<stream_event> next_event(instant now) noexcept {
        this->now_ = now;
        std::optional<stream_event> found;
        if (this->unsettled() || !this->events_.empty() || this->streams_.has_news() || this->end_)
            tell_waiting(found);
        return found;
    }

    // The front of the input is payload of a DATA frame on this stream: one event, or it is taken.
    void receive_data(stream_type& at, mutable_bytes& part,
                      std::optional<stream_event>& found) noexcept {
        const std::size_t size = part.size();
        switch (at.stage) {
        case stream_stage::open: return receive_frames(at, part, found);
        case stream_stage::raw: found.emplace(tunnel_data{{at.id}, part, false, size}); break;
        case stream_stage::pending:
            if (!at.is_request) return hold_early(at, part);
            [[fallthrough]];
        case stream_stage::answered:
            if (!at.is_request) return Role::is_client ? keep_body(at, part) : discard(at, part);
            if (!expects(at, size)) return discard(at, part);
            found.emplace(body_received{{at.id}, part, false, size});
            break;
        default: return discard(at, part);
        }
        this->hold(at, size);
        part = {};
    }

    // A field section begins, one of its fields, its end. What stands where no head is awaited are
    // trailers, or what must not come.
    void section_begins(stream_type& at) noexcept {
        if constexpr (Role::is_client)
            if (awaits_head(at)) this->engine().begin_response(at);
    }
    void section_field(stream_type& at, const field& line) noexcept {
        if (awaits_head(at)) return this->engine().add_field(at, line);
        if (at.stage >= stream_stage::over) return;
        if (!at.is_request && at.stage != stream_stage::answered) return; // headers_on_tunnel
        errc error = check_trailers({&line, 1});                          // R50, R52
        if (error == errc::none && at.is_request) error = keep_trailer(at, line);
        if (error != errc::none) this->abort(at, error, reset_code(error));
    }
    void section_complete(stream_type& at, bool end_stream) noexcept {
        if (awaits_head(at)) {
            field_store* const section = at.received_section();
            if (at.error == errc::none && section != nullptr && !section->listed())
                at.error = errc::no_memory; // not a message that lacks what it must have
            this->engine().head_complete(at, end_stream);
            if (end_stream && at.stage == stream_stage::answered) end_received(at);
        } else if (!at.is_request && at.stage != stream_stage::answered) {
            headers_on_tunnel(at);
        } else if (end_stream) {
            if (at.exchange && at.exchange->parts && !at.exchange->parts->trailers.listed())
                return this->abort(at, errc::no_memory, http2_error::internal_error);
            end_received(at);
        } else { // RFC 9113 §8.1 (R49)
            this->abort(at, errc::malformed_message, http2_error::protocol_error);
        }
    }

    static bool awaits_head(const stream_type& at) noexcept {
        return at.stage == stream_stage::pending && (Role::is_client || !at.told);
    }

    // END_STREAM, after all data before it.
    void end_received(stream_type& at) noexcept {
        if (at.end_received) return;
        at.end_received = true;
        const bool is_message = at.is_request || at.stage == stream_stage::answered;
        if (is_message && !body_may_end(at)) return;
        if (!at.has(news::early)) deliver_end(at);
    }

    // HEADERS where the tunnel's frames flow: only that stream dies (RFC 9113 §8.1, R49; §8.5, R85,
    // S7).
    void headers_on_tunnel(stream_type& at) noexcept {
        this->abort(at, errc::headers_on_tunnel, http2_error::protocol_error);
    }

    // Of a message that cannot be answered any more, or is an answer.
    static constexpr http2_error reset_code(errc error) noexcept {
        if (error == errc::no_memory) return http2_error::internal_error;
        if (error == errc::too_many_fields) return http2_error::enhance_your_calm;
        return info(error).stream_error;
    }

    void goaway_received(std::int32_t last_stream_id, http2_error code) noexcept {
        this->going_away_ = true; // RFC 9113 §6.8 (R112): tunnels go on
        this->push(h2ws::goaway_received{last_stream_id, code});
    }

    // ---- for the roles --------------------------------------------------------------------------

    // Frames flow from now on.
    void open_socket(stream_type& at, Extension&& extension) noexcept {
        at.stage = stream_stage::open;
        at.socket.emplace(this->role_, std::move(extension), this->options_, this->now_);
        this->due_ = earlier(this->due_, at.socket->deadline(this->options_));
    }

    void open_raw(stream_type& at) noexcept {
        at.stage = stream_stage::raw;
        at.is_raw = true;
    }

    // What came before the answer is polled now (S11).
    void poll_early_later(stream_type& at) noexcept {
        if (!at.exchange->early.empty() || at.end_received) this->tell(at, news::early);
    }

    // What a message's fields say of its content; `empty`: there is none, whatever they say. A
    // length that does not fit is malformed (RFC 9113 §8.1.1, R52).
    errc expect_body(stream_type& at, std::span<const field> fields, bool empty,
                     bool end_stream) noexcept {
        const auto length = content_length(fields);
        if (!length) return length.error();
        std::optional<std::uint64_t>& left = at.exchange->body_left;
        left = empty ? 0 : *length;
        return end_stream && left.value_or(0) != 0 ? errc::malformed_message : errc::none;
    }

private:
    static constexpr std::size_t max_kept_body = 1'024;

    void tell_waiting(std::optional<stream_event>& found) noexcept {
        this->settle();
        if (!this->events_.empty()) found.emplace(this->events_.pop());
        while (!found && this->streams_.with_news() != nullptr)
            tell_next(*this->streams_.with_news(), found);
        if (found || !this->end_) return;
        found.emplace(*this->end_);
        this->end_.reset();
    }

    // The next that is to be told of the stream. Nothing found: it was not worth an event.
    void tell_next(stream_type& at, std::optional<stream_event>& found) noexcept {
        const auto next_is = [&](news what) {
            if (!at.has(what)) return false;
            this->streams_.told(what);
            return true;
        };
        if (next_is(news::rejected))
            found.emplace(request_rejected{at.error, at.stream_id});
        else if (next_is(news::interim))
            found.emplace(interim_received{{at.id}, &at.exchange->parts->interim});
        else if (next_is(news::head))
            tell_head(at, found);
        else if (at.has(news::frames))
            poll_frames(at, found);
        else if (at.has(news::early))
            poll_early(at, found);
        else if (next_is(news::end))
            tell_end(at, found);
        else if (next_is(news::writable))
            tell_writable(at, found);
        else if (next_is(news::closed))
            found.emplace(tunnel_event{{at.id}, closed{at.error, at.code}, 0});
        else if (next_is(news::released))
            tell_released(at, found);
    }

    void tell_head(stream_type& at, std::optional<stream_event>& found) noexcept {
        this->engine().tell_head(at, found);
        if (at.socket || at.is_raw) this->touched_ = at.id; // the views end with the next call
    }

    void poll_frames(stream_type& at, std::optional<stream_event>& found) noexcept {
        typename Role::input nothing{};
        const bool ends = at.end_received && !at.has(news::early); // after what came too early
        if (const auto what = at.socket->poll(nothing, ends, this->around())) {
            this->touched_ = at.id;
            found.emplace(tunnel_event{{at.id}, *what, 0});
        } else {
            this->streams_.told(news::frames);
            this->wake(at);
        }
    }

    void tell_end(stream_type& at, std::optional<stream_event>& found) noexcept {
        if (at.is_request)
            found.emplace(body_received{{at.id}, {}, true, 0, trailers_of(at)});
        else
            found.emplace(tunnel_data{{at.id}, {}, true, 0});
    }

    static std::span<const field> trailers_of(stream_type& at) noexcept {
        if (!at.exchange || !at.exchange->parts) return {};
        return at.exchange->parts->trailers.fields();
    }

    errc keep_trailer(stream_type& at, const field& line) noexcept {
        const allocator& memory = this->options_.memory;
        if (!at.exchange.make(memory, this->queued_) || !at.exchange->parts.make(memory))
            return errc::no_memory;
        return at.exchange->parts->trailers.add(line, this->options_.max_fields,
                                                this->options_.max_field_bytes);
    }

    void tell_writable(const stream_type& at, std::optional<stream_event>& found) const noexcept {
        if (at.stage >= stream_stage::over) return;
        if (at.is_request)
            found.emplace(request_writable{{at.id}});
        else
            found.emplace(tunnel_writable{{at.id}});
    }

    void tell_released(stream_type& at, std::optional<stream_event>& found) noexcept {
        if (!at.told) return this->streams_.erase(at); // it was rejected: nobody knows its name
        this->retired_ = at.id;
        if (at.is_request)
            found.emplace(request_released{{at.id}, at.error});
        else
            found.emplace(tunnel_released{{at.id}});
    }

    void receive_frames(stream_type& at, mutable_bytes& part,
                        std::optional<stream_event>& found) noexcept {
        typename Role::input input = part;
        const bool awaits_pong = at.socket->awaits_pong();
        const auto what = at.socket->poll(input, false, this->around());
        const std::size_t taken = part.size() - input.size();
        part = part.last(input.size());
        // There is something to say, or a deadline is nearer: that of what waited for a pong, or of
        // a peer that was failed after our Close (S21).
        const bool fails = what && std::holds_alternative<closed>(*what);
        if (awaits_pong || fails || at.socket->has_more()) this->touched_ = at.id;
        std::size_t wire_bytes = 0;
        if (what && std::holds_alternative<message_chunk>(*what))
            this->hold(at, wire_bytes = taken);
        else
            this->engine().credit(at, taken);
        if (what) found.emplace(tunnel_event{{at.id}, *what, wire_bytes});
    }

    // More of a body arrives. False: it is longer than its content-length, and the stream is over.
    bool expects(stream_type& at, std::size_t size) noexcept {
        if (!at.exchange || !at.exchange->body_left) return true;
        std::uint64_t& left = *at.exchange->body_left;
        if (size > left) return malformed(at);
        left -= size;
        return true;
    }

    bool body_may_end(stream_type& at) noexcept {
        return !at.exchange || at.exchange->body_left.value_or(0) == 0 || malformed(at);
    }

    bool malformed(stream_type& at) noexcept {
        at.error = errc::malformed_message; // not the status that it had
        this->abort(at, errc::malformed_message, http2_error::protocol_error);
        return false;
    }

    // S11: copied and held without the stream's credit while the application decides.
    void hold_early(stream_type& at, mutable_bytes& part) noexcept {
        const mutable_bytes bytes = std::exchange(part, {});
        message_buffer& early = at.exchange->early;
        if (bytes.size() > this->options_.max_early_data - early.size())
            return this->abort(at, errc::early_data_too_long,
                               info(errc::early_data_too_long).stream_error);
        if (!early.append(bytes)) this->abort(at, errc::no_memory, http2_error::internal_error);
    }

    // The beginning of a refusal's body, for the operator.
    void keep_body(stream_type& at, mutable_bytes& part) noexcept {
        if (!expects(at, part.size())) return discard(at, part);
        message_buffer& body = at.exchange->early;
        const std::size_t room = max_kept_body - body.size();
        // Without memory the operator sees less of it.
        if (!body.append(part.first(part.size() < room ? part.size() : room))) body.clear();
        discard(at, part);
    }

    void discard(stream_type& at, mutable_bytes& part) noexcept {
        if (at.stage < stream_stage::over) this->engine().credit(at, part.size());
        part = {};
    }

    void poll_early(stream_type& at, std::optional<stream_event>& found) noexcept {
        if (at.stage >= stream_stage::over) return this->streams_.told(news::early);
        message_buffer& early = at.exchange->early;
        mutable_bytes rest = early.bytes().subspan(at.exchange->early_taken);
        if (!rest.empty()) receive_data(at, rest, found);
        at.exchange->early_taken = early.size() - rest.size();
        if (found || !rest.empty()) return;
        this->settle(); // a pong may be owed
        this->streams_.told(news::early);
        at.forget_handshake();
        this->wake(at); // what waits to leave still has its time
        if (at.end_received) deliver_end(at);
    }

    void deliver_end(stream_type& at) noexcept {
        switch (at.stage) {
        case stream_stage::open: return this->pump(at);
        case stream_stage::raw: return this->tell(at, news::end);
        case stream_stage::pending:
        case stream_stage::answered:
            if (at.is_request) return this->tell(at, news::end);
            return this->engine().refusal_ended(at);
        default: return;
        }
    }
};

} // namespace h2ws
