// check server|client [DEPTH] [replay|mistakes]: every sequence of DEPTH inputs on an open tunnel,
// and of one less where it was asked for or switches are turned, must bring what the specification
// says: the same events in the same order, the same frames, the same refusals, nothing before its
// time.
//
// `replay` plays each sequence from its beginning; `mistakes` takes specifications that are wrong
// on purpose, and fails where one is not found out.
#include "names.hpp"
#include "specification.hpp"
#include "store.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <unordered_set>

namespace model {

struct counts {
    std::uint64_t sequences = 0, steps = 0, wrong = 0;
    std::unordered_set<std::uint64_t> states;
};

template <class Store, class Role>
class search {
public:
    search(const peer_octets<Role>& peer, const switches& chosen, const std::vector<input>& first,
           unsigned depth, mistake wrong)
        : most_reports_(wrong == mistake::none ? 12 : 1),
          first_only_(wrong != mistake::none),
          expected_(role_of<Role>, chosen, wrong),
          store_(peer, chosen, note(first)),
          places_(depth + 1) {
        count_.states.insert(expected_.digest());
        follow(expected_, depth);
    }

    const counts& found() const noexcept { return count_; }

private:
    // What goes before; it is compared in the searches that begin there.
    const std::vector<step_taken>& note(const std::vector<input>& first) {
        for (const input what : first) {
            (void)expected_.step(what);
            taken_.push_back({what, expected_.now()});
        }
        return taken_;
    }

    void follow(const specification& from, unsigned depth) {
        store_.keep(places_[depth]);
        bool moved = false;
        for (std::size_t i = 0; i < inputs; ++i) {
            const input what = static_cast<input>(i);
            if (!from.possible(what)) continue;
            if (first_only_ && count_.wrong != 0) return;
            if (std::exchange(moved, true)) store_.back_to(places_[depth], taken_);
            specification next = from;
            if (!agrees(what, next, from.now())) continue;
            if (depth == 1) {
                ++count_.sequences;
                continue;
            }
            taken_.push_back({what, next.now()});
            follow(next, depth - 1);
            taken_.pop_back();
        }
    }

    // One input to both.
    bool agrees(input what, specification& next, milliseconds before) {
        ++count_.steps;
        const outcome expected = next.step(what);
        count_.states.insert(next.digest());
        outcome early; // what comes before its time
        if (what == input::wait && next.now() > before + 1)
            early = store_.at().step(what, next.now() - 1);
        const outcome got = store_.at().step(what, next.now());
        const auto due = next.deadline();
        const bool forgotten = due && store_.at().deadline() > *due;
        if (early == outcome{} && got == expected && !forgotten) return true;
        report(what, expected, early == outcome{} ? got : early, early != outcome{}, forgotten);
        return false;
    }

    void report(input what, const outcome& expected, const outcome& got, bool too_early,
                bool forgotten) {
        if (count_.wrong++ >= most_reports_) return;
        std::printf("%s:", Role::is_client ? "client" : "server");
        for (const step_taken& one : taken_)
            std::printf(" %s", name_of(input_names, one.what).c_str());
        std::printf(" %s\n  expected: %s\n  got:      %s\n", name_of(input_names, what).c_str(),
                    text(expected).c_str(), text(got).c_str());
        if (too_early) std::printf("  a millisecond before its time\n");
        if (forgotten) std::printf("  and what is due is not in deadline()\n");
    }

    std::uint64_t most_reports_;
    bool first_only_; // of what is wrong
    specification expected_;
    std::vector<step_taken> taken_;
    Store store_;
    std::vector<typename Store::place> places_;
    counts count_;
};

template <class Store, class Role>
counts check_from(const char* name, const std::vector<input>& first, unsigned depth,
                  mistake wrong = mistake::none, const switches& chosen = {}) {
    const auto begin = std::chrono::steady_clock::now();
    const peer_octets<Role> peer;
    const counts found = search<Store, Role>(peer, chosen, first, depth, wrong).found();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto number = [](std::uint64_t of) { return static_cast<unsigned long long>(of); };
    std::printf("%s, %s: depth %u, %llu sequences, %llu steps, %zu states of the specification, "
                "%llu wrong, %.1f s\n",
                Role::is_client ? "client" : "server", name, depth, number(found.sequences),
                number(found.steps), found.states.size(), number(found.wrong), took.count());
    std::fflush(stdout);
    return found;
}

template <template <class> class Store, class Role>
int check_role(unsigned depth, bool with_mistakes) {
    const input opens = Role::is_client ? input::success : input::accept;
    int passed = 0, failed = 0;
    const auto count = [&](bool good) { ++(good ? passed : failed); };
    if (!with_mistakes) {
        const switches others{.end_with_reset = true, .idle = 40'000, .answers = true};
        count(!check_from<Store<Role>, Role>("asked for", {}, depth - 1).wrong);
        count(!check_from<Store<Role>, Role>("open", {opens}, depth).wrong);
        count(!check_from<Store<Role>, Role>("open, switches turned", {opens}, depth - 1,
                                             mistake::none, others)
                   .wrong);
    }
    for (std::size_t i = 1; with_mistakes && i < mistakes; ++i) {
        std::printf("%s\n", name_of(mistake_names, i).c_str());
        const mistake wrong = static_cast<mistake>(i);
        count(check_from<Store<Role>, Role>("open", {opens}, depth, wrong).wrong != 0);
    }
    std::printf("cases: %d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

} // namespace model

int main(int count, char** words) {
    const auto is = [&](int at, const char* word) {
        return count > at && std::strcmp(words[at], word) == 0;
    };
    const int depth = count > 2 ? std::atoi(words[2]) : 4;
    if (depth < 2 || (!is(1, "client") && !is(1, "server"))) return 2;
    const auto check = [&](auto check_one) {
        return check_one(static_cast<unsigned>(depth), is(3, "mistakes"));
    };
    using namespace model;
    if (is(3, "replay"))
        return check(is(1, "client") ? check_role<replayed_drive, h2ws::client>
                                     : check_role<replayed_drive, h2ws::server>);
    return check(is(1, "client") ? check_role<copied_drive, h2ws::client>
                                 : check_role<copied_drive, h2ws::server>);
}
