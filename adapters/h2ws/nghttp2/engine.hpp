// What h2ws says to nghttp2 and hears from it, whoever owns the nghttp2_session: the part that the
// ready sessions (session.hpp) and the tunnels of somebody else's session (attach.hpp) share.
//
// nghttp2 checks HTTP/2 framing, HPACK, flow control and most of RFC 9113 section 8 before we see a
// message; what concerns tunnels is ours. docs/nghttp2.md says which is which.
#pragma once

#include "frame_kind.hpp"
#include "header_list.hpp"

#include <h2ws/flood_guard.hpp>
#include <h2ws/role_session.hpp>

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <optional>

namespace h2ws::nghttp2 {

// What lengths are in nghttp2's callbacks: 1.52 has ssize_t names only.
using nghttp2_ssize_of = ssize_t;

// `Self` derives from it, makes it and the four below friends, and has
//
//     stream_type* stream_of(std::int32_t stream_id)   nullptr: it is none of ours
//     bool bind(stream_type&)                          stream_of will find it; false: no memory
//     void unbind(stream_type&)                        it will not; also where `bind` said false
//     void* user_data_of(stream_type&)                 that a client's stream is to have
//     nghttp2_data_provider output_of(stream_type&)
//     void submit_shutdown()
template <class Self, class Role, class Extension>
class basic_engine : public role_session<Self, Role, Extension> {
    using base = role_session<Self, Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend base;

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
    using base::base;

    // ---- input ----------------------------------------------------------------------------------

    void stream_gone(std::int32_t stream_id, std::uint32_t error_code) noexcept {
        if (stream_type* const at = this->engine().stream_of(stream_id))
            this->stream_closed(*at, static_cast<http2_error>(error_code));
    }

    void response_begins(std::int32_t stream_id) noexcept {
        stream_type* const at = this->engine().stream_of(stream_id);
        if (at != nullptr) this->section_begins(*at);
    }

    // A server's new stream. nullptr: no memory.
    stream_type* request_begins(std::int32_t stream_id) noexcept {
        if (doomed_) return nullptr;
        stream_type* const at = this->begin_request(stream_id);
        if (at == nullptr || !this->engine().bind(*at)) this->out_of_memory_ = true;
        return this->out_of_memory_ ? nullptr : at;
    }

    // nghttp2 passes over a regular field that is not valid; we hear of it all the same, and find
    // the message malformed (RFC 9113 §8.2.1).
    void field_received(std::int32_t stream_id, const field& line) noexcept {
        stream_type* const at = this->engine().stream_of(stream_id);
        if (at != nullptr) this->section_field(*at, line);
    }

    void frame_received(const nghttp2_frame& frame) noexcept {
        if (doomed_ || is_only_data(frame)) return;
        stream_type* const at = this->engine().stream_of(frame.hd.stream_id);
        count_received(frame, at);
        switch (frame.hd.type) {
        case NGHTTP2_SETTINGS: return settings_frame(frame.settings);
        case NGHTTP2_GOAWAY:
            may_end_ = true;
            return this->goaway_received(frame.goaway.last_stream_id,
                                         static_cast<http2_error>(frame.goaway.error_code));
        case NGHTTP2_PING: return ping_frame(frame.ping);
        default:
            if (at != nullptr && !doomed_) stream_frame(*at, frame.hd);
        }
    }

