// The same octets go to a session of h2ws::http2 and to one on nghttp2, frame by frame: both accept
// or reject them, at the same scope and with the same code, tell the same and answer the same. What
// differs is in the table of differences.hpp, or it is a fault.
#include "compared.hpp"

#include <h2ws/http2/session.hpp>

using namespace differential;

namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr unsigned sessions = 3'000;
#else
constexpr unsigned sessions = 12'000; // of each role
#endif

template <class Ours, class Theirs>
tally compare_all(unsigned count, void (*change)(session_options&)) {
    tally all;
    for (unsigned seed = 0; seed < count && all.unexplained < tally::most_told; ++seed) {
        dice random(seed);
        session_options options = options_of(random);
        const octets input = input_of<Ours::is_client>(random);
        session_options changed = options;
        change(changed);
        compare<Ours, Theirs>(options, changed, input, all, seed);
    }
    return all;
}

void nothing(session_options&) {}

// That it came far.
void check(const tally& all) {
    INFO(all.report);
    CHECK(all.unexplained == 0);
    CHECK(all.frames > 10 * sessions);
    CHECK(all.events > 5 * sessions);
    CHECK(all.resets > sessions / 4);
    CHECK(all.ended > sessions / 8);
}

} // namespace

TEST_CASE("nghttp2 differs from itself only where its options do", "[http2][differential]") {
    const auto same =
        compare_all<h2ws::nghttp2::server, h2ws::nghttp2::server>(sessions / 8, nothing);
    CHECK(same.unexplained == 0);
    const auto answering = compare_all<h2ws::nghttp2::server, h2ws::nghttp2::server>(
        sessions / 8, [](session_options& changed) { changed.accept_raw_tunnels = true; });
    CHECK(answering.unexplained != 0);
    const auto smaller = compare_all<h2ws::nghttp2::client, h2ws::nghttp2::client>(
        sessions / 8, [](session_options& changed) { changed.stream_window = 100; });
    CHECK(smaller.unexplained != 0);
}

TEST_CASE("both sessions make the same of the same octets, or the table says why",
          "[http2][differential]") {
    const tally servers =
        compare_all<h2ws::http2::server, h2ws::nghttp2::server>(sessions, nothing);
    check(servers);
    const tally clients =
        compare_all<h2ws::http2::client, h2ws::nghttp2::client>(sessions, nothing);
    check(clients);
    for (std::size_t i = 0; i < std::size(differences) && sessions >= 12'000; ++i) {
        CAPTURE(differences[i].name);
        CHECK(servers.explained[i] + clients.explained[i] != 0);
    }
}
