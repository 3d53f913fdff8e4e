// The implementation as the specification's words see it: a whole http2::session with one tunnel,
// fed with octets, whose events, octets and refusals become tokens.
#pragma once

#include "peer_octets.hpp"
#include "reader.hpp"

#include <h2ws/http2/session.hpp>

#include <algorithm>
#include <cstdlib>

namespace model {

template <class Role>
inline constexpr role role_of = Role::is_client ? role::client : role::server;

// What our side says of its errors, in the specification's words.
inline reason reason_of(h2ws::errc error) noexcept {
    using h2ws::errc;
    switch (error) {
    case errc::none: return reason::none;
    case errc::unexpected_continuation: return reason::unexpected_continuation;
    case errc::unfinished_message: return reason::unfinished_message;
    case errc::reserved_opcode: return reason::reserved_opcode;
    case errc::text_not_utf8: return reason::text_not_utf8;
    case errc::close_code_invalid: return reason::close_code_invalid;
    case errc::end_stream_without_close: return reason::end_without_close;
    case errc::reset_by_peer: return reason::reset_by_peer;
    case errc::reset_by_us: return reason::reset_by_us;
    case errc::connection_lost: return reason::connection_lost;
    case errc::headers_on_tunnel: return reason::headers_on_tunnel;
    case errc::handshake_timeout: return reason::handshake_timeout;
    case errc::keepalive_timeout: return reason::keepalive_timeout;
    case errc::idle_timeout: return reason::idle_timeout;
    case errc::close_timeout: return reason::close_timeout;
    case errc::output_stalled: return reason::output_stalled;
    case errc::end_stream_on_response: return reason::answer_ends_stream;
    case errc::status_not_2xx: return reason::not_2xx;
    case errc::malformed_message:
    case errc::status_invalid: return reason::malformed;
    case errc::stream_not_processed: return reason::not_processed;
    case errc::frame_on_closed_stream: return reason::closed_stream;
    default: return reason::another;
    }
}

inline verdict verdict_of(h2ws::errc error) noexcept {
    switch (error) {
    case h2ws::errc::none: return verdict::done;
    case h2ws::errc::not_open: return verdict::not_open;
    case h2ws::errc::invalid_argument: return verdict::invalid_argument;
    case h2ws::errc::status_code_not_sendable: return verdict::not_sendable;
    default: return verdict::another;
    }
}

// A session whose one tunnel has been asked for.
template <class Role>
class drive {
    using session = h2ws::http2::basic_session<Role>;

public:
    drive(const peer_octets<Role>& peer, const switches& chosen, const h2ws::allocator& memory)
        : peer_(&peer),
          session_(make_role(), options(chosen, memory)),
          answers_(chosen.answers) {
        begin();
    }

    outcome step(input what, std::int32_t now) noexcept {
        outcome result;
        now_ = start + h2ws::milliseconds(now);
        if (what < input::lost)
            hear(octets_of(what), result);
        else
            result.call = do_it(what);
        settle(result);
        return result;
    }

