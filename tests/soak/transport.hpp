// A socket, with TLS or without, as one type: what stands on it is compiled once.
#pragma once

#include <h2ws/asio/tls.hpp>

#include <asio.hpp>

#include <memory>
#include <utility>

namespace soak {

using tcp = ::asio::ip::tcp;
using h2ws::asio::tls_stream;

class transport {
public:
    using executor_type = tcp::socket::executor_type;
    using lowest_layer_type = tcp::socket::lowest_layer_type;

    explicit transport(tcp::socket plain)
        : plain_(std::make_unique<tcp::socket>(std::move(plain))) {}
    explicit transport(std::unique_ptr<tls_stream> tls) : tls_(std::move(tls)) {}

    executor_type get_executor() { return lowest_layer().get_executor(); }
    lowest_layer_type& lowest_layer() {
        return tls_ ? tls_->lowest_layer() : plain_->lowest_layer();
    }

    template <class Buffers, class Handler>
    void async_read_some(const Buffers& to, Handler&& handler) {
        if (tls_)
            tls_->async_read_some(to, std::forward<Handler>(handler));
        else
            plain_->async_read_some(to, std::forward<Handler>(handler));
    }
    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler&& handler) {
        if (tls_)
            tls_->async_write_some(from, std::forward<Handler>(handler));
        else
            plain_->async_write_some(from, std::forward<Handler>(handler));
    }
    template <class Handler>
    void async_shutdown(Handler&& handler) {
        if (tls_) return tls_->async_shutdown(std::forward<Handler>(handler));
        std::error_code ignored; // it may be gone
        plain_->shutdown(tcp::socket::shutdown_send, ignored);
        ::asio::post(get_executor(), [done = std::forward<Handler>(handler)]() mutable {
            done(std::error_code());
        });
    }

private:
    std::unique_ptr<tcp::socket> plain_;
    std::unique_ptr<tls_stream> tls_;
};

} // namespace soak
