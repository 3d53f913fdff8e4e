// The rules of RFC 6455 as transcripts, by section.
#include "transcript.hpp"

#include <limits>

using h2ws::client;
using h2ws::ending;
using h2ws::errc;
using h2ws::http2_error;
using h2ws::limits;
using h2ws::opcode;
using h2ws::server;
using namespace transcript;

namespace {

// The transcript of a frame for which Role fails its peer, after a message that it takes.
template <class Role>
void check_fails(const octets& input, errc error, const limits& allowed = {}) {
    check<Role>(
        {receive(from_peer<Role>(0x82, "ok") + input)},
        {"binary 6f 6b", "closed " + std::string(info(error).name), fails_with<Role>(error)},
        allowed);
}

// A frame of which nothing but the header comes.
template <class Role>
octets header_only(unsigned first_octet, std::uint64_t length) {
    const octets start = frame_start(first_octet, !Role::is_client, length);
    return Role::is_client ? start : start + octets(fixed_key);
}

} // namespace

// 5.1

TEST_CASE("a server takes frames that are masked", "[rfc6455-5.1][R158]") {
    check<server>({receive(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))}, {"text \"Hello\""});
    check<server>({receive(hex("81 85 00 00 00 00 48 65 6c 6c 6f"))}, {"text \"Hello\""});
}

TEST_CASE("a server fails the connection on an unmasked frame", "[rfc6455-5.1][R159]") {
    check_fails<server>(hex("81 05 48 65 6c 6c 6f"), errc::unmasked_frame);
    check_fails<server>(hex("88 00"), errc::unmasked_frame);
    check<server>({receive(hex("81 00"))},
                  {"closed unmasked_frame", "> 88 20 03 ea 61 20 63 6c 69 65 6e 74 27 73 20 66 72 "
                                            "61 6d 65 20 69 73 20 6e 6f 74 20 6d 61 73 6b 65 64"});
}

TEST_CASE("a client takes frames that are not masked", "[rfc6455-5.1][R160]") {
    check<client>({receive(hex("81 05 48 65 6c 6c 6f"))}, {"text \"Hello\""});
}

TEST_CASE("a client fails the connection on a masked frame", "[rfc6455-5.1][R161]") {
    check_fails<client>(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), errc::masked_frame);
    check_fails<client>(hex("8a 80 00 00 00 00"), errc::masked_frame);
}

// 5.2

TEMPLATE_TEST_CASE("a reserved bit fails the connection", "[rfc6455-5.2][R163]", server, client) {
    for (const unsigned first : {0xc1U, 0xa1U, 0x91U, 0xf1U, 0xc9U, 0xa8U})
        check_fails<TestType>(from_peer<TestType>(first, "x"), errc::reserved_bit);
    check_fails<TestType>(from_peer<TestType>(0x01) + from_peer<TestType>(0xc0, "y"),
                          errc::reserved_bit);
}

TEMPLATE_TEST_CASE("a reserved opcode fails the connection", "[rfc6455-5.2][R164]", server,
                   client) {
    for (const unsigned code : {3U, 4U, 5U, 6U, 7U, 0xbU, 0xcU, 0xdU, 0xeU, 0xfU})
        check_fails<TestType>(from_peer<TestType>(0x80 | code), errc::reserved_opcode);
}

TEMPLATE_TEST_CASE("a length with its highest bit set fails the connection", "[rfc6455-5.2][R165]",
                   server, client) {
    constexpr std::uint64_t highest = std::uint64_t{1} << 63;
    const limits unlimited{.max_message = ~std::uint64_t{0}};
    for (const std::uint64_t length : {highest, highest + 5, ~std::uint64_t{0}})
        check_fails<TestType>(header_only<TestType>(0x82, length), errc::length_high_bit,
                              unlimited);
}

TEMPLATE_TEST_CASE("a frame may be as long as 63 bits can say", "[rfc6455-5.2][R165][R197]", server,
                   client) {
    for (const std::uint64_t length : {std::uint64_t{0xffffffff}, std::uint64_t{0x100000000},
                                       std::uint64_t{0x100000001}, ~std::uint64_t{0} >> 1}) {
        const octets input = header_only<TestType>(0x82, length) +
                             (TestType::is_client ? octets("begun") : masked("begun"));
        check<TestType>({receive(input), end_stream()},
                        {"binary 62 65 67 75 6e unfinished", "closed end_stream_without_close",
                         TestType::is_client ? "> reset CANCEL" : "> end_stream"},
                        {.max_message = length});
        check_fails<TestType>(header_only<TestType>(0x82, length), errc::message_too_big,
                              {.max_message = length - 1});
    }
}

TEST_CASE("a length that could be shorter fails the connection", "[rfc6455-5.2][R166][S15]") {
    check_fails<server>(hex("82 fe 00 05 37 fa 21 3d"), errc::length_not_minimal);
    check_fails<client>(hex("82 7e 00 7d"), errc::length_not_minimal);
    check_fails<client>(hex("82 7f 00 00 00 00 00 00 ff ff"), errc::length_not_minimal);
}

