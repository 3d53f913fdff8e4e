// What an endpoint of ours does about each frame that has arrived whole, and about the heads of
// DATA: SETTINGS, windows, resets, floods. Framing itself is the session's.
#pragma once

#include "session_sections.hpp"

namespace h2ws::http2 {

template <class Self, class Role, class Extension>
class session_frames : public session_sections<Self, Role, Extension> {
    using base = session_sections<Self, Role, Extension>;

public:
    using typename base::stream_type;

protected:
    using typename base::entry;

    session_frames(Role role, const session_options& options) noexcept : base(role, options) {
        submit_settings();
    }

    // ---- heads ----------------------------------------------------------------------------------

    // False: its payload is to be passed over. A fault of the connection has ended it then.
    bool take_head(const frame_head& head) noexcept {
        if (!settings_came_ &&
            (head.type != frame_type::settings || head.has(flag::ack))) // RFC 9113 §3.4
            return this->fail(errc::preface_invalid);
        if (this->open_section() != 0 && // RFC 9113 §4.3 (R93): a block is contiguous
            (head.type != frame_type::continuation || head.stream_id != this->open_section()))
            return this->fail(errc::frame_unexpected);
        if (const frame_fault fault = check_frame_head(head, default_max_frame_size))
            return fault.of_stream ? this->fail_stream(head.stream_id, fault.error)
                                   : this->fail(fault.error);
        if (!is_known(head.type)) {
            this->count(flood::small_frames); // RFC 9113 §4.1 (R91), §8.5 (R86)
            return false;
        }
        if (head.type == frame_type::push_promise) return this->fail(errc::push_not_allowed);
        return !this->doomed_;
    }

    // DATA begins. The stream it is for; nullptr: it is passed over. The connection's window has
    // been charged for it (RFC 9113 §6.9, R117).
    stream_type* take_data_head(const frame_head& head) noexcept {
        this->growth_.received(head.stream_id, head.length);
        if (!this->connection_receives_.receive(head.length))
            return this->fail(errc::window_exceeded), nullptr;
        // RFC 9113 §10.5 (R123)
        if (head.length == 0 && !head.has(flag::end_stream)) this->count(flood::empty_data);
        entry* const to = this->streams_by_id_.find(head.stream_id);
        if (to == nullptr) return this->frame_without_stream(head.stream_id), nullptr;
        stream_type& at = *to->stream;
        if (at.stage >= stream_stage::over) return nullptr; // our RST_STREAM is leaving
        errc error = errc::none;
        if (!to->receives.receive(head.length))
            error = errc::window_exceeded;
        else if (at.end_received) // RFC 9113 §5.1 (R94), §6.1 (R106)
            error = errc::frame_on_closed_stream;
        else if (this->awaits_head(at)) // RFC 9113 §8.1: a message begins with its header section
            error = errc::malformed_message;
        if (error == errc::none) return &at;
        this->fault_on(at, error);
        return nullptr;
    }

    // All of a DATA frame was taken.
    void end_data(stream_type& at, bool end_stream) noexcept {
        if (!end_stream || at.stage >= stream_stage::over) return;
        this->end_received(at); // RFC 9113 §8.5 (R87)
        this->end_half(at.stream_id);
    }

    // ---- whole frames ---------------------------------------------------------------------------

    void take_frame(const frame_head& head, const_bytes payload) noexcept {
        switch (head.type) {
        case frame_type::headers: return this->headers_frame(head, payload);
        case frame_type::continuation: return this->continuation_frame(head, payload);
        case frame_type::rst_stream: return reset_frame(head, payload);
        case frame_type::settings: return settings_frame(head, payload);
        case frame_type::ping: return ping_frame(head, payload);
        case frame_type::goaway: return goaway_frame(payload);
        case frame_type::window_update: return window_update_frame(head, payload);
        case frame_type::priority: return this->count(flood::small_frames); // RFC 9113 §5.3
        case frame_type::priority_update: return priority_update_frame(payload);
        default: return;
        }
    }

private:
    static bool is_known(frame_type type) noexcept {
        return type <= frame_type::continuation || type == frame_type::priority_update;
    }

