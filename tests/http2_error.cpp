#include "catch.hpp"

#include <h2ws/http2_error.hpp>

#include <cstdint>
#include <string_view>

using h2ws::http2_error;

namespace {

// RFC 9113 §7, in its order.
struct row {
    http2_error code;
    std::uint32_t number;
    std::string_view name;
};

constexpr row registry[] = {
    {http2_error::no_error, 0x0, "NO_ERROR"},
    {http2_error::protocol_error, 0x1, "PROTOCOL_ERROR"},
    {http2_error::internal_error, 0x2, "INTERNAL_ERROR"},
    {http2_error::flow_control_error, 0x3, "FLOW_CONTROL_ERROR"},
    {http2_error::settings_timeout, 0x4, "SETTINGS_TIMEOUT"},
    {http2_error::stream_closed, 0x5, "STREAM_CLOSED"},
    {http2_error::frame_size_error, 0x6, "FRAME_SIZE_ERROR"},
    {http2_error::refused_stream, 0x7, "REFUSED_STREAM"},
    {http2_error::cancel, 0x8, "CANCEL"},
    {http2_error::compression_error, 0x9, "COMPRESSION_ERROR"},
    {http2_error::connect_error, 0xa, "CONNECT_ERROR"},
    {http2_error::enhance_your_calm, 0xb, "ENHANCE_YOUR_CALM"},
    {http2_error::inadequate_security, 0xc, "INADEQUATE_SECURITY"},
    {http2_error::http_1_1_required, 0xd, "HTTP_1_1_REQUIRED"},
};

static_assert(name(http2_error::no_error) == "NO_ERROR");
static_assert(name(static_cast<http2_error>(0xe)) == "unknown error code");
static_assert(noexcept(name(http2_error::cancel)));

} // namespace

TEST_CASE("an HTTP/2 error code has the number and the name of the registry", "[rfc9113-7]") {
    for (const row& r : registry) {
        CHECK(static_cast<std::uint32_t>(r.code) == r.number);
        CHECK(name(r.code) == r.name);
    }
}

TEST_CASE("an HTTP/2 error code that nobody registered is kept and means nothing special",
          "[rfc9113-7][R121]") {
    for (const std::uint32_t value : {0xeu, 0xfu, 0x100u, 0x7fffffffu, 0xffffffffu}) {
        const auto code = static_cast<http2_error>(value);
        CHECK(name(code) == "unknown error code");
        CHECK(static_cast<std::uint32_t>(code) == value);
    }
}

TEST_CASE("a reset blames the peer or it does not", "[rfc9113-7]") {
    for (std::uint32_t value = 0; value < 0x10; ++value) {
        CAPTURE(value);
        const bool faults =
            value == 0x1 || value == 0x3 || (value >= 0x5 && value <= 0x7) || value == 0xb;
        CHECK(blames_peer(static_cast<http2_error>(value)) == faults);
    }
}