TEMPLATE_TEST_CASE("a message of every length at an edge is taken", "[rfc6455-5.2][R166][R167]",
                   server, client) {
    for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 128U, 255U, 256U}) {
        const octets payload(size, 'p');
        check<TestType>({receive(from_peer<TestType>(0x81, payload))},
                        {described(opcode::text, payload)});
    }
}

TEMPLATE_TEST_CASE("a message may be longer than a 16-bit length", "[rfc6455-5.2][R167]", server,
                   client) {
    for (const std::size_t size : {65535U, 65536U, 70000U}) {
        octets payload(size, '\0');
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i * 7 + i / 251);
        check<TestType>({receive(from_peer<TestType>(0x82, payload) + from_peer<TestType>(0x89))},
                        {described(opcode::binary, payload), "ping \"\"", says<TestType>(0x8a)});
    }
}

// 5.3

TEST_CASE("each frame is unmasked with its own key, cut anywhere", "[rfc6455-5.3][R169][R195]") {
    octets input;
    const char keys[3][5] = {"\x37\xfa\x21\x3d", "\x01\x02\x03\x04", "\xff\xfe\xfd\xfc"};
    for (const char* key : keys) input += frame_start(0x82, true, 6) + key + masked("Hello!", key);
    const std::string hello = "binary 48 65 6c 6c 6f 21";
    check<server>({receive(input)}, {hello, hello, hello});
}

TEST_CASE("the masking key does not count in the length", "[rfc6455-5.3][R169]") {
    check<server>({receive(hex("82 84 37 fa 21 3d 37 fa 21 3d 89 80 00 00 00 00"))},
                  {"binary 00 00 00 00", "ping \"\"", "> 8a 00"});
}

// 5.4

TEST_CASE("fragments make a message of the first one's type", "[rfc6455-5.4][R172][R178]") {
    check<client>({receive(hex("01 03 48 65 6c") + hex("80 02 6c 6f"))}, {"text \"Hello\""});
    check<server>(
        {receive(from_client(0x02, "Hel") + from_client(0x00, "l") + from_client(0x80, "o"))},
        {"binary 48 65 6c 6c 6f"});
}

TEMPLATE_TEST_CASE("fragments may be empty, any of them", "[rfc6455-5.4][R176]", server, client) {
    const octets first = from_peer<TestType>(0x01);
    const octets middle = from_peer<TestType>(0x00);
    const octets last = from_peer<TestType>(0x80);
    check<TestType>({receive(first + last)}, {"text \"\""});
    check<TestType>({receive(first + middle + middle + last)}, {"text \"\""});
    check<TestType>({receive(first + from_peer<TestType>(0x00, "a") + middle + last)},
                    {"text \"a\""});
    check<TestType>({receive(from_peer<TestType>(0x01, "a") + last + from_peer<TestType>(0x82))},
                    {"text \"a\"", "binary"});
}

TEMPLATE_TEST_CASE("a continuation of nothing fails the connection", "[rfc6455-5.4][R173]", server,
                   client) {
    check_fails<TestType>(from_peer<TestType>(0x80, "x"), errc::unexpected_continuation);
    check_fails<TestType>(from_peer<TestType>(0x00, "x"), errc::unexpected_continuation);
}

TEMPLATE_TEST_CASE("a message inside another fails the connection", "[rfc6455-5.4][R173][R175]",
                   server, client) {
    for (const unsigned first : {0x81U, 0x82U, 0x01U, 0x02U})
        check<TestType>(
            {receive(from_peer<TestType>(0x01, "Hel") + from_peer<TestType>(first, "x"))},
            {"text \"Hel\" unfinished", "closed unfinished_message",
             fails_with<TestType>(errc::unfinished_message)});
}

TEMPLATE_TEST_CASE("control frames come between fragments and change nothing of the message",
                   "[rfc6455-5.4][R174]", server, client) {
    check<TestType>(
        {receive(from_peer<TestType>(0x01, "caf\xc3") + from_peer<TestType>(0x89, "\xff") +
                 from_peer<TestType>(0x8a, "?") + from_peer<TestType>(0x00) +
                 from_peer<TestType>(0x89) + from_peer<TestType>(0x80, "\xa9"))},
        {"ping \"\\xff\"", says<TestType>(0x8a, "\xff"), "pong \"?\"", "ping \"\"",
         says<TestType>(0x8a), "text \"caf\\xc3\\xa9\""});
}

TEMPLATE_TEST_CASE("a Close may come inside a message", "[rfc6455-5.4][R174][R183]", server,
                   client) {
    log_lines expected{"close 1001 \"\"", says<TestType>(0x88, close_body(1001)),
                       "binary 61 unfinished", "closed none"};
    if (!TestType::is_client) expected[1] += " end_stream";
    check<TestType>(
        {receive(from_peer<TestType>(0x02, "a") + from_peer<TestType>(0x88, close_body(1001)))},
        expected);
}

