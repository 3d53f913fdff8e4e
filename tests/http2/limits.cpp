#include "../catch.hpp"

#include <h2ws/http2/limits.hpp>

using namespace h2ws::http2;

TEST_CASE("a field block may be somewhat above what is advertised",
          "[http2][rfc9113-10.5.1][R124]") {
    h2ws::session_options options;
    CHECK(field_section_limit(options) == 16'384 + 32 * 128);
    CHECK(field_block_limit(options) == 65'536);
    options.max_field_bytes = 100'000;
    CHECK(field_block_limit(options) == 2 * field_section_limit(options));
    CHECK(field_block_limit(options) > field_section_limit(options));
}

TEST_CASE("a block that may be large may have the frames that it needs",
          "[http2][rfc9113-10.5.1][R123]") {
    h2ws::session_options options;
    CHECK(continuation_limit(options) == max_continuations);
    options.max_field_bytes = 1'000'000;
    CHECK(continuation_limit(options) * default_max_frame_size > field_block_limit(options));
    CHECK(continuation_limit(options) == 244);
}
