#include "catch.hpp"
#include "scarce_memory.hpp"

#include <h2ws/growing_array.hpp>

#include <memory>
#include <string>

using h2ws::growing_array;

TEST_CASE("an array keeps what is added, in order") {
    growing_array<std::string> array;
    CHECK(array.empty());
    for (int i = 0; i < 100; ++i)
        REQUIRE(array.push_back("text that is allocated " + std::to_string(i)));
    CHECK(array.size() == 100);
    CHECK(array[99] == "text that is allocated 99");
    while (array.size() > 2) array.erase(0);
    REQUIRE(array.size() == 2);
    CHECK(array[0] == "text that is allocated 98");
    const std::string more[]{"a", "b"};
    REQUIRE(array.append(more, 2));
    CHECK(array[3] == "b");
    array.truncate(1);
    CHECK(array.end() - array.begin() == 1);
    array.clear();
    CHECK(array.empty());
}

TEST_CASE("an array that is moved from is empty and can be used") {
    growing_array<std::unique_ptr<int>> array;
    REQUIRE(array.push_back(std::make_unique<int>(1)));
    growing_array<std::unique_ptr<int>> other(std::move(array));
    CHECK(*other[0] == 1);
    CHECK(array.empty());
    REQUIRE(array.push_back(std::make_unique<int>(2)));
    other = std::move(array);
    REQUIRE(other.size() == 1);
    CHECK(*other[0] == 2);
}

TEST_CASE("an array without memory says so and is as before") {
    scarce_memory memory{.fails_at = 2};
    {
        growing_array<int> array(memory.policy());
        for (int i = 0; i < 8; ++i) REQUIRE(array.push_back(i));
        CHECK_FALSE(array.push_back(8));
        CHECK(array.size() == 8);
        CHECK(array[7] == 7);
        REQUIRE(array.push_back(8)); // only that allocation failed
        CHECK_FALSE(array.reserve(static_cast<std::size_t>(-1)));
        const int more[100]{};
        memory.fails_at = memory.allocations + 1;
        CHECK_FALSE(array.append(more, 100));
        CHECK(array.size() == 9);
    }
    CHECK(memory.held == 0);
}
