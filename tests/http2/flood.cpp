// Floods, on HTTP/2 of our own.
#include "model.hpp"

using model = http2_model;

#include "../engine_suite/flood.hpp"

namespace {

octets repeated(std::string_view what, std::size_t times) {
    octets out;
    for (std::size_t i = 0; i < times; ++i) out += what;
    return out;
}

// A server whose memory is counted, with one tunnel.
struct counted_side {
    explicit counted_side(session_options options = {})
        : at((options.memory = memory.policy(), options)) {
        memory.peak = memory.held;
        before = memory.held;
    }
    scarce_memory memory;
    std::size_t before = 0;
    side at;

    // The most that was held beside what the tunnel holds.
    std::size_t grown() const { return memory.peak - before; }
    void check_calmed() {
        CHECK(goaway_code(at.peer.written) == 0xbU);
        CHECK(at.peer.log.back() == "ended flooded");
        at.peer.check_ended();
    }
    // It ended while output waited, which may still be read.
    void check_told_late() {
        CHECK(at.peer.log.back() == "ended flooded");
        CHECK_FALSE(goaway_code(at.peer.written).has_value());
        while (!at.peer.offered().empty()) (void)at.peer.transmit();
        check_calmed();
    }
    void check_alive() {
        CHECK(at.echoes());
        CHECK_FALSE(goaway_code(at.peer.written).has_value());
    }
};

} // namespace