    // When something is due next, rounded up to milliseconds.
    std::int64_t deadline() const noexcept {
        const h2ws::instant due = session_.deadline();
        return due == h2ws::never ? INT64_MAX : (due - start + 999'999) / 1'000'000;
    }

private:
    static constexpr h2ws::instant start = h2ws::seconds(1'000);

    static Role make_role() noexcept {
        if constexpr (Role::is_client)
            return {{.next = [](void*, h2ws::masking_key& key) noexcept {
                key = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
                return true;
            }}};
        else
            return {};
    }
    static h2ws::session_options options(const switches& chosen,
                                         const h2ws::allocator& memory) noexcept {
        h2ws::session_options all{.accept_tunnels = true, .memory = memory};
        all.end_with_reset = chosen.end_with_reset;
        if (chosen.idle != 0) all.waits.idle = h2ws::milliseconds(chosen.idle);
        return all;
    }

    void begin() {
        outcome ignored;
        if constexpr (Role::is_client) {
            hear(http2_frames::server_preface(true), ignored);
            const auto name = session_.open({.authority = "a.test"}, now_);
            if (!name) std::abort();
            tunnel_ = *name;
        } else {
            hear(http2_frames::client_preface() +
                     http2_frames::headers(1,
                                           {{":method", "CONNECT"},
                                            {":protocol", "websocket"},
                                            {":scheme", "https"},
                                            {":path", "/"},
                                            {":authority", "a.test"},
                                            {"sec-websocket-version", "13"}},
                                           false),
                 ignored);
        }
        settle(ignored);
        if (tunnel_.value == 0) std::abort();
    }

    const std::string& octets_of(input what) noexcept {
        if (what == input::half_message || what == input::half_ping) half_ = what;
        return what == input::rest ? peer_->rest_of(half_) : (*peer_)[what];
    }

    void hear(std::string_view octets, outcome& result) noexcept {
        std::array<std::byte, 512> bytes;
        if (octets.size() > bytes.size()) std::abort();
        std::copy_n(reinterpret_cast<const std::byte*>(octets.data()), octets.size(),
                    bytes.begin());
        h2ws::mutable_bytes in(bytes.data(), octets.size());
        while (const auto found = session_.poll(in, now_)) tell(*found, result.told);
        if (!in.empty()) result.told.add(sign::nonsense, 6);
    }

    verdict do_it(input what) noexcept {
        static constexpr h2ws::http2_error code = h2ws::http2_error::cancel;
        const h2ws::const_bytes text = h2ws::as_bytes("s");
        switch (what) {
        case input::lost: session_.lost(h2ws::connection_loss::failed); return verdict::done;
        case input::accept:
            if constexpr (Role::is_client)
                return verdict::another;
            else
                return verdict_of(session_.accept(tunnel_, {}, now_).error());
        case input::refuse:
            if constexpr (Role::is_client)
                return verdict::another;
            else
                return verdict_of(session_.refuse(tunnel_, 403, now_).error());
        case input::send_message: return send(h2ws::opcode::text, text, true);
        case input::send_fragment: return send(h2ws::opcode::text, text, false);
        case input::send_binary: return send(h2ws::opcode::binary, text, true);
        case input::send_ping: return verdict_of(session_.send_ping(tunnel_, {}, now_).error());
        case input::send_close: return send_close(1000);
        case input::send_unsendable: return send_close(1006);
        case input::send_reset: return verdict_of(session_.reset(tunnel_, code, now_).error());
        case input::shutdown: session_.shutdown(now_); return verdict::done;
        default: session_.expire(now_); return verdict::done;
        }
    }
    verdict send(h2ws::opcode type, h2ws::const_bytes text, bool fin) noexcept {
        return verdict_of(session_.send(tunnel_, type, text, now_, fin).error());
    }
    verdict send_close(unsigned code) noexcept {
        return verdict_of(
            session_.send_close(tunnel_, static_cast<h2ws::status_code>(code), {}, now_).error());
    }

    // All that can be told is told, all that can leave leaves.
    void settle(outcome& result) noexcept {
        for (bool more = true; more;) {
            more = false;
            h2ws::mutable_bytes nothing;
            while (const auto found = session_.poll(nothing, now_)) tell(*found, result.told);
            std::array<unsigned char, 1'024> bytes;
            std::size_t size = 0;
            for (const h2ws::const_bytes span : session_.transmit(now_)) {
                if (span.size() > bytes.size() - size) std::abort();
                std::copy_n(reinterpret_cast<const unsigned char*>(span.data()), span.size(),
                            bytes.begin() + size);
                size += span.size();
            }
            session_.transmitted(size);
            if (size == 0) continue;
            more = true;
            if (begun_) reader<Role>(bytes.data(), size, result.left).read();
        }
        begun_ = true;
    }

    void tell(const h2ws::stream_event& found, tokens& told) noexcept {
        std::visit([&](const auto& what) { note(what, told); }, found);
    }
    void note(const h2ws::tunnel_requested& what, tokens&) noexcept { tunnel_ = what.tunnel; }
    void note(const h2ws::settings_received&, tokens&) noexcept {}
    void note(const h2ws::tunnel_opened&, tokens& told) noexcept { told.add(sign::opened); }
    void note(const h2ws::tunnel_refused& what, tokens& told) noexcept {
        const bool unseen = what.error == h2ws::errc::stream_not_processed;
        told.add(what.retryable == unseen ? sign::refused : sign::nonsense, reason_of(what.error));
    }
    void note(const h2ws::tunnel_event& said, tokens& told) noexcept {
        std::visit([&](const auto& what) { heard(what, told); }, said.what);
        session_.consume(said.tunnel, said.wire_bytes);
        if (answers_) answer(said.what);
    }
    void note(const h2ws::tunnel_released&, tokens& told) noexcept { told.add(sign::released); }
    void note(const h2ws::goaway_received&, tokens& told) noexcept { told.add(sign::goaway_told); }
    void note(const h2ws::connection_ended& what, tokens& told) noexcept {
        told.add(sign::connection_over, reason_of(what.error));
    }
    template <class Other>
    void note(const Other&, tokens& told) noexcept {
        told.add(sign::nonsense, 7);
    }

    void heard(const h2ws::message_chunk& what, tokens& told) noexcept {
        told.add(sign::chunk,
                 static_cast<std::uint16_t>((what.first ? 1 : 0) | (what.last ? 2 : 0)));
    }
    void heard(const h2ws::ping&, tokens& told) noexcept { told.add(sign::ping_told); }
    void heard(const h2ws::pong&, tokens& told) noexcept { told.add(sign::pong_told); }
    void heard(const h2ws::close_frame& what, tokens& told) noexcept {
        told.add(sign::close_told, static_cast<std::uint16_t>(what.code));
    }
    void heard(const h2ws::closed& what, tokens& told) noexcept {
        told.add(sign::closed, reason_of(what.error));
    }

    // In the midst of what is told, as applications do.
    void answer(const h2ws::event& what) noexcept {
        if (const auto* const piece = std::get_if<h2ws::message_chunk>(&what);
            piece != nullptr && piece->last)
            (void)do_it(input::send_message);
        if (std::holds_alternative<h2ws::close_frame>(what)) (void)send_close(1001);
    }

    const peer_octets<Role>* peer_;
    h2ws::instant now_ = start;
    session session_;
    h2ws::tunnel_id tunnel_;
    input half_ = input::half_ping;
    bool answers_;
    bool begun_ = false; // what leaves is read
};

// An input, and the time at which it comes.
struct step_taken {
    input what;
    std::int32_t now;

    template <class Driven>
    void take(Driven& driven) const {
        (void)driven.step(what, now);
    }
};

} // namespace model