// 5.5

TEMPLATE_TEST_CASE("a control frame's payload has up to 125 octets", "[rfc6455-5.5][R179]", server,
                   client) {
    for (const std::size_t size : {0U, 1U, 124U, 125U}) {
        const octets payload(size, 'p');
        check<TestType>({receive(from_peer<TestType>(0x89, payload))},
                        {"ping " + quoted(payload), says<TestType>(0x8a, payload)});
    }
    for (const unsigned first : {0x88U, 0x89U, 0x8aU})
        check_fails<TestType>(from_peer<TestType>(first, octets(126, 'p')),
                              errc::control_frame_too_long);
}

TEMPLATE_TEST_CASE("a fragmented control frame fails the connection", "[rfc6455-5.5][R179]", server,
                   client) {
    for (const unsigned first : {0x08U, 0x09U, 0x0aU})
        check_fails<TestType>(from_peer<TestType>(first), errc::control_frame_fragmented);
}

// 5.5.1

TEMPLATE_TEST_CASE("a Close of one octet fails the connection", "[rfc6455-5.5.1][R180]", server,
                   client) {
    check_fails<TestType>(from_peer<TestType>(0x88, "\x03"), errc::close_payload_too_short);
}

TEST_CASE("a server answers a Close with its code and ends the stream with it",
          "[rfc6455-5.5.1][R183][R184][S21]") {
    check<server>({receive(hex("88 85 37 fa 21 3d 34 12 43 44 52")), end_stream()},
                  {"close 1000 \"bye\"", "> 88 02 03 e8 end_stream", "closed none"});
    check<server>({receive(from_client(0x88)), end_stream()},
                  {"close 1005 \"\"", "> 88 00 end_stream", "closed none"});
}

TEST_CASE("a client answers a Close and waits for the server to end the stream",
          "[rfc6455-5.5.1][R183][R185][R200][S20]") {
    check<client>({receive(hex("88 05 03 e8 62 79 65"))},
                  {"close 1000 \"bye\"", "> 88 82 37 fa 21 3d 34 12", "closed none"});
    check<client>(
        {receive(hex("88 05 03 e8 62 79 65")), end_stream()},
        {"close 1000 \"bye\"", "> 88 82 37 fa 21 3d 34 12", "closed none", "> end_stream"});
    check<client>({receive(hex("88 00")), end_stream()},
                  {"close 1005 \"\"", "> 88 80 37 fa 21 3d", "closed none", "> end_stream"});
}

TEST_CASE("a client that waited long enough ends its half", "[rfc6455-5.5.1][R185][S20]") {
    check<client>({receive(hex("88 00")), send_end_stream(), receive(hex("89 00")), end_stream()},
                  {"close 1005 \"\"", "> 88 80 37 fa 21 3d", "closed none", "> end_stream"});
}

TEST_CASE("a server that closes first ends the stream after the client's Close",
          "[rfc6455-5.5.1][R184][R200][R201][S21]") {
    check<server>({send_close(1001, "bye"), receive(from_client(0x81, "late")),
                   receive(from_client(0x88, close_body(1001))), end_stream()},
                  {"> 88 05 03 e9 62 79 65", "text \"late\"", "close 1001 \"\"", "closed none",
                   "> end_stream"});
}

TEST_CASE("a client that closes first ends its half after the server's",
          "[rfc6455-5.5.1][R185][R201][S20]") {
    check<client>(
        {send_close(1000), receive(hex("81 01 78")), receive(hex("88 02 03 e8")), end_stream()},
        {"> 88 82 37 fa 21 3d 34 12", "text \"x\"", "close 1000 \"\"", "closed none",
         "> end_stream"});
}

TEMPLATE_TEST_CASE("two Closes that cross end it for both", "[rfc6455-5.5.1][R186]", server,
                   client) {
    log_lines expected{says<TestType>(0x88, close_body(1000)), "close 4000 \"\"", "closed none"};
    if (!TestType::is_client) expected.push_back("> end_stream");
    check<TestType>({send_close(1000), receive(from_peer<TestType>(0x88, close_body(4000)))},
                    expected);
}

TEMPLATE_TEST_CASE("nothing can be sent after a Close", "[rfc6455-5.5.1][R162][R193]", server,
                   client) {
    check<TestType>({send_close(1000), send(opcode::text, "x"), send_copied(opcode::text, "x", 9),
                     send_ping(""), send_pong(""), send_close(1001)},
                    {says<TestType>(0x88, close_body(1000)), "! not_open", "! not_open",
                     "! not_open", "! not_open", "! not_open"});
    check<TestType>(
        {send(opcode::text, "x", false), send_close(1000), send(opcode::text, "y")},
        {says<TestType>(0x01, "x"), says<TestType>(0x88, close_body(1000)), "! not_open"});
}

