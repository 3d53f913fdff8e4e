// What a handshake costs on the wire: what handshakes of a connection have in common is sent once.
#include "../session_suite/alone.hpp"
#include "model.hpp"

using namespace session_suite;

namespace {

using m = http2_model;

// Sizes of the field blocks in what was written, one for each HEADERS.
std::vector<std::size_t> blocks(std::string_view written, bool from_client) {
    if (from_client) written.remove_prefix(24);
    std::vector<std::size_t> out;
    while (!written.empty()) {
        const std::uint32_t length = m::number_at(written, 0, 3);
        if (written[3] == 1) out.push_back(length);
        written.remove_prefix(9 + length);
    }
    return out;
}

} // namespace

TEST_CASE("the second extended CONNECT of a connection costs under 30 bytes", "[http2]") {
    const std::vector<field> fields{
        {"origin", "https://www.example.com"},
        {"user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
        {"accept", "*/*"},
        {"accept-language", "en-US,en;q=0.5"},
        {"accept-encoding", "gzip, deflate, br, zstd"},
        {"sec-fetch-dest", "empty"},
        {"sec-fetch-mode", "websocket"},
        {"sec-fetch-site", "same-origin"},
        {"pragma", "no-cache"},
        {"cache-control", "no-cache"}};
    session_suite::pair<http2_model> both;
    for (int i = 0; i < 2; ++i) {
        REQUIRE(both.ask({.authority = "www.example.com",
                          .path = "/chat",
                          .subprotocols = "chat.v2, chat.v1",
                          .fields = fields}));
        both.run();
    }
    const auto asked = blocks(both.client.written, true);
    const auto answered = blocks(both.server.written, false);
    REQUIRE(asked.size() == 2);
    REQUIRE(answered.size() == 2);
    WARN("CONNECT takes " << asked[0] << " bytes, then " << asked[1] << "; its answer "
                          << answered[0] << ", then " << answered[1]);
    CHECK(asked[0] > 100);
    CHECK(asked[1] < 30);
    CHECK(answered[1] < 10);
    both.finish();
}
