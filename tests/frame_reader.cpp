#include "catch.hpp"
#include "octets.hpp"

#include <h2ws/frame_reader.hpp>

#include <array>

using h2ws::as_bytes;
using h2ws::as_text;
using h2ws::const_bytes;
using h2ws::errc;
using h2ws::frame_header;
using h2ws::frame_reader;
using h2ws::frame_rules;
using h2ws::opcode;
using transcript::hex;
using transcript::octets;
using progress = frame_reader::progress;

namespace {

constexpr frame_rules from_client{.masked = true, .rsv1_defined = false};
constexpr frame_rules from_server{.masked = false, .rsv1_defined = false};
constexpr frame_rules with_extension{.masked = false, .rsv1_defined = true};

struct outcome {
    progress how = progress::incomplete;
    frame_header header;
    errc error = errc::none;
    std::size_t taken = 0; // octets in all

    friend bool operator==(const outcome&, const outcome&) = default;
};

// Reads one header from the input, which is cut at these two offsets.
outcome read_cut(const octets& input, frame_rules rules, std::size_t cut, std::size_t second_cut) {
    frame_reader reader;
    std::array<std::byte, h2ws::max_frame_header_size> scratch;
    outcome out;
    const std::size_t ends[] = {cut, second_cut, input.size()};
    for (const std::size_t end : ends) {
        const_bytes in = as_bytes(input).subspan(out.taken, end - out.taken);
        out.how = reader.read(in, rules, scratch.data(), out.header, out.error);
        out.taken = end - in.size();
        CHECK(reader.inside_header() == (out.how == progress::incomplete && out.taken != 0));
        if (out.how != progress::incomplete) break;
    }
    return out;
}

// The same however the input arrives.
outcome read_header(const octets& input, frame_rules rules) {
    const outcome whole = read_cut(input, rules, input.size(), input.size());
    bool same = true;
    for (std::size_t cut = 0; cut <= input.size(); ++cut)
        for (std::size_t second = cut; second <= input.size(); ++second)
            same = same && read_cut(input, rules, cut, second) == whole;
    CHECK(same);
    return whole;
}

errc error_of(std::string_view digits, frame_rules rules) {
    const outcome out = read_header(hex(digits), rules);
    CHECK(out.how == (out.error == errc::none ? progress::complete : progress::illegal));
    return out.error;
}

} // namespace

TEST_CASE("a header is read from input cut anywhere, and no octet of the payload is taken",
          "[rfc6455-5.2][R167]") {
    for (const char* start : {"81 85 37 fa 21 3d", "82 fe 01 00 01 02 03 04", "89 80 00 00 00 00",
                              "02 ff 00 00 00 00 00 01 00 00 37 fa 21 3d"}) {
        const octets header = hex(start);
        const outcome out = read_header(header + "payload", from_client);
        CHECK(out.how == progress::complete);
        CHECK(out.taken == header.size());
        CHECK(out.header == h2ws::decode_frame_header(as_bytes(header).data()));
    }
}

TEST_CASE("a header that has not wholly arrived is incomplete", "[rfc6455-5.2][R167]") {
    const octets header = hex("82 ff 00 00 00 00 00 01 00 00 37 fa 21 3d");
    for (std::size_t size = 0; size < header.size(); ++size) {
        const outcome out = read_header(header.substr(0, size), from_client);
        CHECK(out.how == progress::incomplete);
        CHECK(out.error == errc::none);
        CHECK(out.taken == size);
    }
}

TEST_CASE("a reader reads one header after another", "[rfc6455-5.2]") {
    frame_reader reader;
    std::array<std::byte, h2ws::max_frame_header_size> scratch;
    const octets input = hex("01 00 80 7e 00 80 89 00");
    const_bytes in = as_bytes(input);
    frame_header header;
    errc error = errc::none;
    REQUIRE(reader.read(in, from_server, scratch.data(), header, error) == progress::complete);
    CHECK(header.code == opcode::text);
    CHECK_FALSE(header.fin);
    REQUIRE(reader.read(in, from_server, scratch.data(), header, error) == progress::complete);
    CHECK(header.code == opcode::continuation);
    CHECK(header.payload_length == 128);
    REQUIRE(reader.read(in, from_server, scratch.data(), header, error) == progress::complete);
    CHECK(header.code == opcode::ping);
    CHECK(reader.read(in, from_server, scratch.data(), header, error) == progress::incomplete);
}

TEST_CASE("a client's frames must be masked", "[rfc6455-5.1][R158][R159]") {
    CHECK(error_of("81 85 37 fa 21 3d", from_client) == errc::none);
    CHECK(error_of("81 80 00 00 00 00", from_client) == errc::none);
    CHECK(error_of("81 05", from_client) == errc::unmasked_frame);
    CHECK(error_of("81 00", from_client) == errc::unmasked_frame);
    CHECK(error_of("88 00", from_client) == errc::unmasked_frame);
}

TEST_CASE("a server's frames must not be masked", "[rfc6455-5.1][R160][R161]") {
    CHECK(error_of("81 05", from_server) == errc::none);
    CHECK(error_of("81 85 37 fa 21 3d", from_server) == errc::masked_frame);
    CHECK(error_of("81 80 00 00 00 00", from_server) == errc::masked_frame); // a key of zeros too
    CHECK(error_of("8a 80 37 fa 21 3d", from_server) == errc::masked_frame);
}

