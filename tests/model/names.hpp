// The words of the alphabet as text, for reports.
#pragma once

#include "alphabet.hpp"

#include <string>
#include <string_view>

namespace model {

inline constexpr std::array<std::string_view, inputs> input_names{
    "success",       "success_end", "interim",     "refusal",      "refusal_end",
    "fields",        "fields_end",  "message",     "first",        "middle",
    "last",          "bad_text",    "reserved",    "half_message", "half_ping",
    "rest",          "ping",        "pong",        "close",        "close_empty",
    "close_illegal", "end_stream",  "message_end", "close_end",    "reset",
    "reset_refused", "goaway",      "goaway_all",  "ping_ack",     "window_shut",
    "window_open",   "lost",        "accept",      "refuse",       "send_message",
    "send_fragment", "send_binary", "send_ping",   "send_close",   "send_unsendable",
    "send_reset",    "shutdown",    "pause",       "wait"};

inline constexpr std::array<std::string_view, 22> reason_names{"none",
                                                               "unexpected_continuation",
                                                               "unfinished_message",
                                                               "reserved_opcode",
                                                               "text_not_utf8",
                                                               "close_code_invalid",
                                                               "end_without_close",
                                                               "reset_by_peer",
                                                               "reset_by_us",
                                                               "connection_lost",
                                                               "headers_on_tunnel",
                                                               "handshake_timeout",
                                                               "keepalive_timeout",
                                                               "idle_timeout",
                                                               "close_timeout",
                                                               "answer_ends_stream",
                                                               "not_2xx",
                                                               "malformed",
                                                               "not_processed",
                                                               "closed_stream",
                                                               "output_stalled",
                                                               "another"};

inline constexpr std::array<std::string_view, 21> sign_names{
    "opened",   "refused", "chunk",      "ping",       "pong",    "close",     "closed",
    "released", "goaway",  "over",       "200",        "refusal", "frame",     "ping",
    "pong",     "close",   "END_STREAM", "RST_STREAM", "GOAWAY",  "announced", "nonsense"};

inline constexpr std::array<std::string_view, 5> verdict_names{
    "done", "not_open", "invalid_argument", "not_sendable", "another"};

inline constexpr std::array<std::string_view, 12> mistake_names{"none",
                                                                "messages_mix",
                                                                "speaks_after_close",
                                                                "forgets_late_pong",
                                                                "other_ends_first",
                                                                "end_is_clean",
                                                                "reads_after_failing",
                                                                "answers_reset",
                                                                "forgives_closed",
                                                                "pong_waits_its_turn",
                                                                "failing_flushes",
                                                                "closes_late"};

template <class Names, class Word>
std::string name_of(const Names& names, Word word) {
    return std::string(names.at(static_cast<std::size_t>(word)));
}

inline std::string text(const tokens& all) {
    std::string out;
    for (const token& one : all) {
        out += ' ' + name_of(sign_names, one.what);
        if (one.what == sign::refused || one.what == sign::closed ||
            one.what == sign::connection_over)
            out += '(' + name_of(reason_names, one.detail) + ')';
        else if (one.detail != 0)
            out += '(' + std::to_string(one.detail) + ')';
    }
    return out.empty() ? " nothing" : out;
}

inline std::string text(const outcome& what) {
    return "told" + text(what.told) + "; left" + text(what.left) + "; the call says " +
           name_of(verdict_names, what.call);
}

} // namespace model
