// One websocket of a connection: what has arrived and was not read, and the operations that wait.
// Touched on the connection's executor only.
#pragma once

#include "clock.hpp"
#include "inbox.hpp"
#include "operation.hpp"

#include <h2ws/session.hpp>
#include <h2ws/std_error_code.hpp>

#include <asio.hpp>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace h2ws::asio {

// Why the server did not open a tunnel. `status` is 0 where no answer came; `retryable`: the server
// has not processed the request (RFC 9113 §8.7); `body`: its beginning, up to 1 KiB.
struct refusal {
    std::uint16_t status = 0;
    bool retryable = false;
    std::string body;
};

using waiting_read = waiting<std::error_code, message_part>;
using waiting_write = waiting<std::error_code>;

// Where a read puts what comes: `room` gives memory for at most so many bytes.
struct read_request {
    std::function<mutable_bytes(std::size_t)> room;
    bool whole = false; // goes on to the end of the message
};

template <class Session>
class stream_state : public std::enable_shared_from_this<stream_state<Session>> {
public:
    // `unread`: bytes in the inboxes of all streams of the connection.
    stream_state(Session& session, tunnel_id tunnel, std::shared_ptr<std::size_t> unread)
        : session_(session),
          tunnel_(tunnel),
          unread_(std::move(unread)) {}

    tunnel_id tunnel() const noexcept { return tunnel_; }

    // ---- what the owner does; afterwards the connection is woken --------------------------------

    void read(operation_id id, read_request request, waiting_read done) {
        if (read_) return done.complete(::asio::error::already_started, {});
        read_ = std::move(done);
        read_id_ = id;
        request_ = std::move(request);
        read_part_ = {};
        pour();
    }

    void write(operation_id id, opcode type, const_bytes payload, bool fin, waiting_write done) {
        if (write_) return done.complete(::asio::error::already_started);
        write_ = std::move(done);
        write_id_ = id;
        write_type_ = type;
        write_payload_ = payload;
        write_fin_ = fin;
        write_again();
    }

    // When there is room in the queue (tunnel_writable), or can be no more.
    void write_again() {
        if (!write_) return;
        const auto sent = session_.send(tunnel_, write_type_, write_payload_, now(), write_fin_);
        if (sent.error() != errc::queue_full) write_.complete(code_of(sent.error()));
    }

    void ping(const_bytes payload, waiting_write done) {
        done.complete(code_of(session_.send_ping(tunnel_, payload, now()).error()));
    }

    // From here on nothing is read any more: what the peer still says would keep it from its Close.
    void close(operation_id id, status_code code, std::string_view reason, waiting_write done) {
        if (close_) return done.complete(::asio::error::already_started);
        if (!over_) {
            const errc error = session_.send_close(tunnel_, code, reason, now()).error();
            // not_open: it is closing already, or lost
            if (error != errc::none && error != errc::not_open)
                return done.complete(code_of(error));
            close_sent_ = close_sent_ || error == errc::none;
            discard();
            write_again(); // it cannot be sent any more
        }
        if (released_) return done.complete(code_of(outcome_));
        close_ = std::move(done);
        close_id_ = id;
    }

    // The owner has gone. What has begun to close goes on to its end; anything else is reset (RFC
    // 8441 §5).
    void leave() {
        fail_operations(::asio::error::operation_aborted);
        discard();
        if (released_) return;
        const bool closes = close_sent_ || close_received_ || over_;
        if (!closes && !session_.reset(tunnel_, http2_error::cancel, now())) return; // it is gone
    }

    // A read or write that is cancelled has had no effect, but for a read of a whole message: it
    // may have begun one. A close has always had its effect; only its wait ends.
    void cancel(operation_id id, ::asio::cancellation_type how) {
        using type = ::asio::cancellation_type;
        const bool is_total = (how & (type::terminal | type::partial)) == type::none;
        const auto aborted = ::asio::error::operation_aborted;
        if (read_ && id == read_id_ && !(is_total && read_part_.size != 0))
            read_.complete(aborted, read_part_);
        if (write_ && id == write_id_) write_.complete(aborted);
        if (close_ && id == close_id_ && !is_total) close_.complete(aborted);
    }

    // ---- what the connection tells --------------------------------------------------------------

