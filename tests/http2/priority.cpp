#include "../catch.hpp"

#include <h2ws/http2/priority.hpp>

using h2ws::http2::urgency_of;

static_assert(urgency_of("") == 3);
static_assert(urgency_of("u=0") == 0);
static_assert(urgency_of("u=7, i") == 7);
static_assert(urgency_of("i,\tu=1") == 1);
static_assert(urgency_of("i;a=\"u\", u=2;x") == 2);

TEST_CASE("what is no urgency leaves the default, the last one counts", "[http2][rfc9218-4.1]") {
    for (const char* text :
         {"u", "u=", "u=8", "u=-1", "u=12", "u=a", "U=1", "uu=1", "x=1", ",,,", "u=1.5"})
        CHECK(urgency_of(text) == 3);
    CHECK(urgency_of("u=1,u=5") == 5);
    CHECK(urgency_of("u=1,u=9") == 1);
    CHECK(urgency_of("u=1 ,i") == 1);
}

TEST_CASE("what a second field line does not name stays as the first said", "[http2][rfc9218-5]") {
    CHECK(urgency_of("i", urgency_of("u=1")) == 1);
    CHECK(urgency_of("u=2", urgency_of("u=1")) == 2);
    CHECK(urgency_of("i;u=2, u=9", urgency_of("u=1, i")) == 1);
}
