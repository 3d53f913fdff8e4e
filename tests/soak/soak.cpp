// soak_memory [--seed S] [--seconds T] [--first N] [--connections N] [--at-once N] [--tunnels N]:
// connections in memory, with faults, one after the other and `at-once` beside one another, for so
// long or so many. The seed and its number make a connection: what goes wrong in one is played
// again by --seed S --first N --connections 1. The exit status is 1 where anything was wrong.
#include "arguments.hpp"
#include "connection.hpp"

#include <deque>
#include <optional>

namespace {

class run {
public:
    explicit run(const soak::settings& told) : told_(told), next_(told.first) {}

    bool all() {
        while (fill()) {
            for (auto at = live_.begin(); at != live_.end();) {
                const std::optional<bool> more = step(*at);
                if (!more) return false;
                at = *more ? std::next(at) : live_.erase(at);
            }
            if (watch_.since_said() >= 5) watch_.say(counted_);
        }
        std::printf("seed %llu, %.0f s, connections %llu to %llu\n", soak::whole(told_.seed),
                    watch_.seconds(), soak::whole(told_.first), soak::whole(next_ - 1));
        counted_.report();
        return true;
    }

private:
    struct live {
        std::uint64_t number;
        std::unique_ptr<soak::connection> self;
    };

    // Whether any is live.
    bool fill() {
        const bool more =
            told_.connections != ~std::uint64_t{0} || watch_.seconds() < told_.seconds;
        while (more && live_.size() < told_.at_once && next_ - told_.first < told_.connections) {
            live_.push_back({next_, std::make_unique<soak::connection>(
                                        told_.seed, next_, told_.tunnels, contents_, counted_)});
            ++next_;
        }
        return !live_.empty();
    }

    // Whether it goes on; nothing: it was wrong.
    std::optional<bool> step(live& at) {
        try {
            return at.self->step();
        } catch (const soak::violation& wrong) {
            std::printf("connection %llu (%s): %s\nagain: --seed %llu --first %llu --connections 1 "
                        "--tunnels %llu\n",
                        soak::whole(at.number), at.self->described().c_str(), wrong.what(),
                        soak::whole(told_.seed), soak::whole(at.number),
                        soak::whole(told_.tunnels));
            return std::nullopt;
        }
    }

    soak::settings told_;
    soak::content contents_;
    soak::counts counted_;
    std::uint64_t next_;
    std::deque<live> live_;
    soak::watch watch_;
};

} // namespace

int main(int count, char** words) {
    soak::settings told;
    if (!soak::read(told, count, words)) {
        std::fputs("soak_memory: see tests/soak/soak.cpp\n", stderr);
        return 2;
    }
    const bool good = run(told).all();
    std::printf("cases: %d passed, %d failed\n", good, !good);
    return good ? 0 : 1;
}
