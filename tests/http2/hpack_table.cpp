#include "../catch.hpp"
#include "../scarce_memory.hpp"
#include "field_lines.hpp"

#include <h2ws/http2/hpack_table.hpp>

#include <bit>
#include <deque>
#include <random>
#include <string>

using h2ws::field;
using h2ws::http2::entry_size;
using h2ws::http2::hash_of;
using h2ws::http2::hpack_table;

namespace {

static_assert(entry_size({"custom-key", "custom-header"}) == 55); // RFC 7541 C.2.1

// The same by the letter of RFC 7541 §4: lines newest first, with no thought of memory.
class plain_table {
public:
    std::size_t max_size = 0;
    std::deque<std::pair<std::string, std::string>> lines;

    std::size_t size() const {
        std::size_t total = 0;
        for (const auto& [name, value] : lines) total += name.size() + value.size() + 32;
        return total;
    }
    void insert(std::string name, std::string value) {
        const std::size_t added = name.size() + value.size() + 32;
        while (!lines.empty() && size() + added > max_size) lines.pop_back();
        if (added <= max_size) lines.emplace_front(std::move(name), std::move(value));
    }
    void set_max_size(std::size_t to) {
        max_size = to;
        while (size() > max_size) lines.pop_back();
    }
    bool is(const hpack_table& table) const {
        bool same =
            table.count() == lines.size() && table.size() == size() && table.max_size() == max_size;
        for (std::size_t i = 0; same && i < lines.size(); ++i)
            same = table[i] == field{lines[i].first, lines[i].second};
        return same;
    }
};

std::string random_text(std::mt19937& random, std::size_t below) {
    std::string text(random() % below, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % 26);
    return text;
}

} // namespace

TEST_CASE("the newest line comes first, and the oldest leaves first",
          "[rfc7541-2.3.2][rfc7541-4.4]") {
    hpack_table table({}, 110);
    REQUIRE(table.insert({"a", "1"}));  // 34
    REQUIRE(table.insert({"b", "22"})); // 35
    REQUIRE(table.insert({"c", ""}));   // 33
    CHECK(field_lines::text(table) == "c: \nb: 22\na: 1\n");
    CHECK(table.size() == 102);
    REQUIRE(table.insert({"d", ""})); // a leaves
    CHECK(field_lines::text(table) == "d: \nc: \nb: 22\n");
    CHECK(table.size() == 101);
    REQUIRE(table.insert({"", std::string(78, 'x')})); // 110: all leave
    CHECK(table.count() == 1);
    CHECK(table.size() == 110);
    REQUIRE(table.insert({"", std::string(79, 'x')})); // larger than the table: it is emptied
    CHECK(table.count() == 0);
    CHECK(table.size() == 0);
}

