// A transport of which the test is the other end: what is read, and when a read and a write
// complete, is its say. A write's octets are there as soon as it begins, as TCP's are for a peer.
#pragma once

#include <asio.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

class transport_by_hand {
public:
    // The test's end.
    class hand {
    public:
        bool reads() const noexcept { return read_ != nullptr; }
        bool writes() const noexcept { return written_ != nullptr; }
        const std::string& octets() const noexcept { return octets_; } // of that write
        bool closed() const noexcept { return closed_; }

        // As much of it as a read takes, read by read.
        void give(std::string_view octets) {
            while (!octets.empty() && reads()) {
                const std::size_t size = std::min(octets.size(), to_.size());
                std::copy_n(octets.data(), size, static_cast<char*>(to_.data()));
                octets.remove_prefix(size);
                std::exchange(read_, nullptr)({}, size);
            }
        }
        void end_read(std::error_code error) { std::exchange(read_, nullptr)(error, 0); }
        void complete_write() { std::exchange(written_, nullptr)({}, octets_.size()); }
        void fail_write(std::error_code error) { std::exchange(written_, nullptr)(error, 0); }

    private:
        friend transport_by_hand;
        using handler = std::function<void(std::error_code, std::size_t)>;

        void cancel(const asio::any_io_executor& executor) {
            for (handler* each : {&read_, &written_})
                if (*each)
                    asio::post(executor, [call = std::exchange(*each, nullptr)] {
                        call(asio::error::operation_aborted, 0);
                    });
        }

        handler read_, written_;
        asio::mutable_buffer to_;
        std::string octets_;
        bool closed_ = false;
    };

    using executor_type = asio::any_io_executor;

    explicit transport_by_hand(executor_type executor) : executor_(std::move(executor)) {}

    std::shared_ptr<hand> other_end() const { return hand_; }

    // ---- what a connection needs of a stream ----------------------------------------------------

    executor_type get_executor() const { return executor_; }
    transport_by_hand& lowest_layer() { return *this; }
    void cancel(std::error_code&) { hand_->cancel(executor_); }
    void close(std::error_code&) { hand_->closed_ = true; }

    template <class Handler>
    void async_read_some(asio::mutable_buffer to, Handler done) {
        hand_->to_ = to;
        hand_->read_ = std::move(done);
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler done) {
        hand_->octets_.clear();
        for (const asio::const_buffer part : from)
            hand_->octets_.append(static_cast<const char*>(part.data()), part.size());
        hand_->written_ = std::move(done);
    }

private:
    executor_type executor_;
    std::shared_ptr<hand> hand_ = std::make_shared<hand>();
};
