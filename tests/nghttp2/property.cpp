// Whatever arrives, and whatever the application does meanwhile, at sessions and where the
// application owns nghttp2's session.
#include "model.hpp"
#include "owner.hpp"

#include <tuple>

using models = std::tuple<nghttp2_model>;

#include "../engine_suite/property.hpp"

using namespace attach_tests;

namespace {

using namespace engine_suite;

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
        const octets input = conversation<nghttp2_model, Role::is_client>(random);
        std::string_view rest = input;
        int error = 0;
        if constexpr (Role::is_client) {
            const std::size_t preface_size = nghttp2_model::server_preface(true).size();
            error = ours.receive(rest.substr(0, preface_size));
            (void)ours.transmit();
            rest.remove_prefix(std::min(rest.size(), preface_size));
        }
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

} // namespace

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