    // nghttp2 resets the stream by itself; its application and its operator still want to know why.
    // `why` is its error code.
    void frame_invalid(const nghttp2_frame& frame, int why) noexcept {
        if (doomed_) return;
        if (frame.hd.type == NGHTTP2_SETTINGS) check_settings(frame.settings); // which one it was
        if (frame.hd.stream_id != 0) {
            ++counted_before_;
            count(flood::resets_provoked);
        }
        stream_type* const at = this->engine().stream_of(frame.hd.stream_id);
        if (frame.hd.type == NGHTTP2_HEADERS && at != nullptr && at->error == errc::none)
            headers_invalid(*at, (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0,
                            why == NGHTTP2_ERR_HTTP_HEADER);
    }

    // A frame of a type that nghttp2 does not know, and passes over (RFC 9113 §4.1, R91).
    void unknown_frame() noexcept {
        if (!doomed_) count(flood::small_frames);
    }

    // The front of the input is payload of a DATA frame: one event, or it is taken.
    void take_data(stream_type& at, mutable_bytes& part,
                   std::optional<stream_event>& found) noexcept {
        this->receive_data(at, part, found);
        if (!found) return;
        const auto* const said = std::get_if<tunnel_event>(&*found);
        if (said != nullptr && std::holds_alternative<ping>(said->what))
            count(flood::websocket_pings);
    }

    // ---- output ---------------------------------------------------------------------------------

    // How much of a stream's output goes into its next DATA frame; no padding (S24). Or an error of
    // nghttp2's.
    nghttp2_ssize_of size_of_output(stream_type& at, std::size_t most,
                                    std::uint32_t& flags) noexcept {
        const auto ready = this->next_output(at);
        if (ready.size == 0 && !ready.end_stream) return NGHTTP2_ERR_DEFERRED;
        const std::size_t size = ready.size < most ? ready.size : most;
        if (size == ready.size && ready.end_stream) flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<nghttp2_ssize_of>(size);
    }

    void frame_sent(const nghttp2_frame& frame) noexcept {
        stream_type* const at = this->engine().stream_of(frame.hd.stream_id);
        switch (frame.hd.type) {
        case NGHTTP2_GOAWAY: return goaway_sent(frame.goaway);
        case NGHTTP2_RST_STREAM: return reset_sent(at, frame.rst_stream.error_code);
        case NGHTTP2_DATA: guard_.earn(flood::small_frames, 2); break; // stream and connection
        case NGHTTP2_HEADERS: break;
        default: return;
        }
        if (at == nullptr) return;
        if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
            this->output_ended(*at);
        else if (at->has_trailers)
            this->wake(*at);
    }

    bool submit_headers(stream_type& at, std::span<const field> fields, bool end_stream) noexcept {
        if (!headers_.lend(fields)) return false;
        nghttp2_data_provider source = this->engine().output_of(at);
        nghttp2_data_provider* const body = end_stream ? nullptr : &source;
        if constexpr (!Role::is_client) {
            if (!at.is_request && at.reset_after_end) count(flood::handshakes);
            return nghttp2_submit_response(session_, at.stream_id, headers_.data(), headers_.size(),
                                           body) == 0;
        } else {
            const bool done = submit_request(at, body);
            if (nghttp2_session_get_next_stream_id(session_) >= no_number) {
                if (!done) at.error = errc::stream_not_processed; // the owner has used them up
                numbers_used_up();
            }
            return done;
        }
    }

    bool submit_interim(stream_type& at, std::span<const field> fields) noexcept {
        return headers_.lend(fields) &&
               nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, at.stream_id, nullptr,
                                      headers_.data(), headers_.size(), nullptr) == 0;
    }

    bool submit_trailers(stream_type& at, std::span<const field> fields) noexcept {
        // nghttp2 sends what opens a stream last, and drops what is for one that is not open:
        // frame_sent asks again.
        if (nghttp2_session_find_stream(session_, at.stream_id) == nullptr) return false;
        const bool done =
            headers_.lend(fields) &&
            nghttp2_submit_trailer(session_, at.stream_id, headers_.data(), headers_.size()) == 0;
        if (!done) this->out_of_memory_ = true;
        return done;
    }

    void submit_reset(stream_type& at, http2_error code) noexcept {
        checked(nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, at.stream_id,
                                          static_cast<std::uint32_t>(code)));
    }

    void resume(stream_type& at) noexcept {
        // It is an error when the output is not deferred: it is read anyway then.
        nghttp2_session_resume_data(session_, at.stream_id);
    }

