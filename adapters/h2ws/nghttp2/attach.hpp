// Tunnels on an nghttp2_session that the application owns and uses for ordinary requests too.
//
//     prepare(*options);                      before nghttp2_session_server_new2
//     attached_server tunnels(handler);       before it is told of any stream
//     tunnels.attach(*session)                after it was made, before it reads or writes
//
// The owner calls the `on_` function of the same name in each of its callbacks. `true`: the stream
// is a tunnel's, the owner has nothing to do with it. `false`: it is the owner's, or the
// connection's. Times come from `time`, said before nghttp2_session_mem_recv and _mem_send; what
// happens comes to the handler, from within the callbacks, and from `deliver` after calls made
// outside of them. In the handler all calls are allowed but nghttp2's sending and receiving.
//
// The owner's SETTINGS say what the connection allows; a server's have `enable_connect` in them, or
// no tunnel will be asked for (RFC 8441 §3). GOAWAY is the owner's too.
#pragma once

#include "engine.hpp"
#include "options.hpp"
#include "stream_index.hpp"

#include <nghttp2/nghttp2.h>

#include <cstring>
#include <optional>

namespace h2ws::nghttp2 {

// For the session that is to be made: manual window updates above all. What is received on the
// owner's streams is then credited by nghttp2_session_consume, by the owner.
inline void prepare(nghttp2_option& option, const session_options& options = {}) noexcept {
    set_options(option, options);
}

inline constexpr nghttp2_settings_entry enable_connect{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};

// Any callable with a stream_event, which outlives it.
class event_handler {
public:
    template <class Callable>
        requires(!std::is_same_v<Callable, event_handler>)
    event_handler(Callable& callable)
    noexcept
        : callable_(const_cast<void*>(static_cast<const void*>(&callable))),
          call_([](void* to, const stream_event& event) noexcept {
              (*static_cast<Callable*>(to))(event);
          }) {}

    void operator()(const stream_event& event) const noexcept { call_(callable_, event); }

private:
    void* callable_;
    void (*call_)(void*, const stream_event&) noexcept;
};

// The memory that the owner gives nghttp2_session_mem_recv.
enum class receive_buffer : std::uint8_t {
    writable,  // payloads are unmasked where they lie
    read_only, // each piece is copied once, into memory for one DATA frame at most
};

template <class Role, class Extension = no_extension>
class basic_attached : public basic_engine<basic_attached<Role, Extension>, Role, Extension> {
    using base = basic_engine<basic_attached, Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend role_session<basic_attached, Role, Extension>;
    friend base;

public:
    using typename base::stream_type;

    // Of `options`, those of the connection (max_streams, windows) are without effect.
    explicit basic_attached(event_handler handler, Role role = {}, session_options options = {},
                            receive_buffer buffer = receive_buffer::writable) noexcept
        : base(role, (options.accept_tunnels = true, options)),
          handler_(handler),
          ours_(options.memory),
          head_(options.memory),
          copy_(options.memory),
          buffer_(buffer) {}

    // Streams that are open are reset, untold. The owner's session, if it is there still, may go
    // on.
    ~basic_attached() { reset_all(http2_error::cancel); }

    // Errors: not_prepared (the session updates windows by itself), invalid_argument (it is of the
    // other role, or there was one before).
    result<void> attach(nghttp2_session& session) noexcept {
        if (this->session_ != nullptr ||
            (nghttp2_session_check_server_session(&session) != 0) == Role::is_client)
            return errc::invalid_argument;
        // nghttp2 has no getter for its options, but refuses credit where it gives it by itself.
        if (nghttp2_session_consume_connection(&session, 0) != 0) return errc::not_prepared;
        this->session_ = &session;
        return {};
    }

    // The time from here on.
    void time(instant now) noexcept { this->now_ = now; }

    // Gives the handler what calls brought that were made outside of nghttp2's callbacks: send,
    // reset, expire, lost and the like. Within the handler it does nothing.
    void deliver() noexcept {
        if (std::exchange(delivering_, true)) return;
        while (const auto found = this->next_event(this->now_)) handler_(*found);
        if (this->out_of_memory_) give_up(errc::no_memory);
        while (const auto found = this->next_event(this->now_)) handler_(*found);
        delivering_ = false;
    }

    // The function whose callback was not forwarded, found by what others said; empty: none. The
    // tunnels have ended with errc::callback_missing then.
    std::string_view missing_callback() const noexcept { return missing_; }

    // ---- the owner's callbacks ------------------------------------------------------------------

    // A server's request is the owner's until `:protocol` comes. The owner then forgets it.
    bool on_begin_headers(const nghttp2_frame& frame) noexcept {
        if (!settings_heard_) return found_missing("on_frame_recv");
        const std::int32_t stream_id = frame.hd.stream_id;
        begun_ = stream_id;
        fields_heard_ = false;
        is_candidate_ = !Role::is_client && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
        head_.clear();
        head_error_ = errc::none;
        if (!is_ours(stream_id)) return false;
        if constexpr (Role::is_client) this->response_begins(stream_id);
        return true;
    }

