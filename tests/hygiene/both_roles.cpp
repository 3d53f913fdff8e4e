// What a program that uses the core has to link against: nothing but what symbols.py allows.
#include <h2ws/errc.hpp>
#include <h2ws/result.hpp>

h2ws::result<int> both_roles(int value) {
    if (value < 0) return h2ws::errc::invalid_argument;
    return value;
}
