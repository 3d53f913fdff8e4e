// Catch2, whichever major version is installed: 3 has a header for each part, 2 has one for all.
#pragma once

#ifdef REQUIRE // a fuzz target has its own, which end the program
#elif __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