TEMPLATE_TEST_CASE("nothing can be sent after a Close was received, but the answer is",
                   "[rfc6455-6.1][R183][R193]", server, client) {
    log_lines expected{"close 1000 \"\"", says<TestType>(0x88, close_body(1000)),
                       "closed none",     "! not_open",
                       "! not_open",      "! not_open"};
    if (!TestType::is_client) expected[1] += " end_stream";
    check<TestType>({receive(from_peer<TestType>(0x88, close_body(1000))), send(opcode::text, "x"),
                     send_ping(""), send_close(1001)},
                    expected);
}

TEMPLATE_TEST_CASE("the codes that may be received are answered with the same",
                   "[rfc6455-7.4][R183][R214][R215]", server, client) {
    for (const unsigned code :
         {1000U, 1003U, 1007U, 1010U, 1011U, 1014U, 3000U, 3999U, 4000U, 4999U}) {
        log_lines expected{"close " + std::to_string(code) + " \"\"",
                           says<TestType>(0x88, close_body(code)), "closed none"};
        if (!TestType::is_client) expected[1] += " end_stream";
        check<TestType>({receive(from_peer<TestType>(0x88, close_body(code)))}, expected);
    }
}

TEMPLATE_TEST_CASE("a code that must not be sent fails the connection", "[rfc6455-7.4][R213][R215]",
                   server, client) {
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U})
        check_fails<TestType>(from_peer<TestType>(0x88, close_body(code)),
                              errc::close_code_invalid);
}

TEMPLATE_TEST_CASE("a reason that is not UTF-8 fails the connection", "[rfc6455-8.1][R181][R216]",
                   server, client) {
    check_fails<TestType>(from_peer<TestType>(0x88, close_body(1000, "caf\xc3")),
                          errc::close_reason_not_utf8);
    check_fails<TestType>(from_peer<TestType>(0x88, close_body(1000, "\xff")),
                          errc::close_reason_not_utf8);
}

// 5.5.2 and 5.5.3

TEST_CASE("a Ping is answered with a Pong of the same payload", "[rfc6455-5.5.2][R187][R188]") {
    check<client>({receive(hex("89 05 48 65 6c 6c 6f"))},
                  {"ping \"Hello\"", "> 8a 85 37 fa 21 3d 7f 9f 4d 51 58"});
    check<server>({receive(hex("89 85 37 fa 21 3d 7f 9f 4d 51 58"))},
                  {"ping \"Hello\"", "> 8a 05 48 65 6c 6c 6f"});
}

TEMPLATE_TEST_CASE("every Ping is answered, in order", "[rfc6455-5.5.2][R187][R189]", server,
                   client) {
    octets input;
    log_lines expected;
    for (const char* payload : {"a", "", "bb", "c"}) {
        input += from_peer<TestType>(0x89, payload);
        expected.push_back("ping " + quoted(payload));
        expected.push_back(says<TestType>(0x8a, payload));
    }
    check<TestType>({receive(input)}, expected);
}

TEMPLATE_TEST_CASE("a Pong is not answered", "[rfc6455-5.5.3][R190]", server, client) {
    check<TestType>({receive(from_peer<TestType>(0x8a) + from_peer<TestType>(0x8a, "Hello"))},
                    {"pong \"\"", "pong \"Hello\""});
}

TEMPLATE_TEST_CASE("a Ping after our Close is answered until our half has ended",
                   "[rfc6455-5.5.2][R187][S26]", server, client) {
    check<TestType>({send_close(1000), receive(from_peer<TestType>(0x89, "a")), send_end_stream(),
                     receive(from_peer<TestType>(0x89, "b"))},
                    {says<TestType>(0x88, close_body(1000)), "ping \"a\"",
                     says<TestType>(0x8a, "a"), "> end_stream", "ping \"b\""});
}

TEMPLATE_TEST_CASE("a Ping after the peer's Close is discarded", "[rfc6455-5.5.2][R187][S17][S26]",
                   server, client) {
    log_lines expected{"close 1000 \"\"", says<TestType>(0x88, close_body(1000)), "closed none"};
    if (!TestType::is_client) expected[1] += " end_stream";
    check<TestType>({receive(from_peer<TestType>(0x88, close_body(1000)) +
                             from_peer<TestType>(0x89, "late") + from_peer<TestType>(0x81, "late") +
                             from_peer<TestType>(0x88, close_body(1001)) + hex("ff ff ff"))},
                    expected);
}

