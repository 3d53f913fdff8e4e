// WebSocket libraries that Debian packages, each as a server that receives frames out of memory.
#pragma once

#include "masked_stream.hpp"
#include "websocketpp_peer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <optional>

namespace bench {

// What came of bytes that were received.
struct counts {
    std::size_t messages = 0;
    std::size_t octets = 0;
};

// Bytes of memory as a transport gives them: so many at a time.
class slices {
public:
    slices(h2ws::const_bytes bytes, std::size_t most) : rest_(bytes), most_(most) {}

    std::size_t read(void* to, std::size_t room) {
        const std::size_t size = std::min({room, rest_.size(), most_});
        std::memcpy(to, rest_.data(), size);
        rest_ = rest_.subspan(size);
        return size;
    }
    bool empty() const { return rest_.empty(); }

private:
    h2ws::const_bytes rest_;
    std::size_t most_;
};

// Boost.Beast's `read` of whole messages.
class beast_server {
public:
    static constexpr bool unmasks_in_place = false;

    beast_server() : socket_(context_) {
        const slices request(
            h2ws::as_bytes("GET / HTTP/1.1\r\nHost: a.test\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
            SIZE_MAX);
        socket_.next_layer().input.emplace(request);
        socket_.accept();
        socket_.read_message_max(0);
    }

    counts receive(const masked_stream& stream, std::size_t slice) {
        socket_.next_layer().input.emplace(stream.bytes(), slice);
        counts found;
        boost::beast::error_code error;
        while (found.messages < stream.messages()) { // the end would close the websocket
            buffer_.clear();
            socket_.read(buffer_, error);
            if (error) break;
            ++found.messages;
            found.octets += buffer_.size();
        }
        return found;
    }

private:
    struct memory {
        using executor_type = boost::asio::io_context::executor_type;

        explicit memory(boost::asio::io_context& context) : executor(context.get_executor()) {}
        executor_type get_executor() const { return executor; }

        template <class Buffers>
        std::size_t read_some(const Buffers& buffers, boost::beast::error_code& error) {
            const auto first = *boost::asio::buffer_sequence_begin(buffers);
            const std::size_t size = input->read(first.data(), first.size());
            error = size == 0 ? boost::asio::error::eof : boost::beast::error_code{};
            return size;
        }
        template <class Buffers>
        std::size_t read_some(const Buffers& buffers) {
            boost::beast::error_code error;
            return read_some(buffers, error);
        }
        template <class Buffers>
        std::size_t write_some(const Buffers& buffers, boost::beast::error_code& error) {
            error = {};
            return boost::asio::buffer_size(buffers);
        }
        template <class Buffers>
        std::size_t write_some(const Buffers& buffers) {
            return boost::asio::buffer_size(buffers);
        }
        friend void teardown(boost::beast::role_type, memory&, boost::beast::error_code& error) {
            error = {};
        }

        executor_type executor;
        std::optional<slices> input;
    };

    boost::asio::io_context context_;
    boost::beast::websocket::stream<memory> socket_;
    boost::beast::flat_buffer buffer_;
};

// wslay's events, a chunk of a message at a time.
class wslay_server {
public:
    static constexpr bool unmasks_in_place = false;

    wslay_server() {
        wslay_event_callbacks callbacks{};
        callbacks.recv_callback = [](wslay_event_context_ptr events, uint8_t* to, size_t room, int,
                                     void* self) -> ssize_t {
            slices& input = *static_cast<wslay_server*>(self)->input_;
            if (!input.empty()) return static_cast<ssize_t>(input.read(to, room));
            wslay_event_set_error(events, WSLAY_ERR_WOULDBLOCK);
            return -1;
        };
        callbacks.on_frame_recv_chunk_callback =
            [](wslay_event_context_ptr, const wslay_event_on_frame_recv_chunk_arg* chunk,
               void* self) {
                static_cast<wslay_server*>(self)->found_.octets += chunk->data_length;
            };
        callbacks.on_msg_recv_callback = [](wslay_event_context_ptr,
                                            const wslay_event_on_msg_recv_arg*, void* self) {
            ++static_cast<wslay_server*>(self)->found_.messages;
        };
        if (wslay_event_context_server_init(&events_, &callbacks, this) != 0) std::abort();
        wslay_event_config_set_no_buffering(events_, 1);
    }
    wslay_server(const wslay_server&) = delete;
    wslay_server& operator=(const wslay_server&) = delete;
    ~wslay_server() { wslay_event_context_free(events_); }

    counts receive(const masked_stream& stream, std::size_t slice) {
        found_ = {};
        input_.emplace(stream.bytes(), slice);
        while (!input_->empty() && wslay_event_recv(events_) == 0) {
        }
        return found_;
    }

private:
    wslay_event_context_ptr events_ = nullptr;
    std::optional<slices> input_;
    counts found_;
};

class websocketpp_server {
public:
    static constexpr bool unmasks_in_place = true;

    counts receive(masked_stream& stream, std::size_t slice) {
        counts found;
        const h2ws::mutable_bytes bytes = stream.bytes();
        peer_.receive(bytes.data(), bytes.size(), slice, found.messages, found.octets);
        return found;
    }

private:
    websocketpp_receiver peer_;
};

} // namespace bench
