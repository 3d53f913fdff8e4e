// Whatever arrives, and whatever the application does meanwhile: nothing crashes, hangs or grows,
// and each tunnel has one `closed` and one release. Seeds are fixed.
#include "../scarce_memory.hpp"
#include "model.hpp"
#include "owner.hpp"

#include <random>
#include <tuple>

using namespace attach_tests;
using session_suite::endpoint;

namespace {

using model = nghttp2_model;

class dice {
public:
    explicit dice(unsigned seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool one_in(std::uint32_t times) { return below(times) == 0; }
    octets bytes(std::size_t size) {
        octets out(size, '\0');
        for (char& c : out) c = static_cast<char>(random_());
        return out;
    }

private:
    std::mt19937 random_;
};

// A peer's frames, most of them in order.
template <bool to_client>
octets frame(dice& random) {
    const std::uint32_t stream = 1 + 2 * random.below(6);
    const std::vector<field> request{{":method", random.one_in(8) ? "GET" : "CONNECT"},
                                     {":protocol", random.one_in(8) ? "other" : "websocket"},
                                     {":scheme", "https"},
                                     {":authority", "a.test"},
                                     {":path", "/"},
                                     {"sec-websocket-version", random.one_in(8) ? "8" : "13"}};
    const std::vector<field> ordinary{
        {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    const std::vector<field> answer{{":status", random.one_in(4) ? "403" : "200"}};
    switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
        if (to_client) return model::headers(stream, answer, random.one_in(8));
        return model::headers(stream, random.one_in(3) ? ordinary : request, random.one_in(8));
    case 3: return model::reset(stream, random.below(16));
    case 4:
        return model::frame(8, 0, random.one_in(2) ? 0 : stream, model::number(random.below(99)));
    case 5: return model::frame(6, random.one_in(2), 0, random.bytes(8));
    case 6: return model::frame(4, 0, 0, model::number(4, 2) + model::number(random.below(70'000)));
    case 7: return model::frame(random.one_in(2) ? 2 : 99, 0, stream, octets(5, '\0'));
    case 8: return model::data(stream, random.bytes(random.below(20)), random.one_in(8));
    case 9:
        return random.one_in(8) ? model::goaway(random.below(9))
                                : model::headers(stream, answer, true);
    default: break;
    }
    static constexpr unsigned firsts[]{0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a};
    const octets payload(random.below(200), 'p');
    const unsigned first = firsts[random.below(8)];
    const octets said =
        first == 0x88 ? octets("\x03\xe8") : payload.substr(0, first > 0x88 ? 9 : 200);
    return model::data(stream,
                       to_client ? transcript::frame_start(first, false, said.size()) + said
                                 : transcript::from_client(first, said),
                       random.one_in(16));
}

template <bool to_client>
octets conversation(dice& random) {
    octets out = to_client ? model::server_preface(true) : model::client_preface();
    for (std::uint32_t i = 5 + random.below(60); i != 0; --i) out += frame<to_client>(random);
    if (random.one_in(2))
        for (std::uint32_t i = 1 + random.below(4); i != 0; --i) // flipped bits
            out[24 + random.below(static_cast<std::uint32_t>(out.size()) - 24)] ^=
                static_cast<char>(1U << random.below(8));
    if (random.one_in(4)) out.insert(24 + random.below(100), random.bytes(random.below(30)));
    if (random.one_in(8)) out.resize(out.size() - random.below(20));
    return out;
}

session_options options_of(dice& random, scarce_memory& memory) {
    session_options options{.memory = memory.policy()};
    options.accept_tunnels = true;
    options.accept_raw_tunnels = random.one_in(2);
    options.max_early_data = 64;
    options.stream_window = random.one_in(4) ? 50 : 65'535;
    return options;
}

// What an application may do at any time.
template <class Tunnels>
void disturb(Tunnels& tunnels, tunnel_id any, dice& random, instant now) {
    switch (random.below(8)) {
    case 0: (void)tunnels.send(any, opcode::text, as_bytes("hello"), now); break;
    case 1: (void)tunnels.send_close(any, status_code::normal_closure, "", now); break;
    case 2: (void)tunnels.reset(any, http2_error::cancel, now); break;
    case 3: (void)tunnels.send_ping(any, {}, now); break;
    case 4: (void)tunnels.write(any, as_bytes("raw"), random.one_in(2), now); break;
    case 5: tunnels.expire(now); break;
    case 6:
        if (random.one_in(10)) tunnels.shutdown(now);
        break;
    default: break;
    }
}

constexpr std::size_t most_memory = 1'500'000; // 6 streams, with what 70 frames can hold

// What happened in all runs: that they come far is asserted too.
struct tally {
    std::size_t tunnels = 0; // that the application knew of
    std::size_t closed = 0;  // that were open, or asked for
    std::size_t errors = 0;  // of the connection

    void check() const {
        CHECK(tunnels > 1'000);
        CHECK(closed > 500);
        CHECK(errors > 100);
    }
};

template <class Session>
void run_session(unsigned seed, tally& all) {
    dice random(seed);
    scarce_memory memory;
    {
        instant now = seconds(1);
        endpoint<Session> side(options_of(random, memory), {}, now);
        side.echoes = true;
        side.consumes = !random.one_in(3);
        side.accepts = !random.one_in(8);
        if constexpr (Session::is_client)
            for (int i = 0; i < 4; ++i) {
                const auto made = side.session.open({.authority = "a.test", .path = "/"}, now);
                if (made) side.at(*made);
            }
        const octets input = conversation<Session::is_client>(random);
        std::string_view rest = input;
        while (!rest.empty() && !side.ended) {
            const std::string_view piece = rest.substr(0, 1 + random.below(200));
            rest.remove_prefix(piece.size());
            side.receive(piece);
            if (random.one_in(2)) disturb(side.session, side.last, random, now);
            side.poll_dry();
            if (!random.one_in(3)) (void)side.transmit();
            now += milliseconds(random.below(3'000));
            if (memory.held > most_memory) FAIL(memory.held << " bytes are held");
        }
        for (int i = 0; i < 100 && side.session.deadline() != never; ++i) {
            now = std::max(now, side.session.deadline());
            side.expire();
            (void)side.transmit();
        }
        all.errors += side.ended;
        side.lost();
        side.check_ended();
        CHECK(side.session.stream_count() == 0);
        all.tunnels += side.tunnels.size();
        for (const auto& [name, state] : side.tunnels)
            all.closed += static_cast<std::size_t>(state.closed);
    }
    CHECK(memory.held == 0);
}

template <class Role>
void run_attached(unsigned seed, tally& all) {
    dice random(seed);
    scarce_memory memory;
    {
        const bool writable = random.one_in(2);
        owner<Role> ours({.options = options_of(random, memory),
                          .buffer = writable ? nghttp2::receive_buffer::writable
                                             : nghttp2::receive_buffer::read_only,
                          .window = random.one_in(4) ? 50 : 65'535});
        ours.consumes = !random.one_in(3);
        ours.accepts = !random.one_in(8);
        if constexpr (Role::is_client)
            for (int i = 0; i < 4; ++i) {
                (void)ours.tunnels->open({.authority = "a.test", .path = "/"}, ours.now);
                if (i == 1) ours.ask("POST", "/", "body");
            }
        const octets input = conversation<Role::is_client>(random);
        std::string_view rest = input;
        int error = 0;
        while (!rest.empty() && error == 0) {
            const std::string_view piece = rest.substr(0, 1 + random.below(200));
            rest.remove_prefix(piece.size());
            error = ours.receive(piece);
            if (random.one_in(2)) disturb(*ours.tunnels, ours.last, random, ours.now);
            ours.tunnels->deliver();
            if (!random.one_in(3)) (void)ours.transmit();
            ours.now += milliseconds(random.below(3'000));
            ours.tunnels->time(ours.now);
            if (memory.held > most_memory) FAIL(memory.held << " bytes are held");
        }
        all.errors += ours.tunnels_ended || error != 0;
        CHECK(ours.tunnels->missing_callback().empty());
        ours.tunnels->lost(connection_loss::failed);
        ours.tunnels->deliver();
        CHECK(ours.tunnels_ended);
        CHECK(ours.tunnels->stream_count() == 0);
        ours.check_all_over();
        all.tunnels += ours.released_count.size();
        all.closed += ours.closed_count.size();
    }
    CHECK(memory.held == 0);
}

constexpr unsigned runs = 1'500;

} // namespace

TEST_CASE("a server survives any input", "[nghttp2][property]") {
    tally all;
    for (unsigned seed = 0; seed < runs; ++seed) {
        CAPTURE(seed);
        run_session<nghttp2::server>(seed, all);
    }
    all.check();
}

TEST_CASE("a client survives any input", "[nghttp2][property]") {
    tally all;
    for (unsigned seed = 0; seed < runs; ++seed) {
        CAPTURE(seed);
        run_session<nghttp2::client>(seed, all);
    }
    all.check();
}

TEST_CASE("an owner's server and its tunnels survive any input", "[nghttp2][attach][property]") {
    tally all;
    for (unsigned seed = 0; seed < runs; ++seed) {
        CAPTURE(seed);
        run_attached<server>(seed, all);
    }
    all.check();
}

TEST_CASE("an owner's client and its tunnels survive any input", "[nghttp2][attach][property]") {
    tally all;
    for (unsigned seed = 0; seed < runs; ++seed) {
        CAPTURE(seed);
        run_attached<client>(seed, all);
    }
    all.check();
}

TEST_CASE("noise ends a connection and nothing else", "[nghttp2][property]") {
    for (unsigned seed = 0; seed < runs; ++seed) {
        CAPTURE(seed);
        dice random(seed);
        instant now = seconds(1);
        endpoint<nghttp2::server> side({}, {}, now);
        side.receive(model::client_preface() + random.bytes(200));
        (void)side.transmit();
        side.lost();
        side.check_ended();
    }
}
