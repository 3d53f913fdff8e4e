#include "../catch.hpp"

#include <h2ws/http2/turns.hpp>

#include <vector>

using namespace h2ws::http2;

namespace {

struct thing {};
using entry = stream_entry<thing>;
using place = entry::list;

struct all_turns {
    turns<thing> whose;
    std::vector<std::int32_t> order() { // taking all out
        std::vector<std::int32_t> out;
        while (entry* const at = whose.take()) out.push_back(at->stream_id);
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
    CHECK(all.whose.take() == nullptr);
    for (entry* const at : {&a, &b, &c}) all.whose.add(*at);
    all.whose.add(a); // has its place
    all.whose.move(a, place::ready);
    all.whose.set_urgency(c, 1);
    CHECK(all.order() == ids{5, 3, 1});
    all.whose.set_urgency(b, 7); // waits nowhere
    for (entry* const at : {&b, &a, &c}) all.whose.add(*at);
    CHECK(all.order() == ids{5, 1, 3});
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
    all.whose.feed();
    CHECK(all.order() == ids{1, 3, 5});
    all.whose.move(d, place::none);
    CHECK(all.whose.dying() == nullptr);
}
