// One tunnel whose peer takes nothing beside 99 busy ones: on the in-memory model, whose windows
// and turns are its own, the others leave as if it were not there.
#include "memory_model.hpp"
#include "session_suite/alone.hpp"

using namespace session_suite;

namespace {

using record = memory_model::record;

constexpr std::size_t busy = 99;

// The records of a write, but those of one stream.
octets without(std::string_view write, std::uint32_t stream) {
    octets out;
    while (!write.empty()) {
        const record head = record::decode(reinterpret_cast<const std::byte*>(write.data()));
        const std::string_view whole = write.substr(0, record::header_size + head.length);
        if (head.stream != stream) out += whole;
        write.remove_prefix(whole.size());
    }
    return out;
}

// Everything that the server writes while 99 tunnels are busy, each write apart. The hundredth is
// blocked: its client is told of one window's worth and takes no more.
struct meeting {
    explicit meeting(bool with_blocked) : both({.stream_window = 5'000}) {
        for (std::size_t i = 0; i < busy; ++i) tunnels.push_back(open());
        for (const tunnel_id tunnel : tunnels) say(tunnel, 100);
        if (with_blocked) {
            blocked = open();
            both.client.consumes = false;
            say(blocked, 5'000 - 4); // its window with the frame's header
            for (int i = 0; i < 10; ++i) say(blocked, 20'000);
            both.client.consumes = true;
        }
        writes.clear();
        for (std::size_t round = 0; round < 30; ++round) {
            for (std::size_t i = 0; i < busy; ++i)
                queue(tunnels[i], (37 * i + 211 * round) % 6'000);
            if (with_blocked) queue(blocked, 1'000);
            run();
        }
    }

    pair<memory_model> both;
    std::vector<tunnel_id> tunnels;
    tunnel_id blocked;
    std::vector<octets> writes;

    // Its client takes everything now.
    void unblock() {
        both.client.session.consume(both.client.last, 1'000'000);
        run();
    }

private:
    tunnel_id open() {
        (void)both.opened();
        return both.server.last;
    }
    void queue(tunnel_id tunnel, std::size_t size) {
        REQUIRE(both.server.send(tunnel, octets(size, 'x'), opcode::binary) == errc::none);
    }
    void say(tunnel_id tunnel, std::size_t size) {
        queue(tunnel, size);
        run();
    }
    void run() {
        for (octets piece;
             !(piece = both.server.transmit()).empty() || !both.client.offered().empty();) {
            if (!piece.empty()) writes.push_back(piece);
            both.client.receive(piece);
            both.server.receive(both.client.transmit());
        }
    }
};

} // namespace

TEST_CASE("99 busy tunnels leave as if a blocked one beside them were not there",
          "[session][R100][R118]") {
    const meeting alone(false);
    const meeting beside(true);
    REQUIRE(alone.writes.size() > 100);
    const std::uint32_t number = 2 * busy + 1; // of the hundredth stream
    std::vector<octets> rest;
    std::size_t of_blocked = 0;
    for (const octets& write : beside.writes) {
        rest.push_back(without(write, number));
        of_blocked += write.size() - rest.back().size();
    }
    CHECK(of_blocked == 0);
    REQUIRE(rest.size() == alone.writes.size());
    for (std::size_t i = 0; i < rest.size(); ++i) REQUIRE(rest[i] == alone.writes[i]);
}

TEST_CASE("a blocked tunnel goes on where it stopped when there is credit", "[session][R118]") {
    meeting beside(true);
    CHECK(beside.both.client.of(busy + 1).size() == 2); // opened, and its first window
    beside.unblock();
    CHECK(beside.both.client.of(busy + 1).size() == 2 + 10 + 30);
}
