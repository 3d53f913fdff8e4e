#include "catch.hpp"

#include <h2ws/system_entropy.hpp>

#include <bit>
#include <cstdint>
#include <set>

using h2ws::masking_key;
using h2ws::masking_key_source;
using h2ws::system_entropy;

namespace {

std::uint32_t next(const masking_key_source& source) {
    masking_key key{};
    REQUIRE(source.next(source.state, key));
    return std::bit_cast<std::uint32_t>(key);
}

} // namespace

TEST_CASE("keys differ, over several calls of the system", "[rfc6455-5.3][rfc6455-10.3][R168]") {
    system_entropy entropy;
    const masking_key_source source = entropy.source();
    constexpr std::size_t keys = 5'000;
    std::set<std::uint32_t> seen;
    std::size_t ones = 0;
    for (std::size_t i = 0; i < keys; ++i) {
        const std::uint32_t key = next(source);
        seen.insert(key);
        ones += static_cast<std::size_t>(std::popcount(key));
    }
    CHECK(seen.size() >= keys - 3); // by chance one is met again in one of 340 runs
    CHECK(ones > keys * 32 * 49 / 100);
    CHECK(ones < keys * 32 * 51 / 100);
}

TEST_CASE("two sources give other keys", "[rfc6455-10.3][R168]") {
    system_entropy one, other;
    std::size_t same = 0;
    for (std::size_t i = 0; i < 1'000; ++i) same += next(one.source()) == next(other.source());
    CHECK(same <= 2);
}

TEST_CASE("no key stays where it was given from", "[rfc6455-10.3][R168]") {
    system_entropy entropy;
    const auto* const octets = reinterpret_cast<const std::byte*>(&entropy);
    const std::uint32_t key = next(entropy.source());
    std::size_t found = 0;
    for (std::size_t i = 0; i + sizeof key <= sizeof entropy; ++i)
        found += std::memcmp(octets + i, &key, sizeof key) == 0;
    CHECK(found == 0);
}
