// What each test includes and takes longest: compiled once for each suite.
#include "../catch.hpp"