TEST_CASE("headers that never end hold one block's limit", "[http2][flood][rfc9113-10.5.1][R123]") {
    counted_side peer;
    peer.at.hears(model::frame(1, 0, 3, octets(16'384, '\0')));
    std::size_t frames = 0;
    while (!peer.at.peer.ended && frames < 100) {
        peer.at.hears(model::frame(9, 0, 3, octets(16'384, '\0')));
        ++frames;
    }
    CHECK(frames == 4); // with HEADERS 80 KiB, where 64 KiB are allowed
    peer.check_calmed();
    CHECK(peer.grown() <= 3 * 65'536 + 4'096); // it grows by doubling
}

TEST_CASE("a small block that decodes to much holds what its section may",
          "[http2][flood][rfc9113-10.5.1][R123][R124]") {
    counted_side peer;
    // One field of 4,000 octets enters the table (RFC 7541 §6.2.1), then stands 16,000 times: 64
    // MB.
    const octets entry = octets("\x40\1x\x7f\xa1\x1e", 6) + octets(4'000, 'v');
    for (std::uint32_t stream = 3; stream < 23; stream += 2)
        peer.at.hears(model::frame(1, 5, stream,
                                   request(stream).substr(9) + entry + repeated("\xbe", 10'000)));
    CHECK(peer.at.peer.session.stream_count() == 1);
    CHECK(peer.at.peer.log.back() == "rejected too_many_fields");
    CHECK(peer.grown() <= 256 * 1'024);
    peer.check_alive();
}

TEST_CASE("a table that is filled for ever holds its size", "[http2][flood][rfc9113-10.5][R123]") {
    counted_side peer;
    // On a stream that nobody has: trailers of a tunnel that was reset are only decoded.
    peer.at.hears(request(3));
    CHECK(peer.at.peer.reset(peer.at.peer.last) == errc::none);
    peer.at.hears({});
    for (int turn = 0; turn < 100; ++turn)
        peer.at.hears(model::frame(1, 4, 3, repeated(octets("\x40\1x\1y", 5).substr(0, 5), 3'000)));
    peer.check_alive();
    CHECK(peer.grown() <= 64 * 1'024);
}

TEST_CASE("a table's size may change twice at the start of a block, and never grow beyond ours",
          "[http2][flood][rfc7541-4.2][rfc9113-4.3][R93]") {
    for (const auto& [updates, fine] :
         {std::pair<octets, bool>{octets("\x20\x3f\xe1\x1f", 4), true}, // 0, 4,096
          {octets("\x3f\xe2\x1f", 3), false},                           // 4,097
          {repeated("\x20", 16'000), false}}) {
        CAPTURE(updates.size());
        counted_side peer;
        peer.at.hears(model::frame(1, 4, 3, updates + request(3).substr(9)));
        CHECK(peer.at.peer.has("2 requested /") == fine);
        CHECK(peer.at.peer.ended == !fine);
        if (!fine) CHECK(goaway_code(peer.at.peer.written) == 9U); // COMPRESSION_ERROR
        CHECK(peer.grown() <= 64 * 1'024);
    }
}

TEST_CASE("a peer's HEADER_TABLE_SIZE of 4 GiB makes no table of ours larger",
          "[http2][flood][rfc9113-10.5][R123]") {
    counted_side peer;
    peer.at.hears(setting(1, 0xffff'ffff));
    for (std::uint32_t stream = 3; stream < 1'003; stream += 2) {
        peer.at.hears(request(stream, "8")); // refused, with fields that are indexed
        peer.at.hears(model::data(stream, {}, true));
    }
    CHECK(peer.grown() <= 64 * 1'024);
    peer.check_alive();
}

TEST_CASE("an initial window that changes over and over in one frame counts each time",
          "[http2][flood][rfc9113-10.5][rfc9113-6.9.2][R123][R120]") {
    const octets toggle = model::number(4, 2) + model::number(0) + model::number(4, 2) +
                          model::number(0x7fff'0000 >> 8);
    counted_side peer({.floods = limited(&flood_limits::settings, 20)});
    const std::uint32_t begun = peer.at.peer.session.counters().in_interval(flood::settings);
    peer.at.hears(model::frame(4, 0, 0, repeated(toggle, 5)));
    CHECK(peer.at.peer.session.counters().in_interval(flood::settings) == begun + 10);
    peer.check_alive();
    peer.at.hears(model::frame(4, 0, 0, repeated(toggle, 1'000)));
    CHECK(peer.at.peer.session.counters().total(flood::settings) == 21);
    peer.check_calmed();
    CHECK(peer.grown() <= 64 * 1'024);
}

TEST_CASE("frames that make us reset are counted, whichever they are",
          "[http2][flood][rfc9113-10.5][R123]") {
    using trick = octets (*)(std::uint32_t stream);
    const trick tricks[]{
        [](std::uint32_t stream) {
            return request(stream) + model::frame(8, 0, stream, model::number(0));
        },
        [](std::uint32_t stream) { return request(stream) + model::frame(2, 0, stream, "1234"); },
        [](std::uint32_t stream) {
            return model::headers(stream,
                                  {{":method", "GET"},
                                   {":scheme", "https"},
                                   {":authority", "a"},
                                   {":path", "/"}},
                                  true) +
                   model::data(stream, "x", false);
        },
        [](std::uint32_t stream) {
            return request(stream) + model::data(stream, octets("\xff\0", 2), false);
        },
    };
    for (const trick& once : tricks) {
        counted_side peer({.floods = limited(&flood_limits::resets_provoked, 20)});
        std::uint32_t stream = 3;
        for (; stream < 1'003 && !peer.at.peer.ended; stream += 2) peer.at.hears(once(stream));
        CAPTURE(stream, &once - tricks);
        CHECK(peer.at.peer.session.counters().total(flood::resets_provoked) == 21);
        peer.check_calmed();
    }
}

TEST_CASE("streams above the limit are counted as resets that were provoked",
          "[http2][flood][rfc9113-10.5][R123]") {
    session_options options{.max_streams = 1};
    options.floods.resets_provoked = 20;
    counted_side peer(options);
    for (std::uint32_t stream = 3; stream < 43; stream += 2) peer.at.hears(request(stream));
    peer.check_alive();
    peer.at.hears(request(43));
    CHECK(peer.at.peer.session.counters().total(flood::resets_provoked) == 21);
    peer.check_calmed();
}

TEST_CASE("a peer that never reads holds what may be queued and one write",
          "[http2][flood][rfc9113-10.5][R123]") {
    counted_side peer({.max_queued = 100'000});
    peer.at.hears(setting(4, 0x7fff'ffff) + model::frame(8, 0, 0, model::number(0x7000'0000)));
    (void)peer.at.peer.send(peer.at.peer.last, "first");
    (void)peer.at.peer.offered(); // nothing of it is taken
    std::size_t taken = 0;
    for (int turn = 0; turn < 1'000; ++turn) {
        taken += peer.at.peer.send(peer.at.peer.last, octets(1'000, 'x')) == errc::none;
        (void)peer.at.peer.offered();
    }
    CHECK(taken < 200);
    CHECK(peer.at.peer.send(peer.at.peer.last, octets(1'000, 'x')) == errc::queue_full);
    CHECK(peer.grown() <= 100'000 + 64 * 1'024 + 16'384);
}

TEST_CASE("priorities of streams that are never opened hold their limit, and are a flood",
          "[http2][flood][rfc9218-7][R123]") {
    counted_side peer;
    for (std::uint32_t stream = 3; stream < 60'003 && !peer.at.peer.ended; stream += 2)
        peer.at.hears(model::frame(16, 0, 0, model::number(stream) + octets("u=1")));
    CHECK(peer.at.peer.session.counters().total(flood::small_frames) == 20'001);
    peer.check_calmed();
    CHECK(peer.grown() <= 3 * 8 * http2::max_idle_priorities); // it grows by doubling
}

TEST_CASE("DATA of one octet each holds no more than the message", "[http2][flood][R123]") {
    counted_side peer;
    const octets message = transcript::from_client(0x82, octets(60'000, 'x'));
    for (const char octet : message) peer.at.peer.receive(model::data(1, octets(1, octet), false));
    CHECK(peer.at.peer.log.back().starts_with("1 binary"));
    CHECK(peer.grown() <= 3 * 60'000 + 64 * 1'024); // and its echo
    peer.at.hears({});
    peer.check_alive();
}

TEST_CASE("resets of the application's that the transport does not take are no flood",
          "[http2][flood][R123]") {
    session_options options{.max_streams = 3'000};
    counted_side peer(options);
    std::vector<tunnel_id> names;
    for (std::uint32_t stream = 3; stream < 3'003; stream += 2) {
        peer.at.hears(request(stream));
        names.push_back(peer.at.peer.last);
    }
    CHECK(peer.at.peer.send(names[0], "waits") == errc::none);
    REQUIRE_FALSE(peer.at.peer.offered().empty()); // nothing of it is taken
    for (const tunnel_id name : names) CHECK(peer.at.peer.reset(name) == errc::none);
    peer.at.peer.receive(model::frame(8, 0, 0, model::number(1)));
    CHECK_FALSE(peer.at.peer.ended);
    peer.at.hears({});
    peer.check_alive();
}

TEST_CASE("refusals that a peer does not read are bounded over intervals", "[http2][flood][R123]") {
    counted_side peer({.max_streams = 1});
    CHECK(peer.at.peer.send(peer.at.peer.last, "waits") == errc::none);
    REQUIRE_FALSE(peer.at.peer.offered().empty()); // nothing of it is taken
    std::uint32_t refused = 0;
    for (; refused < 5'000 && !peer.at.peer.ended; ++refused) {
        if (refused % 900 == 0) peer.at.now += seconds(10);
        peer.at.peer.receive(request(2 * refused + 3));
    }
    CHECK(refused == http2::max_waiting_replies + 1);
    peer.check_told_late();
    CHECK(peer.grown() <= 64 * 1'024);
}

TEST_CASE("answers to requests that are reset before they leave are bounded over intervals",
          "[http2][flood][rfc9113-10.5][R123]") {
    counted_side peer;
    CHECK(peer.at.peer.send(peer.at.peer.last, "waits") == errc::none);
    REQUIRE_FALSE(peer.at.peer.offered().empty()); // nothing of it is taken
    std::uint32_t answered = 0;
    for (; answered < 5'000 && !peer.at.peer.ended; ++answered) {
        if (answered % 900 == 0) peer.at.now += seconds(10);
        const std::uint32_t stream = 2 * answered + 3;
        peer.at.peer.receive(request(stream)); // accepted at once
        peer.at.peer.receive(model::reset(stream, 8));
    }
    CHECK(answered == http2::max_waiting_replies + 1);
    peer.check_told_late();
    CHECK(peer.grown() <= 96 * 1'024);
}