    bool on_header(const nghttp2_frame& frame, const std::uint8_t* name, std::size_t name_size,
                   const std::uint8_t* value, std::size_t value_size) noexcept {
        const field line{text(name, name_size), text(value, value_size)};
        if (frame.hd.stream_id != begun_) return found_missing("on_begin_headers");
        fields_heard_ = true;
        if (!is_ours(frame.hd.stream_id)) return is_candidate_ && candidate_field(line);
        this->field_received(frame.hd.stream_id, line);
        return true;
    }

    // Not forwarded: fields that nghttp2 finds invalid are passed over, as nghttp2 does by itself.
    bool on_invalid_header(const nghttp2_frame& frame, const std::uint8_t* name,
                           std::size_t name_size, const std::uint8_t* value,
                           std::size_t value_size) noexcept {
        return on_header(frame, name, name_size, value, value_size);
    }

    bool on_frame_recv(const nghttp2_frame& frame) noexcept {
        if (const auto missing = missing_before(frame); !missing.empty())
            return found_missing(missing);
        settings_heard_ = true; // RFC 9113 §3.4: it is the first that comes
        data_heard_ = false;
        const bool ours = is_ours(frame.hd.stream_id);
        if (frame.hd.type == NGHTTP2_RST_STREAM && ours) closing_ = frame.hd.stream_id;
        if (!this->ended()) this->frame_received(frame);
        deliver();
        return ours;
    }

    // Not forwarded: the reasons of malformed messages are not told.
    bool on_invalid_frame_recv(const nghttp2_frame& frame, int lib_error_code) noexcept {
        const bool ours = is_ours(frame.hd.stream_id);
        if (!this->ended()) this->frame_invalid(frame, lib_error_code);
        deliver();
        return ours;
    }

    // True: the bytes are credited too, by us.
    bool on_data_chunk_recv(std::int32_t stream_id, const std::uint8_t* data,
                            std::size_t size) noexcept {
        data_heard_ = true;
        if (!is_ours(stream_id)) return false;
        deliver();
        this->received(size);
        if (!this->doomed_) take(stream_id, writable(data, size));
        deliver();
        return true;
    }

    bool on_frame_send(const nghttp2_frame& frame) noexcept {
        const bool is_ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
        if (frame.hd.type == NGHTTP2_SETTINGS && is_ack && !settings_heard_)
            return found_missing("on_frame_recv");
        settings_sent_ = true; // RFC 9113 §3.4: it is the first that leaves
        const bool ours = is_ours(frame.hd.stream_id);
        if (frame.hd.type == NGHTTP2_RST_STREAM && ours) closing_ = frame.hd.stream_id;
        if (!this->ended()) this->frame_sent(frame);
        deliver();
        return ours;
    }

    bool on_stream_close(std::int32_t stream_id, std::uint32_t error_code) noexcept {
        closing_ = 0;
        if (!is_ours(stream_id)) return false;
        this->stream_gone(stream_id, error_code);
        ours_.erase(stream_id);
        deliver();
        return true;
    }

private:
    bool is_ours(std::int32_t stream_id) const noexcept {
        return stream_id != 0 && ours_.find(stream_id) != nullptr;
    }

    stream_type* stream_of(std::int32_t stream_id) noexcept {
        const std::uint64_t* const name = ours_.find(stream_id);
        return name == nullptr ? nullptr : this->streams_.find(*name);
    }

    bool bind(stream_type& at) noexcept { return ours_.insert(at.stream_id, at.id); }
    void unbind(stream_type& at) noexcept { ours_.erase(at.stream_id); }
    static void* user_data_of(stream_type&) noexcept { return nullptr; } // it is the owner's

    // GOAWAY is the owner's: here it only means that tunnels asked for from now on are refused.
    void submit_shutdown() noexcept {
        if constexpr (!Role::is_client) this->refuse_tunnels();
    }

    // ---- input ----------------------------------------------------------------------------------

    // Of a GOAWAY with an error that is not ours: nghttp2's or the owner's.
    static errc why_terminated(std::uint32_t) noexcept { return errc::connection_error; }

    // Before it is known whose the request is. `:protocol` makes it a tunnel's; where another
    // method than CONNECT has it, nghttp2 finds the message malformed.
    bool candidate_field(const field& line) noexcept {
        if (!line.name.starts_with(':') || (line.name == ":method" && line.value != "CONNECT")) {
            is_candidate_ = false;
            return false;
        }
        const session_options& options = this->options();
        if (head_error_ == errc::none)
            head_error_ = head_.add(line, options.max_fields, options.max_field_bytes);
        if (head_error_ == errc::no_memory) this->out_of_memory_ = true;
        if (line.name != ":protocol" || this->ended() || this->doomed_) return false;
        if constexpr (!Role::is_client) {
            stream_type* const at = this->request_begins(begun_);
            if (at == nullptr) return false;
            if (at->error == errc::none) at->error = head_error_; // RFC 9113 §10.5.1 (R124)
            for (const field& kept : head_.fields()) this->field_received(begun_, kept);
        }
        return true;
    }