    void credit(stream_type& at, std::size_t size) noexcept {
        if (size != 0 && at.stream_id != 0)
            checked(nghttp2_session_consume_stream(session_, at.stream_id, size));
    }

    void credit_connection(std::size_t size) noexcept {
        if (session_ != nullptr) checked(nghttp2_session_consume_connection(session_, size));
    }

    // RFC 9113 §6.8 (R113): a server announces that it will take no more, and says what it took a
    // round trip later, when nothing can be on the way. A client takes nothing: the server may not
    // push, so one GOAWAY says all.
    void submit_goaways() noexcept {
        if (Role::is_client) return submit_last_goaway();
        checked(nghttp2_submit_shutdown_notice(session_));
        announced_ = true;
        last_goaway_due_ = after(this->now_, this->options().waits.goaway);
    }

    // Says why, and is then over.
    void terminate(errc why, http2_error code) noexcept {
        if (std::exchange(doomed_, true)) return;
        fatal_ = why;
        checked(nghttp2_session_terminate_session(session_, static_cast<std::uint32_t>(code)));
    }

    void checked(int done) noexcept {
        if (done == NGHTTP2_ERR_NOMEM) this->out_of_memory_ = true;
    }

    nghttp2_session* session_ = nullptr;
    errc fatal_ = errc::none; // why we send a GOAWAY with an error
    bool doomed_ = false;     // we have decided to: what arrives is passed over

    // nghttp2 neither reads nor writes any more. It does both until a GOAWAY was sent or received.
    bool is_done() const noexcept {
        return may_end_ && nghttp2_session_want_read(session_) == 0 &&
               nghttp2_session_want_write(session_) == 0;
    }

private:
    static constexpr std::uint32_t no_number = 1U << 31; // nor above: all are used
    static constexpr std::uint8_t shutdown_ping[8]{'s', 'h', 'u', 't', 'd', 'o', 'w', 'n'};

    void stream_frame(stream_type& at, const nghttp2_frame_hd& head) noexcept {
        const bool end_stream = (head.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (head.type == NGHTTP2_RST_STREAM)
            at.reset_by_peer = true;
        else if (head.type == NGHTTP2_HEADERS)
            section_received(at, end_stream);
        else if (head.type == NGHTTP2_DATA && end_stream)
            this->end_received(at);
    }

    void section_received(stream_type& at, bool end_stream) noexcept {
        this->section_complete(at, end_stream);
        if (Role::is_client && this->awaits_head(at)) count(flood::small_frames); // it was interim
    }

    void settings_frame(const nghttp2_settings& frame) noexcept {
        if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 || !check_settings(frame)) return;
        if constexpr (Role::is_client) {
            const auto value = [this](nghttp2_settings_id id) {
                return nghttp2_session_get_remote_settings(session_, id);
            };
            this->settings_complete({value(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS),
                                     value(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE),
                                     value(NGHTTP2_SETTINGS_MAX_FRAME_SIZE)});
        }
    }

    bool submit_request(stream_type& at, nghttp2_data_provider* body) noexcept {
        // Bound before it is submitted: nobody would know a request that left all the same.
        at.stream_id = static_cast<std::int32_t>(nghttp2_session_get_next_stream_id(session_));
        if (this->engine().bind(at) &&
            nghttp2_submit_request(session_, nullptr, headers_.data(), headers_.size(), body,
                                   this->engine().user_data_of(at)) == at.stream_id)
            return true;
        this->engine().unbind(at);
        at.stream_id = 0;
        return false;
    }

    // RFC 9113 §5.1.1: what has not left needs another connection.
    void numbers_used_up() noexcept {
        this->going_away_ = true;
        this->shutdown_begun();
    }

