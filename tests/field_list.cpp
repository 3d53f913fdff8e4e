#include "catch.hpp"

#include <h2ws/field_list.hpp>

#include <initializer_list>
#include <memory>
#include <string>

using h2ws::errc;
using h2ws::field;
using h2ws::field_list;

namespace {

using statuses = std::initializer_list<std::uint16_t>;

static_assert([] {
    field_list list;
    list.add_status(204);
    list.add_copy("x", {"one", "two"});
    const field_list copy = list;
    return copy.fields().size() == 2 && copy.fields()[0] == field{":status", "204"} &&
           copy.fields()[1] == field{"x", "onetwo"} &&
           copy.fields()[1].value.data() != list.fields()[1].value.data();
}());
static_assert(h2ws::three_digits(7) == std::array{'0', '0', '7'});
static_assert(h2ws::three_digits(599) == std::array{'5', '9', '9'});

} // namespace

TEST_CASE("a field list keeps lines in order and borrows what it is given", "[field_list]") {
    const std::string value = "v";
    field_list list;
    list.add("a", value);
    list.add("b", "");
    REQUIRE(list.fields().size() == 2);
    CHECK(list.fields()[0].value.data() == value.data());
    CHECK(list.fields()[1] == field{"b", ""});
    CHECK(list.error() == errc::none);
}

TEST_CASE("a copy of a field list outlives the original", "[field_list]") {
    auto original = std::make_unique<field_list>();
    original->add("borrowed", "text");
    original->add_copy("copied", {"own ", "text"});
    field_list constructed = *original;
    field_list assigned;
    assigned.add_copy("old", {"old"});
    assigned = *original;
    assigned = *&assigned;
    original.reset();
    for (const field_list& list : {constructed, assigned}) {
        REQUIRE(list.fields().size() == 2);
        CHECK(list.fields()[0] == field{"borrowed", "text"});
        CHECK(list.fields()[1] == field{"copied", "own text"});
    }
    constructed.add_copy("more", {"x"});
    CHECK(constructed.fields()[2] == field{"more", "x"});
    CHECK(constructed.fields()[1] == field{"copied", "own text"});
}

TEST_CASE("a field list that overflows stays wrong and shows nothing", "[field_list]") {
    field_list lines;
    for (std::size_t i = 0; i < field_list::max_fields; ++i) lines.add("a", "b");
    CHECK(lines.error() == errc::none);
    CHECK(lines.fields().size() == field_list::max_fields);
    lines.add("a", "b");
    CHECK(lines.error() == errc::too_many_fields);
    CHECK(lines.fields().empty());

    const std::string fits(field_list::max_text - 1, 'x');
    field_list text;
    text.add_copy("n", {fits});
    CHECK(text.error() == errc::none);
    CHECK(text.fields()[0].value == fits);
    text.add_copy("", {"y"});
    CHECK(text.error() == errc::too_many_fields);
    text.fail(errc::invalid_argument);
    text.add("a", "b");
    CHECK(text.error() == errc::too_many_fields);
    CHECK(field_list{text}.error() == errc::too_many_fields);
    CHECK(text.fields().empty());
}

TEST_CASE("an application's fields are added only when they may be sent",
          "[rfc9113-8.2][R56][rfc9113-8.2.2][R63][R64][rfc9113-8.3][R67]") {
    const field good[] = {{"server", "h2ws"}, {"te", "trailers"}};
    field_list list;
    list.add_all(good);
    CHECK(list.error() == errc::none);
    CHECK(list.fields().size() == 2);
    const field bad[] = {{":path", "/"}, {":x", "y"},      {"Server", "x"},
                         {"", "x"},      {"upgrade", "x"}, {"te", "gzip"},
                         {"x", "a\nb"},  {"x", " a"},      {"keep-alive", "1"}};
    for (const field& line : bad) {
        field_list broken;
        broken.add_all({&line, 1});
        CHECK(broken.error() == errc::invalid_argument);
    }
}

TEST_CASE("a status is written with three digits and is never 101",
          "[rfc9113-8.3.2][R81][rfc9113-8.6][R48]") {
    for (const std::uint16_t status : statuses{100, 103, 200, 404, 599, 999}) {
        field_list list;
        list.add_status(status);
        REQUIRE(list.fields().size() == 1);
        CHECK(list.fields()[0] == field{":status", std::to_string(status)});
    }
    for (const std::uint16_t status : statuses{0, 99, 101, 1000, 65535}) {
        field_list list;
        list.add_status(status);
        CHECK(list.error() == errc::invalid_argument);
    }
}
