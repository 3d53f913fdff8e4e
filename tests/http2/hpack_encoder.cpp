#include "../catch.hpp"
#include "../octets.hpp"
#include "../scarce_memory.hpp"
#include "field_lines.hpp"

#include <h2ws/http2/hpack_encoder.hpp>

#include <string>
#include <vector>

using field_lines::decode;
using field_lines::encode;
using h2ws::field;
using h2ws::growing_array;
using h2ws::http2::form_of;
using h2ws::http2::hpack_decoder;
using h2ws::http2::hpack_encoder;
using h2ws::http2::hpack_form;
using transcript::hex;
using transcript::spaced_hex;

namespace {

static_assert(form_of({"cookie", "a=b"}) == hpack_form::never_indexed);
static_assert(form_of({"set-cookie", "a=b; Path=/"}) == hpack_form::never_indexed);
static_assert(form_of({"authorization", "Basic dTpw"}) == hpack_form::never_indexed);
static_assert(form_of({"proxy-authorization", "Basic dTpw"}) == hpack_form::never_indexed);
static_assert(form_of({"content-length", "5"}) == hpack_form::without_indexing);
static_assert(form_of({":path", "/chat?token=1"}) == hpack_form::without_indexing);
static_assert(form_of({":path", "/chat"}) == hpack_form::with_indexing);
static_assert(form_of({"user-agent", "x"}) == hpack_form::with_indexing);

// What Chromium sends to open a WebSocket over HTTP/2, but for the host.
constexpr std::string_view browser_request =
    ":method: CONNECT\n"
    ":authority: chat.example.com:8443\n"
    ":scheme: https\n"
    ":path: /rooms/lobby\n"
    ":protocol: websocket\n"
    "pragma: no-cache\n"
    "cache-control: no-cache\n"
    "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/130.0.0.0 Safari/537.36\n"
    "origin: https://chat.example.com:8443\n"
    "sec-websocket-version: 13\n"
    "accept-encoding: gzip, deflate, br, zstd\n"
    "accept-language: en-US,en;q=0.9\n"
    "sec-websocket-extensions: permessage-deflate; client_max_window_bits\n"
    "sec-websocket-protocol: chat.v2, chat.v1\n";

} // namespace

TEST_CASE("the second extended CONNECT of a connection costs an octet for each line",
          "[rfc7541-2.3.2]") {
    hpack_encoder encoder{{}};
    hpack_decoder decoder{{}};
    const std::string first = encode(encoder, browser_request);
    const std::string second = encode(encoder, browser_request);
    CHECK(decode(decoder, first) == browser_request);
    CHECK(decode(decoder, second) == browser_request);
    CHECK(second.size() == field_lines::parse(browser_request).size());
    CHECK(second.size() < 30);
    CHECK(first.size() < browser_request.size());
    CHECK(encode(encoder, browser_request) == second);
}

