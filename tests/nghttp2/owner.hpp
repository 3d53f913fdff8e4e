// An application that owns its nghttp2_session: it serves ordinary requests, or makes them, with
// callbacks of its own, and has tunnels attached to the same connection.
#pragma once

#include "../catch.hpp"
#include "../octets.hpp"
#include "../scarce_memory.hpp"
#include "../session_pair.hpp"
#include "model.hpp"

#include <h2ws/nghttp2/attach.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace attach_tests {

using namespace h2ws;
using session_suite::lines;
using transcript::octets;

// One of the owner's ordinary exchanges. It is the stream's user data.
struct exchange {
    octets head; // ":method GET :path / ..."
    octets body; // received
    octets answer;
    std::size_t answered = 0;
    bool ended = false;
    bool closed = false;
    std::uint32_t code = 0;
};

struct set_up {
    session_options options = {};
    nghttp2::receive_buffer buffer = nghttp2::receive_buffer::writable;
    std::int32_t window = 65'535;
    bool prepared = true;
    bool advertises = true;
    bool urgencies = false; // nghttp2 reads PRIORITY_UPDATE
    octets silent = {};     // a callback that the owner does not forward
    std::size_t read_size = 1'000'000;
};

template <class Role, class Extension = no_extension>
class owner {
public:
    using attached = nghttp2::basic_attached<Role, Extension>;

    explicit owner(const set_up& how = {})
        : how_(how),
          tunnels(std::make_unique<attached>(handler_, session_suite::with_key<Role>(), how.options,
                                             how.buffer)) {
        nghttp2_option* option = nullptr;
        REQUIRE(nghttp2_option_new(&option) == 0);
        if (how.prepared) nghttp2::prepare(*option, how.options);
        if (how.urgencies)
            nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
        nghttp2_session_callbacks* table = nullptr;
        REQUIRE(nghttp2_session_callbacks_new(&table) == 0);
        fill(*table);
        const auto make =
            Role::is_client ? nghttp2_session_client_new2 : nghttp2_session_server_new2;
        REQUIRE(make(&session, table, this, option) == 0);
        nghttp2_session_callbacks_del(table);
        nghttp2_option_del(option);
        nghttp2_settings_entry settings[]{
            {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<std::uint32_t>(how.window)},
            {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100},
            {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, how.urgencies},
            nghttp2::enable_connect};
        nghttp2_submit_settings(session, 0, settings, !Role::is_client && how.advertises ? 4 : 3);
        attached_with = tunnels->attach(*session).error();
        tunnels->time(now);
    }
    owner(const owner&) = delete;
    owner& operator=(const owner&) = delete;
    ~owner() {
        tunnels.reset();
        nghttp2_session_del(session);
    }

    set_up how_;

private:
    struct handler {
        owner* self;
        void operator()(const stream_event& event) const {
            std::visit([&](const auto& what) { self->told(what); }, event);
            if (self->on_event) self->on_event(event);
        }
    };
    handler handler_{this};

public:
    nghttp2_session* session = nullptr;
    std::unique_ptr<attached> tunnels;
    errc attached_with = errc::none;
    instant now = seconds(1);
    std::function<void(const stream_event&)> on_event;

    // The owner's own.
    std::map<std::int32_t, exchange> exchanges;
    octets answers = "hello";
    bool consumes_own = true;
    lines frames_seen; // the connection's

    // The tunnels.
    lines log;
    bool accepts = true, echoes = true, consumes = true;
    tunnel_id last;
    std::map<std::uint64_t, int> closed_count, released_count;
    bool tunnels_ended = false, accepted_all = true;

