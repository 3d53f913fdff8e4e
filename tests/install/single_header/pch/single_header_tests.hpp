// What the core's tests include most, precompiled: it halves the time they take to compile anew.
#include "../../../catch.hpp"

#include <h2ws/h2ws.hpp>

#include <algorithm>
#include <string>
#include <vector>