TEST_CASE("handshakes stay short beside lines that do not repeat", "[rfc7541-2.3.2]") {
    hpack_encoder encoder{{}};
    hpack_decoder decoder{{}};
    encode(encoder, browser_request);
    for (int i = 0; i < 1'000; ++i) {
        const std::string number = std::to_string(i);
        encode(encoder, ":status: 200\ncontent-length: " + number + "\ndate: " + number +
                            "\netag: " + number + "\ncookie: id=" + number +
                            "\nsec-websocket-key: " + number + "\n");
        encode(encoder, ":path: /chat?ticket=" + number + "\n");
        encode(encoder, "x-large: " + std::string(3'041, 'x') + number + "\n");
    }
    CHECK(encode(encoder, browser_request).size() < 30);
}

TEST_CASE("secrets are never indexed, however short", "[rfc7541-7.1.3]") {
    hpack_encoder encoder{{}};
    const std::string lines =
        "authorization: a\ncookie: b\nproxy-authorization: c\nset-cookie: d\n";
    const std::string block = encode(encoder, lines);
    CHECK(spaced_hex(block) == "1f 08 01 61 1f 11 01 62 1f 22 01 63 1f 28 01 64");
    CHECK(encode(encoder, lines) == block);
    CHECK(encoder.table().count() == 0);
    hpack_decoder decoder{{}};
    CHECK(decode(decoder, block) == "never indexed authorization: a\nnever indexed cookie: b\n"
                                    "never indexed proxy-authorization: c\n"
                                    "never indexed set-cookie: d\n");
    // Not even where the static table has the whole line.
    CHECK(spaced_hex(encode(encoder, "cookie: \n")) == "1f 11 00");
}

TEST_CASE("a name is taken from the static table first, then from the other",
          "[rfc7541-2.3.3][rfc7541-6.2.1]") {
    hpack_encoder encoder{{}};
    CHECK(spaced_hex(encode(encoder, ":method: CONNECT\n")).starts_with("42 "));
    CHECK(spaced_hex(encode(encoder, ":status: 403\n")).starts_with("48 "));
    CHECK(spaced_hex(encode(encoder, ":protocol: websocket\n")).starts_with("40 "));
    CHECK(spaced_hex(encode(encoder, ":protocol: connect-udp\n")).starts_with("7e "));
    CHECK(spaced_hex(encode(encoder, ":protocol: websocket\n")) == "bf");
    CHECK(spaced_hex(encode(encoder, "accept-encoding: gzip, deflate\n")) == "90");
}

TEST_CASE("a line of more than three quarters of the table is not indexed") {
    hpack_encoder encoder{{}};
    const auto line = [](std::size_t size) { return "x: " + std::string(size - 33, 'v') + "\n"; };
    encode(encoder, line(3'073));
    CHECK(encoder.table().count() == 0);
    encode(encoder, line(3'072));
    CHECK(encoder.table().size() == 3'072);
}

TEST_CASE("the sizes that a peer's limit takes are told in the next block", "[rfc7541-4.2]") {
    struct sequence {
        std::uint32_t ours;
        std::vector<std::uint32_t> before;
        std::string_view block;
    };
    for (const sequence& each : std::initializer_list<sequence>{
             {4'096, {}, "82"},
             {4'096, {4'096}, "82"},
             {4'096, {65'536}, "82"}, // the most that we use
             {4'096, {100}, "3f 45 82"},
             {4'096, {0}, "20 82"},
             {4'096, {0, 4'096}, "20 3f e1 1f 82"},
             {4'096, {100, 0, 65'536}, "20 3f e1 1f 82"},
             {4'096, {100, 50}, "3f 13 82"},
             {4'096, {50, 100}, "3f 13 3f 45 82"},
             {100, {}, "3f 45 82"}, // we use less
             {100, {50}, "3f 13 82"},
             {100, {4'096}, "3f 45 82"},
             {0, {4'096}, "20 82"},
             {8'192, {}, "82"}, // not before the peer allows it
             {8'192, {65'536}, "3f e1 3f 82"},
             {8'192, {8'192, 5'000}, "3f e9 26 82"},
         }) {
        hpack_encoder encoder{{}, each.ours};
        for (const std::uint32_t limit : each.before) encoder.set_peer_limit(limit);
        CHECK(spaced_hex(encode(encoder, ":method: GET\n")) == each.block);
        CHECK(encode(encoder, ":method: GET\n") == hex("82")); // told once
    }
}

TEST_CASE("a smaller limit evicts, and a limit of 0 leaves nothing held", "[rfc7541-4.3]") {
    scarce_memory memory;
    hpack_encoder encoder(memory.policy());
    CHECK(memory.allocations == 0);
    encode(encoder, "a: 1\nb: 2\n");
    encoder.set_peer_limit(34);
    CHECK(encode(encoder, "b: 2\na: 1\n") == hex("3f 03 be 00 01 61 01 31"));
    encoder.set_peer_limit(0);
    CHECK(encode(encoder, "a: 1\n") == hex("20 00 01 61 01 31"));
    CHECK(memory.held == 0);
}

TEST_CASE("an encoder appends to what is there, or leaves it and the table alone") {
    scarce_memory memory{.fails_at = 2};
    growing_array<std::byte> out(memory.policy());
    REQUIRE(out.push_back(std::byte{0xaa}));
    hpack_encoder encoder{{}};
    encoder.set_peer_limit(100);
    const std::vector<field> lines = field_lines::parse("a: 1\n");
    CHECK_FALSE(encoder.encode(lines, out));
    CHECK(out.size() == 1);
    CHECK(encoder.table().count() == 0);
    REQUIRE(encoder.encode(lines, out));
    CHECK(spaced_hex(h2ws::as_text({out.data(), out.size()})) == "aa 3f 45 40 01 61 01 31");
}

TEST_CASE("an encoder without memory for its table indexes nothing, and the peer can follow") {
    std::size_t fails_at = 1;
    for (bool has_failed = true; has_failed; ++fails_at) {
        scarce_memory memory{.fails_at = fails_at};
        {
            hpack_encoder encoder(memory.policy());
            hpack_decoder decoder{{}};
            for (int i = 0; i < 3; ++i)
                CHECK(decode(decoder, encode(encoder, browser_request)) == browser_request);
            CHECK(encode(encoder, browser_request).size() < 30); // made up for
            has_failed = memory.allocations >= fails_at;
        }
        CHECK(memory.held == 0);
    }
    CHECK(fails_at == 6); // two rings, each grown once; then none failed
}
