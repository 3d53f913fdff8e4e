// A server's side of a session: it answers requests for tunnels, and ordinary ones.
#pragma once

#include "accept_key.hpp"
#include "session_base.hpp"

#include <optional>

namespace h2ws {

template <class Engine, class Extension>
class server_session : public session_base<Engine, server, Extension> {
    using base = session_base<Engine, server, Extension>;
    template <class, class, class>
    friend class session_streams;
    template <class, class, class>
    friend class session_input;
    template <class, class, class>
    friend class session_base;

public:
    using typename base::stream_type;

    // Opens the tunnel: the answer is sent and frames flow, ours at once (RFC 6455 §4.2.2).
    // Errors: not_open (the tunnel is gone or was answered), invalid_argument and
    // subprotocol_not_offered (the answer is not one that this request can have), no_memory, what
    // the extension says of an answer that it does not keep to. The request's views end here.
    result<void> accept(tunnel_id tunnel, const acceptance& answer, instant now,
                        Extension extension = {}) noexcept {
        stream_type* const at = pending(tunnel.value, false, now);
        if (at == nullptr) return errc::not_open;
        acceptance full = answer;
        std::array<char, accept_key_size> accept_text;
        const connect_request& request = at->exchange->request;
        if (const errc error = confirm(extension, answer, request); error != errc::none)
            return error;
        if (const auto key = request.find("sec-websocket-key");
            key && this->options_.answer_key && answer.sec_websocket_accept.empty()) { // S14
            accept_text = accept_key(*key);
            full.sec_websocket_accept = {accept_text.data(), accept_text.size()};
        }
        const field_list list = h2ws::accept(full, request);
        if (const auto sent = send_head(*at, list, false); !sent) return sent;
        --pending_;
        if (is_websocket(request.protocol)) // RFC 6455 §4.2.2 (R150)
            this->open_socket(*at, std::move(extension));
        else
            this->open_raw(*at);
        this->poll_early_later(*at);
        at->forget_handshake();
        return {};
    }

    // Refuses it with a status from 300 to 599 and a body, which is copied. Errors as for accept.
    result<void> refuse(tunnel_id tunnel, std::uint16_t status, instant now,
                        std::span<const field> fields = {}, std::string_view body = {}) noexcept {
        stream_type* const at = pending(tunnel.value, false, now);
        if (at == nullptr) return errc::not_open;
        const auto sent = refuse(*at, h2ws::refuse(status, fields), body);
        if (sent) --pending_;
        return sent;
    }

    // An interim (1xx) answer, any number of them before `respond` (RFC 9110 §15.2). Errors:
    // not_open (it was answered, or is gone), invalid_argument (any other status, 101, fields that
    // it cannot have), too_many_fields, no_memory.
    result<void> send_interim(request_id request, std::uint16_t status,
                              std::span<const field> fields, instant now) noexcept {
        stream_type* const at = pending(request.value, true, now);
        if (at == nullptr) return errc::not_open;
        // RFC 9110 §8.6
        if (status >= 200 || find_field(fields, "content-length")) return errc::invalid_argument;
        field_list list;
        list.add_status(status); // RFC 9113 §8.6 (R48)
        list.add_all(fields);
        if (list.error() != errc::none) return list.error();
        return this->engine().submit_interim(*at, list.fields()) ? result<void>{} : errc::no_memory;
    }

    // The final answer to an ordinary request; `end`: `body`, which is copied, is all of it, else
    // `write` adds to it. The answer to HEAD, and any 204, 205 and 304, ends with its head: of HEAD
    // `body` is left out (RFC 9110 §9.3.2). Errors: not_open, invalid_argument (also a body where
    // the status allows none), content_length_mismatch, too_many_fields, no_memory.
    result<void> respond(request_id request, std::uint16_t status, std::span<const field> fields,
                         const_bytes body, instant now, bool end = true) noexcept {
        stream_type* const at = pending(request.value, true, now);
        if (at == nullptr) return errc::not_open;
        if (status < 200) return errc::invalid_argument; // an interim one
        field_list list;
        list.add_status(status);
        list.add_all(fields);
        return answer(*at, list, body, end);
    }

protected:
    using base::base;

    // ---- for the engine -------------------------------------------------------------------------

