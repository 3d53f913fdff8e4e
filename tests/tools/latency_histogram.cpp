#include "../../tools/latency_histogram.hpp"

#include "../catch.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using h2ws::tools::latency_histogram;

namespace {

constexpr std::uint64_t highest(std::uint64_t value) {
    return latency_histogram::highest_equivalent(value);
}

// Whole nanoseconds up to 2,047, and then 1,024 counters for every doubling.
static_assert(highest(0) == 0);
static_assert(highest(1) == 1);
static_assert(highest(1'023) == 1'023);
static_assert(highest(1'024) == 1'024);
static_assert(highest(2'046) == 2'046);
static_assert(highest(2'047) == 2'047);
static_assert(highest(2'048) == 2'049);
static_assert(highest(2'049) == 2'049);
static_assert(highest(2'050) == 2'051);
static_assert(highest(4'094) == 4'095);
static_assert(highest(4'095) == 4'095);
static_assert(highest(4'096) == 4'099);
static_assert(highest(8'191) == 8'191);
static_assert(highest(8'192) == 8'199);
static_assert(highest(std::uint64_t{1} << 63) == (std::uint64_t{1} << 63) + (1ull << 53) - 1);
static_assert(highest(UINT64_MAX) == UINT64_MAX);

struct fraction {
    std::uint64_t numerator, denominator;
};
constexpr fraction fractions[] = {
    {0, 1},       {1, 1'000},      {1, 4}, {1, 2}, {9, 10},           {99, 100},
    {999, 1'000}, {9'999, 10'000}, {1, 3}, {2, 3}, {99'999, 100'000}, {1, 1}};

// By nearest rank, which is the definition.
std::uint64_t nearest_rank(const std::vector<std::uint64_t>& sorted, fraction part) {
    const std::uint64_t product = sorted.size() * part.numerator;
    const std::uint64_t rank = (product + part.denominator - 1) / part.denominator;
    return sorted[rank == 0 ? 0 : rank - 1];
}

void check_against_sorted(std::vector<std::uint64_t> samples) {
    latency_histogram histogram;
    double sum = 0;
    for (const std::uint64_t sample : samples) {
        histogram.record(sample);
        sum += static_cast<double>(sample);
    }
    std::ranges::sort(samples);
    CHECK(histogram.count() == samples.size());
    CHECK(histogram.min() == samples.front());
    CHECK(histogram.max() == samples.back());
    const double mean = sum / static_cast<double>(samples.size());
    CHECK(std::abs(histogram.mean() - mean) <= mean * 1e-9); // summed in another way
    for (const fraction part : fractions) {
        CAPTURE(samples.size(), part.numerator, part.denominator);
        const std::uint64_t exact = nearest_rank(samples, part);
        CHECK(histogram.quantile(part.numerator, part.denominator) ==
              std::min(highest(exact), samples.back()));
    }
}

std::vector<std::uint64_t> random_samples(std::size_t count, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> samples;
    // As many of every magnitude, which is what latencies with a long tail are like.
    for (std::size_t i = 0; i < count; ++i) samples.push_back(random() >> (16 + random() % 48));
    return samples;
}

} // namespace

TEST_CASE("a value shares its counter only with values of its first three digits") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 100'000; ++i) {
        const std::uint64_t value = random() >> (random() % 64);
        const std::uint64_t last = highest(value);
        REQUIRE(last >= value);
        REQUIRE(last - value <= value / 1'024);
        REQUIRE(highest(last) == last);
        if (last != UINT64_MAX) REQUIRE(highest(last + 1) > last);
    }
}

TEST_CASE("a histogram in which nothing was recorded says 0") {
    const latency_histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.min() == 0);
    CHECK(histogram.max() == 0);
    CHECK(histogram.mean() == 0);
    CHECK(histogram.quantile(1, 2) == 0);
}

TEST_CASE("quantiles are those of the sorted samples by nearest rank") {
    check_against_sorted({0});
    check_against_sorted({7});
    check_against_sorted({UINT64_MAX});
    check_against_sorted({1, 2});
    check_against_sorted({2'047, 2'048, 2'049, 2'050});
    constexpr std::size_t counts[] = {3, 10, 99, 100, 101, 999, 1'000, 1'001, 10'000};
    for (const std::size_t count : counts) check_against_sorted(random_samples(count, count));
}

TEST_CASE("of 1,000 values the 999th is the 99.9th percentile and not the 1,000th") {
    latency_histogram histogram;
    for (std::uint64_t value = 1; value <= 1'000; ++value) histogram.record(value);
    CHECK(histogram.quantile(1, 2) == 500);
    CHECK(histogram.quantile(9, 10) == 900);
    CHECK(histogram.quantile(99, 100) == 990);
    CHECK(histogram.quantile(999, 1'000) == 999);
    CHECK(histogram.quantile(9'999, 10'000) == 1'000);
    CHECK(histogram.quantile(1, 1) == 1'000);
    CHECK(histogram.quantile(0, 1) == 1);
}

TEST_CASE("what is read is never above the maximum") {
    latency_histogram histogram;
    histogram.record(1'000'000);
    CHECK(highest(1'000'000) > 1'000'000);
    CHECK(histogram.quantile(1, 2) == 1'000'000);
}

TEST_CASE("merged histograms are what one would be that had recorded it all") {
    const std::vector<std::uint64_t> samples = random_samples(1'000, 5);
    latency_histogram whole, first, second;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        whole.record(samples[i]);
        (i % 3 == 0 ? first : second).record(samples[i]);
    }
    first.merge(second);
    first.merge(latency_histogram());
    CHECK(first.count() == whole.count());
    CHECK(first.min() == whole.min());
    CHECK(first.max() == whole.max());
    CHECK(first.mean() == whole.mean());
    for (const fraction part : fractions)
        CHECK(first.quantile(part.numerator, part.denominator) ==
              whole.quantile(part.numerator, part.denominator));
}

TEST_CASE("the extremes of both are the merged histogram's, whichever takes the other") {
    latency_histogram low, high, both;
    low.record(1);
    high.record(9);
    both.merge(low);
    both.merge(high);
    CHECK((both.min() == 1 && both.max() == 9));
    high.merge(low);
    CHECK((high.min() == 1 && high.max() == 9));
    CHECK(high.quantile(1, 2) == 1);
}
