#include "catch.hpp"

#include <h2ws/status_code.hpp>

#include <cstdint>

using h2ws::is_allowed_on_the_wire;
using h2ws::status_code;

namespace {

constexpr bool allowed(std::uint32_t value) {
    return is_allowed_on_the_wire(static_cast<status_code>(value));
}

// RFC 6455 §7.4.1 and §7.4.2, one range a line.
struct range {
    std::uint32_t first, last;
    bool allowed;
};

constexpr range ranges[] = {
    {0, 999, false},     // not used
    {1000, 1003, true},  // registered
    {1004, 1006, false}, // reserved; 1005 and 1006 are reports
    {1007, 1014, true},  // registered
    {1015, 1015, false}, // a report
    {1016, 2999, false}, // for specifications yet to come
    {3000, 3999, true},  // libraries and frameworks
    {4000, 4999, true},  // private use
    {5000, 65535, false},
};

static_assert(!allowed(0) && !allowed(999) && allowed(1000));
static_assert(allowed(1003) && !allowed(1004) && !allowed(1005) && !allowed(1006) && allowed(1007));
static_assert(allowed(1014) && !allowed(1015) && !allowed(1016));
static_assert(!allowed(2999) && allowed(3000) && allowed(4999) && !allowed(5000) &&
              !allowed(65535));
static_assert(noexcept(is_allowed_on_the_wire(status_code::normal_closure)));

} // namespace

TEST_CASE("a status code may stand in a Close frame if it lies in a range that is in use",
          "[rfc6455-7.4.2][R215]") {
    std::uint32_t next = 0;
    for (const range& r : ranges) {
        REQUIRE(r.first == next);
        std::uint32_t agreeing = 0;
        for (std::uint32_t value = r.first; value <= r.last; ++value)
            agreeing += allowed(value) == r.allowed;
        INFO("codes " << r.first << " to " << r.last);
        CHECK(agreeing == r.last - r.first + 1);
        next = r.last + 1;
    }
    CHECK(next == 65536);
}

TEST_CASE("1005, 1006 and 1015 are reports and never stand in a Close frame",
          "[rfc6455-7.4.1][R213]") {
    CHECK_FALSE(is_allowed_on_the_wire(status_code::no_status_received));
    CHECK_FALSE(is_allowed_on_the_wire(status_code::abnormal_closure));
    CHECK_FALSE(is_allowed_on_the_wire(status_code::tls_handshake));
    CHECK_FALSE(allowed(1004)); // reserved, and so without a name
}

TEST_CASE("a status code's name stands for the number that RFC 6455 or IANA gave it",
          "[rfc6455-7.4.1][R214]") {
    CHECK(static_cast<int>(status_code::normal_closure) == 1000);
    CHECK(static_cast<int>(status_code::going_away) == 1001);
    CHECK(static_cast<int>(status_code::protocol_error) == 1002);
    CHECK(static_cast<int>(status_code::unsupported_data) == 1003);
    CHECK(static_cast<int>(status_code::no_status_received) == 1005);
    CHECK(static_cast<int>(status_code::abnormal_closure) == 1006);
    CHECK(static_cast<int>(status_code::invalid_payload_data) == 1007);
    CHECK(static_cast<int>(status_code::policy_violation) == 1008);
    CHECK(static_cast<int>(status_code::message_too_big) == 1009);
    CHECK(static_cast<int>(status_code::mandatory_extension) == 1010);
    CHECK(static_cast<int>(status_code::internal_error) == 1011);
    CHECK(static_cast<int>(status_code::service_restart) == 1012);
    CHECK(static_cast<int>(status_code::try_again_later) == 1013);
    CHECK(static_cast<int>(status_code::bad_gateway) == 1014);
    CHECK(static_cast<int>(status_code::tls_handshake) == 1015);
}
