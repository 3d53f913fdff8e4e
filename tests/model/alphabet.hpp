// What can happen to a tunnel, and what can be seen of it: the words that the specification and the
// drive of the implementation have in common. Nothing of the library is in here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace model {

enum class role : std::uint8_t { server, client }; // which of the two we are

// What an application may choose (docs/decisions.md, session_options).
struct switches {
    bool end_with_reset = false; // a client's (S20)
    std::int32_t idle = 0;       // milliseconds without a message; 0: for ever
    bool answers = false;        // while it is told: a message by one, a Close by a Close with 1001
};

enum class input : std::uint8_t {
    // HEADERS of the peer. What a client takes for an answer a server takes for nothing: it has had
    // its request. `fields`: no :status, so trailers, or an answer that is malformed.
    success,
    success_end,
    interim,
    refusal,
    refusal_end,
    fields,
    fields_end,
    // DATA of the peer: whole frames but where it is said
    message,       // text "a", not fragmented
    first,         // text "a", more to come
    middle,        // a continuation, more to come
    last,          // the last continuation
    bad_text,      // not fragmented, not UTF-8
    reserved,      // opcode 3
    half_message,  // a header and one of two octets
    half_ping,     // the first octet of a header
    rest,          // what is missing of these
    ping,          // "p"
    pong,          // unsolicited
    close,         // 1000
    close_empty,   // no code
    close_illegal, // 1005 on the wire
    end_stream,    // no octets
    message_end,   // DATA that ends the stream: `message`
    close_end,     // the same: `close`
    reset,         // RST_STREAM(CANCEL)
    reset_refused, // RST_STREAM(REFUSED_STREAM)
    goaway,        // it names our stream as the last
    goaway_all,    // it names none
    ping_ack,      // of the PING that goes with a server's first GOAWAY
    window_shut,   // SETTINGS: none of our frames may leave
    window_open,
    lost, // the transport failed
    // what the application calls
    accept,
    refuse,
    send_message,  // text, the last or only piece
    send_fragment, // text, more to come
    send_binary,
    send_ping,
    send_close,      // 1000
    send_unsendable, // a Close with 1006
    send_reset,      // CANCEL
    shutdown,
    // time
    pause, // 0.7 s, in which nothing is due
    wait,  // until something is due; where nothing is, 100 s
};
inline constexpr std::size_t inputs = static_cast<std::size_t>(input::wait) + 1;

// A stream's end, a websocket's or the connection's: why.
enum class reason : std::uint8_t {
    none, // clean, or in order
    unexpected_continuation,
    unfinished_message,
    reserved_opcode,
    text_not_utf8,
    close_code_invalid,
    end_without_close,
    reset_by_peer,
    reset_by_us,
    connection_lost,
    headers_on_tunnel,
    handshake_timeout,
    keepalive_timeout,
    idle_timeout,
    close_timeout,
    answer_ends_stream,
    not_2xx,
    malformed,
    not_processed,
    closed_stream, // a frame after the end of its stream
    output_stalled,
    another, // one that is not to be seen here
};

enum class sign : std::uint8_t {
    // told to the application
    opened,
    refused, // + reason
    chunk,   // + 1: the first of its message, + 2: the last
    ping_told,
    pong_told,
    close_told, // + code
    closed,     // + reason
    released,
    goaway_told,
    connection_over, // + reason
    // left for the peer
    answer_200,
    answer_refusing, // with END_STREAM
    frame,           // + the first octet of a data frame
    ping_left,
    pong_left,     // with the payload of the ping
    close_left,    // + code, 0: none
    end_of_stream, // + 1: in the DATA frame that carries the last frame
    reset_left,    // + HTTP/2 error code
    goaway_left,   // + HTTP/2 error code
    announced,     // a server's first GOAWAY, and a PING
    // what must not be
    nonsense,
};

struct token {
    sign what = sign::nonsense;
    std::uint16_t detail = 0;
    friend constexpr bool operator==(const token&, const token&) = default;
};

class tokens {
public:
    constexpr void add(sign what, std::uint16_t detail = 0) noexcept {
        if (size_ < all_.size()) all_[size_++] = {what, detail};
    }
    constexpr void add(sign what, reason why) noexcept {
        add(what, static_cast<std::uint16_t>(why));
    }
    constexpr void add_first(sign what, std::uint16_t detail) noexcept {
        if (size_ == all_.size()) return;
        for (std::size_t i = size_++; i > 0; --i) all_[i] = all_[i - 1];
        all_[0] = {what, detail};
    }
    constexpr void remove(sign what) noexcept {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < size_; ++i)
            if (all_[i].what != what) all_[kept++] = all_[i];
        size_ = kept;
    }
    constexpr const token* begin() const noexcept { return all_.data(); }
    constexpr const token* end() const noexcept { return all_.data() + size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    friend constexpr bool operator==(const tokens& a, const tokens& b) noexcept {
        if (a.size_ != b.size_) return false;
        for (std::size_t i = 0; i < a.size_; ++i)
            if (!(a.all_[i] == b.all_[i])) return false;
        return true;
    }

private:
    std::array<token, 32> all_;
    std::size_t size_ = 0;
};

// How a call of the application ended.
enum class verdict : std::uint8_t { done, not_open, invalid_argument, not_sendable, another };

// What one input brought.
struct outcome {
    tokens told;
    tokens left;
    verdict call = verdict::done;
    friend constexpr bool operator==(const outcome&, const outcome&) = default;
};

} // namespace model
