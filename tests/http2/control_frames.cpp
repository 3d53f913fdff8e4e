#include "../catch.hpp"
#include "../octets.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/http2/control_frames.hpp>

using namespace h2ws;
using namespace h2ws::http2;
using transcript::hex;

namespace {
std::string said(const control_frames& frames) { return std::string(as_text(frames.bytes())); }
} // namespace

TEST_CASE("control frames are laid out as RFC 9113 has them", "[http2][rfc9113-6]") {
    control_frames frames{allocator{}};
    CHECK(frames.empty());
    SECTION("SETTINGS") {
        const std::pair<setting, std::uint32_t> values[]{{setting::enable_push, 0},
                                                         {setting::enable_connect_protocol, 1}};
        frames.settings(values);
        CHECK(said(frames) == hex("00000c 04 00 00000000 0002 00000000 0008 00000001"));
    }
    SECTION("the acknowledgement") {
        frames.settings_ack();
        CHECK(said(frames) == hex("000000 04 01 00000000"));
        CHECK(frames.replies() == 1);
    }
    SECTION("PING") {
        const std::string opaque = "12345678";
        frames.ping(as_bytes(opaque), true);
        CHECK(said(frames) == hex("000008 06 01 00000000") + opaque);
        CHECK(frames.replies() == 1);
    }
    SECTION("RST_STREAM, WINDOW_UPDATE and GOAWAY in their order") {
        frames.reset(7, http2_error::cancel);
        frames.window_update(0, 0x7fff'ffff);
        frames.goaway(5, http2_error::enhance_your_calm);
        CHECK(said(frames) == hex("000004 03 00 00000007 00000008"
                                  "000004 08 00 00000000 7fffffff"
                                  "000008 07 00 00000000 00000005 0000000b"));
        CHECK(frames.replies() == 0); // a stream of ours has one reset at most
        frames.refuse(9, http2_error::refused_stream);
        CHECK(frames.replies() == 1);
        frames.clear();
        CHECK(frames.empty());
        CHECK(frames.replies() == 0);
    }
    SECTION("a stream that is gone leaves its frames, if there are any") {
        frames.outlive_stream();
        CHECK(frames.replies() == 0);
        frames.headers(3, as_bytes("abc"), false, 3);
        frames.outlive_stream();
        CHECK(frames.replies() == 1);
    }
}

TEST_CASE("a long field block is contiguous CONTINUATION frames", "[http2][rfc9113-4.3][R93]") {
    control_frames frames{allocator{}};
    frames.headers(3, as_bytes("abcdefg"), true, 3);
    CHECK(said(frames) == hex("000003 01 01 00000003") + "abc" + hex("000003 09 00 00000003") +
                              "def" + hex("000001 09 04 00000003") + "g");
    frames.clear();
    frames.headers(3, as_bytes("abc"), false, 3);
    CHECK(said(frames) == hex("000003 01 04 00000003") + "abc");
    frames.clear();
    frames.headers(3, {}, true, 3);
    CHECK(said(frames) == hex("000000 01 05 00000003"));
}

TEST_CASE("a control frame that finds no memory is told", "[http2]") {
    scarce_memory memory{.fails_at = 1};
    control_frames frames{memory.policy()};
    frames.settings_ack();
    CHECK(frames.failed());
}
