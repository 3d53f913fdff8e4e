// One WebSocket over one HTTP/2 stream, after its opening handshake: it is OPEN, and the stream is
// what RFC 6455 calls the TCP connection (RFC 8441 section 5).
//
//     while (auto event = socket.poll(in)) {      // they speak
//         ...
//         while (auto out = socket.poll_transmit()) write(*out); // the protocol speaks
//     }
//     while (auto out = socket.poll_transmit()) write(*out);
//
// Whatever you say is returned by the call that says it (send...); what the protocol says by itself
// is pulled (poll_transmit). While it has something to say `poll` takes nothing: `in` stays.
//
// The object owns no bytes of yours, allocates nothing, throws nothing. No call is undefined.
#pragma once

#include "close_payload.hpp"
#include "closing_handshake.hpp"
#include "control_frame.hpp"
#include "event.hpp"
#include "extension_slot.hpp"
#include "frame_reader.hpp"
#include "limits.hpp"
#include "message_rules.hpp"
#include "outgoing_message.hpp"
#include "payload_place.hpp"
#include "result.hpp"
#include "role.hpp"
#include "whole_message.hpp"

#include <cstddef>
#include <optional>
#include <type_traits>

namespace h2ws {

template <class Role, class Extension = no_extension>
class websocket {
public:
    explicit constexpr websocket(Role role = {}, const limits& allowed = {},
                                 Extension extension = {}) noexcept
        : allowed_(allowed),
          outgoing_(role, std::move(extension)) {}

    // The next event in the bytes that arrived, or nothing: then all of them are taken, unless
    // poll_transmit is to speak. Payloads are unmasked where they lie.
    std::optional<event> poll(inbound<Role>& in) noexcept {
        return poll_from(in.data, in.end_stream, in_place<Role>{});
    }

    // The same from bytes that must not change: message payloads are unmasked into `out`, which has
    // room for at least one octet, and are no longer than it. Use one of the two throughout where
    // an extension is active: it may leave octets at the front of `in` that the first has unmasked.
    std::optional<event> poll(const_bytes& in, bool end_stream, mutable_bytes out) noexcept {
        return poll_from(in, end_stream, elsewhere<Role>(out));
    }

    // The stream is over in both directions, without END_STREAM. Gives `closed` if that was not
    // given before.
    std::optional<event> stream_ended(ending how, http2_error code) noexcept {
        lifecycle_.receive(passage::reset);
        lifecycle_.send(passage::reset);
        owed_ = owed::nothing;
        end_with(how == ending::reset_by_peer ? errc::reset_by_peer
                 : how == ending::reset_by_us ? errc::reset_by_us
                                              : errc::connection_lost,
                 code); // RFC 6455 §7.2.1 (R209), §7.1.5 (R218)
        std::optional<event> found;
        report(found);
        return found;
    }

    // The peer is failed for a reason found elsewhere, as a keepalive that got no answer: a Close
    // with the error's code is owed, `closed` is due, and nothing more is received (§7.1.7).
    // `error` is not errc::none.
    void fail(errc error) noexcept {
        if (lifecycle_.received() != direction::open) return;
        lifecycle_.fail();                      // RFC 6455 §7.1.7 (R208)
        owed_ = owed::nothing;                  // no pong after failing (S26)
        end_with(error, http2_error::no_error); // RFC 6455 §7.1.7 (R206)
        const status_code code = info(error).close;
        // RFC 6455 §7.1.7 (R207), §10.7 (R198), §7.4.1 (R213)
        if (lifecycle_.sent() != direction::open || !is_allowed_on_the_wire(code)) return;
        control_.set({code, fitting_reason(info(error).sentence)});
        owed_ = owed::close;
    }

    // A frame of a message, to be written as header() and then payload(); both are lent, the first
    // by the frame, the second by you. Name the same type for every fragment; `fin` ends the
    // message. Clients: the payload is masked where it lies. Errors: not_open, no_masking_key,
    // invalid_argument (not text or binary, or another type than the message's).
    result<frame> send(opcode type, typename Role::output payload, bool fin = true) noexcept {
        if (!may_send()) return errc::not_open;
        return outgoing_.in_place(type, payload, fin);
    }

    // The same with the payload masked, or encoded if it may be, into `out`: one fragment per call,
    // `payload` advanced past what it holds. Call again while frame::more.
    result<frame> send(opcode type, const_bytes& payload, mutable_bytes out, bool fin = true,
                       bool may_encode = true) noexcept {
        if (!may_send()) return errc::not_open;
        return outgoing_.copied(type, payload, out, fin, may_encode);
    }