    // A new stream's HEADERS begin. nullptr: no memory.
    stream_type* begin_request(std::int32_t stream_id) noexcept {
        stream_type* const at = this->streams_.insert();
        if (at == nullptr) return nullptr;
        at->stream_id = stream_id;
        if (!at->exchange.make(this->options_.memory, this->queued_)) at->error = errc::no_memory;
        return at;
    }

    void add_field(stream_type& at, const field& line) noexcept {
        if (at.error != errc::none) return;
        at.error = at.exchange->section.add(line, this->options_.max_fields,
                                            this->options_.max_field_bytes);
    }

    // The field section is whole.
    void head_complete(stream_type& at, bool end_stream) noexcept {
        at.end_received = end_stream;
        if (at.error != errc::none) return reject(at, at.error);
        http_exchange<Extension>& exchange = *at.exchange;
        const auto head = read_request_head(exchange.section.fields(),
                                            {.connect_enabled = this->options_.accept_tunnels,
                                             .limits = {.fields = this->options_.max_fields,
                                                        .bytes = static_cast<std::size_t>(-1)}});
        if (!head) return reject(at, head.error());
        exchange.head = *head;
        if (head->kind == request_kind::ordinary) return tell_request(at, end_stream);
        if (head->kind == request_kind::connect) return reject(at, errc::protocol_not_supported);
        exchange.request = to_connect_request(*head);
        if (const errc error = check(exchange.request, end_stream); error != errc::none)
            return reject(at, error);
        tell_tunnel(at);
    }

    void tell_head(stream_type& at, std::optional<stream_event>& found) noexcept {
        if (at.is_request)
            found.emplace(request_received{
                {at.id}, &at.exchange->head, at.end_received && !at.has(news::end)});
        else if (may_wait(at))
            found.emplace(tunnel_requested{{at.id}, &at.exchange->request});
    }

    // A stream died that the application had not opened, or had not answered.
    void tunnel_lost(stream_type& at, ending how, http2_error code) noexcept {
        const bool unanswered = at.told && !at.head_sent;
        if (unanswered && !at.has(news::head)) --pending_;
        if (unanswered || at.is_raw) this->tell_closed(at, how, code);
    }

    // Nobody answered: 503 (S23), a reset where there is no memory for it. Ordinary requests have
    // no timer.
    void answer_overdue(stream_type& at) noexcept {
        const bool counted = !at.has(news::head);
        if (!refuse(at, h2ws::refuse(std::uint16_t{503}), {}, counted ? views::stay : views::end))
            this->abort(at, errc::handshake_timeout, http2_error::internal_error);
        else if (counted)
            --pending_;
    }

    void refusal_ended(stream_type&) noexcept {}

    // From a shutdown on, where the engine sends no GOAWAY: new tunnels get 503.
    void refuse_tunnels() noexcept { takes_no_more_ = true; }

    void stream_freed(stream_type&) noexcept {}
    void shutdown_begun() noexcept {}

private:
    stream_type* pending(std::uint64_t name, bool is_request, instant now) noexcept {
        stream_type* const at = this->live(name, now);
        const bool fits = at != nullptr && at->stage == stream_stage::pending && at->told &&
                          at->is_request == is_request;
        return fits ? at : nullptr;
    }

    errc check(const connect_request& request, bool end_stream) const noexcept {
        const errc error =
            check_opening_handshake(request, end_stream, {this->options_.strict_protocol_case});
        if (error != errc::protocol_not_supported || !this->options_.accept_raw_tunnels)
            return error;
        return check_tunnel(request, end_stream); // S2
    }

    void tell_request(stream_type& at, bool end_stream) noexcept {
        if (const errc error = this->expect_body(at, at.exchange->head.fields, false, end_stream);
            error != errc::none)
            return reject(at, error);
        at.is_request = at.told = true;
        at.asks_head = at.exchange->head.method == "HEAD";
        this->tell(at, news::head);
    }

    void tell_tunnel(stream_type& at) noexcept {
        // Not because of a shutdown: what comes between its two GOAWAYs was on its way (RFC 9113
        // §6.8). Where the GOAWAYs are not ours, nothing else would end it.
        if (takes_no_more_) return reject(at, errc::too_many_tunnels);
        at.told = true;
        this->await_answer(at);
        this->tell(at, news::head);
    }