    void submit_settings() noexcept {
        const session_options& options = this->options();
        const auto window = static_cast<std::uint32_t>(options.stream_window);
        const std::array<std::pair<setting, std::uint32_t>, 5> server_settings{
            {{setting::initial_window_size, window},
             {setting::max_header_list_size,
              static_cast<std::uint32_t>(field_section_limit(options))},
             {setting::max_concurrent_streams, options.max_streams},
             {setting::no_rfc7540_priorities, 1},     // RFC 9218 §2.1
             {setting::enable_connect_protocol, 1}}}; // RFC 8441 §3
        const std::array<std::pair<setting, std::uint32_t>, 2> client_settings{
            {{setting::initial_window_size, window}, {setting::enable_push, 0}}};
        if constexpr (Role::is_client) {
            this->control_.raw(as_bytes(client_preface));
            this->control_.settings(client_settings); // S25
        } else {
            this->control_.settings(
                std::span(server_settings).first(options.accept_tunnels ? 5 : 4));
        }
        const std::int32_t more = options.connection_window - default_window;
        if (more <= 0) return this->connection_receives_.withhold(-more);
        this->connection_receives_.change(more);
        this->control_.window_update(0, static_cast<std::uint32_t>(more));
    }

    // ---- the other frames -----------------------------------------------------------------------

    void reset_frame(const frame_head& head, const_bytes payload) noexcept {
        entry* const gone = this->streams_by_id_.find(head.stream_id);
        if (gone == nullptr) {
            if (this->is_idle(head.stream_id))
                this->fail(errc::frame_unexpected);
            else // it is not answered: RFC 9113 §5.4.2 (R102)
                this->count(flood::small_frames);
            return;
        }
        if (gone->in == entry::list::dying) return; // ours is on its way
        stream_type& at = *gone->stream;
        if (at.in_use()) this->count(flood::resets_received); // RFC 9113 §10.5 (R123)
        at.reset_by_peer = true;
        this->control_.outlive_stream();
        const auto code = static_cast<http2_error>(load(payload.data(), 4));
        // RFC 9113 §5.4.2 (R102), §6.4 (R107): it is not answered, and nothing follows
        this->close(*gone, code, stream_end_kind::reset_by_peer);
    }

    void settings_frame(const frame_head& head, const_bytes payload) noexcept {
        const bool first = !std::exchange(settings_came_, true);
        if (head.has(flag::ack)) return settings_acknowledged();
        this->count(flood::settings); // RFC 9113 §10.5 (R123)
        bool changed = false;         // every window: work for each stream
        for (; !payload.empty() && !this->doomed_; payload = payload.subspan(6)) {
            const auto which = static_cast<setting>(load(payload.data(), 2));
            if (which == setting::initial_window_size && std::exchange(changed, true))
                this->count(flood::settings); // (R123) as if it were in a frame of its own
            // RFC 9113 §6.5 (R108)
            apply(which, load(payload.data() + 2, 4), first);
        }
        if (this->doomed_) return;
        this->control_.settings_ack(); // RFC 9113 §6.5.3 (R110)
        if constexpr (Role::is_client)
            this->settings_complete({this->peer_.max_concurrent_streams,
                                     static_cast<std::uint32_t>(this->peer_.initial_window_size),
                                     this->peer_.max_frame_size});
    }

    // RFC 9113 §6.5 (R108): in the order in which they stand.
    void apply(setting which, std::uint32_t value, bool first) noexcept {
        errc error = check_setting(which, value, Role::is_client);
        if (which == setting::no_rfc7540_priorities && error == errc::none) // RFC 9218 §2.1
            error = fix_priorities(value, first);
        if constexpr (Role::is_client) {
            if (error == errc::none)
                error = this->setting(static_cast<std::uint16_t>(which), value);
        } else {
            if (error == errc::none)
                error = check_connect_setting(static_cast<std::uint16_t>(which), value);
        }
        if (error != errc::none) { // RFC 9113 §6.5.2 (R109): an unknown one has none
            this->fail(error);
            return;
        }
        switch (which) {
        case setting::header_table_size: this->encoder().set_peer_limit(value); break;
        case setting::max_concurrent_streams: this->peer_.max_concurrent_streams = value; break;
        case setting::max_frame_size: this->peer_.max_frame_size = value; break;
        case setting::initial_window_size: return change_windows(static_cast<std::int32_t>(value));
        default: break;
        }
    }

    // It is what the first SETTINGS say, or do not say, for good.
    errc fix_priorities(std::uint32_t value, bool first) noexcept {
        if (first) this->peer_.no_rfc7540_priorities = value;
        return value == this->peer_.no_rfc7540_priorities ? errc::none : errc::setting_invalid;
    }

    // RFC 9113 §6.9.2 (R120): of all streams, also below zero.
    void change_windows(std::int32_t initial) noexcept {
        const std::int64_t by = std::int64_t{initial} - this->peer_.initial_window_size;
        this->peer_.initial_window_size = initial;
        this->streams_by_id_.each([&](entry& at) {
            if (!at.sends.change(by)) this->fail(errc::window_exceeded);
            if (by > 0) this->turns_.add(at);
        });
    }