    // Whether that would have the extension encode the payload, which is asked of a message's first
    // bytes. After a no it may not encode them: asked again it might say yes.
    bool encodes(const_bytes payload, bool fin) noexcept {
        return may_send() && outgoing_.encodes(payload, fin);
    }

    // At most 125 octets, else invalid_argument.
    result<control_frame> send_ping(const_bytes payload = {}) noexcept {
        return send_control(opcode::ping, payload);
    }

    // Unsolicited: the answers to pings are poll_transmit's (RFC 6455 §5.5.3).
    result<control_frame> send_pong(const_bytes payload = {}) noexcept {
        return send_control(opcode::pong, payload);
    }

    // Starts the closing handshake (§7.1.2); nothing can be sent after it. A reason too long
    // for the frame is cut at a character. 1005 sends no code. Errors: not_open,
    // status_code_not_sendable, invalid_argument (the reason is not UTF-8, or stands without a
    // code).
    result<control_frame> send_close(status_code code = status_code::normal_closure,
                                     std::string_view reason = {}) noexcept {
        if (!may_send()) return errc::not_open;
        if (const errc error = close_refusal({code, reason}, Role::is_client); error != errc::none)
            return error;
        control_frame made;
        made.set({code, fitting_reason(reason)}); // RFC 6455 §7.1.2 (R201)
        if (!made.seal(opcode::close, outgoing_.role())) return errc::no_masking_key;
        lifecycle_.send(passage::close);
        return made;
    }

    // Ends our half of the stream after our Close, without waiting for the peer any longer (S20,
    // S21). not_open when no Close was sent or the half has ended.
    result<transmit> send_end_stream() noexcept {
        if (lifecycle_.sent() != direction::closing || owed_ != owed::nothing)
            return errc::not_open;
        lifecycle_.send(passage::end_stream);
        return transmit{.bytes = {}, .end_stream = true};
    }

    // What the protocol has to say by itself: a pong, a Close, the end of the stream. Drain it
    // after every poll.
    std::optional<transmit> poll_transmit() noexcept {
        std::optional<transmit> out;
        if (owed_ != owed::nothing)
            transmit_owed(out.emplace());
        else if (owes_ending())
            transmit_ending(out.emplace());
        return out;
    }

    // Whether poll_transmit has something to say.
    bool wants_transmit() const noexcept { return owed_ != owed::nothing || owes_ending(); }

    // Whether that, or an event, waits though no new bytes come: to be polled again.
    bool has_more() const noexcept {
        return wants_transmit() || report_ == reporting::due ||
               (Extension::owns_rsv1 && inside_frame_ && frame_.payload_length == 0); // decoded
    }

    const closing_handshake& lifecycle() const noexcept { return lifecycle_; }

    // For the tunnel that owns it: parameters are agreed in the handshake.
    Extension& extension() noexcept { return outgoing_.extension(); }

private:
    enum class owed : std::uint8_t { nothing, pong, close };
    struct left_clear {
        std::size_t size = 0; // octets at the front of the input that the decoder left unmasked
    };
    struct nothing_left {};
    enum class reporting : std::uint8_t { not_yet, due, done };

    template <class Bytes, class Place>
    std::optional<event> poll_from(Bytes& in, bool end_stream, Place place) noexcept {
        std::optional<event> found; // built here once
        if (!between_messages() || !take_whole_message<Role>(in, place, allowed_, found))
            poll_piecewise(in, end_stream, place, found);
        return found;
    }

    template <class Bytes, class Place>
    [[gnu::noinline]] void poll_piecewise(Bytes& in, bool end_stream, Place place,
                                          std::optional<event>& found) noexcept {
        if (report_ != reporting::due && wants_transmit()) return;
        while (!found && report_ != reporting::due && lifecycle_.received() == direction::open) {
            const std::size_t before = in.size();
            if (!inside_frame_ && !begin_frame(in)) break;
            if (is_control(frame_.code))
                take_control(in, found);
            else
                take_data(in, place, found);
            if (inside_frame_ && (in.empty() || in.size() == before)) break;
        }
        if (found || report(found)) return;
        if (lifecycle_.received() != direction::open) in = in.last(0); // §7.1.1 (R199, S17)
        // RFC 8441 §5 (R30), RFC 9113 §6.1 (R105): only END_STREAM is the end
        if (in.empty() && end_stream) receive_end_stream(found);
    }

