// A session of h2ws::http2 and one on nghttp2 hear the same peer, which says what the input
// decides: frame by frame both take or reject it at the same scope and with the same code, tell the
// same and answer the same, or docs/differences.md has the difference. The code is the differential
// test's.
#include "assertions.hpp"

#include "../tests/http2/compared.hpp"

#include <h2ws/http2/session.hpp>

#include <cstdio>
#include <string>

namespace {

using fuzz::supply;

// The tests' dice, thrown by the input.
class dice {
public:
    explicit dice(supply& from) : from_(from) {}
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(from_.number(limit - 1));
    }
    bool one_in(std::uint32_t times) { return below(times) == times - 1; } // seldom by zeros
    std::string bytes(std::size_t size) {
        std::string out(h2ws::as_text(from_.octets(size)));
        out.resize(size);
        return out;
    }
    template <class T, std::size_t N>
    const T& any(const T (&of)[N]) {
        return of[below(N)];
    }

private:
    supply& from_;
};

template <class Ours, class Theirs>
void compare(supply& from) {
    dice random(from);
    const h2ws::session_options options = differential::options_of(random);
    const std::string input = differential::input_of<Ours::is_client>(random);
    differential::tally all;
    differential::compare<Ours, Theirs>(options, options, input, all, 0);
    if (all.unexplained != 0) std::fputs(all.report.c_str(), stderr);
    fuzz::require(all.unexplained == 0);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (from.flag())
        compare<h2ws::http2::server, h2ws::nghttp2::server>(from);
    else
        compare<h2ws::http2::client, h2ws::nghttp2::client>(from);
    return 0;
}
