#include "catch.hpp"

#include <h2ws/std_error_code.hpp>

TEST_CASE("an errc is a std::error_code with its sentence and section") {
    const std::error_code error = h2ws::errc::masked_frame;
    CHECK(error);
    CHECK(error == h2ws::errc::masked_frame);
    CHECK(error != h2ws::errc::unmasked_frame);
    CHECK(std::string(error.category().name()) == "h2ws");
    CHECK(error.message() == "a server's frame is masked (RFC 6455 5.1)");
    CHECK(make_error_code(h2ws::errc::no_memory).message() == "memory could not be allocated");
    CHECK_FALSE(std::error_code(h2ws::errc::none));
}
