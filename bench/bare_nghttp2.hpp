// Two sessions of nghttp2 joined in memory, with one stream that an extended CONNECT opened and
// whose octets are sent back, by an application of nghttp2 alone: what its adapter is measured
// against.
#pragma once

#include <h2ws/bytes.hpp>

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace bench {

// One end. Payloads are not copied into a frame buffer (NGHTTP2_DATA_FLAG_NO_COPY), but once into
// what is carried.
class bare_end {
public:
    explicit bare_end(bool server) : server_(server) {
        nghttp2_session_callbacks* calls = nullptr;
        if (nghttp2_session_callbacks_new(&calls) != 0) std::abort();
        nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
        nghttp2_session_callbacks_set_send_data_callback(calls, on_send);
        const int made = server ? nghttp2_session_server_new(&session_, calls, this)
                                : nghttp2_session_client_new(&session_, calls, this);
        nghttp2_session_callbacks_del(calls);
        const nghttp2_settings_entry tunnels{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1};
        if (made != 0 || nghttp2_submit_settings(session_, 0, &tunnels, server ? 1 : 0) != 0)
            std::abort();
    }
    bare_end(const bare_end&) = delete;
    bare_end& operator=(const bare_end&) = delete;
    ~bare_end() { nghttp2_session_del(session_); }

    void open() {
        const auto pair = [](const char* name, const char* value) {
            const auto octets = [](const char* text) {
                return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text));
            };
            return nghttp2_nv{octets(name), octets(value), std::strlen(name), std::strlen(value),
                              NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
        };
        const nghttp2_nv fields[] = {
            pair(":method", "CONNECT"), pair(":protocol", "websocket"),
            pair(":scheme", "http"),    pair(":authority", "localhost"),
            pair(":path", "/"),         pair("sec-websocket-version", "13")};
        ends_ = false;
        const nghttp2_data_provider output = provider();
        stream_ =
            nghttp2_submit_request(session_, nullptr, fields, std::size(fields), &output, nullptr);
        if (stream_ < 0) std::abort();
    }

    void send(h2ws::const_bytes octets) {
        waiting_.insert(waiting_.end(), octets.begin(), octets.end());
        resume();
    }

    void end() {
        ends_ = true;
        resume();
    }

    // What it has to say goes to the other one; whether that was anything.
    bool carry_to(bare_end& other) {
        carried_.clear();
        const std::uint8_t* octets = nullptr;
        while (const ssize_t size = nghttp2_session_mem_send(session_, &octets)) {
            if (size < 0) std::abort();
            append(octets, static_cast<std::size_t>(size));
        }
        if (carried_.empty()) return false;
        const ssize_t taken = nghttp2_session_mem_recv(
            other.session_, reinterpret_cast<const std::uint8_t*>(carried_.data()),
            carried_.size());
        if (taken != static_cast<ssize_t>(carried_.size())) std::abort();
        return true;
    }

    std::size_t answered() const { return answered_; } // responses
    std::size_t received() const { return received_; } // octets of DATA
    std::size_t closed() const { return closed_; }     // streams

private:
    nghttp2_data_provider provider() {
        nghttp2_data_provider made{};
        made.source.ptr = this;
        made.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most,
                                std::uint32_t* flags, nghttp2_data_source* source,
                                void*) -> ssize_t {
            auto& self = *static_cast<bare_end*>(source->ptr);
            const std::size_t size = std::min(self.waiting_.size() - self.sent_, most);
            self.deferred_ = size == 0 && !self.ends_;
            if (self.deferred_) return NGHTTP2_ERR_DEFERRED;
            *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
            if (self.ends_ && self.sent_ + size == self.waiting_.size())
                *flags |= NGHTTP2_DATA_FLAG_EOF;
            return static_cast<ssize_t>(size);
        };
        return made;
    }

    void resume() {
        if (std::exchange(deferred_, false) && nghttp2_session_resume_data(session_, stream_) != 0)
            std::abort();
    }

    void append(const void* octets, std::size_t size) {
        const auto* const from = static_cast<const std::byte*>(octets);
        carried_.insert(carried_.end(), from, from + size);
    }

    static int on_send(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                       std::size_t size, nghttp2_data_source* source, void*) {
        auto& self = *static_cast<bare_end*>(source->ptr);
        self.append(header, 9);
        self.append(self.waiting_.data() + self.sent_, size);
        self.sent_ += size;
        if (self.sent_ == self.waiting_.size()) {
            self.waiting_.clear();
            self.sent_ = 0;
        }
        return 0;
    }

    static int on_data(nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* octets,
                       std::size_t size, void* user) {
        auto& self = *static_cast<bare_end*>(user);
        self.received_ += size;
        if (self.server_) self.send({reinterpret_cast<const std::byte*>(octets), size});
        return 0;
    }

    static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        auto& self = *static_cast<bare_end*>(user);
        const bool fields = frame->hd.type == NGHTTP2_HEADERS;
        self.answered_ += fields && !self.server_;
        if (!self.server_) return 0;
        if (fields && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
            self.stream_ = frame->hd.stream_id;
            self.ends_ = false;
            std::uint8_t name[] = ":status", value[] = "200";
            const nghttp2_nv status{name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
            const nghttp2_data_provider output = self.provider();
            return nghttp2_submit_response(session, self.stream_, &status, 1, &output);
        }
        const bool data = frame->hd.type == NGHTTP2_DATA;
        if (data && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self.end();
        return 0;
    }

    static int on_close(nghttp2_session*, std::int32_t, std::uint32_t, void* user) {
        ++static_cast<bare_end*>(user)->closed_;
        return 0;
    }

    const bool server_;
    nghttp2_session* session_ = nullptr;
    std::int32_t stream_ = 0;
    std::vector<std::byte> waiting_, carried_;
    std::size_t sent_ = 0; // of what waits
    std::size_t answered_ = 0, received_ = 0, closed_ = 0;
    bool ends_ = false;
    bool deferred_ = false;
};

class bare_pair {
public:
    bare_pair() { run(); }

    void open() {
        const std::size_t before = client_.answered();
        client_.open();
        run();
        if (client_.answered() != before + 1) std::abort();
    }

    // As much there and back, all of it written before any of it leaves.
    void echo(h2ws::const_bytes octets, std::size_t count = 1) {
        for (std::size_t i = 0; i < count; ++i) client_.send(octets);
        run();
    }

    void close() {
        const std::size_t before = server_.closed();
        client_.end();
        run();
        if (server_.closed() != before + 1 || client_.closed() != before + 1) std::abort();
    }

    std::size_t echoed_bytes() const { return client_.received(); }

private:
    void run() {
        for (bool moves = true; moves;) {
            moves = client_.carry_to(server_);
            moves = server_.carry_to(client_) || moves;
        }
    }

    bare_end server_{true};
    bare_end client_{false};
};

} // namespace bench
