#include "../catch.hpp"

#include <h2ws/http2/hpack_static_table.hpp>

using h2ws::field;
using h2ws::http2::find_static_line;
using h2ws::http2::find_static_name;
using h2ws::http2::hash_of;
using h2ws::http2::static_table;

namespace {

constexpr std::size_t name_index(std::string_view name) {
    return find_static_name(name, hash_of(name));
}

constexpr std::size_t line_index(const field& line) {
    return find_static_line(line, name_index(line.name));
}

// RFC 7541 appendix A, at its edges and where names repeat.
static_assert(static_table.size() == 61);
static_assert(static_table[1 - 1] == field{":authority", ""});
static_assert(static_table[2 - 1] == field{":method", "GET"});
static_assert(static_table[14 - 1] == field{":status", "500"});
static_assert(static_table[16 - 1] == field{"accept-encoding", "gzip, deflate"});
static_assert(static_table[32 - 1] == field{"cookie", ""});
static_assert(static_table[61 - 1] == field{"www-authenticate", ""});

static_assert(name_index(":method") == 2 && name_index(":status") == 8);
static_assert(line_index({":method", "POST"}) == 3 && line_index({":status", "500"}) == 14);
static_assert(line_index({":method", "CONNECT"}) == 0);
static_assert(line_index({"www-authenticate", "Basic"}) == 0);
static_assert(name_index(":protocol") == 0 && name_index("") == 0); // RFC 8441 is younger

} // namespace

TEST_CASE("every line of the static table is found by its text", "[rfc7541-2.3.1]") {
    for (std::size_t i = 0; i < static_table.size(); ++i) {
        INFO(static_table[i].name);
        CHECK(line_index(static_table[i]) == i + 1);
        std::size_t first = i;
        while (first > 0 && static_table[first - 1].name == static_table[i].name) --first;
        CHECK(name_index(static_table[i].name) == first + 1);
        CHECK(line_index({static_table[i].name, "no such value"}) == 0);
    }
}
