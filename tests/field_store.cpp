#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/field_store.hpp>

#include <string>

using h2ws::errc;
using h2ws::field;
using h2ws::field_store;

TEST_CASE("fields are copied and kept in order") {
    field_store store({});
    CHECK(store.fields().empty());
    for (int i = 0; i < 50; ++i) {
        const std::string name = "name-" + std::to_string(i),
                          value(static_cast<std::size_t>(i), 'v');
        REQUIRE(store.add({name, value}, 128, 16'384) == errc::none);
    }
    REQUIRE(store.fields().size() == 50);
    CHECK(store.fields()[0] == field{"name-0", ""});
    CHECK(store.fields()[49] == field{"name-49", std::string(49, 'v')});
    REQUIRE(store.add({"late", "one"}, 128, 16'384) == errc::none);
    CHECK(store.fields()[50] == field{"late", "one"});
    CHECK(store.fields()[0].name == "name-0");
    store.clear();
    CHECK(store.fields().empty());
}

TEST_CASE("both limits hold exactly", "[rfc9113-10.5.1][R124]") {
    field_store store({});
    CHECK(store.add({"abc", "de"}, 2, 10) == errc::none);
    CHECK(store.add({"abc", "def"}, 2, 10) == errc::too_many_fields);
    CHECK(store.add({"abc", "de"}, 2, 10) == errc::none);
    CHECK(store.add({"", ""}, 2, 10) == errc::too_many_fields);
    CHECK(store.fields().size() == 2);
}

TEST_CASE("a store without memory says so and is as before") {
    for (std::size_t turn = 1; turn <= 3; ++turn) {
        scarce_memory memory{.fails_at = turn};
        {
            field_store store(memory.policy());
            const errc error = store.add({"name", "value"}, 10, 100);
            CHECK(error == (turn < 3 ? errc::no_memory : errc::none));
            CHECK(store.listed() == (turn < 3)); // in the last turn the list has no memory
            if (turn < 3) CHECK(store.add({"name", "value"}, 10, 100) == errc::none);
            REQUIRE(store.fields().size() == 1);
            CHECK(store.fields()[0] == field{"name", "value"});
        }
        CHECK(memory.held == 0);
    }
}