TEMPLATE_TEST_CASE("pings and pongs are sent whenever they are asked for", "[rfc6455-5.5.2]",
                   server, client) {
    check<TestType>({send(opcode::text, "a", false), send_ping("Hello"), send_pong(""),
                     send(opcode::text, "b"), send_ping(octets(125, 'p')),
                     send_ping(octets(126, 'p')), send_pong(octets(126, 'p'))},
                    {says<TestType>(0x01, "a"), says<TestType>(0x89, "Hello"), says<TestType>(0x8a),
                     says<TestType>(0x80, "b"), says<TestType>(0x89, octets(125, 'p')),
                     "! invalid_argument", "! invalid_argument"});
}

// 5.6 and 8.1

TEMPLATE_TEST_CASE("text may be cut inside a character, frames and all", "[rfc6455-5.6][R191]",
                   server, client) {
    check<TestType>({receive(from_peer<TestType>(0x81, "\xf0\x9f\x92\xa9"))},
                    {"text \"\\xf0\\x9f\\x92\\xa9\""});
    check<TestType>({receive(from_peer<TestType>(0x01, "\xf0") + from_peer<TestType>(0x00, "\x9f") +
                             from_peer<TestType>(0x00) + from_peer<TestType>(0x80, "\x92\xa9"))},
                    {"text \"\\xf0\\x9f\\x92\\xa9\""});
}

TEMPLATE_TEST_CASE("invalid text fails the connection at once, what was good is delivered",
                   "[rfc6455-8.1][R191][R216]", server, client) {
    const std::string failed = "closed text_not_utf8";
    const std::string close = fails_with<TestType>(errc::text_not_utf8);
    check<TestType>({receive(from_peer<TestType>(0x81, "caf\xc3("))},
                    {"text \"caf\\xc3\" unfinished", failed, close});
    check<TestType>({receive(from_peer<TestType>(0x81, "\x80"))}, {failed, close});
    check<TestType>({receive(from_peer<TestType>(0x81, "caf\xc3"))},
                    {"text \"caf\\xc3\" unfinished", failed, close});
    check<TestType>({receive(from_peer<TestType>(0x01, "\xed") + from_peer<TestType>(0x80))},
                    {"text \"\\xed\" unfinished", failed, close});
    check<TestType>(
        {receive(from_peer<TestType>(0x01, "\xed") + from_peer<TestType>(0x89) +
                 from_peer<TestType>(0x80, "\xa0\x80"))},
        {"ping \"\"", says<TestType>(0x8a), "text \"\\xed\" unfinished", failed, close});
    // before the frame has wholly arrived
    const octets begun = from_peer<TestType>(0x81, "good\xff" + octets(50, 'x'));
    check<TestType>({receive(begun.substr(0, begun.size() - 40))},
                    {"text \"good\" unfinished", failed, close});
}

TEMPLATE_TEST_CASE("a peer is failed without a second Close", "[rfc6455-7.1.7][R207][R162]", server,
                   client) {
    const octets begun = from_peer<TestType>(0x81, "good\xff" + octets(50, 'x'));
    check<TestType>({send_close(1000), receive(begun.substr(0, begun.size() - 40))},
                    {says<TestType>(0x88, close_body(1000)), "text \"good\" unfinished",
                     "closed text_not_utf8"});
    check<TestType>({send_close(1000), receive(from_peer<TestType>(0x83)), end_stream()},
                    {says<TestType>(0x88, close_body(1000)), "closed reserved_opcode",
                     TestType::is_client ? "> reset CANCEL" : "> end_stream"});
}

TEMPLATE_TEST_CASE("binary data need not be text", "[rfc6455-5.6]", server, client) {
    check<TestType>({receive(from_peer<TestType>(0x82, "\xff\xc3"))}, {"binary ff c3"});
}

// 5.7