    // Decided when it would be told, not when it came: one read may bring any number, and an
    // application that answers each at once has none that waits. False: it is not to be told.
    bool may_wait(stream_type& at) noexcept {
        if (at.stage >= stream_stage::over) { // its end is told next, and takes it off again
            if (at.stage == stream_stage::over) ++pending_;
            return true;
        }
        at.told = at.stage == stream_stage::pending; // else its time ran out before
        if (!at.told) return false;
        if (pending_ == this->options_.max_pending) { // RFC 9113 §10.5.2 (R125)
            at.told = false;
            reject(at, errc::too_many_tunnels);
            return false;
        }
        ++pending_;
        return true;
    }

    // Nothing of it has reached the application, though no error says REFUSED_STREAM (RFC 9113
    // §8.7, R90): a malformed request is reset, a well-formed one gets a status (RFC 9113 §8.1.1
    // (R52, R53), RFC 6455 §7.2.2 (R210), S5).
    void reject(stream_type& at, errc error) noexcept {
        at.error = error;
        this->tell(at, news::rejected);
        const error_info& what = info(error);
        if (gets_status(what) && refuse(at, h2ws::refuse(error), {})) return;
        at.stage = stream_stage::over;
        at.forget_handshake();
        this->engine().submit_reset(at, what.stream_error); // RFC 9113 §8.1.1 (R52)
    }

    // Whether the extension does what the answer says.
    static errc confirm([[maybe_unused]] Extension& extension,
                        [[maybe_unused]] const acceptance& answer,
                        const connect_request& request) noexcept {
        if constexpr (negotiated_extension<Extension>) {
            if (is_websocket(request.protocol))
                return extension.confirm(extension_reader{{}, answer.extensions},
                                         request.offered_extensions());
        }
        return errc::none;
    }

    bool gets_status(const error_info& what) const noexcept {
        return what.http_status != 0 || (this->options_.answer_malformed &&
                                         what.stream_error == http2_error::protocol_error);
    }

    // Of the request: an application may look at what it has not answered itself.
    enum class views : bool { end, stay };

    result<void> refuse(stream_type& at, const field_list& list, std::string_view body,
                        views of_request = views::end) noexcept {
        at.reset_after_end = true; // S23
        const result<void> done = answer(at, list, as_bytes(body), true, of_request);
        if (!done) at.reset_after_end = false;
        return done;
    }

    result<void> answer(stream_type& at, const field_list& list, const_bytes body, bool end,
                        views of_request = views::end) noexcept {
        std::optional<std::uint64_t> length;
        if (const errc error = plan_content(at, list, body, end, length); error != errc::none)
            return error;
        if (!at.exchange.make(this->options_.memory, this->queued_) ||
            (!end && length && !this->keep_unwritten(at, *length - body.size())) ||
            !at.exchange->output.append(body))
            return errc::no_memory;
        const bool whole = end && body.empty();
        at.end_after_output = end;
        if (const auto sent = send_head(at, list, whole); !sent) {
            at.exchange->output.clear(this->out_);
            at.end_after_output = false;
            return sent;
        }
        at.stage = stream_stage::answered;
        if (of_request == views::end) at.forget_handshake();
        if (!whole) this->wake(at);
        return {};
    }

    // What may follow the head: `body` and `end` are made so.
    errc plan_content(const stream_type& at, const field_list& list, const_bytes& body, bool& end,
                      std::optional<std::uint64_t>& length) const noexcept {
        if (list.error() != errc::none) return list.error();
        const std::uint16_t status = heads::parse_status(list.fields().front().value).value_or(0);
        const auto named = content_length(list.fields());
        // RFC 9110 §8.6: a 204 names none
        if (!named || (status == 204 && *named)) return errc::invalid_argument;
        const bool empty = status == 204 || status == 205 || status == 304; // RFC 9110 §6.4.1
        if (empty && !body.empty()) return errc::invalid_argument;
        if (status == 205 && named->value_or(0) != 0) return errc::content_length_mismatch;
        if (empty || at.asks_head) {
            body = {};
            end = true;
            return errc::none;
        }
        length = *named;
        return this->check_length(length, body.size(), end);
    }

    result<void> send_head(stream_type& at, const field_list& list, bool end_stream) noexcept {
        if (list.error() != errc::none) return list.error();
        at.head_sent = true;
        if (this->engine().submit_headers(at, list.fields(), end_stream)) return {};
        at.head_sent = false;
        return errc::no_memory;
    }

    bool takes_no_more_ = false;
    std::size_t pending_ = 0; // tunnels that were told and wait for their answer
};

} // namespace h2ws
