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
    session_input(Role role, const session_options& options) noexcept
        : base(role, options),
          ready_(options.memory) {}

    // ---- for the engine -------------------------------------------------------------------------

    // The next event that needs no new bytes. What the last event lent is given up first.
    std::optional<stream_event> next_event(instant now) noexcept {
        this->now_ = now;
        this->settle();
        std::optional<stream_event> found;
        while (!found && !this->events_.empty()) take_event(found);
        while (!found && !ready_.empty()) poll_early(found);
        if (!found && this->end_) {
            found.emplace(*this->end_);
            this->end_.reset();
        }
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
        if (awaits_head(at)) this->engine().add_field(at, line);
    }
    void section_complete(stream_type& at, bool end_stream) noexcept {
        if (awaits_head(at)) {
            this->engine().head_complete(at, end_stream);
            if (end_stream && at.stage == stream_stage::answered) end_received(at);
        } else if (!at.is_request && at.stage != stream_stage::answered) {
            headers_on_tunnel(at);
        } else if (end_stream) {
            end_received(at);
        }
    }

    static bool awaits_head(const stream_type& at) noexcept {
        return at.stage == stream_stage::pending && (Role::is_client || !at.told);
    }

    // END_STREAM, after all data before it.
    void end_received(stream_type& at) noexcept {
        if (std::exchange(at.end_received, true) || at.early_ready) return;
        deliver_end(at);
    }

    // HEADERS where the tunnel's frames flow: only that stream dies (RFC 9113 §8.5, R85, S7).
    void headers_on_tunnel(stream_type& at) noexcept {
        this->abort(at, errc::headers_on_tunnel, http2_error::protocol_error);
    }

    void goaway_received(std::int32_t last_stream_id, http2_error code) noexcept {
        this->going_away_ = true;
        this->push(h2ws::goaway_received{last_stream_id, code});
    }

    // ---- for the roles --------------------------------------------------------------------------

    // Frames flow from now on.
    void open_socket(stream_type& at, Extension&& extension) noexcept {
        at.stage = stream_stage::open;
        at.due = never;
        at.socket.emplace(this->role_, std::move(extension), this->options_, this->now_);
        this->due_ = earlier(this->due_, at.socket->deadline());
    }

    void open_raw(stream_type& at) noexcept {
        at.stage = stream_stage::raw;
        at.is_raw = true;
        at.due = never;
    }

    // What came before the answer is polled now (S11).
    void poll_early_later(stream_type& at) noexcept {
        if (at.early.empty() && !at.end_received) return;
        at.early_ready = ready_.push_back(at.id);
        if (!at.early_ready) this->out_of_memory_ = true;
    }

private:
    static constexpr std::size_t max_kept_body = 1'024;

    void take_event(std::optional<stream_event>& found) noexcept {
        found.emplace(this->events_.pop());
        if (const auto* last = std::get_if<tunnel_released>(&*found))
            this->retired_ = last->tunnel.value;
        if (const auto* last = std::get_if<request_released>(&*found))
            this->retired_ = last->request.value;
        const stream_type* const gone = this->streams_.find(this->retired_);
        if (gone == nullptr || gone->told) return;
        found.reset(); // it was rejected: nobody knows its name
        this->settle();
    }

    void receive_frames(stream_type& at, mutable_bytes& part,
                        std::optional<stream_event>& found) noexcept {
        typename Role::input input = part;
        const auto what = at.socket->poll(input, false, this->out_, this->now_);
        const std::size_t taken = part.size() - input.size();
        part = part.last(input.size());
        this->touched_ = at.id;
        std::size_t wire_bytes = 0;
        if (what && std::holds_alternative<message_chunk>(*what))
            this->hold(at, wire_bytes = taken);
        else
            this->engine().credit(at, taken);
        if (what) found.emplace(tunnel_event{{at.id}, *what, wire_bytes});
    }

    // S11: copied and held without the stream's credit while the application decides.
    void hold_early(stream_type& at, mutable_bytes& part) noexcept {
        const mutable_bytes bytes = std::exchange(part, {});
        if (bytes.size() > this->options_.max_early_data - at.early.size())
            return this->abort(at, errc::early_data_too_long,
                               info(errc::early_data_too_long).stream_error);
        if (!at.early.append(bytes)) this->abort(at, errc::no_memory, http2_error::internal_error);
    }

    // The beginning of a refusal's body, for the operator.
    void keep_body(stream_type& at, mutable_bytes& part) noexcept {
        const std::size_t room = max_kept_body - at.early.size();
        // Without memory the operator sees less of it.
        if (!at.early.append(part.first(part.size() < room ? part.size() : room))) at.early.clear();
        discard(at, part);
    }

    void discard(stream_type& at, mutable_bytes& part) noexcept {
        if (at.stage < stream_stage::over) this->engine().credit(at, part.size());
        part = {};
    }

    void poll_early(std::optional<stream_event>& found) noexcept {
        stream_type* const at = this->streams_.find(ready_[0]);
        if (at == nullptr || at->stage >= stream_stage::over) return ready_.erase_front(1);
        mutable_bytes rest = at->early.bytes().subspan(at->early_taken);
        if (!rest.empty()) receive_data(*at, rest, found);
        at->early_taken = at->early.size() - rest.size();
        if (found || !rest.empty()) return;
        this->settle(); // a pong may be owed
        at->early.release();
        at->early_taken = 0;
        at->early_ready = false;
        ready_.erase_front(1);
        if (at->end_received) deliver_end(*at);
    }

    void deliver_end(stream_type& at) noexcept {
        switch (at.stage) {
        case stream_stage::open: this->pump(at); return this->wake(at);
        case stream_stage::raw: return this->push(tunnel_data{{at.id}, {}, true, 0});
        case stream_stage::pending:
        case stream_stage::answered:
            if (at.is_request) return this->push(body_received{{at.id}, {}, true, 0});
            return this->engine().refusal_ended(at);
        default: return;
        }
    }

    growing_array<std::uint64_t> ready_; // streams whose early data is to be polled
};

} // namespace h2ws
