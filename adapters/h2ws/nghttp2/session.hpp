// A session on nghttp2 (1.52 or later), which it owns: bytes in, events and bytes out, as the
// session concept says. nghttp2 checks HTTP/2 framing, HPACK, flow control and most of RFC 9113
// section 8 before we see a message; what concerns tunnels is ours.
//
// nghttp2 pushes, the concept pulls: at each piece of DATA its callback returns NGHTTP2_ERR_PAUSE,
// and the session gives out what is in that piece before it feeds the rest.
#pragma once

#include "callbacks.hpp"

#include <h2ws/client_session.hpp>
#include <h2ws/server_session.hpp>
#include <h2ws/session.hpp>

#include <nghttp2/nghttp2.h>

#include <optional>
#include <type_traits>

namespace h2ws::nghttp2 {

template <class Engine, class Role, class Extension>
using role_session = std::conditional_t<Role::is_client, client_session<Engine, Extension>,
                                        server_session<Engine, Extension>>;

template <class Role, class Extension = no_extension>
class basic_session : public role_session<basic_session<Role, Extension>, Role, Extension> {
    using base = role_session<basic_session, Role, Extension>;
    using stream_type = stream<Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend base;
    friend struct callbacks<basic_session>;

public:
    // Without memory the session has ended at once: the first event is connection_ended.
    explicit basic_session(Role role = {}, const session_options& options = {}) noexcept
        : base(role, options),
          headers_(options.memory) {
        if (!start()) this->end_connection(errc::no_memory, http2_error::internal_error);
    }
    ~basic_session() { nghttp2_session_del(session_); }

    // The next event; nothing: all of `in` is taken. `in` is advanced past bytes whose events were
    // given out, and its bytes may change. Polled with nothing it gives what other calls brought.
    std::optional<stream_event> poll(mutable_bytes& in, instant now) noexcept {
        std::optional<stream_event> found = this->next_event(now);
        while (!found && !this->ended() && (chunk_left_ != 0 || paused_ || !in.empty())) {
            if (chunk_left_ != 0)
                deliver_chunk(in, found);
            else
                receive(in);
            if (!found) found = this->next_event(now);
        }
        if (this->ended()) in = in.last(0);
        return found;
    }

    // What is to be written, in order; empty: nothing. It stays valid until `transmitted`, other
    // calls may come between, and offers at least the rest of what was offered before.
    std::span<const const_bytes> transmit(instant now) noexcept {
        this->now_ = now;
        this->settle();
        if (this->out_.empty()) fill();
        return this->offered();
    }

    // The first `size` bytes of it were written.
    void transmitted(std::size_t size) noexcept { this->out_.transmitted(size); }

    // Nothing is left to be read or written: the transport is to be closed.
    bool finished() const noexcept {
        if (this->is_lost()) return true;
        return this->out_.empty() && (this->ended() || (nghttp2_session_want_read(session_) == 0 &&
                                                        nghttp2_session_want_write(session_) == 0));
    }

private:
    // A write's worth: with one DATA frame more, which nghttp2 cuts at 16 KiB, it fits in 64 KiB.
    static constexpr std::size_t flush_size = 48'000;

    bool start() noexcept {
        return callbacks<basic_session>::make(session_, *this) && submit_settings();
    }

    bool submit_settings() noexcept {
        const session_options& options = this->options();
        const auto window = static_cast<std::uint32_t>(options.stream_window);
        nghttp2_settings_entry server_settings[]{
            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
            {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
             static_cast<std::uint32_t>(options.max_field_bytes + 32 * options.max_fields)},
            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_streams},
            {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}}; // RFC 8441 §3
        nghttp2_settings_entry client_settings[]{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window},
                                                 {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
        const int done = Role::is_client
                             ? nghttp2_submit_settings(session_, 0, client_settings, 2) // S25
                             : nghttp2_submit_settings(session_, 0, server_settings,
                                                       options.accept_tunnels ? 4 : 3);
        return done == 0 && nghttp2_session_set_local_window_size(session_, 0, 0,
                                                                  options.connection_window) == 0;
    }

    // ---- input ----------------------------------------------------------------------------------

    // Feeds nghttp2 until it stops at a piece of DATA. The piece lies in `in`, which then begins
    // with it; padding may follow it.
    void receive(mutable_bytes& in) noexcept {
        paused_ = false;
        std::uint8_t nothing = 0;
        auto* const octets = in.empty() ? &nothing : reinterpret_cast<std::uint8_t*>(in.data());
        const auto taken = nghttp2_session_mem_recv(session_, octets, in.size());
        if (taken < 0) {
            in = in.last(0);
            return this->end_connection(errc::connection_error, http2_error::protocol_error);
        }
        auto size = static_cast<std::size_t>(taken);
        if (paused_) {
            const auto before = static_cast<std::size_t>(chunk_ - octets);
            padding_left_ = size - before - chunk_left_;
            size = before;
        }
        in = in.subspan(size);
        if (size == 0 && !paused_) in = in.last(0); // it listens no more
        if (this->out_of_memory_)
            this->end_connection(errc::no_memory, http2_error::internal_error);
        else if (nghttp2_session_want_read(session_) == 0 &&
                 nghttp2_session_want_write(session_) == 0)
            this->end_connection(errc::none, http2_error::no_error);
    }

