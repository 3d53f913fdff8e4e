#include "../catch.hpp"

#include <h2ws/http2/turns.hpp>

#include <algorithm>
#include <vector>

using namespace h2ws::http2;

namespace {

struct thing {};
using entry = stream_entry<thing>;
using place = entry::list;

struct all_turns {
    turns<thing> whose;
    std::vector<std::int32_t> order(bool window_is_open = true) { // taking all out
        std::vector<std::int32_t> out;
        while (entry* const at = whose.take(window_is_open)) out.push_back(at->stream_id);
        return out;
    }
};

using ids = std::vector<std::int32_t>;

} // namespace

TEST_CASE("equals go in turn, the urgent first", "[http2][rfc9218-10]") {
    thing any;
    entry a{.stream = &any, .stream_id = 1}, b{.stream = &any, .stream_id = 3},
        c{.stream = &any, .stream_id = 5};
    all_turns all;
    CHECK(all.whose.take(true) == nullptr);
    for (entry* const at : {&a, &b, &c}) all.whose.add(*at);
    all.whose.add(a); // has its place
    all.whose.move(a, place::ready);
    all.whose.set_urgency(c, 1);
    CHECK(all.order() == ids{5, 3, 1});
    all.whose.set_urgency(b, 7); // waits nowhere
    for (entry* const at : {&b, &a, &c}) all.whose.add(*at);
    CHECK(all.order() == ids{5, 1, 3});
}

TEST_CASE("an octet more of the connection's window moves one of those that wait for it",
          "[http2][rfc9113-5.2.1][R99][R123]") {
    thing any;
    std::vector<entry> many;
    for (std::int32_t id = 1; id < 2'001; id += 2)
        many.push_back({.stream = &any, .stream_id = id});
    all_turns all;
    for (entry& at : many) all.whose.move(at, place::starved);
    for (std::size_t update = 0; update < 3 * many.size(); ++update) {
        entry* const at = all.whose.take(true);
        REQUIRE(at == &many[update % many.size()]); // round robin
        all.whose.move(*at, place::ready);          // it has more to say
        const auto waits = [](const entry& each) { return each.in == place::starved; };
        CHECK(std::count_if(many.begin(), many.end(), waits) == 999);
        REQUIRE(all.whose.take(false) == at); // the window is used up
        CHECK(all.whose.take(false) == nullptr);
        all.whose.move(*at, place::starved);
    }
}

TEST_CASE("those that waited for the connection's window go first, in order",
          "[http2][rfc9113-5.2.1][R99]") {
    thing any;
    entry a{.stream = &any, .stream_id = 1}, b{.stream = &any, .stream_id = 3},
        c{.stream = &any, .stream_id = 5}, d{.stream = &any, .stream_id = 7};
    all_turns all;
    all.whose.move(a, place::starved);
    all.whose.move(b, place::starved);
    all.whose.add(c);
    all.whose.add(b); // still waits
    all.whose.move(d, place::dying);
    all.whose.set_urgency(d, 0);
    CHECK(all.whose.dying() == &d);
    SECTION("once it is open") { CHECK(all.order() == ids{1, 3, 5}); }
    SECTION("not before") {
        CHECK(all.order(false) == ids{5});
        CHECK(all.order() == ids{1, 3});
    }
    SECTION("but not before the more urgent") {
        all.whose.set_urgency(c, 2);
        CHECK(all.order() == ids{5, 1, 3});
    }
    SECTION("by their own urgency, which may change while they wait") {
        all.whose.set_urgency(b, 0);
        CHECK(all.order() == ids{3, 1, 5});
    }
    all.whose.move(d, place::none);
    CHECK(all.whose.dying() == nullptr);
}
