#include "catch.hpp"

#include <h2ws/errc.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using h2ws::errc;
using h2ws::error_info;
using h2ws::http2_error;
using h2ws::info;
using h2ws::status_code;
using h2ws::errors::table;

namespace {

static_assert(noexcept(info(errc::none)));
static_assert(info(errc::masked_frame).close == status_code::protocol_error);
static_assert(info(errc::protocol_not_supported).http_status == 501);

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// "RFC 6455 5.5.1": four digits, then numbers with dots between them.
bool is_section(std::string_view text) {
    if (!text.starts_with("RFC ") || text.size() < 10 || text[8] != ' ') return false;
    const std::string_view rfc = text.substr(4, 4), section = text.substr(9);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::all_of(rfc, digit) && digit(section.front()) && digit(section.back()) &&
           section.find("..") == section.npos &&
           std::ranges::all_of(section, [&](char c) { return digit(c) || c == '.'; });
}

bool is_callers_mistake(const error_info& row) { return row.code >= errc::not_open; }

} // namespace

TEST_CASE("every error has one row, found by its value") {
    for (const error_info& row : table) CHECK(&info(row.code) == &row);
}

TEST_CASE("every error has a name of its own, in snake case") {
    std::set<std::string_view> names;
    for (const error_info& row : table) {
        INFO(row.name);
        CHECK(is_name(row.name));
        CHECK(names.insert(row.name).second);
    }
}

TEST_CASE("every error has a sentence of its own that fits a Close frame's reason",
          "[rfc6455-5.5]") {
    std::set<std::string_view> sentences;
    for (const error_info& row : table) {
        INFO(row.name);
        CHECK_FALSE(row.sentence.empty());
        CHECK(row.sentence.size() <= 123); // 125 bytes less the status code
        CHECK(is_printable_ascii(row.sentence));
        CHECK(row.sentence.back() != '.');
        CHECK(sentences.insert(row.sentence).second);
    }
}

TEST_CASE("every error but success and the caller's mistakes cites the section it breaks") {
    for (const error_info& row : table) {
        INFO(row.name << ": " << row.section);
        if (row.code == errc::none || is_callers_mistake(row))
            CHECK(row.section.empty());
        else
            CHECK(is_section(row.section));
    }
}

TEST_CASE("an error's close code may be sent, or is 1006 where no Close is",
          "[rfc6455-7.4.1][R213]") {
    for (const error_info& row : table) {
        INFO(row.name);
        CHECK((row.close == status_code::abnormal_closure || is_allowed_on_the_wire(row.close)));
        CHECK(row.close != status_code::mandatory_extension); // a client's choice, never ours
        CHECK((row.close == status_code::normal_closure) == (row.code == errc::none));
    }
}

TEST_CASE("an error of the peer's has one effect on the wire: a Close, a reset or a status") {
    for (const error_info& row : table) {
        INFO(row.name);
        if (is_callers_mistake(row)) {
            CHECK(row.http_status == 0);
            continue;
        }
        const bool closes = row.close != status_code::abnormal_closure;
        const bool resets = row.stream_error != http2_error::no_error;
        const bool answers = row.http_status != 0;
        CHECK(closes + resets + answers <= 1);
    }
}

TEST_CASE("a request is refused with a client's or a server's error status", "[rfc9110-15]") {
    for (const error_info& row : table) {
        INFO(row.name);
        CHECK((row.http_status == 0 || (row.http_status >= 400 && row.http_status <= 599)));
    }
}

TEST_CASE("a violation of RFC 6455 fails the connection with the code that the RFC names",
          "[rfc6455-7.4.1][R214]") {
    const std::pair<errc, status_code> codes[] = {
        {errc::unmasked_frame, status_code::protocol_error},
        {errc::masked_frame, status_code::protocol_error},
        {errc::reserved_bit, status_code::protocol_error},
        {errc::reserved_opcode, status_code::protocol_error},
        {errc::length_high_bit, status_code::protocol_error},
        {errc::length_not_minimal, status_code::protocol_error},
        {errc::control_frame_fragmented, status_code::protocol_error},
        {errc::control_frame_too_long, status_code::protocol_error},
        {errc::unexpected_continuation, status_code::protocol_error},
        {errc::unfinished_message, status_code::protocol_error},
        {errc::text_not_utf8, status_code::invalid_payload_data},
        {errc::close_payload_too_short, status_code::protocol_error},
        {errc::close_code_invalid, status_code::protocol_error},
        {errc::close_reason_not_utf8, status_code::invalid_payload_data},
        {errc::message_too_big, status_code::message_too_big},
    };
    for (const auto& [error, code] : codes) {
        INFO(info(error).name);
        CHECK(info(error).close == code);
    }
}

TEST_CASE("an ending without a Close frame is reported as 1006",
          "[rfc6455-7.1.5][R204][R209][R217][R218]") {
    for (const errc error : {errc::end_stream_without_close, errc::reset_by_peer, errc::reset_by_us,
                             errc::connection_lost}) {
        INFO(info(error).name);
        CHECK(info(error).close == status_code::abnormal_closure);
    }
}

TEST_CASE("a malformed message is a stream error of type PROTOCOL_ERROR", "[rfc9113-8.1.1]") {
    for (int i = static_cast<int>(errc::field_name_invalid);
         i <= static_cast<int>(errc::interim_with_end_stream); ++i) {
        const error_info& row = info(static_cast<errc>(i));
        INFO(row.name);
        CHECK(row.stream_error == http2_error::protocol_error);
        CHECK(row.http_status == 0);
    }
}