    // A message may begin with the next octet, and nothing is to be said first.
    bool between_messages() const noexcept {
        return !inside_frame_ && !rules_.open() && !reader_.inside_header() &&
               owed_ == owed::nothing && lifecycle_.received() == direction::open;
    }

    template <class Bytes>
    bool begin_frame(Bytes& in) noexcept {
        const frame_rules rules{.masked = !Role::is_client, // RFC 6455 §5.8 (R192)
                                .rsv1_defined = outgoing_.extension().active()};
        errc error = errc::none;
        const auto progress = reader_.read(in, rules, control_.scratch(), frame_, error);
        // RFC 9113 §8.5 (R84): a frame may be cut anywhere
        if (progress == frame_reader::progress::incomplete) return false;
        if (progress == frame_reader::progress::complete) {
            if (is_control(frame_.code)) // RFC 6455 §5.4 (R174)
                control_.clear();
            else
                error = rules_.begin_frame(frame_, allowed_);
        }
        if (error != errc::none) fail(error);
        return inside_frame_ = error == errc::none;
    }

    template <class Bytes>
    void take_control(Bytes& in, std::optional<event>& found) noexcept {
        const std::size_t size = smaller(in.size(), remaining());
        control_.append_masked(in.first(size), frame_.key);
        advance(in, size);
        if (inside_frame_) return;
        if (frame_.code == opcode::close) {
            receive_close(found);
        } else if (frame_.code == opcode::ping) {
            found.emplace(ping{control_.payload()}); // §5.5.2 (R187), §5.5.3 (R188), S26
            if (lifecycle_.sent() != direction::ended) owed_ = owed::pong;
        } else {
            found.emplace(pong{control_.payload()}); // §5.5.3 (R190): no answer
        }
    }

    void receive_close(std::optional<event>& found) noexcept {
        const result<close_payload> payload = read_close_payload(control_.payload());
        if (!payload) return fail(payload.error());
        lifecycle_.receive(passage::close);
        found.emplace(close_frame{payload->code, payload->reason}); // §7.1.5 (R204), §7.1.6 (R205)
        if (lifecycle_.sent() == direction::open) {                 // RFC 6455 §5.5.1 (R183)
            control_.keep_code(); // the reason is still lent to the event
            owed_ = owed::close;
        }
        settle();
    }

    template <class Bytes, class Place>
    void take_data(Bytes& in, Place place, std::optional<event>& found) noexcept {
        const std::size_t size = smaller(smaller(in.size(), remaining()), place.room);
        if constexpr (Extension::owns_rsv1)
            if (rules_.encoded()) return decode(in, size, place, found); // RFC 7692 (R229, R258)
        // RFC 6455 §6.2 (R195, R196): unmasked, and whole with FIN
        const unmasked got = place.unmask(in.first(size), frame_.key);
        advance(in, size);
        deliver(got.payload, got.ascii, !inside_frame_ && frame_.fin, found);
    }

    template <class Bytes, class Place>
    void decode(Bytes& in, std::size_t size, Place place, std::optional<event>& found) noexcept {
        const std::size_t clear = smaller(size, clear_.size);
        const unmasked got =
            place.unmask(in.subspan(clear, size - clear), rotated(frame_.key, clear));
        const_bytes rest = Place::stays ? const_bytes(in.first(size)) : got.payload;
        const result<decoded> piece =
            outgoing_.extension().decode(rest, frame_.fin && size == remaining()); // §6.2 (R233)
        if (!piece) return fail(piece.error());
        advance(in, size - rest.size());
        if constexpr (Place::stays) clear_.size += rest.size() - clear; // and what was not shown
        inside_frame_ = inside_frame_ || piece->more;
        deliver(piece->data, false, !inside_frame_ && frame_.fin, found);
    }

    // Takes payload octets off the input that were unmasked.
    template <class Bytes>
    void advance(Bytes& in, std::size_t size) noexcept {
        in = in.subspan(size);
        frame_.payload_length -= size;
        frame_.key = rotated(frame_.key, size); // RFC 6455 §5.3 (R169)
        inside_frame_ = frame_.payload_length != 0;
    }

