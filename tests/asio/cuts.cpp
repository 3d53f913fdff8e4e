// A connection is cut after each octet that passes, and goes through in pieces of every size.
#include "../catch.hpp"
#include "dialogue.hpp"

#include <algorithm>

using namespace streams;
using cut = memory_pipe::cut;
using side = memory_pipe::side;

namespace {

struct scene : stage {
    dialogue<memory_pipe::end> both;

    explicit scene(const strings& up = {"", "up", std::string(40, 'u')},
                   const strings& down = {"down", "", std::string(40, 'd')})
        : both(*this, between.of(side::near), between.of(side::far), up, down) {}

    void run() {
        both.run();
        REQUIRE(settle());
        CHECK(both.consistent());
        CHECK(handlers.each_once());
    }
};

std::size_t octets_of(side from) {
    scene whole;
    whole.run();
    REQUIRE(whole.both.undisturbed());
    return whole.between.passed(from);
}

// What a speaker may be told of a connection that was cut.
template <class Speaker>
bool knows(const Speaker& one) {
    const auto is_one_of = [](const std::string& end, const strings& names) {
        return end.empty() || std::find(names.begin(), names.end(), end) != names.end();
    };
    return is_one_of(one.read_end, {"eof", "connection_lost"}) &&
           is_one_of(one.close_end, {"none", "connection_lost"}) &&
           is_one_of(one.write_end, {"not_open"}) && is_one_of(one.ping_end, {"none", "not_open"});
}

} // namespace

TEST_CASE("a connection that is cut after any octet ends each operation once", "[asio][R209]") {
    const side from = GENERATE(side::near, side::far);
    const cut how = GENERATE(cut::half, cut::whole, cut::reset);
    const std::size_t octets = octets_of(from);
    REQUIRE(octets > 300);
    for (std::size_t at = 0; at < octets; ++at) {
        INFO("after " << at << " of " << octets << " octets");
        scene short_one;
        short_one.between.cut_after(from, at, how);
        short_one.run();
        const auto& both = short_one.both;
        REQUIRE(short_one.between.passed(from) == at);
        for (std::size_t which = 0; which < 2; ++which)
            CHECK((knows(*both.asking[which]) && knows(*both.answering[which])));
        if (!both.ended_in_order()) continue;
        // Only a GOAWAY was left, and nobody's tunnel with it.
        CHECK(both.undisturbed());
        CHECK(how != cut::reset);
        CHECK(octets - at <= 17);
    }
}

TEST_CASE("a connection of which no octet was cut ends in order", "[asio]") {
    const side from = GENERATE(side::near, side::far);
    scene whole;
    whole.between.cut_after(from, octets_of(from), cut::half);
    whole.run();
    CHECK(whole.both.undisturbed());
}

TEST_CASE("reads and writes of any size carry the same messages", "[asio]") {
    const std::size_t piece = GENERATE(1U, 2U, 3U, 7U, 16U, 1'000U, 16'393U);
    CAPTURE(piece);
    scene slow({"", "up", std::string(3'000, 'u')}, {std::string(20'000, 'd'), "", "down"});
    slow.between.set_piece(piece);
    slow.run();
    CHECK(slow.both.undisturbed());
}

TEST_CASE("a peer that never acknowledges SETTINGS is spoken with", "[asio][rfc9113-6.5.3]") {
    const std::string acknowledgement{"\0\0\0\4\1\0\0\0\0", 9};
    scene silent;
    for (const side from : {side::near, side::far}) silent.between.leave_out(from, acknowledgement);
    silent.run();
    CHECK(silent.both.undisturbed());
    for (const side from : {side::near, side::far}) CHECK(silent.between.times_left_out(from) == 1);
}
