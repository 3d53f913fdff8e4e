// What the tests' own headers assert by, where a fuzz target takes them in: it ends the program.
// To be included before them (tests/catch.hpp).
#pragma once

#include "supply.hpp"

#include <cstdio>

#define REQUIRE(...) fuzz::require(static_cast<bool>(__VA_ARGS__))
#define CHECK(...) fuzz::require(static_cast<bool>(__VA_ARGS__))
#define FAIL(text) (std::fputs(text "\n", stderr), fuzz::require(false))
#define INFO(text) static_cast<void>(0)
