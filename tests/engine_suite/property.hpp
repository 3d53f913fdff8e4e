// Whatever arrives at an engine, and whatever the application does meanwhile: nothing crashes,
// hangs or grows, and each tunnel has one `closed` and one release. Seeds are fixed. The file that
// includes this names the models, as for session_suite.hpp.
#pragma once

#include "../dice.hpp"
#include "../scarce_memory.hpp"
#include "../session_suite/alone.hpp"

#include <random>

namespace engine_suite {

using namespace session_suite;

using test::dice;

// A peer that keeps most rules most of the time.
template <class Model, bool to_client>
class speaker {
public:
    explicit speaker(dice& random) : random_(random) {
        if (!to_client) open();
        for (std::uint32_t stream = 1; to_client && stream < 9; stream += 2) {
            live_.push_back(stream);
            if (!random.one_in(4)) answer(stream);
        }
    }

    octets said = to_client ? Model::server_preface(true) : Model::client_preface();

    void speak() {
        std::uint32_t stream =
            live_.empty() ? 1 : live_[random_.below(static_cast<std::uint32_t>(live_.size()))];
        if (random_.one_in(80)) stream = 1 + random_.below(30); // must not be, most likely
        switch (random_.below(16)) {
        case 0:
        case 1: return to_client ? answer(stream) : open();
        case 2: said += Model::reset(stream, random_.below(16)); return over(stream);
        case 3:
            said += number_frame(8, random_.one_in(2) ? 0 : stream, 1 + random_.below(99));
            return;
        case 4: said += Model::frame(6, random_.one_in(2), 0, random_.bytes(8)); return;
        case 5:
            said +=
                Model::frame(4, 0, 0, Model::number(4, 2) + Model::number(random_.below(70'000)));
            return;
        case 6:
            said += Model::frame(random_.one_in(2) ? 2 : 99, 0, stream, octets(5, '\0'));
            return;
        case 7:
            if (random_.one_in(4))
                said += Model::data(stream, random_.bytes(random_.below(20)), false);
            return;
        case 8:
            if (random_.one_in(8)) said += Model::goaway(to_client ? 2 * random_.below(9) + 1 : 0);
            return;
        default: return frame(stream);
        }
    }

private:
    static octets number_frame(std::uint8_t type, std::uint32_t stream, std::uint32_t value) {
        return Model::frame(type, 0, stream, Model::number(value));
    }

    void over(std::uint32_t stream) { std::erase(live_, stream); }

    void open() {
        const std::vector<field> tunnel{{":method", random_.one_in(20) ? "GET" : "CONNECT"},
                                        {":protocol", random_.one_in(8) ? "other" : "websocket"},
                                        {":scheme", "https"},
                                        {":authority", "a.test"},
                                        {":path", "/"},
                                        {"sec-websocket-version", random_.one_in(8) ? "8" : "13"}};
        const std::vector<field> ordinary{
            {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        const bool ends = random_.one_in(8);
        said += Model::headers(next_, random_.one_in(4) ? ordinary : tunnel, ends);
        if (!ends) live_.push_back(next_);
        next_ += 2;
    }

    void answer(std::uint32_t stream) {
        const bool ends = random_.one_in(12);
        const char* const status = random_.one_in(6) ? "403" : random_.one_in(6) ? "103" : "200";
        said += Model::headers(stream, {{":status", status}}, ends);
        if (ends) over(stream);
    }

    void frame(std::uint32_t stream) {
        static constexpr unsigned firsts[]{0x81, 0x82, 0x01, 0x80, 0x81, 0x88, 0x89, 0x8a};
        const unsigned first = firsts[random_.below(8)];
        octets payload(random_.below(first > 0x88 ? 10 : 200), 'p');
        if (first == 0x88) payload = "\x03\xe8";
        const bool ends = random_.one_in(16);
        said +=
            Model::data(stream,
                        to_client ? transcript::frame_start(first, false, payload.size()) + payload
                                  : transcript::from_client(first, payload),
                        ends);
        if (ends) over(stream);
    }

    dice& random_;
    std::vector<std::uint32_t> live_;
    std::uint32_t next_ = 1;
};

template <class Model, bool to_client>
octets conversation(dice& random) {
    speaker<Model, to_client> peer(random);
    for (std::uint32_t i = 5 + random.below(60); i != 0; --i) peer.speak();
    octets out = peer.said;
    const auto place = [&] {
        return 24 + random.below(static_cast<std::uint32_t>(out.size()) - 24);
    };
    if (random.one_in(3))
        for (std::uint32_t i = 1 + random.below(4); i != 0; --i) // flipped bits
            out[place()] ^= static_cast<char>(1U << random.below(8));
    if (random.one_in(8)) out.insert(place(), random.bytes(random.below(30)));
    if (random.one_in(8)) out.resize(place());
    return out;
}

inline session_options options_of(dice& random, scarce_memory& memory) {
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
        CHECK(tunnels > 1'500);
        CHECK(closed > 1'000);
        CHECK(errors > 200);
    }
};

template <class Model, class Session>
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
        const octets input = conversation<Model, Session::is_client>(random);
        std::string_view rest = input;
        if constexpr (Session::is_client) { // its requests leave after the SETTINGS
            const std::size_t preface_size = Model::server_preface(true).size();
            side.receive(rest.substr(0, preface_size));
            (void)side.transmit();
            rest.remove_prefix(std::min(rest.size(), preface_size));
        }
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

constexpr unsigned runs = 1'500;

} // namespace engine_suite

TEMPLATE_LIST_TEST_CASE("a server survives any input", "[session][property]", models) {
    engine_suite::tally all;
    for (unsigned seed = 0; seed < engine_suite::runs; ++seed) {
        CAPTURE(seed);
        engine_suite::run_session<TestType, typename TestType::server>(seed, all);
    }
    all.check();
}

TEMPLATE_LIST_TEST_CASE("a client survives any input", "[session][property]", models) {
    engine_suite::tally all;
    for (unsigned seed = 0; seed < engine_suite::runs; ++seed) {
        CAPTURE(seed);
        engine_suite::run_session<TestType, typename TestType::client>(seed, all);
    }
    all.check();
}

TEMPLATE_LIST_TEST_CASE("noise ends a connection and nothing else", "[session][property]", models) {
    for (unsigned seed = 0; seed < engine_suite::runs; ++seed) {
        CAPTURE(seed);
        engine_suite::dice random(seed);
        instant now = seconds(1);
        session_suite::endpoint<typename TestType::server> side({}, {}, now);
        side.receive(TestType::client_preface() + random.bytes(200));
        (void)side.transmit();
        side.lost();
        side.check_ended();
    }
}