    mutable_bytes writable(const std::uint8_t* data, std::size_t size) noexcept {
        auto* const octets = reinterpret_cast<std::byte*>(const_cast<std::uint8_t*>(data));
        if (buffer_ == receive_buffer::writable) return {octets, size};
        copy_.clear();
        if (!copy_.append(octets, size)) this->out_of_memory_ = true;
        return {copy_.data(), copy_.size()};
    }

    void take(std::int32_t stream_id, mutable_bytes part) noexcept {
        while (!part.empty() && !this->doomed_) {
            stream_type* const at = stream_of(stream_id);
            if (at == nullptr) return;
            std::optional<stream_event> found;
            this->take_data(*at, part, found);
            if (!found) return deliver();
            delivering_ = true;
            handler_(*found);
            delivering_ = false;
            deliver();
        }
    }

    // ---- output ---------------------------------------------------------------------------------

    nghttp2_data_provider output_of(stream_type&) noexcept {
        nghttp2_data_provider provider;
        provider.source.ptr = this;
        provider.read_callback = read;
        return provider;
    }

    static nghttp2_ssize_of read(nghttp2_session*, std::int32_t stream_id, std::uint8_t* to,
                                 std::size_t most, std::uint32_t* flags,
                                 nghttp2_data_source* source, void*) {
        return static_cast<basic_attached*>(source->ptr)->copy_output(stream_id, to, most, *flags);
    }

    nghttp2_ssize_of copy_output(std::int32_t stream_id, std::uint8_t* to, std::size_t most,
                                 std::uint32_t& flags) noexcept {
        if (!settings_sent_) found_missing("on_frame_send");
        stream_type* const at = stream_of(stream_id);
        if (at == nullptr || this->ended()) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
        const auto size = this->size_of_output(*at, most, flags);
        if (size <= 0) return size;
        this->take_output(*at, static_cast<std::size_t>(size), false);
        for (const const_bytes piece : this->out_.spans()) {
            std::memcpy(to, piece.data(), piece.size());
            to += piece.size();
        }
        this->out_.transmitted(this->out_.size());
        if (!this->out_.failed()) return size;
        this->out_of_memory_ = true;
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }

    // ---- endings --------------------------------------------------------------------------------

    void reset_all(http2_error code) noexcept {
        if (this->session_ == nullptr || this->is_lost()) return;
        ours_.each([&](std::int32_t stream_id, std::uint64_t) {
            nghttp2_submit_rst_stream(this->session_, NGHTTP2_FLAG_NONE, stream_id,
                                      static_cast<std::uint32_t>(code));
        });
    }

    void give_up(errc why) noexcept {
        if (this->ended()) return;
        reset_all(http2_error::internal_error);
        this->end_connection(why, http2_error::internal_error);
    }

    // ---- callbacks that are not forwarded -------------------------------------------------------

    // What must have been heard before this frame, and was not.
    std::string_view missing_before(const nghttp2_frame& frame) const noexcept {
        if (closing_ != 0) return "on_stream_close";
        if (frame.hd.type == NGHTTP2_HEADERS && frame.hd.stream_id != begun_)
            return "on_begin_headers";
        if (frame.hd.type == NGHTTP2_HEADERS && !fields_heard_ &&
            frame.headers.cat != NGHTTP2_HCAT_HEADERS) // trailers may be empty
            return "on_header";
        if (frame.hd.type == NGHTTP2_DATA && frame.hd.length > frame.data.padlen && !data_heard_ &&
            is_ours(frame.hd.stream_id))
            return "on_data_chunk_recv";
        return {};
    }

    bool found_missing(std::string_view callback) noexcept {
        if (missing_.empty()) missing_ = callback;
        give_up(errc::callback_missing);
        deliver();
        return false;
    }

    static std::string_view text(const std::uint8_t* octets, std::size_t size) noexcept {
        return {reinterpret_cast<const char*>(octets), size};
    }

    event_handler handler_;
    stream_index ours_;            // until nghttp2 has forgotten them
    field_store head_;             // of a request whose `:protocol` may still come
    errc head_error_ = errc::none; // of what does not fit in there
    growing_array<std::byte> copy_;
    std::string_view missing_;
    std::int32_t begun_ = 0;   // the stream whose fields come
    std::int32_t closing_ = 0; // ours, reset: nghttp2 forgets it next
    receive_buffer buffer_;
    bool is_candidate_ = false;
    bool delivering_ = false;
    bool fields_heard_ = false, data_heard_ = false; // of the message, of the frame
    bool settings_heard_ = false, settings_sent_ = false;
};

using attached_server = basic_attached<h2ws::server>;
using attached_client = basic_attached<h2ws::client>;

} // namespace h2ws::nghttp2
