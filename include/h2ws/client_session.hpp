// A client's side of a session: it asks for tunnels, and for ordinary resources.
#pragma once

#include "session_base.hpp"

#include <optional>

namespace h2ws {

template <class Engine, class Extension>
class client_session : public session_base<Engine, client, Extension> {
    using base = session_base<Engine, client, Extension>;
    template <class, class, class>
    friend class session_streams;
    template <class, class, class>
    friend class session_input;
    template <class, class, class>
    friend class session_base;

public:
    using typename base::stream_type;

    // Asks for a tunnel; everything is copied. It has its name at once and waits until the server's
    // SETTINGS allow it (RFC 8441 §3) and it is its turn below MAX_CONCURRENT_STREAMS (RFC 9113
    // §5.1.2, R97); tunnel_opened or tunnel_refused follows. What the server makes of the
    // extensions that `wanted` offers is told to `extension`. Errors: connect_not_enabled, not_open
    // (the connection takes no new streams), too_many_tunnels (max_waiting), those of `request`,
    // no_memory.
    result<tunnel_id> open(const connect_request& wanted, instant now,
                           Extension extension = {}) noexcept {
        if (const errc error = start(now); error != errc::none) return error;
        if (gate_.answer() == connect_answer::no) return errc::connect_not_enabled;
        if (waiting_.size() == this->options_.max_waiting) return errc::too_many_tunnels;
        const field_list list = h2ws::request(wanted);
        stream_type* const at = this->streams_.insert();
        if (const errc error = keep(at, list); error != errc::none) return error;
        at->exchange->extension.emplace(std::move(extension));
        this->await_answer(*at);
        submit_waiting();
        return tunnel_id{at->id};
    }

    // Sends an ordinary request; everything is copied. `fields` are the whole section,
    // pseudo-header fields first. `end`: it has no body, else `write` gives it. It waits for its
    // turn as a tunnel does, but not for SETTINGS. Errors: not_open, queue_full (max_waiting), what
    // `read_request_head` says of a section that is malformed or too large (a `:protocol` is
    // protocol_not_enabled: `open` asks for tunnels), invalid_argument (content-length is no
    // length), content_length_mismatch, no_memory.
    result<request_id> request(std::span<const field> fields, bool end, instant now) noexcept {
        if (const errc error = start(now); error != errc::none) return error;
        // RFC 9113 §8.1.1 (R52): a malformed request is not sent
        const auto head = read_request_head(fields, {.connect_enabled = false, .limits = most()});
        if (!head) return head.error();
        const auto length = content_length(fields);
        if (!length) return errc::invalid_argument;
        if (end && length->value_or(0) != 0) return errc::content_length_mismatch;
        const bool waits = live_ >= most_;
        if (waits && waiting_.size() == this->options_.max_waiting) return errc::queue_full;
        stream_type* const at = this->streams_.insert();
        if (at == nullptr) return errc::no_memory;
        at->is_request = at->told = at->head_sent = true;
        at->end_after_output = end;
        at->asks_head = head->method == "HEAD";
        errc error = errc::none;
        if (!end && *length && !this->keep_unwritten(*at, **length)) error = errc::no_memory;
        if (error == errc::none) error = waits ? hold(*at, fields) : submit(*at, fields);
        if (error == errc::none) return request_id{at->id};
        this->streams_.erase(*at);
        return error;
    }

    // What the server's SETTINGS said of extended CONNECT.
    connect_answer connect_enabled() const noexcept { return gate_.answer(); }

protected:
    client_session(client role, const session_options& options) noexcept
        : base(role, options),
          waiting_(options.memory) {}

    // ---- for the engine -------------------------------------------------------------------------

    // Each setting of a frame in order; an error is one of the connection (S1).
    errc setting(std::uint16_t id, std::uint32_t value) noexcept {
        return gate_.receive(id, value).error();
    }

    // The end of a SETTINGS frame that is no acknowledgement.
    void settings_complete(const peer_settings& values) noexcept {
        gate_.settings_received();
        most_ = values.max_concurrent_streams;
        this->push(settings_received{gate_.answer(), values});
        if (gate_.answer() != connect_answer::yes) refuse_tunnels();
        submit_waiting();
    }

    // RFC 9113 §6.8 (R111): what has not left will not. §8.7 (R89): it may be tried elsewhere.
    void goaway_received(std::int32_t last_stream_id, http2_error code) noexcept {
        base::goaway_received(last_stream_id, code);
        refuse_waiting(errc::stream_not_processed, http2_error::refused_stream);
    }

    // The same of a shutdown of ours.
    void shutdown_begun() noexcept {
        refuse_waiting(errc::stream_not_processed, http2_error::refused_stream);
    }