    std::int32_t ask(std::string_view method, std::string_view path, std::string_view body = {}) {
        const auto line = [](std::string_view name, std::string_view value) {
            const auto bytes = [](std::string_view text) {
                return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
            };
            return nghttp2_nv{bytes(name), bytes(value), name.size(), value.size(), 0};
        };
        const nghttp2_nv head[]{line(":method", method), line(":scheme", "https"),
                                line(":authority", "a.test"), line(":path", path)};
        nghttp2_data_provider source{{.ptr = nullptr}, read_own};
        const std::int32_t made = nghttp2_submit_request(session, nullptr, head, 4,
                                                         body.empty() ? nullptr : &source, nullptr);
        REQUIRE(made > 0);
        exchanges[made].answer = body;
        nghttp2_session_set_stream_user_data(session, made, &exchanges[made]);
        return made;
    }

    // What nghttp2 says of the bytes: 0, or its error.
    int receive(std::string_view bytes) {
        do {
            const std::string_view piece = bytes.substr(0, how_.read_size);
            bytes.remove_prefix(piece.size());
            octets memory(piece); // of its own size, writable
            if (how_.buffer == nghttp2::receive_buffer::read_only) read_only_ = piece;
            const auto taken = nghttp2_session_mem_recv(
                session, reinterpret_cast<const std::uint8_t*>(memory.data()), memory.size());
            if (how_.buffer == nghttp2::receive_buffer::read_only && memory != piece)
                FAIL("a read-only buffer was written to");
            if (taken < 0) return static_cast<int>(taken);
        } while (!bytes.empty());
        return 0;
    }

    octets transmit() {
        octets out;
        const std::uint8_t* data = nullptr;
        while (true) {
            const auto size = nghttp2_session_mem_send(session, &data);
            if (size <= 0) break;
            out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
        }
        written += out;
        return out;
    }
    octets written;

    // A call outside of nghttp2's callbacks.
    template <class Call>
    errc call(Call&& what) {
        const errc done = what(*tunnels).error();
        tunnels->deliver();
        return done;
    }
    errc send(tunnel_id to, std::string_view text, opcode type = opcode::text) {
        return call([&](attached& t) { return t.send(to, type, as_bytes(text), now); });
    }

    std::size_t count(const octets& line) const {
        return static_cast<std::size_t>(std::count(log.begin(), log.end(), line));
    }

    // Each tunnel that was told of has had one `closed`, if it was open, and one release.
    void check_all_over() const {
        CHECK(accepted_all);
        for (const auto& [name, times] : released_count) CHECK(times == 1);
        for (const auto& [name, times] : closed_count) CHECK(times == 1);
        CHECK(closed_count.size() == opened_.size());
        CHECK(released_count.size() == seen_.size());
    }

private:
    // ---- the owner's callbacks ------------------------------------------------------------------

    static owner& self_of(void* user_data) { return *static_cast<owner*>(user_data); }
    bool forwards(std::string_view name) const { return how_.silent != name; }

    exchange* own(std::int32_t stream_id) {
        void* const data = nghttp2_session_get_stream_user_data(session, stream_id);
        return static_cast<exchange*>(data);
    }

