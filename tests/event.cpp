#include "catch.hpp"

#include <h2ws/event.hpp>

#include <type_traits>

using h2ws::closed;
using h2ws::errc;
using h2ws::event;
using h2ws::http2_error;
using h2ws::transmit;

namespace {

// Events are views and numbers: they are copied freely and own nothing.
static_assert(std::is_trivially_copyable_v<event>);
static_assert(std::is_trivially_copyable_v<transmit>);
static_assert(std::variant_size_v<event> == 5);

} // namespace

TEST_CASE("an ending is clean unless something else is said", "[rfc6455-7.1.4][R203]") {
    CHECK(closed{}.error == errc::none);
    CHECK(closed{}.stream_error == http2_error::no_error);
}

TEST_CASE("a stream is reset with CANCEL unless something else is said", "[rfc8441-5][R31][S6]") {
    CHECK_FALSE(transmit{}.end_stream);
    CHECK_FALSE(transmit{}.reset);
    CHECK(transmit{}.stream_error == http2_error::cancel);
}
