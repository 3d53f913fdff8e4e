// HTTP/2 of our own (RFC 9113): a strict endpoint with nothing to link, bytes in, events and bytes
// out, as the session concept says. It takes and gives tunnels and ordinary requests. Server push
// and the priorities of RFC 7540 are left out on purpose, as is starting from HTTP/1.1.
//
// Payload of DATA is handed on where it lies; any other frame is looked at when it is whole.
#pragma once

#include "session_frames.hpp"

#include "../session.hpp"

#include <optional>

namespace h2ws::http2 {

template <class Role, class Extension = no_extension>
class basic_session : public session_frames<basic_session<Role, Extension>, Role, Extension> {
    using base = session_frames<basic_session, Role, Extension>;
    template <class, class, class>
    friend class h2ws::session_streams;
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend role_session<basic_session, Role, Extension>;

public:
    using typename base::stream_type;

    // Without memory the session has ended at once: the first event is connection_ended.
    explicit basic_session(Role role = {}, const session_options& options = {}) noexcept
        : base(role, options),
          payload_(options.memory) {
        this->check_memory();
    }

    // The next event; nothing: all of `in` is taken. `in` is advanced past bytes whose events were
    // given out, and its bytes may change. Polled with nothing it gives what other calls brought.
    std::optional<stream_event> poll(mutable_bytes& in, instant now) noexcept {
        std::optional<stream_event> found = this->next_event(now);
        while (!found && !in.empty() && !this->ended()) {
            if (this->doomed_)
                in = in.last(0);
            else
                receive(in, found);
            this->check_memory();
            this->check_replies();
            if (!found) found = this->next_event(now);
        }
        if (!found && this->out_.empty() && this->rests()) {
            this->end_connection(errc::none, http2_error::no_error);
            found = this->next_event(now);
        }
        if (this->ended()) in = in.last(0);
        return found;
    }

    // What is to be written, in order; empty: nothing. It stays valid until `transmitted`, other
    // calls may come between, and offers at least the rest of what was offered before.
    std::span<const const_bytes> transmit(instant now) noexcept {
        this->now_ = now;
        this->settle();
        if (this->out_.empty()) this->fill();
        return this->offered();
    }

    // The first `size` bytes of it were written.
    void transmitted(std::size_t size) noexcept { this->written(size); }

    // Nothing is left to be read or written: the transport is to be closed.
    bool finished() const noexcept {
        return this->is_lost() || (this->out_.empty() && (this->ended() || this->rests()));
    }

private:
    // What the next bytes are.
    enum class piece : std::uint8_t { preface, head, pad_length, data, padding, payload, ignored };

    void receive(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        switch (next_) {
        case piece::preface: return receive_preface(in);
        case piece::pad_length: return receive_pad_length(in);
        case piece::head:
            receive_head(in);
            if (next_ != piece::data || data_for_ == 0 || in.empty()) return;
            [[fallthrough]];
        case piece::data: return receive_data_part(in, found);
        case piece::padding: return receive_padding(in);
        case piece::payload: return receive_payload(in);
        case piece::ignored: return receive_ignored(in);
        }
    }

    // RFC 9113 §3.4
    void receive_preface(mutable_bytes& in) noexcept {
        const std::string_view rest = client_preface.substr(gathered_);
        const std::size_t size = in.size() < rest.size() ? in.size() : rest.size();
        if (as_text(in.first(size)) != rest.substr(0, size)) {
            this->fail(errc::preface_invalid);
            return;
        }
        in = in.subspan(size);
        gathered_ += static_cast<std::uint32_t>(size);
        if (size == rest.size()) begin_head();
    }

    void begin_head() noexcept {
        next_ = piece::head;
        gathered_ = 0;
    }

    void receive_head(mutable_bytes& in) noexcept {
        if (gathered_ == 0 && in.size() >= frame_head_size) {
            const frame_head head = decode_frame_head(in.data());
            in = in.subspan(frame_head_size);
            return begin_frame(head);
        }
        const std::size_t room = frame_head_size - gathered_;
        const std::size_t size = in.size() < room ? in.size() : room;
        std::memcpy(head_octets_.data() + gathered_, in.data(), size);
        in = in.subspan(size);
        gathered_ += static_cast<std::uint32_t>(size);
        if (gathered_ == frame_head_size) begin_frame(decode_frame_head(head_octets_.data()));
    }

    void begin_frame(const frame_head& head) noexcept {
        head_ = head;
        left_ = head.length;
        const bool taken = this->take_head(head);
        if (head.type == frame_type::data && taken) return begin_data();
        next_ = taken ? piece::payload : piece::ignored;
        if (left_ != 0) return;
        begin_head();
        if (taken) this->take_frame(head, {});
    }