TEST_CASE("a reserved bit must be clear unless an extension owns it", "[rfc6455-5.2][R163]") {
    CHECK(error_of("c1 00", from_server) == errc::reserved_bit);
    CHECK(error_of("a1 00", from_server) == errc::reserved_bit);
    CHECK(error_of("91 00", from_server) == errc::reserved_bit);
    CHECK(error_of("f1 00", from_server) == errc::reserved_bit);
    CHECK(error_of("81 00", from_server) == errc::none);
    CHECK(error_of("c1 00", with_extension) == errc::none);
    CHECK(error_of("81 00", with_extension) == errc::none);
    CHECK(error_of("a1 00", with_extension) == errc::reserved_bit);
    CHECK(error_of("91 00", with_extension) == errc::reserved_bit);
    CHECK(error_of("e1 00", with_extension) == errc::reserved_bit);
}

TEST_CASE("an extension's bit never stands on a control frame", "[rfc7692-6.1][R230]") {
    for (const char* header : {"c8 00", "c9 00", "ca 00"}) {
        CHECK(error_of(header, with_extension) == errc::reserved_bit);
        CHECK(error_of(header, from_server) == errc::reserved_bit);
    }
}

TEST_CASE("a reserved opcode is refused", "[rfc6455-5.2][R164]") {
    for (unsigned code = 0; code < 16; ++code) {
        const octets header{static_cast<char>(0x80 | code), '\0'};
        const bool known = code <= 2 || (code >= 8 && code <= 10);
        INFO(code);
        CHECK(read_header(header, from_server).error ==
              (known ? errc::none : errc::reserved_opcode));
    }
}

TEST_CASE("a 64-bit length has its highest bit clear", "[rfc6455-5.2][R165]") {
    CHECK(error_of("82 7f 7f ff ff ff ff ff ff ff", from_server) == errc::none);
    CHECK(error_of("82 7f 80 00 00 00 00 00 00 00", from_server) == errc::length_high_bit);
    CHECK(error_of("82 7f 80 00 00 00 00 00 00 05", from_server) == errc::length_high_bit);
    CHECK(error_of("82 7f ff ff ff ff ff ff ff ff", from_server) == errc::length_high_bit);
    CHECK(error_of("82 ff 80 00 00 00 00 00 00 00 00 00 00 00", from_client) ==
          errc::length_high_bit);
}

TEST_CASE("a length is encoded in the fewest octets", "[rfc6455-5.2][R166][S15]") {
    CHECK(error_of("82 7d", from_server) == errc::none);
    CHECK(error_of("82 7e 00 7e", from_server) == errc::none);
    CHECK(error_of("82 7e 00 7d", from_server) == errc::length_not_minimal);
    CHECK(error_of("82 7e 00 00", from_server) == errc::length_not_minimal);
    CHECK(error_of("82 7e ff ff", from_server) == errc::none);
    CHECK(error_of("82 7f 00 00 00 00 00 00 ff ff", from_server) == errc::length_not_minimal);
    CHECK(error_of("82 7f 00 00 00 00 00 00 00 00", from_server) == errc::length_not_minimal);
    CHECK(error_of("82 7f 00 00 00 00 00 01 00 00", from_server) == errc::none);
    CHECK(error_of("82 fe 00 7d 37 fa 21 3d", from_client) == errc::length_not_minimal);
    CHECK(error_of("82 ff 00 00 00 00 00 00 ff ff 37 fa 21 3d", from_client) ==
          errc::length_not_minimal);
    CHECK(error_of("89 7e 00 05", from_server) == errc::length_not_minimal);
}

TEST_CASE("a control frame is not fragmented", "[rfc6455-5.5][R179]") {
    for (const char* header : {"08 00", "09 00", "0a 00"})
        CHECK(error_of(header, from_server) == errc::control_frame_fragmented);
    for (const char* header : {"88 00", "89 00", "8a 00"})
        CHECK(error_of(header, from_server) == errc::none);
}

TEST_CASE("a control frame's payload is at most 125 octets long", "[rfc6455-5.5][R179]") {
    CHECK(error_of("89 7d", from_server) == errc::none);
    CHECK(error_of("89 7e 00 7e", from_server) == errc::control_frame_too_long);
    CHECK(error_of("8a 7e 00 7f", from_server) == errc::control_frame_too_long);
    CHECK(error_of("88 7f 00 00 00 00 00 01 00 00", from_server) == errc::control_frame_too_long);
    CHECK(error_of("88 fe 00 7e 37 fa 21 3d", from_client) == errc::control_frame_too_long);
}

TEST_CASE("a header is also read from bytes that may be written", "[rfc6455-5.2]") {
    std::array input{std::byte{0x81}, std::byte{0x01}, std::byte{0x41}};
    h2ws::mutable_bytes in = input;
    frame_reader reader;
    std::array<std::byte, h2ws::max_frame_header_size> scratch;
    frame_header header;
    errc error = errc::none;
    CHECK(reader.read(in, from_server, scratch.data(), header, error) == progress::complete);
    CHECK(header.payload_length == 1);
    CHECK(in.size() == 1);
}
