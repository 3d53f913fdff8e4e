// What lies between two sockets: it passes octets on in pieces of any size, stops for a while, and
// breaks the connection.
#pragma once

#include "../dice.hpp"
#include "transport.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>

namespace soak {

class relay : public std::enable_shared_from_this<relay> {
public:
    // Each connected to one of the two.
    relay(tcp::socket near, tcp::socket far, unsigned seed, std::uint64_t& octets)
        : random_(seed),
          octets_(octets),
          ways_{{{std::move(near)}, {std::move(far)}}} {}

    void start() {
        read(0);
        read(1);
    }

    // So many milliseconds nothing is read of one side, or of both.
    void stop(std::uint32_t pause, bool both) {
        ways_[0].pause = pause;
        if (both) ways_[1].pause = pause;
    }

    // Both sockets close: in order, or by RST.
    void cut(bool by_reset) {
        std::error_code ignored;
        for (way& at : ways_) {
            if (by_reset) at.socket.set_option(tcp::socket::linger(true, 0), ignored);
            at.socket.close(ignored);
        }
    }

private:
    struct way { // what comes of this socket goes to the other
        tcp::socket socket;
        std::array<std::byte, 65'536> octets{};
        std::uint32_t pause = 0;
        ::asio::steady_timer timer{socket.get_executor()};
    };

    void read(std::size_t from) {
        way& at = ways_[from];
        if (at.pause != 0) {
            at.timer.expires_after(std::chrono::milliseconds(std::exchange(at.pause, 0)));
            at.timer.async_wait(
                [self = shared_from_this(), from](std::error_code) { self->read(from); });
            return;
        }
        const std::size_t most = std::size_t{1} << random_.below(17);
        at.socket.async_read_some(
            ::asio::buffer(at.octets.data(), most),
            [self = shared_from_this(), from](std::error_code error, std::size_t size) {
                self->pass_on(from, error, size);
            });
    }

    void pass_on(std::size_t from, std::error_code error, std::size_t size) {
        tcp::socket& to = ways_[1 - from].socket;
        if (error) { // this direction has ended
            std::error_code ignored;
            to.shutdown(tcp::socket::shutdown_send, ignored);
            return;
        }
        octets_ += size;
        ::asio::async_write(to, ::asio::buffer(ways_[from].octets.data(), size),
                            [self = shared_from_this(), from](std::error_code failed, std::size_t) {
                                if (!failed) return self->read(from);
                                std::error_code ignored;
                                self->ways_[from].socket.close(ignored);
                            });
    }

    test::dice random_;
    std::uint64_t& octets_;
    std::array<way, 2> ways_;
};

} // namespace soak
