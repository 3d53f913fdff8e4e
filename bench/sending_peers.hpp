// WebSocket libraries that Debian packages, each as a client that sends messages into memory.
#pragma once

#include "websocketpp_peer.hpp"

#include <h2ws/accept_key.hpp>
#include <h2ws/h2ws.hpp>
#include <h2ws/system_entropy.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <boost/beast/websocket.hpp>
#include <wslay/wslay.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// A transport that takes everything and looks at nothing.
class sink {
public:
    void write(const void* from, std::size_t size) {
        benchmark::DoNotOptimize(from);
        benchmark::ClobberMemory();
        total_ += size;
    }
    std::size_t total() const { return total_; }

private:
    std::size_t total_ = 0;
};

class beast_client {
public:
    beast_client() : socket_(context_) {
        socket_.auto_fragment(false);
        socket_.binary(true);
        socket_.handshake("a.test", "/");
        socket_.next_layer().is_open = true;
    }

    void send(h2ws::const_bytes payload) {
        socket_.write(boost::asio::buffer(payload.data(), payload.size()));
    }
    std::size_t sent() { return socket_.next_layer().to.total(); }

private:
    // Answers the opening handshake itself.
    struct memory {
        using executor_type = boost::asio::io_context::executor_type;

        explicit memory(boost::asio::io_context& context) : executor(context.get_executor()) {}
        executor_type get_executor() const { return executor; }

        template <class Buffers>
        std::size_t write_some(const Buffers& buffers, boost::beast::error_code& error) {
            error = {};
            std::size_t size = 0;
            for (auto at = boost::asio::buffer_sequence_begin(buffers);
                 at != boost::asio::buffer_sequence_end(buffers); ++at) {
                const boost::asio::const_buffer part = *at;
                if (is_open)
                    to.write(part.data(), part.size());
                else
                    request.append(static_cast<const char*>(part.data()), part.size());
                size += part.size();
            }
            return size;
        }
        template <class Buffers>
        std::size_t write_some(const Buffers& buffers) {
            boost::beast::error_code error;
            return write_some(buffers, error);
        }
        template <class Buffers>
        std::size_t read_some(const Buffers& buffers, boost::beast::error_code& error) {
            constexpr std::string_view name = "Sec-WebSocket-Key: ";
            const std::string key = request.substr(request.find(name) + name.size(), 24);
            const auto accept = h2ws::accept_key(key);
            const std::string answer =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: " +
                std::string(accept.data(), accept.size()) + "\r\n\r\n";
            error = {};
            return boost::asio::buffer_copy(buffers, boost::asio::buffer(answer));
        }
        template <class Buffers>
        std::size_t read_some(const Buffers& buffers) {
            boost::beast::error_code error;
            return read_some(buffers, error);
        }
        friend void teardown(boost::beast::role_type, memory&, boost::beast::error_code& error) {
            error = {};
        }

        executor_type executor;
        std::string request;
        bool is_open = false;
        sink to;
    };

    boost::asio::io_context context_;
    boost::beast::websocket::stream<memory> socket_;
};

class wslay_client {
public:
    wslay_client() {
        wslay_event_callbacks callbacks{};
        callbacks.send_callback = [](wslay_event_context_ptr, const uint8_t* from, size_t size, int,
                                     void* self) -> ssize_t {
            static_cast<wslay_client*>(self)->to_.write(from, size);
            return static_cast<ssize_t>(size);
        };
        // No source of keys comes with it; a good one is asked for many at a time.
        callbacks.genmask_callback = [](wslay_event_context_ptr, uint8_t* key, size_t size,
                                        void* self) -> int {
            h2ws::masking_key made;
            auto& keys = static_cast<wslay_client*>(self)->keys_;
            if (size != made.size() || !keys.next(keys.state, made)) return -1;
            std::memcpy(key, made.data(), size);
            return 0;
        };
        if (wslay_event_context_client_init(&events_, &callbacks, this) != 0) std::abort();
    }
    wslay_client(const wslay_client&) = delete;
    wslay_client& operator=(const wslay_client&) = delete;
    ~wslay_client() { wslay_event_context_free(events_); }

    void send(h2ws::const_bytes payload) {
        const wslay_event_msg message{
            WSLAY_BINARY_FRAME, reinterpret_cast<const uint8_t*>(payload.data()), payload.size()};
        if (wslay_event_queue_msg(events_, &message) != 0 || wslay_event_send(events_) != 0)
            std::abort();
    }
    std::size_t sent() const { return to_.total(); }

private:
    h2ws::system_entropy entropy_;
    h2ws::masking_key_source keys_ = entropy_.source();
    wslay_event_context_ptr events_ = nullptr;
    sink to_;
};

class websocketpp_client {
public:
    void send(h2ws::const_bytes payload) { sent_ += peer_.send(payload.data(), payload.size()); }
    std::size_t sent() const { return sent_; }

private:
    websocketpp_sender peer_;
    std::size_t sent_ = 0;
};

} // namespace bench