    // Our initial window holds from now on for what the peer sends.
    void settings_acknowledged() noexcept {
        this->count(flood::small_frames);
        settings_acknowledged_ = true;
        const std::int32_t by = this->options().stream_window - this->local_initial_window_;
        this->local_initial_window_ = this->options().stream_window;
        this->streams_by_id_.each([&](entry& at) { at.receives.change(by); });
    }

    void ping_frame(const frame_head& head, const_bytes payload) noexcept {
        if (!head.has(flag::ack)) {
            this->count(flood::pings); // RFC 9113 §10.5 (R123)
            if (!this->doomed_) this->control_.ping(payload, true);
            return;
        }
        this->count(flood::small_frames);
        const bool ours = std::memcmp(payload.data(), this->shutdown_ping.data(), 8) == 0;
        if (ours && this->announced_) this->submit_last_goaway();
        if (std::memcmp(payload.data(), this->growth_ping.data(), 8) == 0) this->round_trip_ended();
    }

    void goaway_frame(const_bytes payload) noexcept {
        this->count(flood::small_frames);
        const std::int32_t last = load_31(payload.data());
        this->goaway_received(last, static_cast<http2_error>(load(payload.data() + 4, 4)));
        if constexpr (Role::is_client) forget_above(last);
    }

    // RFC 9113 §6.8 (R112), §8.7 (R89): the server has not looked at them. Those whose RST_STREAM
    // is leaving are closed with them.
    void forget_above(std::int32_t last) noexcept {
        this->streams_by_id_.each([&](entry& at) {
            if (at.stream_id <= last || at.in == entry::list::dying) return;
            at.reset_code = http2_error::refused_stream;
            this->turns_.move(at, entry::list::dying);
        });
        this->close_dying();
    }

    void window_update_frame(const frame_head& head, const_bytes payload) noexcept {
        this->count(flood::small_frames);
        const std::int32_t increment = load_31(payload.data());
        if (head.stream_id == 0) {
            if (increment == 0) { // RFC 9113 §6.9 (R115)
                this->fail(errc::window_increment_zero);
                return;
            }
            if (!this->connection_sends_.change(increment)) this->fail(errc::window_exceeded);
            return;
        }
        entry* const to = this->streams_by_id_.find(head.stream_id);
        if (to == nullptr) { // RFC 9113 §6.9 (R116)
            if (this->is_idle(head.stream_id)) this->fail(errc::frame_unexpected);
            return;
        }
        if (increment == 0) return this->fault_on(*to->stream, errc::window_increment_zero); // R115
        if (!to->sends.change(increment)) return this->fault_on(*to->stream, errc::window_exceeded);
        this->turns_.add(*to);
    }

    // RFC 9218 §7.1
    void priority_update_frame(const_bytes payload) noexcept {
        this->count(flood::small_frames);
        const std::int32_t stream_id = load_31(payload.data());
        if (Role::is_client || stream_id % 2 == 0) { // 0, and what only a push could open
            this->fail(Role::is_client ? errc::frame_unexpected : errc::stream_id_invalid);
            return;
        }
        const std::uint8_t urgency = urgency_of(as_text(payload.subspan(4)));
        if (entry* const of = this->streams_by_id_.find(stream_id))
            this->turns_.set_urgency(*of, urgency);
        else if (this->is_idle(stream_id))
            prioritize_idle(stream_id, urgency);
    }

    // RFC 9218 §7.1: with those that are active, no more than MAX_CONCURRENT_STREAMS.
    void prioritize_idle(std::int32_t stream_id, std::uint8_t urgency) noexcept {
        idle_priorities& idle = this->idle_priorities_;
        const std::size_t most = this->options().max_streams;
        if (settings_acknowledged_ && !idle.has(stream_id) && !idle.full() &&
            idle.size() + this->streams_by_id_.size() >= most &&
            idle.size() + active_streams() >= most) {
            this->fail(errc::frame_unexpected);
            return;
        }
        idle.set(stream_id, urgency);
    }

    // As the peer sees it, which may have ended what we are about to reset.
    std::size_t active_streams() noexcept {
        std::size_t count = 0;
        this->streams_by_id_.each([&](entry& at) { count += at.in != entry::list::dying; });
        return count;
    }

    bool settings_came_ = false;
    bool settings_acknowledged_ = false; // ours, by the peer
};

} // namespace h2ws::http2
