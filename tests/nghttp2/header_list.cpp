#include "../catch.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/nghttp2/header_list.hpp>

#include <array>

using namespace h2ws;
using h2ws::nghttp2::header_list;

TEST_CASE("fields are lent to nghttp2, secrets with the word not to index them",
          "[nghttp2][rfc7541-7.1.3]") {
    const std::array<field, 3> fields{{{":path", "/"}, {"cookie", "a=b"}, {"cookie2", "c"}}};
    header_list list(allocator{});
    REQUIRE(list.lend(fields));
    REQUIRE(list.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
        const nghttp2_nv& line = list.data()[i];
        CHECK(static_cast<const void*>(line.name) == fields[i].name.data());
        CHECK(line.namelen == fields[i].name.size());
        CHECK(static_cast<const void*>(line.value) == fields[i].value.data());
        CHECK(line.valuelen == fields[i].value.size());
        CHECK(line.flags == (i == 1 ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE));
    }
    REQUIRE(list.lend(std::span(fields).first(1)));
    CHECK(list.size() == 1);
}

TEST_CASE("without memory nothing is lent", "[nghttp2]") {
    scarce_memory memory{.fails_at = 1};
    header_list list(memory.policy());
    const std::array<field, 1> fields{{{":path", "/"}}};
    CHECK_FALSE(list.lend(fields));
}