    void deliver_chunk(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        mutable_bytes part = in.first(chunk_left_);
        stream_type* const at = this->streams_.find(chunk_stream_);
        if (at != nullptr)
            this->receive_data(*at, part, found);
        else
            part = {};
        in = in.subspan(chunk_left_ - part.size());
        chunk_left_ = part.size();
        if (chunk_left_ == 0) in = in.subspan(std::exchange(padding_left_, 0));
    }

    // DATA for a stream: nghttp2 is to stop there. False: nobody wants it.
    bool chunk_received(std::int32_t stream_id, const std::uint8_t* data,
                        std::size_t size) noexcept {
        this->received(size);
        stream_type* const at = stream_of(stream_id);
        if (at == nullptr) return false;
        chunk_ = data;
        chunk_left_ = size;
        chunk_stream_ = at->id;
        return paused_ = true;
    }

    void stream_gone(std::int32_t stream_id, std::uint32_t error_code) noexcept {
        if (stream_type* const at = stream_of(stream_id))
            this->stream_closed(*at, static_cast<http2_error>(error_code));
    }

    stream_type* stream_of(std::int32_t stream_id) noexcept {
        return static_cast<stream_type*>(nghttp2_session_get_stream_user_data(session_, stream_id));
    }

    void headers_begin(const nghttp2_frame& frame) noexcept {
        if constexpr (Role::is_client) {
            stream_type* const at = stream_of(frame.hd.stream_id);
            if (at != nullptr) this->section_begins(*at);
        } else if (frame.headers.cat == NGHTTP2_HCAT_REQUEST) {
            stream_type* const at = this->begin_request(frame.hd.stream_id);
            if (at == nullptr)
                this->out_of_memory_ = true;
            else
                nghttp2_session_set_stream_user_data(session_, frame.hd.stream_id, at);
        }
    }

    // nghttp2 passes over a regular field that is not valid; we hear of it all the same, and find
    // the message malformed (RFC 9113 §8.2.1).
    void field_received(std::int32_t stream_id, const field& line) noexcept {
        stream_type* const at = stream_of(stream_id);
        if (at != nullptr) this->section_field(*at, line);
    }

    void frame_received(const nghttp2_frame& frame) noexcept {
        switch (frame.hd.type) {
        case NGHTTP2_SETTINGS: return settings_frame(frame.settings);
        case NGHTTP2_GOAWAY:
            return this->goaway_received(frame.goaway.last_stream_id,
                                         static_cast<http2_error>(frame.goaway.error_code));
        case NGHTTP2_PING:
            if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) shutdown_acknowledged();
            return;
        default: break;
        }
        stream_type* const at = stream_of(frame.hd.stream_id);
        if (at == nullptr) return;
        const bool end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (frame.hd.type == NGHTTP2_RST_STREAM)
            at->reset_by_peer = true;
        else if (frame.hd.type == NGHTTP2_HEADERS)
            this->section_complete(*at, end_stream);
        else if (frame.hd.type == NGHTTP2_DATA && end_stream)
            this->end_received(*at);
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
        fatal_ = error;
        checked(nghttp2_session_terminate_session(session_, NGHTTP2_PROTOCOL_ERROR));
        return false;
    }