TEST_CASE("a smaller table keeps its newest lines", "[rfc7541-4.3]") {
    hpack_table table({}, 4'096);
    for (const char* name : {"a", "b", "c", "d"}) REQUIRE(table.insert({name, "1"}));
    table.set_max_size(70);
    CHECK(field_lines::text(table) == "d: 1\nc: 1\n");
    table.set_max_size(4'096);
    CHECK(field_lines::text(table) == "d: 1\nc: 1\n");
    table.set_max_size(67);
    CHECK(field_lines::text(table) == "d: 1\n");
    table.set_max_size(0);
    CHECK(table.count() == 0);
    REQUIRE(table.insert({"e", ""}));
    CHECK(table.count() == 0);
}

TEST_CASE("a line may take its name from the entry that it evicts", "[rfc7541-4.4]") {
    const std::string name = "a-name-that-is-long-enough-to-overlap";
    hpack_table table({}, 120);
    REQUIRE(table.insert({name, "1"}));
    for (int round = 0; round < 50; ++round) {
        const std::string value(static_cast<std::size_t>(round),
                                'v'); // 69 to 118: alone in the end
        REQUIRE(table.insert({table[table.count() - 1].name, value}));
        CHECK(table[0] == field{name, value});
    }
    CHECK(table.count() == 1);
}

// They are 32 octets each to the RFC, and must not be nothing to the ring.
TEST_CASE("empty lines are lines", "[rfc7541-4.1]") {
    hpack_table table({}, 400);
    plain_table plain;
    plain.max_size = 400;
    const std::string fills(160, 'f');
    for (std::uint32_t step = 0; step < 5'000; ++step) {
        const std::size_t size = step % 7 < 4 ? 0 : step * 37 % fills.size();
        const std::string_view value = std::string_view(fills).substr(0, size);
        plain.insert("", std::string(value));
        REQUIRE(table.insert({"", value}));
        REQUIRE(plain.is(table));
    }
}

TEST_CASE("a table does what the RFC says at every size, in a ring of its own",
          "[rfc7541-4.3][rfc7541-4.4]") {
    std::mt19937 random(3);
    for (int round = 0; round < 200; ++round) {
        scarce_memory memory;
        const std::uint32_t most =
            static_cast<std::uint32_t>(40 + random() % (round % 2 == 0 ? 400 : 5'000));
        hpack_table table(memory.policy(), most);
        plain_table plain;
        plain.max_size = most;
        for (int step = 0; step < 300; ++step) {
            if (random() % 50 == 0) {
                const std::uint32_t size = static_cast<std::uint32_t>(random() % (most + 1));
                table.set_max_size(size);
                plain.set_max_size(size);
            }
            const bool is_named_inside = table.count() != 0 && random() % 3 == 0;
            const std::size_t of = is_named_inside ? random() % table.count() : 0;
            const std::string text = random_text(random, random() % 10 == 0 ? most : 30);
            const std::string_view name = is_named_inside ? table[of].name : std::string_view(text);
            const std::string value = random_text(random, random() % 10 == 0 ? most : 40);
            plain.insert(std::string(name), value);
            REQUIRE(table.insert({name, value}));
            REQUIRE(plain.is(table));
            // Twice the limit for octets and half of it, rounded up, for entries; more while it
            // moves.
            REQUIRE(memory.held <= 2 * most + 16 * std::bit_ceil(most / 32 + 8));
        }
    }
}

TEST_CASE("a table holds no memory until a line is indexed, and none when it is emptied by size") {
    scarce_memory memory;
    hpack_table table(memory.policy(), 4'096);
    CHECK(memory.allocations == 0);
    REQUIRE(table.insert({std::string(5'000, 'x'), ""}));
    CHECK(memory.allocations == 0);
    REQUIRE(table.insert({"a", "1"}));
    CHECK(memory.held == 256 + 8 * 16);
    for (int i = 0; i < 10'000; ++i) REQUIRE(table.insert({"name", std::to_string(i)}));
    CHECK(memory.held <= 2 * 4'096 + 4'096 / 2);
    const std::size_t allocations = memory.allocations;
    for (int i = 0; i < 10'000; ++i) REQUIRE(table.insert({"name", std::to_string(i)}));
    CHECK(memory.allocations == allocations);
    table.set_max_size(0);
    CHECK(memory.held == 0);
}

TEST_CASE("a table without memory says so and is as before") {
    for (std::size_t fails_at = 1;; ++fails_at) {
        scarce_memory memory{.fails_at = fails_at};
        std::size_t failures = 0;
        {
            hpack_table table(memory.policy(), 2'000);
            plain_table plain;
            plain.max_size = 2'000;
            for (int i = 0; i < 200; ++i) {
                const std::string value(static_cast<std::size_t>(i), 'v');
                const std::string_view name = i % 2 == 0 || table.count() == 0
                                                  ? std::string_view("name")
                                                  : table[table.count() - 1].name;
                const std::string copy(name);
                if (!table.insert({name, value})) {
                    ++failures;
                    REQUIRE(plain.is(table));
                    REQUIRE(table.insert(
                        {table.count() == 0 ? std::string_view("name") : name, value}));
                }
                plain.insert(copy, value);
                REQUIRE(plain.is(table));
            }
        }
        CHECK(memory.held == 0);
        if (failures == 0) {
            CHECK(fails_at > 8);
            break;
        }
        CHECK(failures == 1);
    }
}

TEST_CASE("a line is found by name and value, a name by itself") {
    hpack_table table({}, 4'096);
    const auto insert = [&](std::string_view name, std::string_view value) {
        REQUIRE(table.insert({name, value}, hash_of(name)));
    };
    insert("a", "1");
    insert("b", "1");
    insert("a", "2");
    insert("c", "1");
    const auto find = [&](std::string_view name, std::string_view value) {
        const hpack_table::match found = table.find({name, value}, hash_of(name));
        return std::pair{found.name, found.line};
    };
    CHECK(find("a", "1") == std::pair<std::size_t, std::size_t>{1, 3});
    CHECK(find("a", "2") == std::pair<std::size_t, std::size_t>{1, 1});
    CHECK(find("a", "3") == std::pair<std::size_t, std::size_t>{1, 4});
    CHECK(find("d", "1") == std::pair<std::size_t, std::size_t>{4, 4});
    // A name of the same hash is another name.
    CHECK(table.find({"x", "1"}, hash_of("a")).name == 4);
}
