#include "catch.hpp"

#include <h2ws/close_payload.hpp>

#include <array>
#include <string>
#include <string_view>

using h2ws::as_bytes;
using h2ws::as_text;
using h2ws::close_payload;
using h2ws::close_refusal;
using h2ws::errc;
using h2ws::fitting_reason;
using h2ws::read_close_payload;
using h2ws::result;
using h2ws::status_code;
using h2ws::write_close_payload;

namespace {

std::string payload(unsigned code, std::string_view reason = {}) {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)}.append(reason);
}

constexpr bool sendable(unsigned code) { // RFC 6455 §7.4, and IANA's 1012 to 1014
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

std::string repeated(std::string_view text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

constexpr bool for_server = false;
constexpr bool for_client = true;

static_assert(h2ws::max_close_reason == 123);
static_assert(fitting_reason("bye") == "bye");

} // namespace

TEST_CASE("an empty Close payload has no code, which is reported as 1005",
          "[rfc6455-7.1.5][R180][R204]") {
    const result<close_payload> read = read_close_payload({});
    REQUIRE(read);
    CHECK(read->code == status_code::no_status_received);
    CHECK(read->reason.empty());
}

TEST_CASE("a Close payload of one octet is refused", "[rfc6455-5.5.1][R180]") {
    for (const char* octet : {"\x03", "\xe8", "x"})
        CHECK(read_close_payload(as_bytes(octet)).error() == errc::close_payload_too_short);
}

TEST_CASE("a Close payload is a code and a reason", "[rfc6455-5.5.1][R180][R205]") {
    const std::string plain = payload(1000);
    REQUIRE(read_close_payload(as_bytes(plain)));
    CHECK(read_close_payload(as_bytes(plain))->code == status_code::normal_closure);
    CHECK(read_close_payload(as_bytes(plain))->reason.empty());

    const std::string full = payload(4999, std::string(123, 'r'));
    const result<close_payload> read = read_close_payload(as_bytes(full));
    REQUIRE(read);
    CHECK(static_cast<unsigned>(read->code) == 4999);
    CHECK(read->reason == std::string(123, 'r'));
    CHECK(read->reason.data() == full.data() + 2); // a view, no copy
}

TEST_CASE("a received code is taken when it may be sent and refused when it may not",
          "[rfc6455-7.4.2][R213][R215]") {
    std::size_t wrong = 0;
    for (unsigned code = 0; code <= 65535; ++code) {
        const std::string octets = payload(code);
        const result<close_payload> read = read_close_payload(as_bytes(octets));
        wrong += read.has_value() != sendable(code);
        if (read)
            wrong += static_cast<unsigned>(read->code) != code;
        else
            wrong += read.error() != errc::close_code_invalid;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a reason that is not UTF-8 is refused", "[rfc6455-5.5.1][R181][R216]") {
    for (const char* reason : {"\xff", "caf\xc3", "\xed\xa0\x80", "ok\x80"}) {
        const std::string octets = payload(1000, reason);
        CHECK(read_close_payload(as_bytes(octets)).error() == errc::close_reason_not_utf8);
    }
    const std::string good = payload(1000, "caf\xc3\xa9");
    REQUIRE(read_close_payload(as_bytes(good)));
    CHECK(read_close_payload(as_bytes(good))->reason == "caf\xc3\xa9");
}

TEST_CASE("a reason that is too long is cut, and never inside a character", "[rfc6455-5.5][R179]") {
    CHECK(fitting_reason("").empty());
    CHECK(fitting_reason(std::string(123, 'a')).size() == 123);
    CHECK(fitting_reason(std::string(124, 'a')).size() == 123);
    CHECK(fitting_reason(std::string(5000, 'a')).size() == 123);
    for (const std::string_view character : {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xa9"}) {
        for (std::size_t before = 0; before < 5; ++before) {
            const std::string reason = std::string(before, 'a') + repeated(character, 80);
            const std::string_view cut = fitting_reason(reason);
            INFO(before << " and characters of " << character.size());
            CHECK(cut ==
                  reason.substr(0, before + (123 - before) / character.size() * character.size()));
            CHECK(h2ws::is_utf8(as_bytes(cut)));
        }
    }
    CHECK(fitting_reason(std::string(200, '\x80')).empty()); // it was no text to begin with
}

TEST_CASE("a code may be sent when it may be received", "[rfc6455-7.4.1][R213]") {
    std::size_t wrong = 0;
    for (unsigned code = 0; code <= 65535; ++code) {
        const close_payload sent{static_cast<status_code>(code), "why"};
        if (code == 1005) continue;
        wrong += (close_refusal(sent, for_client) == errc::none) != sendable(code);
        wrong +=
            (close_refusal(sent, for_server) == errc::none) != (sendable(code) && code != 1010);
        if (!sendable(code))
            wrong += close_refusal(sent, for_server) != errc::status_code_not_sendable;
    }
    CHECK(wrong == 0);
}

TEST_CASE("only a client says that an extension is missing", "[rfc6455-7.4.1][R214]") {
    const close_payload missing{status_code::mandatory_extension, "permessage-deflate"};
    CHECK(close_refusal(missing, for_client) == errc::none);
    CHECK(close_refusal(missing, for_server) == errc::status_code_not_sendable);
}

TEST_CASE("1005 sends no code, and so no reason", "[rfc6455-7.4.1][R213]") {
    for (const bool role : {for_client, for_server}) {
        CHECK(close_refusal({}, role) == errc::none);
        CHECK(close_refusal({status_code::no_status_received, "why"}, role) ==
              errc::invalid_argument);
    }
}

TEST_CASE("a reason that is not UTF-8 is not sent", "[rfc6455-5.5.1][R181]") {
    CHECK(close_refusal({status_code::normal_closure, "\xff"}, for_server) ==
          errc::invalid_argument);
    CHECK(close_refusal({status_code::normal_closure, "caf\xc3"}, for_client) ==
          errc::invalid_argument);
    CHECK(close_refusal({status_code::normal_closure, "caf\xc3\xa9"}, for_server) == errc::none);
}

TEST_CASE("a Close payload is written as it is read", "[rfc6455-5.5.1]") {
    std::array<std::byte, 125> octets;
    octets.fill(std::byte{0xa5});
    CHECK(write_close_payload({}, octets.data()) == 0);
    CHECK(octets[0] == std::byte{0xa5});

    CHECK(write_close_payload({status_code::normal_closure, {}}, octets.data()) == 2);
    CHECK(octets[0] == std::byte{0x03});
    CHECK(octets[1] == std::byte{0xe8});
    CHECK(octets[2] == std::byte{0xa5});

    const std::string reason(123, 'r');
    REQUIRE(write_close_payload({static_cast<status_code>(4999), reason}, octets.data()) == 125);
    const result<close_payload> read = read_close_payload(octets);
    REQUIRE(read);
    CHECK(static_cast<unsigned>(read->code) == 4999);
    CHECK(read->reason == reason);
    CHECK(as_text(octets) == payload(4999, reason));
}