    void begin_response(stream_type& at) noexcept {
        if (!at.exchange.make(this->options_.memory, this->queued_))
            at.error = errc::no_memory;
        else
            at.exchange->response_section.emplace(this->options_.memory);
    }

    void add_field(stream_type& at, const field& line) noexcept {
        if (at.error != errc::none) return;
        at.error = at.exchange->response_section->add(line, this->options_.max_fields,
                                                      this->options_.max_field_bytes);
    }

    // The field section of an answer, interim or final, is whole.
    void head_complete(stream_type& at, bool end_stream) noexcept {
        if (at.error != errc::none) return this->abort(at, at.error, base::reset_code(at.error));
        if (at.is_request) return ordinary_response(at, end_stream);
        const auto read =
            read_response(at.received_fields(), end_stream, at.exchange->request,
                          {.require_subprotocol = this->options_.require_subprotocol});
        const errc failure = read ? agree(at, *read) : read.error();
        if (failure != errc::none) {
            const http2_error code = info(failure).stream_error;
            return this->abort(at, failure,
                               code == http2_error::no_error ? http2_error::cancel : code);
        }
        at.exchange->response = *read;
        if (read->kind == response_kind::accepted) return opened(at);
        if (read->kind == response_kind::refused) {
            // RFC 9113 §8.1.1 (R54): a refusal has content like any answer; 304 has none
            if (const errc error =
                    this->expect_body(at, read->fields, read->status == 304, end_stream);
                error != errc::none)
                return this->abort(at, error, http2_error::protocol_error);
            at.stage = stream_stage::answered;
            at.error = errc::status_not_2xx;
        }
    }

    void tell_head(stream_type& at, std::optional<stream_event>& found) noexcept {
        http_exchange<Extension>& exchange = *at.exchange;
        if (at.is_request)
            found.emplace(response_received{
                {at.id}, &exchange.answer, at.end_received && !at.has(news::end)});
        else if (at.socket || at.is_raw)
            found.emplace(tunnel_opened{{at.id}, &exchange.response});
        else
            tell_refused(at, exchange, found);
    }

    // There will be no tunnel: tells so, once.
    void tunnel_lost(stream_type& at, ending how, http2_error code) noexcept {
        if (at.is_raw) return this->tell_closed(at, how, code);
        if (at.told) return;
        at.code = code;
        refused(at, this->ending_error(at, how, code));
    }

    // The answer is complete: it counts, whatever follows (RFC 9113 §8.1, R51).
    void refusal_ended(stream_type& at) noexcept {
        if (at.stage == stream_stage::answered && !at.told) {
            refused(at, errc::status_not_2xx);
            this->abort(at, errc::status_not_2xx, http2_error::cancel);
        }
    }

    void answer_overdue(stream_type& at) noexcept {
        this->abort(at, errc::handshake_timeout, http2_error::cancel);
    }

    // There is room for another, or one waits no more.
    void stream_freed(stream_type& at) noexcept {
        if (at.stream_id != 0) {
            --live_;
            return submit_waiting();
        }
        for (std::size_t i = 0; i < waiting_.size(); ++i)
            if (waiting_[i] == at.id) return waiting_.erase(i);
    }

private:
    errc start(instant now) noexcept {
        this->now_ = now;
        this->settle();
        // RFC 9113 §6.8 (R111)
        return this->ended_ || this->going_away_ || this->shutting_down_ ? errc::not_open
                                                                         : errc::none;
    }

    // Of a request of ours, whether it waits for its turn or not.
    field_limits most() const noexcept {
        return {.fields = this->options_.max_fields, .bytes = this->options_.max_field_bytes};
    }

    // Copies the request; on an error there is no stream any more.
    errc keep(stream_type* at, const field_list& list) noexcept {
        if (at == nullptr) return errc::no_memory;
        errc error = list.error() != errc::none ? list.error() : hold(*at, list.fields());
        if (error == errc::none && !note_request(*at)) error = errc::invalid_argument;
        if (error != errc::none) {
            if (at->stage == stream_stage::held) waiting_.truncate(waiting_.size() - 1);
            this->streams_.erase(*at);
        }
        return error;
    }

    // Copies the fields, and the stream waits for its turn.
    errc hold(stream_type& at, std::span<const field> fields) noexcept {
        if (!at.exchange.make(this->options_.memory, this->queued_)) return errc::no_memory;
        field_store& section = at.exchange->section;
        for (const field& line : fields)
            if (const errc error = section.add(line, most().fields, most().bytes);
                error != errc::none)
                return error;
        if (section.fields().empty() || !waiting_.push_back(at.id)) return errc::no_memory;
        at.stage = stream_stage::held;
        return errc::none;
    }

    bool note_request(stream_type& at) noexcept {
        const std::span<const field> fields = at.exchange->section.fields();
        const auto head = read_request_head(
            fields, {.limits = {.fields = fields.size(), .bytes = static_cast<std::size_t>(-1)}});
        if (head) at.exchange->request = to_connect_request(*head);
        return bool(head);
    }

