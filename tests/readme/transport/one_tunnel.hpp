#pragma once

#include <h2ws/server_session.hpp>
#include <h2ws/session.hpp>

#include <algorithm>
#include <array>
#include <optional>

// A server's transport for one tunnel. A record is a letter, a length of one octet, a payload:
// 'H' a request for a path, or the answer's status; 'D' data; 'E' data, and the end of that half;
// 'R' a reset. There is no flow control.
class one_tunnel : public h2ws::server_session<one_tunnel, h2ws::no_extension> {
    using base = h2ws::server_session<one_tunnel, h2ws::no_extension>;
    template <class, class, class>
    friend class h2ws::session_streams; // these call the functions at the end
    template <class, class, class>
    friend class h2ws::session_input;
    template <class, class, class>
    friend class h2ws::session_base;
    friend base;

public:
    explicit one_tunnel(const h2ws::session_options& options) noexcept
        : base({}, options),
          control_(options.memory) {}

    std::optional<h2ws::stream_event> poll(h2ws::mutable_bytes& in, h2ws::instant now) noexcept {
        std::optional<h2ws::stream_event> found = next_event(now);
        while (!found && !ended() && !in.empty()) {
            receive(in, found);
            if (!found) found = next_event(now);
        }
        if (ended()) in = in.last(0);
        return found;
    }

    std::span<const h2ws::const_bytes> transmit(h2ws::instant now) noexcept {
        now_ = now;
        settle(); // the last event's bytes are given up
        if (out_.empty()) fill();
        return offered();
    }

    void transmitted(std::size_t size) noexcept { written(size); }

    bool finished() const noexcept {
        return is_lost() || (ended() && out_.empty() && control_.empty());
    }

private:
    // ---- input ----------------------------------------------------------------------------------

    // A step: a piece of data where it lies, or an octet of anything else.
    void receive(h2ws::mutable_bytes& in, std::optional<h2ws::stream_event>& found) noexcept {
        if (has_head_ && kind_ != 'H' && left_ != 0) return receive_data(in, found);
        const auto octet = std::to_integer<unsigned char>(in[0]);
        in = in.subspan(1);
        if (kind_ == 0) {
            kind_ = static_cast<char>(octet);
        } else if (!has_head_) {
            has_head_ = true;
            left_ = octet;
        } else {
            path_[path_size_++] = static_cast<char>(octet);
            --left_;
        }
        if (has_head_ && left_ == 0) record_is_whole();
    }

    // What no event stood for stays in `in`: it is polled again.
    void receive_data(h2ws::mutable_bytes& in, std::optional<h2ws::stream_event>& found) noexcept {
        const std::size_t size = std::min(in.size(), left_);
        h2ws::mutable_bytes part = in.first(size);
        if (stream_ != nullptr)
            base::receive_data(*stream_, part, found);
        else
            part = {};
        in = in.subspan(size - part.size());
        left_ -= size - part.size();
        if (left_ == 0) record_is_whole();
    }

    void record_is_whole() noexcept {
        const char kind = std::exchange(kind_, '\0');
        has_head_ = false;
        if (kind == 'H') return receive_request();
        if (stream_ == nullptr || kind == 'D') return;
        if (kind == 'E') return end_received(*stream_);
        stream_->reset_by_peer = true;
        is_over_ = true;
    }

    void receive_request() noexcept {
        const std::string_view path(path_.data(), path_size_);
        const h2ws::field fields[]{{":method", "CONNECT"},      {":protocol", "websocket"},
                                   {":scheme", "https"},        {":path", path},
                                   {":authority", "localhost"}, {"sec-websocket-version", "13"}};
        if (stream_ != nullptr || (stream_ = begin_request(1)) == nullptr) return;
        section_begins(*stream_);
        for (const h2ws::field& line : fields) section_field(*stream_, line);
        section_complete(*stream_, false);
    }

    // ---- output ---------------------------------------------------------------------------------

    void fill() noexcept {
        out_.copy(std::as_const(control_).bytes());
        control_.clear();
        while (stream_ != nullptr && !is_over_ && !stream_->end_sent) {
            const auto ready = next_output(*stream_);
            const std::size_t size = std::min<std::size_t>(ready.size, 255);
            const bool end = ready.end_stream && size == ready.size;
            if (size == 0 && !end) break;
            const std::byte head[]{std::byte(end ? 'E' : 'D'), std::byte(size)};
            out_.copy(head);
            take_output(*stream_, size, end);
        }
        if (stream_ == nullptr) return;
        if (!is_over_ && !(stream_->end_sent && stream_->end_received)) return;
        stream_closed(*std::exchange(stream_, nullptr), h2ws::http2_error::no_error);
        end_connection(h2ws::errc::none, h2ws::http2_error::no_error);
    }

    // What goes out before any data; without memory the connection is lost.
    void put(char kind, h2ws::const_bytes payload) noexcept {
        const std::byte head[]{std::byte(kind), std::byte(payload.size())};
        if (!control_.append(h2ws::const_bytes(head)) || !control_.append(payload))
            lost(h2ws::connection_loss::failed);
    }

    // ---- what the session asks of its engine ----------------------------------------------------

    bool submit_headers(stream_type&, std::span<const h2ws::field> fields, bool) noexcept {
        put('H', h2ws::as_bytes(fields[0].value));
        return true;
    }
    bool submit_interim(stream_type&, std::span<const h2ws::field>) noexcept { return true; }
    bool submit_trailers(stream_type&, std::span<const h2ws::field>) noexcept { return true; }
    void submit_reset(stream_type&, h2ws::http2_error) noexcept {
        put('R', {});
        is_over_ = true;
    }
    void resume(stream_type&) noexcept {} // `fill` looks by itself
    void credit(stream_type&, std::size_t) noexcept {}
    void credit_connection(std::size_t) noexcept {}
    void submit_shutdown() noexcept {}

    h2ws::message_buffer control_;
    stream_type* stream_ = nullptr;
    bool is_over_ = false;
    char kind_ = 0; // of the record that arrives
    bool has_head_ = false;
    std::size_t left_ = 0; // of its payload
    std::array<char, 255> path_;
    std::size_t path_size_ = 0;
};

static_assert(h2ws::accepting_session<one_tunnel>);