    void deliver(const_bytes payload, bool ascii, bool last, std::optional<event>& found) noexcept {
        errc error = errc::none;
        const std::size_t good = rules_.take(payload, ascii, last, allowed_, error);
        last = last && error == errc::none;
        if (good != 0 || last)
            found.emplace(
                message_chunk{rules_.type(), payload.first(good), rules_.deliver(last), last});
        if (error != errc::none) fail(error);
    }

    // END_STREAM is the orderly end of the transport; before both Closes were exchanged it is an
    // abnormal closure (RFC 6455 §7.1.5, R217, S18).
    void receive_end_stream(std::optional<event>& found) noexcept {
        if (!lifecycle_.receive(passage::end_stream)) return;
        end_with(errc::end_stream_without_close, http2_error::no_error);
        report(found);
    }

    void transmit_owed(transmit& out) noexcept {
        const opcode code = owed_ == owed::close ? opcode::close : opcode::pong;
        owed_ = owed::nothing;
        if (!control_.seal(code, outgoing_.role())) return give_up(out);
        out.bytes = control_.bytes();
        if (code == opcode::pong) return;
        lifecycle_.send(passage::close);
        settle();
        if (owes_ending() && !Role::is_client) transmit_ending(out); // §5.5.1 (R184, S21): with it
    }

    // A client that has no masking key may not say another word.
    void give_up(transmit& out) noexcept {
        end_with(errc::no_masking_key, http2_error::internal_error);
        out.reset = true;
        out.stream_error = http2_error::internal_error;
        lifecycle_.receive(passage::reset);
        lifecycle_.send(passage::reset);
    }

    // Who ends the stream, and when: RFC 9113 §8.5 (R87), RFC 6455 §7.1.1 (R200), §5.5.1 (R185),
    // S18, S20, S21.
    bool owes_ending() const noexcept {
        if (lifecycle_.sent() == direction::ended) return false;
        if (lifecycle_.received() == direction::ended) return true;
        return !Role::is_client && lifecycle_.complete();
    }

    void transmit_ending(transmit& out) noexcept {
        const bool clean = report_ != reporting::not_yet && outcome_ == errc::none;
        out.reset = Role::is_client && !clean;
        out.end_stream = !out.reset;
        lifecycle_.send(out.reset ? passage::reset : passage::end_stream);
    }

    result<control_frame> send_control(opcode code, const_bytes payload) noexcept {
        if (!may_send()) return errc::not_open;
        if (payload.size() > max_control_payload) return errc::invalid_argument; // §5.5 (R179)
        control_frame made;
        made.append(payload);
        if (!made.seal(code, outgoing_.role())) return errc::no_masking_key;
        return made;
    }

    // Both Closes were exchanged, whoever began or both at once (RFC 6455 §5.5.1, R186): `closed`
    // is due, and whatever follows is clean (§7.1.4, R203, S22).
    void settle() noexcept {
        if (lifecycle_.complete()) end_with(errc::none, http2_error::no_error);
    }

    // The first reason stays.
    void end_with(errc error, http2_error code) noexcept {
        if (report_ == reporting::not_yet) {
            outcome_ = error;
            report_ = reporting::due;
        }
        if (code != http2_error::no_error) stream_error_ = code;
    }

    bool report(std::optional<event>& found) noexcept {
        if (report_ != reporting::due) return false;
        report_ = reporting::done;
        found.emplace(closed{outcome_, stream_error_});
        return true;
    }

    // RFC 8441 §5 (R29), RFC 6455 §5.5.1 (R162), §6.1 (R193), §7.1.3 (R202).
    bool may_send() const noexcept {
        return lifecycle_.sent() == direction::open && lifecycle_.received() == direction::open;
    }

    std::size_t remaining() const noexcept { // fits: limits bound it by what size_t can count
        return static_cast<std::size_t>(frame_.payload_length);
    }

    frame_header frame_; // of the frame being received; payload_length and key: of what is missing
    message_rules rules_;
    limits allowed_;
    control_frame control_; // serves arriving control frames and the owed pong or Close
    frame_reader reader_;
    outgoing_message<Role, Extension> outgoing_;
    closing_handshake lifecycle_;
    http2_error stream_error_ = http2_error::no_error;
    [[no_unique_address]] std::conditional_t<Extension::owns_rsv1, left_clear, nothing_left> clear_;
    bool inside_frame_ = false;
    owed owed_ = owed::nothing;
    reporting report_ = reporting::not_yet;
    errc outcome_ = errc::none;
};

} // namespace h2ws