    errc submit(stream_type& at, std::span<const field> fields) noexcept {
        const bool ends =
            at.is_request && at.end_after_output && !at.has_trailers && at.body_size() == 0;
        if (!this->engine().submit_headers(at, fields, ends)) return errc::no_memory;
        ++live_;
        return errc::none;
    }

    // In the order in which they were asked for, as far as RFC 9113 §5.1.2 (R97) allows. Only
    // tunnels wait for SETTINGS (RFC 8441 §3).
    void submit_waiting() noexcept {
        if (this->ended_ || this->going_away_) return;
        for (std::size_t i = 0; i < waiting_.size() && live_ < most_;) {
            stream_type& at = *this->streams_.find(waiting_[i]);
            if (!at.is_request && gate_.answer() != connect_answer::yes) {
                ++i;
                continue;
            }
            waiting_.erase(i);
            at.stage = stream_stage::pending;
            if (submit(at, at.exchange->section.fields()) != errc::none)
                this->abort(at, errc::no_memory, http2_error::internal_error);
            else if (at.is_request)
                request_left(at);
        }
    }

    void request_left(stream_type& at) noexcept {
        at.exchange->section.clear();
        this->wake(at);
    }

    void refuse_waiting(errc error, http2_error code) noexcept {
        while (!waiting_.empty()) this->abort(*this->streams_.find(waiting_[0]), error, code);
    }

    void refuse_tunnels() noexcept {
        for (std::size_t i = 0; i < waiting_.size();) {
            stream_type& at = *this->streams_.find(waiting_[i]);
            if (at.is_request)
                ++i;
            else
                this->abort(at, errc::connect_not_enabled, http2_error::no_error);
        }
    }

    // What the extension says of the answer.
    static errc agree(stream_type& at, const connect_response& answer) noexcept {
        if constexpr (negotiated_extension<Extension>) {
            const connect_request& asked = at.exchange->request;
            if (answer.kind == response_kind::accepted && is_websocket(asked.protocol))
                return at.exchange->extension->agree(answer.extensions(),
                                                     asked.offered_extensions());
        }
        return errc::none;
    }

    // Only from here on has the stream anything to send (RFC 6455 §4.1).
    void opened(stream_type& at) noexcept {
        at.told = true;
        at.exchange->due = never;
        if (is_websocket(at.exchange->request.protocol))
            this->open_socket(at, std::move(*at.exchange->extension));
        else
            this->open_raw(at);
        this->tell(at, news::head);
    }

    void ordinary_response(stream_type& at, bool end_stream) noexcept {
        const auto head = read_response_head(at.received_fields(), end_stream);
        if (!head) return this->abort(at, head.error(), info(head.error()).stream_error);
        if (head->is_interim()) return interim_response(at, *head);
        const bool empty = at.asks_head || head->status == 204 || head->status == 304;
        if (const errc error = this->expect_body(at, head->fields, empty, end_stream);
            error != errc::none)
            return this->abort(at, error, http2_error::protocol_error);
        at.exchange->answer = *head;
        at.stage = stream_stage::answered;
        at.end_received = end_stream;
        this->tell(at, news::head);
    }

    // RFC 9113 §8.1 (R46): the final one is still to come. It is kept apart, since the next section
    // may begin before it is told.
    void interim_response(stream_type& at, const response_head& head) noexcept {
        message_parts* const parts = at.exchange->parts.make(this->options_.memory);
        if (parts == nullptr) return this->abort(at, errc::no_memory, http2_error::internal_error);
        parts->interim_section = std::move(*at.exchange->response_section);
        parts->interim = head; // its views are of memory that was moved as it is
        this->tell(at, news::interim);
    }

    void refused(stream_type& at, errc error) noexcept {
        at.told = true;
        at.error = error;
        this->tell(at, news::head);
    }

    void tell_refused(stream_type& at, http_exchange<Extension>& exchange,
                      std::optional<stream_event>& found) noexcept {
        const bool answered = at.error == errc::status_not_2xx;
        found.emplace(tunnel_refused{{at.id},
                                     at.error,
                                     at.code,
                                     answered ? exchange.response.status : std::uint16_t{0},
                                     at.error == errc::stream_not_processed,
                                     answered ? exchange.response.fields : std::span<const field>{},
                                     answered ? as_text(std::as_const(exchange.early).bytes())
                                              : std::string_view{}});
    }

    connect_gate gate_;
    growing_array<std::uint64_t> waiting_; // tunnels that are held, in order
    std::size_t live_ = 0;                 // streams that were submitted and are not gone
    std::size_t most_ = 0xffff'ffff;       // that may be, by the server's SETTINGS
};

} // namespace h2ws