    void fill(nghttp2_session_callbacks& table) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(
            &table, [](nghttp2_session* on, const nghttp2_frame* frame, void* data) {
                owner& self = self_of(data);
                if (self.forwards("on_begin_headers") && self.tunnels->on_begin_headers(*frame))
                    return 0;
                if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
                    nghttp2_session_set_stream_user_data(on, frame->hd.stream_id,
                                                         &self.exchanges[frame->hd.stream_id]);
                return 0;
            });
        nghttp2_session_callbacks_set_on_header_callback(&table, on_header<false>);
        nghttp2_session_callbacks_set_on_invalid_header_callback(&table, on_header<true>);
        nghttp2_session_callbacks_set_on_frame_recv_callback(
            &table, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
                owner& self = self_of(data);
                if (self.forwards("on_frame_recv") && self.tunnels->on_frame_recv(*frame)) return 0;
                self.own_frame(*frame);
                return 0;
            });
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
            &table, [](nghttp2_session*, const nghttp2_frame* frame, int why, void* data) {
                self_of(data).tunnels->on_invalid_frame_recv(*frame, why);
                return 0;
            });
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&table, on_data);
        nghttp2_session_callbacks_set_on_frame_send_callback(
            &table, [](nghttp2_session*, const nghttp2_frame* frame, void* data) {
                owner& self = self_of(data);
                if (self.forwards("on_frame_send")) self.tunnels->on_frame_send(*frame);
                return 0;
            });
        nghttp2_session_callbacks_set_on_stream_close_callback(&table, on_close);
    }

    template <bool invalid>
    static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                         std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                         std::uint8_t, void* data) {
        owner& self = self_of(data);
        if (self.forwards("on_header")) {
            const bool ours =
                invalid
                    ? self.tunnels->on_invalid_header(*frame, name, name_size, value, value_size)
                    : self.tunnels->on_header(*frame, name, name_size, value, value_size);
            if (ours) {
                self.exchanges.erase(frame->hd.stream_id);
                nghttp2_session_set_stream_user_data(self.session, frame->hd.stream_id, nullptr);
                return 0;
            }
        }
        if (exchange* const at = self.own(frame->hd.stream_id))
            at->head += octets(reinterpret_cast<const char*>(name), name_size) + ' ' +
                        octets(reinterpret_cast<const char*>(value), value_size) + ' ';
        return 0;
    }

    static int on_data(nghttp2_session* on, std::uint8_t, std::int32_t stream_id,
                       const std::uint8_t* bytes, std::size_t size, void* data) {
        owner& self = self_of(data);
        if (self.forwards("on_data_chunk_recv") &&
            self.tunnels->on_data_chunk_recv(stream_id, bytes, size))
            return 0;
        exchange* const at = self.own(stream_id);
        if (at != nullptr) at->body.append(reinterpret_cast<const char*>(bytes), size);
        if (self.consumes_own) nghttp2_session_consume(on, stream_id, size);
        return 0;
    }

    static int on_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t code, void* data) {
        owner& self = self_of(data);
        if (self.forwards("on_stream_close") && self.tunnels->on_stream_close(stream_id, code))
            return 0;
        if (exchange* const at = self.own(stream_id)) {
            if (at->closed) FAIL("an exchange is closed twice");
            at->closed = true;
            at->code = code;
        }
        return 0;
    }

    void own_frame(const nghttp2_frame& frame) {
        if (frame.hd.stream_id == 0) {
            if (frame.hd.type == NGHTTP2_PING) frames_seen.push_back("ping");
            if (frame.hd.type == NGHTTP2_GOAWAY) frames_seen.push_back("goaway");
            return;
        }
        exchange* const at = own(frame.hd.stream_id);
        if (at == nullptr || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return;
        at->ended = true;
        if constexpr (!Role::is_client) {
            at->answer = at->body.empty() ? answers : at->body;
            nghttp2_data_provider source{{.ptr = nullptr}, read_own};
            std::uint8_t name[]{':', 's', 't', 'a', 't', 'u', 's'};
            std::uint8_t value[]{'2', '0', '0'};
            const nghttp2_nv head{name, value, 7, 3, 0};
            nghttp2_submit_response(session, frame.hd.stream_id, &head, 1, &source);
        }
    }

    static nghttp2::nghttp2_ssize_of read_own(nghttp2_session*, std::int32_t stream_id,
                                              std::uint8_t* to, std::size_t most,
                                              std::uint32_t* flags, nghttp2_data_source*,
                                              void* data) {
        exchange& at = *self_of(data).own(stream_id);
        const std::size_t size = std::min(most, at.answer.size() - at.answered);
        std::memcpy(to, at.answer.data() + at.answered, size);
        at.answered += size;
        if (at.answered == at.answer.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
        return static_cast<nghttp2::nghttp2_ssize_of>(size);
    }

    // ---- the tunnels' events --------------------------------------------------------------------

    octets label(tunnel_id tunnel) {
        const auto [at, is_new] = seen_.try_emplace(tunnel.value, seen_.size() + 1);
        return std::to_string(at->second) + ' ';
    }
    void note(tunnel_id tunnel, const octets& line) { log.push_back(label(tunnel) + line); }

    void told(const tunnel_requested& what) {
        last = what.tunnel;
        note(what.tunnel, "requested " + octets(what.request->path));
        if constexpr (!Role::is_client) {
            if (!accepts) return;
            accepted_all = tunnels->accept(what.tunnel, {}, now) && accepted_all;
            opened_[what.tunnel.value] = 1;
        }
    }
    void told(const request_rejected& what) {
        log.push_back("rejected " + octets(info(what.error).name));
    }
    void told(const tunnel_opened& what) {
        opened_[what.tunnel.value] = 1;
        last = what.tunnel;
        note(what.tunnel, "opened " + std::to_string(what.response->status));
    }
    void told(const tunnel_refused& what) {
        note(what.tunnel, "refused " + octets(info(what.error).name) + ' ' +
                              std::to_string(what.status) + (what.retryable ? " retryable" : ""));
    }
    void told(const tunnel_event& what) {
        if (const auto* chunk = std::get_if<message_chunk>(&what.what)) {
            octets& message = messages_[what.tunnel.value];
            message += as_text(chunk->payload);
            if (consumes) tunnels->consume(what.tunnel, what.wire_bytes);
            if (!chunk->last) return;
            const octets whole = std::exchange(message, {});
            const opcode type = chunk->type;
            note(what.tunnel, transcript::described(type, whole));
            if (echoes) (void)tunnels->send(what.tunnel, type, as_bytes(whole), now);
        } else if (const auto* said = std::get_if<h2ws::ping>(&what.what)) {
            note(what.tunnel, "ping " + transcript::quoted(as_text(said->payload)));
        } else if (const auto* answer = std::get_if<h2ws::pong>(&what.what)) {
            note(what.tunnel, "pong " + transcript::quoted(as_text(answer->payload)));
        } else if (const auto* close = std::get_if<close_frame>(&what.what)) {
            note(what.tunnel, "close " + std::to_string(static_cast<unsigned>(close->code)));
        } else if (const auto* end = std::get_if<closed>(&what.what)) {
            ++closed_count[what.tunnel.value];
            opened_[what.tunnel.value] = 1; // or was asked for, and died before the answer
            octets line = "closed " + octets(info(end->error).name);
            if (end->stream_error != http2_error::no_error)
                line += ' ' + octets(name(end->stream_error));
            note(what.tunnel, line);
        }
    }
    void told(const tunnel_released& what) {
        ++released_count[what.tunnel.value];
        note(what.tunnel, "released");
    }
    void told(const tunnel_data&) {}
    void told(const tunnel_writable&) {}
    void told(const request_received&) { FAIL("an ordinary request is the owner's"); }
    void told(const interim_received&) { FAIL("an ordinary response is the owner's"); }
    void told(const response_received&) { FAIL("an ordinary response is the owner's"); }
    void told(const body_received&) { FAIL("a body is the owner's"); }
    void told(const request_writable&) { FAIL("an ordinary request is the owner's"); }
    void told(const request_released&) { FAIL("an ordinary request is the owner's"); }
    void told(const settings_received&) {}
    void told(const goaway_received& what) {
        log.push_back("goaway " + std::to_string(what.last_stream_id));
    }
    void told(const connection_ended& what) {
        if (tunnels_ended) FAIL("the connection ended twice");
        tunnels_ended = true;
        log.push_back("ended " + octets(info(what.error).name));
    }

    std::map<std::uint64_t, std::size_t> seen_;
    std::map<std::uint64_t, int> opened_;
    std::map<std::uint64_t, octets> messages_;
    octets read_only_;
};

} // namespace attach_tests
