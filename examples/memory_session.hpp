// A session over a transport of one's own: a tiny multiplexing protocol that is not HTTP/2 and does
// what RFC 8441 needs of it. Two of them joined in memory serve tests and fuzzers; copy this file
// to begin a transport that is real.
//
// What there is to do: derive from server_session or client_session (they hold the streams, the
// tunnels, the timers and the events), give them the functions listed in session_base.hpp, call
// theirs as things arrive, and make `poll`, `transmit`, `transmitted` and `finished` of it. The
// engine owns what is the transport's: cutting bytes into records, flow control, stream numbers.
#pragma once

#include "memory_lanes.hpp"
#include "memory_record.hpp"

#include <h2ws/client_session.hpp>
#include <h2ws/server_session.hpp>
#include <h2ws/session.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace examples {

using namespace h2ws;

template <class Engine, class Role, class Extension>
using memory_role = std::conditional_t<Role::is_client, client_session<Engine, Extension>,
                                       server_session<Engine, Extension>>;

template <class Role, class Extension = no_extension>
class basic_memory_session
    : public memory_role<basic_memory_session<Role, Extension>, Role, Extension> {
    using base = memory_role<basic_memory_session, Role, Extension>;
    using stream_type = stream<Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend base;

public:
    explicit basic_memory_session(Role role = {}, const session_options& options = {}) noexcept
        : base(role, options),
          lanes_(options.memory, options.connection_window),
          control_(options.memory),
          reader_(options.memory) {
        const bool enables = !Role::is_client && options.accept_tunnels; // RFC 8441 §3
        put(kind::settings, enables ? memory_record::enables : no_flags, 0,
            {static_cast<std::uint32_t>(options.stream_window),
             static_cast<std::uint32_t>(options.connection_window), options.max_streams});
    }

    std::optional<stream_event> poll(mutable_bytes& in, instant now) noexcept {
        std::optional<stream_event> found = this->next_event(now);
        while (!found && !this->ended() && (!in.empty() || reader_.whole())) {
            receive(in, found);
            if (without_memory())
                this->end_connection(errc::no_memory, http2_error::internal_error);
            if (!found) found = this->next_event(now);
        }
        if (this->ended()) in = in.last(0);
        return found;
    }

    std::span<const const_bytes> transmit(instant now) noexcept {
        this->now_ = now;
        this->settle();
        if (this->out_.empty()) fill();
        return this->offered();
    }

    void transmitted(std::size_t size) noexcept { this->written(size); }

    bool finished() const noexcept {
        if (this->is_lost()) return true;
        return this->out_.empty() && control_.empty() && (this->ended() || is_idle());
    }

private:
    using kind = memory_record::kind;
    using lane = memory_lane<stream_type>;
    static constexpr std::uint8_t no_flags = 0;
    static constexpr std::size_t max_record = 65'536;
    static constexpr std::size_t max_data = 16'384;
    static constexpr std::size_t flush_size = 48'000;  // a write's worth, with one record more
    static constexpr std::size_t max_control = 65'536; // records that wait for a peer that asks

    // ---- input ----------------------------------------------------------------------------------

    // One step: a part of a header or of a payload.
    void receive(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        if (reader_.inside_data()) return receive_part(in, found);
        if (!reader_.take(in)) this->out_of_memory_ = true;
        if (reader_.inside_data()) return charge();
        if (reader_.left() > max_record) return fail(http2_error::frame_size_error);
        if (!reader_.whole()) return;
        receive_record();
        reader_.next();
        if (control_.size() > max_control) fail(http2_error::enhance_your_calm);
    }

    // Data counts from its header on, whatever becomes of it.
    void charge() noexcept {
        const std::uint32_t length = reader_.head().length;
        if (!lanes_.charge(reader_.head().stream, length))
            return fail(http2_error::flow_control_error);
        this->received(length);
    }

    // A piece of data is shown where it lies; what no event stood for stays in `in`.
    void receive_part(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        const std::size_t size = smaller(in.size(), reader_.left());
        lane* const on = lanes_.find(reader_.head().stream);
        if (size != 0) {
            mutable_bytes part = in.first(size);
            if (on != nullptr && !on->reset)
                this->receive_data(*on->at, part, found);
            else
                part = {};
            in = in.subspan(size - part.size());
            reader_.data_taken(size - part.size());
        }
        if (found || !reader_.whole()) return; // the end is told when the last event was taken
        if (on != nullptr && reader_.head().has(memory_record::end_stream)) receive_end(*on);
        reader_.next();
    }

    void receive_end(lane& on) noexcept {
        on.end_received = true;
        this->end_received(*on.at);
        sweep();
    }

    void receive_record() noexcept {
        switch (reader_.head().what) {
        case kind::settings: return receive_settings();
        case kind::headers: return receive_headers();
        case kind::credit: return lanes_.grant(reader_.head().stream, reader_.number(0));
        case kind::reset:
            if (lane* const on = lanes_.find(reader_.head().stream); on != nullptr) {
                on->at->reset_by_peer = true;
                forget(*on, static_cast<http2_error>(reader_.number(0)));
            }
            return;
        case kind::goaway: return receive_goaway(reader_.number(0), reader_.number(1));
        case kind::ping:
            if (!reader_.head().has(memory_record::is_answer))
                return put(kind::ping, memory_record::is_answer, 0, {});
            if (this->shutting_down_) goaway(last_received_, http2_error::no_error);
            return;
        default: return fail(http2_error::protocol_error);
        }
    }

    void receive_settings() noexcept {
        lanes_.allow(reader_.number(0), reader_.number(1), reader_.number(2));
        if constexpr (Role::is_client) {
            const bool enabled = reader_.head().has(memory_record::enables);
            if (this->setting(settings_enable_connect_protocol, enabled) != errc::none)
                return fail(http2_error::protocol_error);
            this->settings_complete({.max_concurrent_streams = reader_.number(2),
                                     .initial_window_size = reader_.number(0)});
        }
    }

    // RFC 9113 §6.8 (S16): what is above `last` has not been looked at.
    void receive_goaway(std::uint32_t last, std::uint32_t code) noexcept {
        this->goaway_received(static_cast<std::int32_t>(last), static_cast<http2_error>(code));
        if constexpr (Role::is_client)
            for (std::size_t i = lanes_.size(); i-- != 0;)
                if (lanes_[i].number > last) forget(lanes_[i], http2_error::refused_stream);
    }

    void receive_headers() noexcept {
        lane* on = lanes_.find(reader_.head().stream);
        if (on == nullptr && (on = begin_stream()) == nullptr) return;
        if (on->reset) return;
        stream_type& at = *on->at;
        this->section_begins(at);
        const_bytes rest = reader_.payload();
        for (field line; take_field(rest, line);) this->section_field(at, line);
        on->end_received = reader_.head().has(memory_record::end_stream);
        this->section_complete(at, on->end_received);
        sweep();
    }

    // A server's: a stream that the client opens.
    lane* begin_stream() noexcept {
        if constexpr (!Role::is_client) {
            // Long gone, or above what our last GOAWAY said that we take.
            if (reader_.head().stream <= last_received_ || going_) return nullptr;
            last_received_ = reader_.head().stream;
            if (lanes_.size() >= this->options().max_streams) {
                put(kind::reset, no_flags, reader_.head().stream, {7}); // REFUSED_STREAM
                return nullptr;
            }
            stream_type* const at =
                this->begin_request(static_cast<std::int32_t>(reader_.head().stream));
            if (at != nullptr) return add_lane(*at, reader_.head().stream);
            this->out_of_memory_ = true;
        }
        return nullptr;
    }

    // ---- output ---------------------------------------------------------------------------------

    void fill() noexcept {
        if (!this->ended()) {
            lanes_.admit(control_);
            lanes_.write_credit(control_);
            flush_and_end();
            if (!without_memory()) send_data();
        }
        flush_and_end();
        sweep();
        if (without_memory())
            this->end_connection(errc::no_memory, http2_error::internal_error);
        else if (finished())
            this->end_connection(errc::none, http2_error::no_error);
    }

    // Our halves that end with fields have ended once these have left.
    void flush_and_end() noexcept {
        if (without_memory()) return; // nothing follows on what is missing
        this->out_.copy(control_.bytes());
        control_.clear();
        for (lane& on : lanes_)
            if (on.ends_with_head && !on.waits()) end_half(on);
    }

    void end_half(lane& on) noexcept {
        on.end_sent = true;
        on.ends_with_head = false;
        this->output_ended(*on.at);
    }

    // A record of each stream in turn, so that none waits for another's end.
    void send_data() noexcept {
        std::size_t silent = 0; // streams in sequence that had nothing, or no credit
        while (silent < lanes_.size() && this->out_.size() < flush_size)
            silent = send_data(lanes_.next()) ? 0 : silent + 1;
    }

    bool send_data(lane& on) noexcept {
        if (on.reset || on.end_sent || on.waits()) return false;
        const auto ready = this->next_output(*on.at);
        const std::size_t size = smaller(smaller(ready.size, max_data), lanes_.sendable(on));
        const bool end = ready.end_stream && size == ready.size;
        if (size == 0 && !end) return false;
        const memory_record head{kind::data, end ? memory_record::end_stream : no_flags, on.number,
                                 static_cast<std::uint32_t>(size)};
        this->out_.copy(head.encode());
        lanes_.spend(on, size);
        on.end_sent = end;
        this->take_output(*on.at, size, end);
        return true;
    }

    static std::size_t smaller(std::size_t a, std::size_t b) noexcept { return b < a ? b : a; }

    // ---- what the session asks of its engine ----------------------------------------------------

    bool submit_headers(stream_type& at, std::span<const field> fields, bool end_stream) noexcept {
        const std::uint8_t flags = end_stream ? memory_record::end_stream : no_flags;
        if constexpr (Role::is_client) {
            lane* const on = add_lane(at, next_number_);
            if (on == nullptr) return false;
            on->opening.put({kind::headers, flags, next_number_}, fields);
            if (on->opening.failed()) {
                lanes_.remove(*on);
                return false;
            }
            on->ends_with_head = end_stream;
            at.stream_id = static_cast<std::int32_t>(std::exchange(next_number_, next_number_ + 2));
        } else {
            lane* const on = lanes_.find(at);
            control_.put({kind::headers, flags, on->number}, fields);
            on->ends_with_head = end_stream;
        }
        return true;
    }

    bool submit_interim(stream_type& at, std::span<const field> fields) noexcept {
        control_.put({kind::headers, no_flags, lanes_.find(at)->number}, fields);
        return true;
    }

    bool submit_trailers(stream_type& at, std::span<const field> fields) noexcept {
        lane& on = *lanes_.find(at);
        memory_records& out = on.waits() ? on.opening : control_;
        out.put({kind::headers, memory_record::end_stream, on.number}, fields);
        on.ends_with_head = true;
        if (out.failed()) this->out_of_memory_ = true;
        return true;
    }

    void submit_reset(stream_type& at, http2_error code) noexcept {
        lane* const on = lanes_.find(at);
        if (on == nullptr || on->reset) return;
        on->reset = true;
        on->code = code;
        if (!on->waits())
            put(kind::reset, no_flags, on->number, {static_cast<std::uint32_t>(code)});
    }

    void resume(stream_type&) noexcept {} // `fill` looks at all streams

    void credit(stream_type& at, std::size_t size) noexcept {
        lane* const on = lanes_.find(at);
        if (on == nullptr || size == 0) return;
        lanes_.give(*on, size);
    }

    void credit_connection(std::size_t size) noexcept { lanes_.give(size); }

    // A server says first that it takes no more, and what it took when nothing can be on the way.
    void submit_shutdown() noexcept {
        if constexpr (Role::is_client) return goaway(0, http2_error::no_error);
        put(kind::goaway, no_flags, 0, {0x7fff'ffff, 0});
        put(kind::ping, no_flags, 0, {});
    }

    // ---- the rest -------------------------------------------------------------------------------

    void goaway(std::uint32_t last, http2_error code) noexcept {
        going_ = true;
        put(kind::goaway, no_flags, 0, {last, static_cast<std::uint32_t>(code)});
    }

    // A rule of the transport was broken.
    void fail(http2_error code) noexcept {
        goaway(last_received_, code);
        this->end_connection(errc::connection_error, code);
    }

    void put(kind what, std::uint8_t flags, std::uint32_t number,
             std::initializer_list<std::uint32_t> numbers) noexcept {
        control_.put({what, flags, number}, numbers);
    }

    bool without_memory() const noexcept {
        return this->out_of_memory_ || control_.failed() || this->out_.failed();
    }

    bool is_idle() const noexcept { return lanes_.empty() && (going_ || this->going_away_); }

    lane* add_lane(stream_type& at, std::uint32_t number) noexcept {
        return lanes_.add(at, number, this->options().stream_window);
    }

    // Tells that a stream is over, and forgets it.
    void forget(lane& on, http2_error code) noexcept {
        stream_type& at = *on.at;
        lanes_.remove(on);
        this->stream_closed(at, code);
    }

    void sweep() noexcept {
        for (std::size_t i = this->ended() ? 0 : lanes_.size(); i-- != 0;)
            if (lanes_[i].is_over()) forget(lanes_[i], lanes_[i].code);
    }

    memory_lanes<stream_type> lanes_;
    memory_records control_; // records that go out before any data
    memory_record_reader reader_;
    std::uint32_t next_number_ = 1;
    std::uint32_t last_received_ = 0;
    bool going_ = false; // a GOAWAY of ours has been written
};

using memory_server = basic_memory_session<server>;
using memory_client = basic_memory_session<client>;

} // namespace examples