TEST_CASE("the examples of the RFC are taken as it explains them", "[rfc6455-5.7]") {
    octets payload(256, '\0');
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i);
    const octets long_payload(65536, 'k');
    check<client>({receive(hex("81 05 48 65 6c 6c 6f"))}, {"text \"Hello\""});
    check<server>({receive(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"))}, {"text \"Hello\""});
    check<client>({receive(hex("01 03 48 65 6c")), receive(hex("80 02 6c 6f"))},
                  {"text \"Hello\""});
    check<client>({receive(hex("89 05 48 65 6c 6c 6f"))},
                  {"ping \"Hello\"", "> 8a 85 37 fa 21 3d 7f 9f 4d 51 58"});
    check<server>({receive(hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"))}, {"pong \"Hello\""});
    check<client>({receive(hex("82 7e 01 00") + payload)}, {described(opcode::binary, payload)});
    check<client>({receive(hex("82 7f 00 00 00 00 00 01 00 00") + long_payload)},
                  {described(opcode::binary, long_payload)});
}

TEST_CASE("the examples of the RFC are sent as they stand there",
          "[rfc6455-5.7][rfc6455-6.1][R194]") {
    check<server>(
        {send(opcode::text, "Hello"), send(opcode::text, "Hel", false), send(opcode::text, "lo"),
         send_ping("Hello")},
        {"> 81 05 48 65 6c 6c 6f", "> 01 03 48 65 6c", "> 80 02 6c 6f", "> 89 05 48 65 6c 6c 6f"});
    check<client>(
        {send(opcode::text, "Hello"), send_copied(opcode::text, "Hello", 5), send_pong("Hello")},
        {"> 81 85 37 fa 21 3d 7f 9f 4d 51 58", "> 81 85 37 fa 21 3d 7f 9f 4d 51 58",
         "> 8a 85 37 fa 21 3d 7f 9f 4d 51 58"});
}

// 6.2

TEMPLATE_TEST_CASE("a message is whole when its last frame is", "[rfc6455-6.2][R196]", server,
                   client) {
    const octets frame = from_peer<TestType>(0x81, "Hello");
    check<TestType>({receive(frame.substr(0, frame.size() - 1)), send_ping(""),
                     receive(frame.substr(frame.size() - 1))},
                    {says<TestType>(0x89), "text \"Hello\""});
    check<TestType>({receive(from_peer<TestType>(0x01, "Hello"))}, {"text \"Hello\" unfinished"});
}

// 7.1

TEMPLATE_TEST_CASE("what follows a failure is discarded, a Close too",
                   "[rfc6455-7.1.1][R199][rfc6455-7.1.7][R198][R206][R207][R208]", server, client) {
    check_fails<TestType>(from_peer<TestType>(0x83) + from_peer<TestType>(0x81, "more") +
                              from_peer<TestType>(0x89, "more") +
                              from_peer<TestType>(0x88, close_body(1000)),
                          errc::reserved_opcode);
}

TEMPLATE_TEST_CASE("after failing the peer our half ends when the peer's does",
                   "[rfc6455-7.1.7][R206][S18][S21]", server, client) {
    check<TestType>({receive(from_peer<TestType>(0x83) + from_peer<TestType>(0x88)), end_stream()},
                    {"closed reserved_opcode", fails_with<TestType>(errc::reserved_opcode),
                     TestType::is_client ? "> reset CANCEL" : "> end_stream"});
}

TEST_CASE("a server that failed its peer does not wait for ever", "[rfc6455-7.1.1][S21]") {
    check<server>(
        {receive(from_client(0x83)), send_end_stream(), receive("late"), end_stream()},
        {"closed reserved_opcode", fails_with<server>(errc::reserved_opcode), "> end_stream"});
}

TEMPLATE_TEST_CASE("the end of the stream without a Close is abnormal",
                   "[rfc6455-7.1.5][R203][R204][R217][S18][rfc8441-5][R30][rfc9113-8.5][R87]",
                   server, client) {
    const std::string ours = TestType::is_client ? "> reset CANCEL" : "> end_stream";
    const std::string lost = "closed end_stream_without_close";
    check<TestType>({end_stream()}, {lost, ours});
    check<TestType>({receive(""), end_stream()}, {lost, ours});
    check<TestType>({receive(from_peer<TestType>(0x81, "Hello")), end_stream()},
                    {"text \"Hello\"", lost, ours});
    check<TestType>({receive(from_peer<TestType>(0x01, "Hel")), end_stream()},
                    {"text \"Hel\" unfinished", lost, ours});
    check<TestType>({receive(from_peer<TestType>(0x89, "a")), end_stream()},
                    {"ping \"a\"", says<TestType>(0x8a, "a"), lost, ours});
    check<TestType>({send_close(1000), end_stream()},
                    {says<TestType>(0x88, close_body(1000)), lost, ours});
}

TEMPLATE_TEST_CASE("a DATA frame without bytes is not the end of the stream", "[rfc9113-6.1][R105]",
                   server, client) {
    const octets first = from_peer<TestType>(0x01, "Hel");
    const octets second = from_peer<TestType>(0x80, "lo");
    check<TestType>({receive(""), receive(first), receive(""), receive(second.substr(0, 1)),
                     receive(""), receive(second.substr(1)), receive(""), end_stream()},
                    {"text \"Hello\"", "closed end_stream_without_close",
                     TestType::is_client ? "> reset CANCEL" : "> end_stream"});
}

TEMPLATE_TEST_CASE("the stream may end inside any frame", "[rfc6455-7.1.5][R217][S18]", server,
                   client) {
    const std::string ours = TestType::is_client ? "> reset CANCEL" : "> end_stream";
    for (const unsigned first : {0x82U, 0x89U, 0x8aU, 0x88U}) {
        const octets frame = from_peer<TestType>(first, first == 0x88 ? close_body(1000) : "ab");
        for (std::size_t size = 1; size < frame.size(); ++size) {
            log_lines expected{"closed end_stream_without_close", ours};
            if (first == 0x82 && size + 1 == frame.size())
                expected.insert(expected.begin(), "binary 61 unfinished");
            check<TestType>({receive(frame.substr(0, size)), end_stream()}, expected);
        }
    }
}

TEMPLATE_TEST_CASE("a reset before both Closes is abnormal and its code is kept",
                   "[rfc8441-5][R218][rfc6455-7.2.1][R209][S22]", server, client) {
    check<TestType>({stream_ended(ending::reset_by_peer, http2_error::cancel)},
                    {"closed reset_by_peer CANCEL"});
    check<TestType>({stream_ended(ending::reset_by_peer)}, {"closed reset_by_peer"});
    check<TestType>({receive(from_peer<TestType>(0x01, "Hel")),
                     stream_ended(ending::reset_by_peer, http2_error::internal_error)},
                    {"text \"Hel\" unfinished", "closed reset_by_peer INTERNAL_ERROR"});
    check<TestType>({send_close(1000), stream_ended(ending::reset_by_us, http2_error::cancel)},
                    {says<TestType>(0x88, close_body(1000)), "closed reset_by_us CANCEL"});
    check<TestType>({stream_ended(ending::connection_lost)}, {"closed connection_lost"});
}

TEMPLATE_TEST_CASE("after both Closes every ending is clean", "[rfc6455-7.1.4][R203][S22]", server,
                   client) {
    for (const ending how : {ending::reset_by_peer, ending::reset_by_us, ending::connection_lost}) {
        log_lines expected{"close 1000 \"\"", says<TestType>(0x88, close_body(1000)),
                           "closed none"};
        if (!TestType::is_client) expected[1] += " end_stream";
        check<TestType>({receive(from_peer<TestType>(0x88, close_body(1000))),
                         stream_ended(how, http2_error::cancel)},
                        expected);
    }
}

TEMPLATE_TEST_CASE("only the first Close counts", "[rfc6455-7.1.5][R204][rfc6455-7.1.6][R205]",
                   server, client) {
    log_lines expected{says<TestType>(0x88, close_body(1000)), "close 4001 \"first\"",
                       "closed none"};
    if (!TestType::is_client) expected.push_back("> end_stream");
    check<TestType>(
        {send_close(1000), receive(from_peer<TestType>(0x88, close_body(4001, "first")) +
                                   from_peer<TestType>(0x88, close_body(4002, "second")))},
        expected);
}

// 7.1.2 and 7.4: what we send

TEMPLATE_TEST_CASE("a Close is sent with its code and reason", "[rfc6455-7.1.2][R201]", server,
                   client) {
    check<TestType>({send_close(4001, "caf\xc3\xa9")},
                    {says<TestType>(0x88, close_body(4001, "caf\xc3\xa9"))});
    check<TestType>({send_close(1005)}, {says<TestType>(0x88)});
    check<TestType>({send_close(1000, octets(200, 'r'))},
                    {says<TestType>(0x88, close_body(1000, octets(123, 'r')))});
    check<TestType>({send_close(1000, octets(122, 'r') + "\xc3\xa9")},
                    {says<TestType>(0x88, close_body(1000, octets(122, 'r')))});
}

TEMPLATE_TEST_CASE("a Close that must not be sent is refused, and another can be sent",
                   "[rfc6455-7.4.1][R213][R181]", server, client) {
    steps calls;
    log_lines expected;
    for (const unsigned code : {0U, 999U, 1004U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U}) {
        calls.push_back(send_close(code));
        expected.push_back("! status_code_not_sendable");
    }
    for (const octets& reason :
         {octets("\xff"), octets(200, '\x80'), octets(123, 'r') + "\xff\xff"}) {
        calls.push_back(send_close(1000, reason));
        expected.push_back("! invalid_argument");
    }
    calls.push_back(send_close(1005, "a reason without a code"));
    expected.push_back("! invalid_argument");
    calls.push_back(send_close(1001));
    expected.push_back(says<TestType>(0x88, close_body(1001)));
    check<TestType>(calls, expected);
}

TEST_CASE("only a client closes for a missing extension", "[rfc6455-7.4.1][R214]") {
    check<client>({send_close(1010, "x")}, {says<client>(0x88, close_body(1010, "x"))});
    check<server>({send_close(1010, "x")}, {"! status_code_not_sendable"});
}

// 10.4

TEMPLATE_TEST_CASE("a message may be as long as the limit and no longer", "[rfc6455-10.4][R197]",
                   server, client) {
    const limits ten{.max_message = 10};
    check<TestType>(
        {receive(from_peer<TestType>(0x81, "0123456789") + from_peer<TestType>(0x01, "01234") +
                 from_peer<TestType>(0x80, "56789"))},
        {"text \"0123456789\"", "text \"0123456789\""}, ten);
    check_fails<TestType>(from_peer<TestType>(0x82, "0123456789x"), errc::message_too_big, ten);
    check_fails<TestType>(header_only<TestType>(0x82, 11), errc::message_too_big, ten);
    check<TestType>(
        {receive(from_peer<TestType>(0x01, "01234") + from_peer<TestType>(0x80, "56789x"))},
        {"text \"01234\" unfinished", "closed message_too_big",
         fails_with<TestType>(errc::message_too_big)},
        ten);
}

TEMPLATE_TEST_CASE("a message may have as many fragments as the limit and no more",
                   "[rfc6455-10.4][R197]", server, client) {
    const limits three{.max_fragments = 3};
    const octets begun = from_peer<TestType>(0x02) + from_peer<TestType>(0x00);
    check<TestType>({receive(begun + from_peer<TestType>(0x89) + from_peer<TestType>(0x80) + begun +
                             from_peer<TestType>(0x80))},
                    {"ping \"\"", says<TestType>(0x8a), "binary", "binary"}, three);
    check_fails<TestType>(begun + from_peer<TestType>(0x00) + from_peer<TestType>(0x80),
                          errc::too_many_fragments, three);
}

// What a tunnel finds elsewhere

TEMPLATE_TEST_CASE("a peer may be failed for a reason found elsewhere", "[rfc6455-7.1.7][R207]",
                   server, client) {
    check<TestType>({fail(errc::keepalive_timeout), receive(from_peer<TestType>(0x81, "late")),
                     fail(errc::idle_timeout)},
                    {"closed keepalive_timeout", fails_with<TestType>(errc::keepalive_timeout)});
    check<TestType>(
        {receive(from_peer<TestType>(0x01, "Hel").substr(0, 1)), fail(errc::extension_failure)},
        {"closed extension_failure", fails_with<TestType>(errc::extension_failure)});
    check<TestType>({send_close(1000), fail(errc::idle_timeout)},
                    {says<TestType>(0x88, close_body(1000)), "closed idle_timeout"});
}

TEMPLATE_TEST_CASE("a failure that stands for 1006 puts no Close on the wire",
                   "[rfc6455-7.4.1][R213]", server, client) {
    check<TestType>({fail(errc::close_timeout), send_close(1000)},
                    {"closed close_timeout", "! not_open"});
}

// Several at a time

TEST_CASE("interleaved websockets do not know of one another", "[rfc8441-5]") {
    const steps scripts[] = {
        {receive(from_client(0x01, "caf\xc3") + from_client(0x89, "a") + from_client(0x80, "\xa9") +
                 from_client(0x88, close_body(1000)))},
        {receive(from_client(0x82, octets(300, 'b')) + from_client(0x89, "bb") +
                 from_client(0x83, "b"))},
        {receive(from_client(0x81, "c") + from_client(0x8a, "ccc") + from_client(0x02, "c"))},
    };
    for (std::size_t piece = 1; piece <= 40; ++piece) {
        player<server> players[3];
        octets rest[3];
        for (int i = 0; i < 3; ++i) rest[i] = whole_input(scripts[i]);
        while (!(rest[0] + rest[1] + rest[2]).empty()) {
            for (int i = 0; i < 3; ++i) {
                const std::size_t size =
                    std::min(piece + static_cast<std::size_t>(i), rest[i].size());
                players[i].receive(rest[i].substr(0, size), false);
                rest[i].erase(0, size);
            }
        }
        for (int i = 0; i < 3; ++i)
            CHECK(joined(players[i].finish()) == joined(play<server>(scripts[i], {})));
    }
    CHECK(play<server>(scripts[0], {}) == log_lines{"ping \"a\"", "> 8a 01 61",
                                                    "text \"caf\\xc3\\xa9\"", "close 1000 \"\"",
                                                    "> 88 02 03 e8 end_stream", "closed none"});
}

// Anything at all

TEMPLATE_TEST_CASE("no input is understood differently for being cut differently",
                   "[rfc6455-10.7][R198][rfc9113-8.5][R84]", server, client) {
    std::mt19937 random(7);
    const auto below = [&](unsigned end) {
        return std::uniform_int_distribution<unsigned>(0, end - 1)(random);
    };
    const limits small{.max_message = 40, .max_fragments = 4};
    for (int round = 0; round < 25; ++round) {
        octets input;
        for (unsigned frames = 1 + below(8); frames > 0; --frames) {
            constexpr unsigned firsts[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80,
                                           0x89, 0x8a, 0x01, 0x81, 0x88, 0xc1, 0x83, 0x09};
            const unsigned first = firsts[below(frames > 1 ? 12 : 16)];
            octets payload;
            for (unsigned size = below(12); size > 0; --size)
                payload += below(20) == 0 ? octets("\xe2") : octets("\xe2\x82\xac", 3);
            input += from_peer<TestType>(first, payload);
        }
        if (below(3) == 0) input[below(static_cast<unsigned>(input.size()))] ^= 0x10;
        steps played{receive(input)};
        if (below(2) == 0) played.push_back(end_stream());
        check<TestType>(played, play<TestType>(played, {}, small), small);
    }
}