    void begin_data() noexcept {
        stream_type* const at = this->take_data_head(head_);
        data_for_ = at == nullptr ? 0 : at->id;
        padding_ = 0;
        if (!head_.has(flag::padded)) return begin_payload(at);
        if (left_ == 0) {
            this->fail(errc::frame_size_invalid);
            return;
        }
        next_ = piece::pad_length;
    }

    void receive_pad_length(mutable_bytes& in) noexcept {
        padding_ = std::to_integer<std::uint32_t>(in[0]);
        in = in.subspan(1);
        this->received(1);
        --left_;
        if (padding_ > left_) {
            this->fail(errc::padding_invalid); // RFC 9113 §6.1 (R104)
            return;
        }
        left_ -= padding_;
        if (left_ == 0 && !head_.has(flag::end_stream)) this->count(flood::empty_data);
        begin_payload(this->streams_.find(data_for_));
    }

    void begin_payload(stream_type* at) noexcept {
        next_ = piece::data;
        if (left_ == 0) end_payload(at);
    }

    void receive_data_part(mutable_bytes& in, std::optional<stream_event>& found) noexcept {
        mutable_bytes part = in.first(in.size() < left_ ? in.size() : left_);
        const std::size_t size = part.size();
        stream_type* const at = this->streams_.find(data_for_);
        if (at == nullptr) {
            part = {};
        } else {
            this->receive_data(*at, part, found);
            note_ping(found);
        }
        const std::size_t taken = size - part.size();
        in = in.subspan(taken);
        left_ -= static_cast<std::uint32_t>(taken);
        this->received(taken); // RFC 9113 §6.9 (R117), §5.2.2 (R100): whoever consumes it
        if (left_ == 0) end_payload(at);
    }

    void note_ping(const std::optional<stream_event>& found) noexcept {
        if (!found) return;
        const auto* const said = std::get_if<tunnel_event>(&*found);
        if (said != nullptr && std::holds_alternative<ping>(said->what))
            this->count(flood::websocket_pings); // RFC 9113 §10.5 (R123)
    }

    void end_payload(stream_type* at) noexcept {
        next_ = piece::padding;
        left_ = padding_;
        if (left_ == 0) end_data_frame(at);
    }

    void receive_padding(mutable_bytes& in) noexcept {
        const std::size_t size = pass_over(in);
        this->received(size);
        if (left_ == 0) end_data_frame(this->streams_.find(data_for_));
    }

    // RFC 9113 §6.1 (R104): the padding, and the octet that gives its length, are credited.
    void end_data_frame(stream_type* at) noexcept {
        begin_head();
        if (at == nullptr) return;
        if (head_.has(flag::padded) && at->stage < stream_stage::over)
            this->credit(*at, padding_ + 1);
        this->end_data(*at, head_.has(flag::end_stream)); // RFC 9113 §6.1 (R105)
    }

    // A frame that lies in the input whole is not copied.
    void receive_payload(mutable_bytes& in) noexcept {
        if (payload_.empty() && in.size() >= left_) {
            const const_bytes whole = in.first(left_);
            in = in.subspan(left_);
            begin_head();
            return this->take_frame(head_, whole);
        }
        const std::size_t size = in.size() < left_ ? in.size() : left_;
        if (!payload_.append(const_bytes(in.first(size)))) this->out_of_memory_ = true;
        in = in.subspan(size);
        left_ -= static_cast<std::uint32_t>(size);
        if (left_ != 0 || this->out_of_memory_) return;
        begin_head();
        this->take_frame(head_, std::as_const(payload_).bytes());
        payload_.release();
    }

    void receive_ignored(mutable_bytes& in) noexcept {
        pass_over(in);
        if (left_ == 0) begin_head();
    }

    std::size_t pass_over(mutable_bytes& in) noexcept {
        const std::size_t size = in.size() < left_ ? in.size() : left_;
        in = in.subspan(size);
        left_ -= static_cast<std::uint32_t>(size);
        return size;
    }

    piece next_ = Role::is_client ? piece::head : piece::preface;
    std::array<std::byte, frame_head_size> head_octets_{};
    std::uint32_t gathered_ = 0; // of the preface, or of a head
    frame_head head_;
    std::uint32_t left_ = 0;     // of the part that is being read
    std::uint32_t padding_ = 0;  // behind the data
    std::uint64_t data_for_ = 0; // the stream whose DATA is being read; 0: nobody's
    message_buffer payload_;     // of a frame that came in pieces
};

template <class Extension = no_extension>
using basic_server = basic_session<h2ws::server, Extension>;
template <class Extension = no_extension>
using basic_client = basic_session<h2ws::client, Extension>;
using server = basic_server<>;
using client = basic_client<>;

} // namespace h2ws::http2
