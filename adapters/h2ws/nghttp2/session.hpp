// A session on nghttp2 (1.52 or later), which it owns: bytes in, events and bytes out, as the
// session concept says.
//
// nghttp2 pushes, the concept pulls: at each piece of DATA its callback returns NGHTTP2_ERR_PAUSE,
// and the session gives out what is in that piece before it feeds the rest. So it does at the first
// field of a section while what came before it is to be told.
#pragma once

#include "callbacks.hpp"
#include "engine.hpp"

#include <h2ws/session.hpp>

#include <nghttp2/nghttp2.h>

#include <optional>

namespace h2ws::nghttp2 {

template <class Role, class Extension = no_extension>
class basic_session : public basic_engine<basic_session<Role, Extension>, Role, Extension> {
    using base = basic_engine<basic_session, Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend role_session<basic_session, Role, Extension>;
    friend base;
    friend struct callbacks<basic_session>;

public:
    using typename base::stream_type;

    // Without memory the session has ended at once: the first event is connection_ended.
    explicit basic_session(Role role = {}, const session_options& options = {}) noexcept
        : base(role, options) {
        if (!start()) this->end_connection(errc::no_memory, http2_error::internal_error);
    }
    ~basic_session() { nghttp2_session_del(this->session_); }

    // The next event; nothing: all of `in` is taken. `in` is advanced past bytes whose events were
    // given out, and its bytes may change. Polled with nothing it gives what other calls brought,
    // also between two events of an input.
    std::optional<stream_event> poll(mutable_bytes& in, instant now) noexcept {
        std::optional<stream_event> found = this->next_event(now);
        while (!found && !this->ended() && (!in.empty() || (paused_ && chunk_left_ == 0))) {
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
    void transmitted(std::size_t size) noexcept { this->written(size); }

    // Nothing is left to be read or written: the transport is to be closed.
    bool finished() const noexcept {
        if (this->is_lost()) return true;
        return this->out_.empty() && (this->ended() || this->is_done());
    }

private:
    // A write's worth: with one DATA frame more, which nghttp2 cuts at 16 KiB, it fits in 64 KiB.
    static constexpr std::size_t flush_size = 48'000;
    static constexpr std::size_t frame_header_octets = 9; // RFC 9113 §4.1

    bool start() noexcept {
        return callbacks<basic_session>::make(this->session_, *this, this->options()) &&
               submit_settings();
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
                             ? nghttp2_submit_settings(this->session_, 0, client_settings, 2) // S25
                             : nghttp2_submit_settings(this->session_, 0, server_settings,
                                                       options.accept_tunnels ? 4 : 3);
        return done == 0 && nghttp2_session_set_local_window_size(this->session_, 0, 0,
                                                                  options.connection_window) == 0;
    }

    // ---- input ----------------------------------------------------------------------------------

    // Feeds nghttp2 until it stops at a piece of DATA. The piece lies in `in`, which then begins
    // with it; padding may follow it.
    void receive(mutable_bytes& in) noexcept {
        paused_ = false;
        std::uint8_t nothing = 0;
        auto* const octets = in.empty() ? &nothing : reinterpret_cast<std::uint8_t*>(in.data());
        const auto taken = nghttp2_session_mem_recv(this->session_, octets, in.size());
        if (taken < 0) {
            in = in.last(0);
            return fail(taken);
        }
        auto size = static_cast<std::size_t>(taken);
        if (chunk_left_ != 0) {
            const auto before = static_cast<std::size_t>(chunk_ - octets);
            padding_left_ = size - before - chunk_left_; // RFC 9113 §6.1 (R104): credited already
            size = before;
        }
        in = in.subspan(size);
        if (size == 0 && !paused_) in = in.last(0); // it listens no more
        if (this->out_of_memory_)
            this->end_connection(errc::no_memory, http2_error::internal_error);
        else if (this->is_done())
            this->end_connection(errc::none, http2_error::no_error);
    }

    void deliver_chunk(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        mutable_bytes part = in.first(chunk_left_);
        stream_type* const at = this->streams_.find(chunk_stream_);
        if (at != nullptr)
            this->take_data(*at, part, found);
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
        if (at == nullptr || this->doomed_) return false;
        chunk_ = data;
        chunk_left_ = size;
        chunk_stream_ = at->id;
        return paused_ = true;
    }

    // True: nghttp2 is to stop there until what came before was told: an interim answer is lent,
    // and of requests in one read, each with its fields, none is held beside the next.
    bool field_arrived(std::int32_t stream_id, const field& line) noexcept {
        this->field_received(stream_id, line);
        return paused_ = this->streams_.has_news();
    }

    // nghttp2 cannot go on; it has not told the peer.
    void fail(nghttp2_ssize_of error) noexcept {
        if (error == NGHTTP2_ERR_FLOODED) // acknowledgements wait, the peer does not read
            return this->end_connection(errc::flooded, http2_error::enhance_your_calm);
        this->end_connection(error == NGHTTP2_ERR_NOMEM ? errc::no_memory : errc::connection_error,
                             http2_error::protocol_error);
    }

    // Of a GOAWAY that nghttp2 sends by itself. INTERNAL_ERROR: it could not compress fields, which
    // fails only without memory.
    static errc why_terminated(std::uint32_t code) noexcept {
        return code == NGHTTP2_INTERNAL_ERROR ? errc::no_memory : errc::connection_error;
    }

    void headers_begin(const nghttp2_frame& frame) noexcept {
        if constexpr (Role::is_client)
            this->response_begins(frame.hd.stream_id);
        else if (frame.headers.cat == NGHTTP2_HCAT_REQUEST)
            this->request_begins(frame.hd.stream_id);
    }

    stream_type* stream_of(std::int32_t stream_id) noexcept {
        return static_cast<stream_type*>(
            nghttp2_session_get_stream_user_data(this->session_, stream_id));
    }

    bool bind(stream_type& at) noexcept {
        return Role::is_client || // it is given with the request
               nghttp2_session_set_stream_user_data(this->session_, at.stream_id, &at) == 0;
    }
    void unbind(stream_type&) noexcept {} // a request that is not submitted has none
    static void* user_data_of(stream_type& at) noexcept { return &at; }

    // ---- output ---------------------------------------------------------------------------------

    static nghttp2_data_provider output_of(stream_type& at) noexcept {
        return callbacks<basic_session>::output_of(at);
    }

    void fill() noexcept {
        // nghttp2 still knows the streams of a session that has ended, and they may be gone.
        while (!this->ended() && this->out_.size() < flush_size) {
            const std::uint8_t* octets = nullptr;
            const auto size = nghttp2_session_mem_send(this->session_, &octets);
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

    bool write_output(stream_type& at, const std::uint8_t* header, std::size_t size) noexcept {
        this->out_.copy({reinterpret_cast<const std::byte*>(header), frame_header_octets});
        this->take_output(at, size, false);
        return this->out_.size() < flush_size;
    }

    void submit_shutdown() noexcept { this->submit_goaways(); }

    const std::uint8_t* chunk_ = nullptr;
    std::uint64_t chunk_stream_ = 0; // whose DATA lies at the front of the input,
    std::size_t chunk_left_ = 0;     // so much of it,
    std::size_t padding_left_ = 0;   // and so much padding after it
    bool paused_ = false;            // nghttp2 stopped there and has still to look behind it
};

template <class Extension = no_extension>
using basic_server = basic_session<h2ws::server, Extension>;
template <class Extension = no_extension>
using basic_client = basic_session<h2ws::client, Extension>;

} // namespace h2ws::nghttp2