    // nghttp2 resets the stream by itself; its application and its operator still want to know why.
    void frame_invalid(const nghttp2_frame& frame) noexcept {
        if (frame.hd.type == NGHTTP2_SETTINGS) check_settings(frame.settings); // which one it was
        if (frame.hd.type != NGHTTP2_HEADERS) return;
        stream_type* const at = stream_of(frame.hd.stream_id);
        if (at == nullptr || at->error != errc::none) return;
        if (!this->awaits_head(*at)) {
            if (!at->is_request) this->headers_on_tunnel(*at);
        } else if constexpr (!Role::is_client) {
            const auto head = read_request_head(
                at->received_fields(), {.connect_enabled = this->options().accept_tunnels});
            at->error = head ? errc::malformed_message : head.error();
            this->tell(*at, news::rejected);
        } else {
            const bool end_stream = (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
            const auto head = read_response_head(at->received_fields(), end_stream);
            at->error = head ? errc::malformed_message : head.error();
        }
    }

    // ---- output ---------------------------------------------------------------------------------

    void fill() noexcept {
        // nghttp2 still knows the streams of a session that has ended, and they may be gone.
        while (!this->ended() && this->out_.size() < flush_size) {
            const std::uint8_t* octets = nullptr;
            const auto size = nghttp2_session_mem_send(session_, &octets);
            if (size < 0) return this->end_connection(errc::no_memory, http2_error::internal_error);
            if (size == 0) break;
            this->out_.copy(
                {reinterpret_cast<const std::byte*>(octets), static_cast<std::size_t>(size)});
        }
        if (this->out_.failed() || this->out_of_memory_)
            this->end_connection(errc::no_memory, http2_error::internal_error);
        else if (finished())
            this->end_connection(errc::none, http2_error::no_error);
    }

    // How much of a stream's output goes into its next DATA frame; no padding (S24).
    nghttp2_ssize_of read_output(stream_type& at, std::size_t most, std::uint32_t& flags) noexcept {
        const auto ready = this->next_output(at);
        if (ready.size == 0 && !ready.end_stream) return NGHTTP2_ERR_DEFERRED;
        const std::size_t size = ready.size < most ? ready.size : most;
        flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (size == ready.size && ready.end_stream) flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<nghttp2_ssize_of>(size);
    }

    bool write_output(stream_type& at, const std::uint8_t* header, std::size_t size) noexcept {
        this->out_.copy({reinterpret_cast<const std::byte*>(header), frame_header_octets});
        this->take_output(at, size, false);
        return this->out_.size() < flush_size;
    }

    void frame_sent(const nghttp2_frame& frame) noexcept {
        if (frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code != NGHTTP2_NO_ERROR)
            this->end_connection(fatal_, static_cast<http2_error>(frame.goaway.error_code));
        const bool carries = frame.hd.type == NGHTTP2_DATA || frame.hd.type == NGHTTP2_HEADERS;
        if (!carries || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
        if (stream_type* const at = stream_of(frame.hd.stream_id)) this->output_ended(*at);
    }

    bool submit_headers(stream_type& at, std::span<const field> fields, bool end_stream) noexcept {
        if (!list_headers(fields)) return false;
        nghttp2_data_provider source = callbacks<basic_session>::output_of(at);
        nghttp2_data_provider* const body = end_stream ? nullptr : &source;
        if constexpr (!Role::is_client) {
            return nghttp2_submit_response(session_, at.stream_id, headers_.data(), headers_.size(),
                                           body) == 0;
        } else {
            at.stream_id = nghttp2_submit_request(session_, nullptr, headers_.data(),
                                                  headers_.size(), body, &at);
            if (at.stream_id < 0) at.stream_id = 0;
            return at.stream_id != 0;
        }
    }

    bool submit_interim(stream_type& at, std::span<const field> fields) noexcept {
        return list_headers(fields) &&
               nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, at.stream_id, nullptr,
                                      headers_.data(), headers_.size(), nullptr) == 0;
    }

    bool list_headers(std::span<const field> fields) noexcept {
        headers_.clear();
        for (const field& line : fields)
            if (!headers_.push_back(callbacks<basic_session>::header_of(line))) return false;
        return true;
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

    // RFC 9113 §6.8 (R113): a server announces that it will take no more, and says a round trip
    // later, when nothing can be on the way, what it took.
    void submit_shutdown() noexcept {
        if constexpr (Role::is_client) {
            submit_goaway();
        } else {
            checked(nghttp2_submit_shutdown_notice(session_));
            checked(nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr));
        }
    }

    void shutdown_acknowledged() noexcept {
        if (!Role::is_client && this->shutting_down_) submit_goaway();
    }

    void submit_goaway() noexcept {
        checked(nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                                      nghttp2_session_get_last_proc_stream_id(session_),
                                      NGHTTP2_NO_ERROR, nullptr, 0));
    }

    void checked(int done) noexcept {
        if (done == NGHTTP2_ERR_NOMEM) this->out_of_memory_ = true;
    }

    nghttp2_session* session_ = nullptr;
    growing_array<nghttp2_nv> headers_; // of the message being submitted
    const std::uint8_t* chunk_ = nullptr;
    std::uint64_t chunk_stream_ = 0;      // whose DATA lies at the front of the input,
    std::size_t chunk_left_ = 0;          // so much of it,
    std::size_t padding_left_ = 0;        // and so much padding after it
    errc fatal_ = errc::connection_error; // why we send a GOAWAY with an error
    bool paused_ = false; // nghttp2 stopped at a piece and has still to look behind it
};

template <class Extension = no_extension>
using basic_server = basic_session<h2ws::server, Extension>;
template <class Extension = no_extension>
using basic_client = basic_session<h2ws::client, Extension>;

} // namespace h2ws::nghttp2
