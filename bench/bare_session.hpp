// A connection of bare_server.cpp above its transport: nghttp2's own C interface, every extended
// CONNECT answered with 200, and payloads of DATA written once (NGHTTP2_DATA_FLAG_NO_COPY).
#pragma once

#include "bare_tunnel.hpp"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bench {

class bare_session {
public:
    bare_session() {
        nghttp2_session_callbacks* calls = nullptr;
        if (nghttp2_session_callbacks_new(&calls) != 0) std::abort();
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
        nghttp2_session_callbacks_set_send_data_callback(calls, on_send);
        const int made = nghttp2_session_server_new(&session_, calls, this);
        nghttp2_session_callbacks_del(calls);
        const nghttp2_settings_entry settings[] = {
            {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window}};
        if (made != 0 || nghttp2_submit_settings(session_, 0, settings, 3) != 0 ||
            nghttp2_session_set_local_window_size(session_, 0, 0, connection_window) != 0)
            std::abort();
    }
    bare_session(const bare_session&) = delete;
    bare_session& operator=(const bare_session&) = delete;
    ~bare_session() { nghttp2_session_del(session_); }

    // False: the connection is to end.
    bool receive(octets in) {
        return nghttp2_session_mem_recv(session_, in.data(), in.size()) ==
               static_cast<ssize_t>(in.size());
    }

    // Appends what is to be sent, as much as is sensible for one write. False: it is broken.
    bool collect(std::vector<std::uint8_t>& output) {
        output_ = &output;
        const std::uint8_t* from = nullptr;
        ssize_t size = 0;
        while (output.size() < most_output &&
               (size = nghttp2_session_mem_send(session_, &from)) > 0)
            output.insert(output.end(), from, from + size);
        return size >= 0;
    }

    bool lasts() const {
        return nghttp2_session_want_read(session_) != 0 ||
               nghttp2_session_want_write(session_) != 0;
    }

private:
    static constexpr std::size_t most_output = 65'536;
    static constexpr std::uint32_t stream_window = 1 << 20;
    static constexpr std::int32_t connection_window = 1 << 24;

    static bare_session& self(void* user) { return *static_cast<bare_session*>(user); }

    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        const std::int32_t id = frame->hd.stream_id;
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
            return self(user).answer(id);
        if (frame->hd.type != NGHTTP2_DATA || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
            return 0;
        auto* const tunnel =
            static_cast<bare_tunnel*>(nghttp2_session_get_stream_user_data(session, id));
        if (tunnel == nullptr) return 0;
        tunnel->end();
        return self(user).resume(*tunnel, id);
    }

    static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                       const std::uint8_t* from, std::size_t size, void* user) {
        auto* const tunnel =
            static_cast<bare_tunnel*>(nghttp2_session_get_stream_user_data(session, id));
        if (tunnel == nullptr) return 0;
        tunnel->receive({from, size});
        return self(user).resume(*tunnel, id);
    }

    static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
        self(user).tunnels_.erase(id);
        return 0;
    }

    static int on_send(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                       std::size_t size, nghttp2_data_source* source, void* user) {
        auto& tunnel = *static_cast<bare_tunnel*>(source->ptr);
        std::vector<std::uint8_t>& output = *self(user).output_;
        const octets waiting = tunnel.waiting().first(size);
        output.insert(output.end(), header, header + 9); // RFC 9113 §4.1
        output.insert(output.end(), waiting.begin(), waiting.end());
        tunnel.sent(size);
        return 0;
    }

    static ssize_t on_read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
        auto& tunnel = *static_cast<bare_tunnel*>(source->ptr);
        const std::size_t size = tunnel.waiting().size();
        if (size == 0 && !tunnel.ends()) {
            tunnel.deferred = true;
            return NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        if (size <= most && tunnel.ends()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<ssize_t>(std::min(size, most));
    }

    int answer(std::int32_t id) {
        bare_tunnel& tunnel = tunnels_[id];
        std::uint8_t name[] = ":status", value[] = "200";
        const nghttp2_nv status{name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
        nghttp2_data_provider output{};
        output.source.ptr = &tunnel;
        output.read_callback = on_read;
        nghttp2_session_set_stream_user_data(session_, id, &tunnel);
        return nghttp2_submit_response(session_, id, &status, 1, &output);
    }

    int resume(bare_tunnel& tunnel, std::int32_t id) {
        return std::exchange(tunnel.deferred, false) ? nghttp2_session_resume_data(session_, id)
                                                     : 0;
    }

    nghttp2_session* session_ = nullptr;
    std::unordered_map<std::int32_t, bare_tunnel> tunnels_; // which stay where they are
    std::vector<std::uint8_t>* output_ = nullptr;           // while it is collected
};

} // namespace bench
