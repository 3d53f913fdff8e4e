// A connection in memory, for transports that fail where the test says. No time passes in it, and
// no octet is anywhere but in it: what happens is the same each time.
#pragma once

#include <asio.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

class memory_pipe {
public:
    enum class side : std::size_t { near, far };
    enum class cut : std::uint8_t {
        half,  // that direction ends, the other goes on: FIN
        whole, // both end
        reset, // both fail: RST
    };
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    class end;

    explicit memory_pipe(asio::any_io_executor executor)
        : wire_(std::make_shared<wire>(executor)) {}
    memory_pipe(const memory_pipe&) = delete;
    // What reads when the test is over may own what owns the pipe.
    ~memory_pipe() {
        for (direction& each : wire_->ways) each.read = nullptr;
    }

    end of(side which) const;

    // A read and a write move no more than that at a time.
    void set_piece(std::size_t octets) { wire_->piece = octets; }

    // So many more octets of what that side says are passed on, then the connection is cut.
    void cut_after(side from, std::size_t octets, cut how) {
        way(from).left = octets;
        wire_->how = how;
    }

    // While it is held, no write of that side ends.
    void hold(side from, bool held) {
        direction& at = way(from);
        at.held = held;
        if (!held && at.written) std::exchange(at.written, nullptr)({});
    }

    // Of what that side says, this is passed over where a write has it.
    void leave_out(side from, std::string octets) { way(from).left_out = std::move(octets); }

    // Octets of that side that were passed on.
    std::size_t passed(side from) { return way(from).passed; }
    std::size_t times_left_out(side from) { return way(from).times_left_out; }

private:
    using handler = std::function<void(std::error_code, std::size_t)>;

    struct direction {
        std::string waiting; // passed on and not read
        std::size_t passed = 0;
        std::size_t left = unlimited;
        std::string left_out;
        std::size_t times_left_out = 0;
        bool lost = false; // what is written goes nowhere
        bool held = false;
        std::error_code end;    // what is read after it all
        std::error_code broken; // what a write gets
        handler read;
        asio::mutable_buffer to;
        std::function<void(std::error_code)> written;
    };

    struct wire {
        asio::any_io_executor executor;
        std::size_t piece = unlimited;
        cut how = cut::half;
        std::array<direction, 2> ways;

        explicit wire(asio::any_io_executor runs_on) : executor(std::move(runs_on)) {}

        void complete(direction& at, std::error_code error, std::size_t size) {
            asio::post(executor, [call = std::exchange(at.read, nullptr), error, size] {
                call(error, size);
            });
        }

        void deliver(direction& at) {
            if (!at.read) return;
            const std::size_t size = std::min({at.waiting.size(), at.to.size(), piece});
            if (size == 0 && !at.end) return;
            std::copy_n(at.waiting.data(), size, static_cast<char*>(at.to.data()));
            at.waiting.erase(0, size);
            complete(at, size == 0 ? at.end : std::error_code(), size);
        }

        void end_way(direction& at, std::error_code end, std::error_code broken) {
            if (!at.end) at.end = end;
            if (!at.broken) at.broken = broken;
            deliver(at);
        }

        void cut_at(direction& at) {
            at.lost = true;
            if (how == cut::half) return end_way(at, asio::error::eof, {});
            for (direction& each : ways) {
                if (how == cut::whole)
                    end_way(each, asio::error::eof, asio::error::broken_pipe);
                else
                    end_way(each, asio::error::connection_reset, asio::error::connection_reset);
            }
        }

        void leave_out(direction& at, std::string& octets) {
            const std::size_t found =
                at.left_out.empty() ? std::string::npos : octets.find(at.left_out);
            if (found == std::string::npos) return;
            octets.erase(found, at.left_out.size());
            ++at.times_left_out;
        }

        // How much of it was taken.
        std::size_t take(direction& at, std::string octets) {
            const std::size_t size = std::min(octets.size(), piece);
            octets.resize(at.lost ? 0 : std::min(size, at.left));
            leave_out(at, octets);
            at.waiting += octets;
            at.passed += octets.size();
            if (at.left != unlimited) at.left -= octets.size();
            if (at.left == 0 && !at.lost) cut_at(at);
            deliver(at);
            return size;
        }
    };

    direction& way(side from) { return wire_->ways[static_cast<std::size_t>(from)]; }

    std::shared_ptr<wire> wire_;
};

// The transport of a connection, or what stands below TLS.
class memory_pipe::end {
public:
    using executor_type = asio::any_io_executor;
    using lowest_layer_type = end;

    end(std::shared_ptr<wire> on, side which) : wire_(std::move(on)), side_(which) {}

    executor_type get_executor() const { return wire_->executor; }
    end& lowest_layer() { return *this; }

    void cancel(std::error_code&) {
        direction& in = other();
        if (in.read) wire_->complete(in, asio::error::operation_aborted, 0);
        direction& out = own();
        if (out.written) std::exchange(out.written, nullptr)(asio::error::operation_aborted);
    }
    void close(std::error_code& error) {
        cancel(error);
        wire_->end_way(own(), asio::error::eof, asio::error::bad_descriptor);
        other().broken = asio::error::broken_pipe;
        other().lost = true;
    }
    void close() {
        std::error_code ignored;
        close(ignored);
    }

    // TLS reads nothing where it wants to be called later.
    template <class Buffers, class Handler>
    void async_read_some(const Buffers& to, Handler done) {
        const asio::mutable_buffer first = *asio::buffer_sequence_begin(to);
        auto call = shared(std::move(done));
        if (first.size() == 0)
            return asio::post(wire_->executor, [call = std::move(call)] { call({}, 0); });
        direction& in = other();
        in.to = first;
        in.read = std::move(call);
        wire_->deliver(in);
    }

    template <class Buffers, class Handler>
    void async_write_some(const Buffers& from, Handler done) {
        std::string octets;
        for (auto at = asio::buffer_sequence_begin(from); at != asio::buffer_sequence_end(from);
             ++at) {
            const asio::const_buffer part = *at;
            octets.append(static_cast<const char*>(part.data()), part.size());
        }
        direction& out = own();
        const std::error_code error = out.broken;
        const std::size_t size = error ? 0 : wire_->take(out, std::move(octets));
        auto told = [executor = wire_->executor, size,
                     call = shared(std::move(done))](std::error_code failed) {
            asio::post(executor, [call, failed, size] { call(failed, failed ? 0 : size); });
        };
        if (out.held && !error)
            out.written = std::move(told);
        else
            told(error);
    }

private:
    // A function is to be copied, and a handler may not be.
    template <class Handler>
    static handler shared(Handler done) {
        return [call = std::make_shared<Handler>(std::move(done))](
                   std::error_code error, std::size_t size) { (*call)(error, size); };
    }

    direction& own() { return wire_->ways[static_cast<std::size_t>(side_)]; }
    direction& other() { return wire_->ways[1 - static_cast<std::size_t>(side_)]; }

    std::shared_ptr<wire> wire_;
    side side_;
};

inline memory_pipe::end memory_pipe::of(side which) const { return {wire_, which}; }
