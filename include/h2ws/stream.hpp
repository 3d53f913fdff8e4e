// One stream of a session, whatever it carries. What only its handshake or its body needs lies
// apart, so that a tunnel that idles holds little more than its websocket.
#pragma once

#include "field_store.hpp"
#include "instant.hpp"
#include "message_buffer.hpp"
#include "opening_handshake.hpp"
#include "output_queue.hpp"
#include "owned.hpp"
#include "tunnel.hpp"

#include <cstdint>
#include <optional>

namespace h2ws {

// Where a stream stands, whatever it carries.
enum class stream_stage : std::uint8_t {
    held,     // a client's: waits for the server's SETTINGS, or for its turn
    pending,  // the CONNECT, or the ordinary request, has no answer yet
    open,     // a tunnel whose frames flow
    raw,      // a tunnel of another protocol
    answered, // an ordinary response, a refusal too: its body may still be on the way
    over,     // reset by us; what arrives is discarded
    gone,     // the engine has forgotten it
};

// What the application has still to be told of a stream, in this order. A stream has each at most
// once at a time, so that nothing has to be allocated for it.
enum class news : std::uint8_t {
    rejected, // a request against the rules
    interim,  // an answer that is not the last
    head,     // a request, an answer, or that there is none
    frames,   // the websocket may have something to say without new bytes
    early,    // bytes that came before the answer: they are polled now
    end,      // of a body, or of a raw tunnel's input
    writable, // after queue_full
    closed,
    released,
};

// What few ordinary messages have, and no tunnel.
struct message_parts {
    explicit message_parts(const allocator& memory) noexcept
        : interim_section(memory),
          trailers(memory),
          last_words(memory) {}

    const allocator& memory() const noexcept { return interim_section.memory(); }

    field_store interim_section; // of the answer before the final one
    response_head interim;
    field_store trailers;                   // of the peer
    field_store last_words;                 // our trailers, until the body has left
    std::optional<std::uint64_t> unwritten; // of our body, by the content-length that we sent
};

// HTTP's part: the handshake of a tunnel until it is open, an ordinary request and its answer, the
// output of a body or of a raw tunnel.
template <class Extension>
struct http_exchange {
    http_exchange(const allocator& memory, std::size_t& queued) noexcept
        : section(memory),
          early(memory),
          output(memory, queued, false) {}

    const allocator& memory() const noexcept { return section.memory(); }

    field_store section;                         // of the request
    std::optional<field_store> response_section; // a client's
    request_head head;                           // views of them
    response_head answer;
    connect_request request;
    connect_response response;
    std::optional<Extension> extension; // for the tunnel to come
    message_buffer early;               // what came before the answer, or of a refusal's body
    std::size_t early_taken = 0;
    std::optional<std::uint64_t> body_left; // to come, by its content-length
    output_queue output;
    owned<message_parts> parts;
    instant due = never; // for the answer; for output that waits, to leave
};

template <class Role, class Extension>
struct stream {
    explicit stream(std::uint64_t name) noexcept : id(name) {}

    std::uint64_t id;
    owned<http_exchange<Extension>> exchange;
    std::optional<tunnel<Role, Extension>> socket; // once it is open
    std::uint32_t next_with_news = 0;              // the table's
    std::int32_t stream_id = 0;                    // HTTP/2's, 0 until there is one
    std::uint32_t uncredited = 0; // delivered and not consumed: at most a window, RFC 9113 §6.9.1
    http2_error code = http2_error::no_error;
    errc error = errc::none;
    stream_stage stage = stream_stage::pending;
    std::uint16_t to_tell = 0;         // bits of `news`
    bool is_request : 1 = false;       // an ordinary one
    bool is_raw : 1 = false;           // a tunnel that was opened for another protocol
    bool told : 1 = false;             // the application knows of it, or will
    bool head_sent : 1 = false;        // HEADERS have left: a body may follow
    bool end_received : 1 = false;     // END_STREAM has come
    bool end_after_output : 1 = false; // of a raw tunnel or a body: END_STREAM follows the output
    bool end_sent : 1 = false;
    bool reset_after_end : 1 = false; // a refusal: RST_STREAM(NO_ERROR) when it has left (S23)
    bool reset_by_peer : 1 = false;
    bool has_trailers : 1 = false; // of ours: they end the body
    bool asks_head : 1 = false;    // by method HEAD: the answer has no content
    bool was_full : 1 = false;     // queue_full was said: that there is room again is to be told

    bool has(news what) const noexcept { return (to_tell & bit(what)) != 0; }
    void add(news what) noexcept { to_tell = static_cast<std::uint16_t>(to_tell | bit(what)); }
    void remove(news what) noexcept { to_tell = static_cast<std::uint16_t>(to_tell & ~bit(what)); }

    // Whether something is still to be done for it, which a reset now makes useless: an answer, or
    // what comes before both Closes.
    bool in_use() const noexcept {
        if (!socket) return !end_sent;
        const auto closed = [](direction of) {
            return of == direction::closing || of == direction::ended;
        };
        const closing_handshake& life = socket->lifecycle();
        return !closed(life.received()) || !closed(life.sent());
    }

    // The field section of a head that is being received; nullptr where none is.
    field_store* received_section() noexcept {
        if (!exchange) return nullptr;
        if constexpr (Role::is_client)
            return exchange->response_section ? &*exchange->response_section : nullptr;
        else
            return &exchange->section;
    }
    std::span<const field> received_fields() noexcept {
        field_store* const section = received_section();
        return section == nullptr ? std::span<const field>{} : section->fields();
    }

    // Bytes of its body, or of a raw tunnel, that have not left.
    std::size_t body_size() const noexcept { return exchange ? exchange->output.size() : 0; }

    // What its queued output, frames or body, takes of the allocator.
    std::size_t queued_memory() const noexcept {
        if (socket) return socket->queued_memory();
        return exchange ? exchange->output.footprint() : 0;
    }

    // Request and answer are not looked at any more. What is still to leave stays, and what came
    // too early.
    void forget_handshake() noexcept {
        if (!exchange) return;
        const bool end_waits = is_raw && end_after_output && !end_sent; // it has its time there
        if (exchange->output.empty() && !end_waits && !has(news::early) && !exchange->body_left &&
            !exchange->parts)
            return exchange.release();
        exchange->section.clear();
        exchange->response_section.reset();
        exchange->due = never;
        if (!has(news::early)) exchange->early.release();
    }

private:
    static constexpr unsigned bit(news what) noexcept { return 1U << static_cast<unsigned>(what); }
};

} // namespace h2ws