    void arrived(const message_chunk& chunk, std::size_t wire_bytes) {
        if (discards_) return session_.consume(tunnel_, wire_bytes);
        if (!read_ || !inbox_.empty()) return keep(chunk, wire_bytes);
        const std::size_t whole = chunk.payload.size();
        const mutable_bytes to = request_.room(whole);
        const std::size_t size = to.size() < whole ? to.size() : whole;
        if (size != 0) std::memcpy(to.data(), chunk.payload.data(), size);
        const std::size_t consumed = inbox::share(wire_bytes, size, whole);
        const bool begins = chunk.first && (size != 0 || whole == 0);
        const message_part part{chunk.type, size, begins, chunk.last && size == whole};
        if (size != whole)
            keep({chunk.type, chunk.payload.subspan(size), chunk.first && !begins, chunk.last},
                 wire_bytes - consumed);
        session_.consume(tunnel_, consumed); // ends what the chunk lends
        poured(part, size == whole);
    }

    void close_received(const close_frame& frame) {
        close_received_ = true;
        close_code_ = frame.code;
        close_reason_ = frame.reason;
    }

    void closed(errc error) {
        over_ = true;
        outcome_ = overfull_ ? errc::inflates_too_much : error;
        pour();
        write_again();
    }

    void release() {
        released_ = true;
        if (!over_) closed(errc::connection_lost);
        close_.complete(code_of(outcome_));
    }

    // ---- what it was told -----------------------------------------------------------------------

    status_code close_code() const noexcept { return close_code_; }
    const std::string& close_reason() const noexcept { return close_reason_; }

    // Every handler that waits, to be destroyed without a word.
    auto take_handlers() {
        return std::make_tuple(std::move(read_), std::move(write_), std::move(close_));
    }

    static std::error_code code_of(errc error) noexcept {
        return error == errc::none ? std::error_code() : make_error_code(error);
    }

    std::string subprotocol;
    std::int32_t stream_id = 0;
    asio::refusal refusal;

private:
    // From the inbox to the read that waits, then its end.
    void pour() {
        while (read_ && !inbox_.empty()) {
            const std::size_t most = inbox_.front_size();
            const mutable_bytes to = request_.room(most);
            const inbox::taken taken = inbox_.take(to);
            *unread_ -= taken.part.size;
            session_.consume(tunnel_, taken.wire_bytes);
            poured(taken.part, taken.part.size == most);
        }
        if (!read_ || !over_) return;
        const auto error = outcome_ == errc::none ? std::error_code(::asio::error::eof)
                                                  : make_error_code(outcome_);
        read_.complete(error, read_part_);
    }

    void poured(const message_part& part, bool fitted) {
        if (read_part_.size == 0) read_part_.first = part.first;
        read_part_.type = part.type;
        read_part_.size += part.size;
        read_part_.last = part.last;
        if (part.last || !request_.whole) return read_.complete({}, read_part_);
        if (!fitted) read_.complete(make_error_code(errc::buffer_too_small), read_part_);
    }

    // What nobody reads yet. Windows bound it by what a connection may hold and what is on its way;
    // only an extension that inflates can make more of it, and that stream is reset (RFC 6455
    // §10.4).
    void keep(const message_chunk& chunk, std::size_t wire_bytes) {
        inbox_.put(chunk, wire_bytes);
        *unread_ += chunk.payload.size();
        const session_options& options = session_.options();
        const auto on_its_way = static_cast<std::size_t>(options.max_connection_window);
        if (*unread_ <= options.max_held + on_its_way) return;
        overfull_ = true;
        discard();
        // It is gone already where this fails.
        (void)session_.reset(tunnel_, http2_error::enhance_your_calm, now());
    }

    void discard() {
        discards_ = true;
        *unread_ -= inbox_.size();
        session_.consume(tunnel_, inbox_.clear());
    }

    void fail_operations(std::error_code error) {
        read_.complete(error, read_part_);
        write_.complete(error);
        close_.complete(error);
    }

    Session& session_;
    const tunnel_id tunnel_;
    const std::shared_ptr<std::size_t> unread_;
    inbox inbox_;

    waiting_read read_;
    operation_id read_id_ = 0;
    read_request request_;
    message_part read_part_; // what it has so far

    waiting_write write_;
    operation_id write_id_ = 0;
    opcode write_type_ = opcode::text;
    const_bytes write_payload_;
    bool write_fin_ = true;

    waiting_write close_;
    operation_id close_id_ = 0;

    std::string close_reason_;
    status_code close_code_ = status_code::abnormal_closure;
    errc outcome_ = errc::none; // once it is over
    bool over_ = false;         // nothing more arrives
    bool released_ = false;     // the stream is gone both ways
    bool close_sent_ = false;
    bool close_received_ = false;
    bool discards_ = false; // what arrives
    bool overfull_ = false; // more was to be kept than may be
};

} // namespace h2ws::asio
