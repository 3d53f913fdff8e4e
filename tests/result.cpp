#include "catch.hpp"

#include <h2ws/result.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

using h2ws::errc;
using h2ws::result;

namespace {

struct point {
    int x = 0, y = 0;
};

constexpr result<int> half(int value) {
    if (value % 2 != 0) return errc::invalid_argument;
    return value / 2;
}

constexpr result<void> expect_even(int value) {
    if (value % 2 != 0) return errc::invalid_argument;
    return {};
}

static_assert(half(8) && *half(8) == 4 && half(8).error() == errc::none);
static_assert(!half(7) && half(7).error() == errc::invalid_argument);
static_assert(expect_even(2) && expect_even(2).error() == errc::none);
static_assert(!expect_even(3) && expect_even(3).error() == errc::invalid_argument);

// A result never turns into a number or a bool where nobody asked for one.
static_assert(!std::is_convertible_v<result<int>, bool>);
static_assert(!std::is_convertible_v<result<int>, int>);
static_assert(!std::is_convertible_v<result<void>, bool>);

static_assert(std::is_nothrow_constructible_v<result<point>, point>);
static_assert(std::is_nothrow_constructible_v<result<point>, errc>);
static_assert(std::is_nothrow_move_constructible_v<result<std::unique_ptr<int>>>);
static_assert(std::is_trivially_copyable_v<result<point>>);
static_assert(std::is_trivially_copyable_v<result<void>>);

} // namespace

TEST_CASE("a result holds a value and no error") {
    result<point> r = point{1, 2};
    REQUIRE(r.has_value());
    CHECK(r.error() == errc::none);
    CHECK(r->x == 1);
    (*r).y = 3;
    CHECK(std::as_const(r)->y == 3);
    CHECK((*std::as_const(r)).y == 3);
}

TEST_CASE("a result without a value says why there is none") {
    const result<point> r = errc::buffer_too_small;
    CHECK_FALSE(r.has_value());
    CHECK_FALSE(static_cast<bool>(r));
    CHECK(r.error() == errc::buffer_too_small);
}

TEST_CASE("a value that can only be moved moves into a result and out of it") {
    auto value = std::make_unique<int>(7);
    const int* where = value.get();
    result<std::unique_ptr<int>> r = std::move(value);
    REQUIRE(r);
    const std::unique_ptr<int> out = *std::move(r);
    CHECK(out.get() == where);
}

TEST_CASE("a result may hold a view") {
    const result<std::string_view> r = std::string_view("chat");
    REQUIRE(r);
    CHECK(*r == "chat");
    CHECK(r->size() == 4);
}

TEST_CASE("a result of nothing is a success until it is given an error") {
    CHECK(result<void>().has_value());
    CHECK(result<void>(errc::none).has_value());
    const result<void> r = errc::not_open;
    CHECK_FALSE(r);
    CHECK(r.error() == errc::not_open);
}
