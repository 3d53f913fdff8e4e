// Counts of durations, log-linear as in HdrHistogram: up to 2,047 every nanosecond has a counter of
// its own, and from there on every doubling has 1,024 of equal width. So whatever is read is known
// to 1 part in 1,024, which is three significant digits, recording takes a few instructions, and
// the memory is the same 440 KiB for ever.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace h2ws::tools {

class latency_histogram {
public:
    latency_histogram() : counts_(counters) {}

    void record(std::uint64_t nanoseconds) noexcept {
        ++counts_[index_of(nanoseconds)];
        ++count_;
        sum_ += nanoseconds;
        if (nanoseconds < min_) min_ = nanoseconds;
        if (nanoseconds > max_) max_ = nanoseconds;
    }

    // Everything that the other has recorded, too.
    void merge(const latency_histogram& other) noexcept {
        for (std::size_t i = 0; i < counters; ++i) counts_[i] += other.counts_[i];
        count_ += other.count_;
        sum_ += other.sum_;
        if (other.min_ < min_) min_ = other.min_;
        if (other.max_ > max_) max_ = other.max_;
    }

    std::uint64_t count() const noexcept { return count_; }

    // Exact, as no counter is asked; 0 where nothing was recorded.
    std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
    std::uint64_t max() const noexcept { return max_; }
    double mean() const noexcept {
        return count_ == 0 ? 0 : static_cast<double>(sum_) / static_cast<double>(count_);
    }

    // The value that `numerator / denominator` of all that was recorded do not exceed, by nearest
    // rank: of 1,000 values the 999th for 999/1,000. It is the largest that shares a counter with
    // that one, so never too small, and never above the maximum. A fraction and no floating point,
    // which would find 999.0000000000001 of 1,000 to be the 1,000th.
    std::uint64_t quantile(std::uint64_t numerator, std::uint64_t denominator) const noexcept {
        // Multiplied in two parts, as the product may not fit.
        const std::uint64_t part = count_ % denominator * numerator;
        std::uint64_t rank = count_ / denominator * numerator + part / denominator +
                             (part % denominator == 0 ? 0 : 1);
        if (rank == 0) rank = 1;
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < counters; ++i) {
            below += counts_[i];
            if (below >= rank) return highest_of(i) < max_ ? highest_of(i) : max_;
        }
        return max_;
    }

    // The largest value that is counted together with this one.
    static constexpr std::uint64_t highest_equivalent(std::uint64_t value) noexcept {
        return highest_of(index_of(value));
    }

private:
    static constexpr int digits = 11; // binary ones, the first of them always 1
    static constexpr std::size_t half = std::size_t{1} << (digits - 1);
    static constexpr std::size_t counters = (64 - digits + 2) * half;

    static constexpr int shift_of(std::uint64_t value) noexcept {
        return static_cast<int>(std::bit_width(value | (2 * half - 1))) - digits;
    }

    static constexpr std::size_t index_of(std::uint64_t value) noexcept {
        const int shift = shift_of(value);
        return static_cast<std::size_t>(shift) * half + static_cast<std::size_t>(value >> shift);
    }

    static constexpr std::uint64_t highest_of(std::size_t index) noexcept {
        if (index < 2 * half) return index;
        const std::size_t shift = index / half - 1;
        const std::uint64_t leading = index % half + half;
        return (leading << shift) + ((std::uint64_t{1} << shift) - 1);
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0; // lasts for 584 years of waiting, all messages together
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
};

} // namespace h2ws::tools