    // False: the connection is over once our GOAWAY has left (S1).
    bool check_settings(const nghttp2_settings& frame) noexcept {
        errc error = errc::none;
        for (std::size_t i = 0; i < frame.niv && error == errc::none; ++i) {
            const auto id = static_cast<std::uint16_t>(frame.iv[i].settings_id);
            if constexpr (Role::is_client)
                error = this->setting(id, frame.iv[i].value);
            else
                error = check_connect_setting(id, frame.iv[i].value);
        }
        if (error == errc::none) return true;
        terminate(error, http2_error::protocol_error);
        return false;
    }

    // Of a field that it does not take nghttp2 shows us neither that nor what follows: what is
    // missing in a section that was cut short says nothing.
    void headers_invalid(stream_type& at, bool end_stream, bool cut_short) noexcept {
        if (!this->awaits_head(at)) {
            if (!at.is_request) this->headers_on_tunnel(at);
        } else if constexpr (!Role::is_client) {
            const auto head = read_request_head(
                at.received_fields(), {.connect_enabled = this->options().accept_tunnels});
            at.error = head || cut_short ? errc::malformed_message : head.error();
            this->tell(at, news::rejected);
        } else {
            const auto head = read_response_head(at.received_fields(), end_stream);
            at.error = head || cut_short ? errc::malformed_message : head.error();
        }
    }

    void goaway_sent(const nghttp2_goaway& frame) noexcept {
        may_end_ = true;
        if (frame.error_code != NGHTTP2_NO_ERROR)
            return this->end_connection(doomed_ ? fatal_
                                                : this->engine().why_terminated(frame.error_code),
                                        static_cast<http2_error>(frame.error_code));
        // Not with it: nghttp2 would send the PING first, and its answer would say nothing.
        if (announced_) checked(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, shutdown_ping));
    }

    void ping_frame(const nghttp2_ping& frame) noexcept {
        const bool ours =
            std::memcmp(frame.opaque_data, shutdown_ping, sizeof frame.opaque_data) == 0;
        if (ours && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 && announced_) submit_last_goaway();
    }

    // It never names more than one before it did (R114): nghttp2 sees to that.
    void submit_last_goaway() noexcept {
        announced_ = false;
        last_goaway_due_ = never;
        checked(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                                      nghttp2_session_get_last_proc_stream_id(session_),
                                      NGHTTP2_NO_ERROR, nullptr, 0));
    }

    // ---- floods (RFC 9113 §10.5, R123) ----------------------------------------------------------

    void count(flood kind) noexcept {
        if (!guard_.count(kind, this->options().floods, this->now_))
            terminate(errc::flooded, info(errc::flooded).stream_error);
    }

    void count_received(const nghttp2_frame& frame, const stream_type* at) noexcept {
        const auto kind = flood_of(frame);
        if (kind && (*kind != flood::resets_received || in_vain(frame.hd.stream_id, at)))
            count(*kind);
        else if (kind && is_gone(frame.hd.stream_id))
            count(flood::small_frames);
    }

    bool is_gone(std::int32_t stream_id) const noexcept {
        return nghttp2_session_get_stream_local_close(session_, stream_id) < 0;
    }

    // Whether a reset now makes work of ours useless.
    bool in_vain(std::int32_t stream_id, const stream_type* at) const noexcept {
        if (at == nullptr) return nghttp2_session_get_stream_local_close(session_, stream_id) == 0;
        return at->in_use();
    }

    void reset_sent(const stream_type* at, std::uint32_t code) noexcept {
        if (!blames_peer(static_cast<http2_error>(code))) return;
        if (counted_before_ != 0)
            --counted_before_; // when it was provoked
        else if (at == nullptr || at->error != errc::reset_by_us)
            count(flood::resets_provoked);
    }

    header_list headers_{this->options().memory}; // of the message being submitted
    flood_guard guard_;
    std::uint32_t counted_before_ = 0; // resets that were counted and have not left
    instant last_goaway_due_ = never;
    bool may_end_ = false;   // a GOAWAY has been sent or received
    bool announced_ = false; // a GOAWAY has left, or will, that names no last stream yet
};

} // namespace h2ws::nghttp2
