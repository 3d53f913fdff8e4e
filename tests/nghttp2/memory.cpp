// What an idle tunnel costs with nghttp2: every byte that it and we hold, by counting what malloc
// gave out during the calls of one side.
#include "../catch.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <malloc.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

bool counting = false;
std::size_t held = 0; // bytes, as the system rounds them up

} // namespace

// glibc's own, under the names by which everything in the process finds these.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
    void* const made = __libc_malloc(size);
    if (counting) held += malloc_usable_size(made);
    return made;
}
void* calloc(std::size_t count, std::size_t size) {
    void* const made = __libc_calloc(count, size);
    if (counting) held += malloc_usable_size(made);
    return made;
}
void* realloc(void* old, std::size_t size) {
    if (counting) held -= malloc_usable_size(old);
    void* const made = __libc_realloc(old, size);
    if (counting) held += malloc_usable_size(made);
    return made;
}
void free(void* memory) {
    if (counting) held -= malloc_usable_size(memory);
    __libc_free(memory);
}
}

namespace {

using namespace h2ws;

constexpr std::size_t tunnels = 1'000;

bool fixed_key(void*, masking_key& key) noexcept {
    key = {};
    return true;
}

// One side; what its calls allocate is counted, what the test does is not.
template <class Session>
struct side {
    Session session;
    std::size_t opened = 0;

    std::string exchange(std::string input) {
        counting = counts;
        mutable_bytes in{reinterpret_cast<std::byte*>(input.data()), input.size()};
        while (const auto found = session.poll(in, 0)) {
            if constexpr (!Session::is_client)
                if (const auto* asked = std::get_if<tunnel_requested>(&*found))
                    opened += session.accept(asked->tunnel, {}, 0).has_value();
            if (std::holds_alternative<tunnel_opened>(*found)) ++opened;
        }
        const auto spans = session.transmit(0);
        counting = false;
        std::string out;
        for (const const_bytes span : spans) out += as_text(span);
        counting = counts;
        session.transmitted(out.size());
        counting = false;
        return out;
    }

    bool counts;
};

// Both sides, of which one is counted.
struct both_sides {
    explicit both_sides(bool of_server, std::uint32_t max_streams)
        : options{.max_streams = max_streams, .accept_tunnels = true},
          server{nghttp2::server({}, options), 0, of_server},
          client{nghttp2::client({.keys = {.next = fixed_key}}), 0, !of_server} {}
    ~both_sides() { held = 0; }

    void run() {
        do {
            to_server = client.exchange(to_client);
            to_client = server.exchange(to_server);
        } while (!to_client.empty() || !to_server.empty());
    }
    tunnel_id open() {
        counting = client.counts;
        const auto made = client.session.open({.authority = "example.com", .path = "/chat"}, 0);
        counting = false;
        REQUIRE(made);
        run();
        return *made;
    }
    void close(tunnel_id which) {
        counting = client.counts;
        const auto done = client.session.send_close(which, status_code::normal_closure, {}, 0);
        counting = false;
        REQUIRE(done);
        run();
    }

    session_options options;
    side<nghttp2::server> server;
    side<nghttp2::client> client;
    std::string to_server, to_client;
};

// Bytes that each of the tunnels holds at the side that is counted.
std::size_t bytes_per_tunnel(bool of_server) {
    both_sides both(of_server, tunnels + 1);
    (void)both.open(); // the first pays for what all share
    const std::size_t before = held;
    for (std::size_t i = 0; i < tunnels; ++i) (void)both.open();
    const std::size_t after = held;
    REQUIRE(both.server.opened == tunnels + 1);
    REQUIRE(both.client.opened == tunnels + 1);
    return (after - before) / tunnels;
}

} // namespace

TEST_CASE("tunnels that come and go leave nothing behind but what nghttp2 remembers at a server") {
    for (const bool of_server : {true, false}) {
        CAPTURE(of_server);
        both_sides both(of_server, 10);
        both.close(both.open()); // the first pays for what all share
        const std::size_t before = held;
        const auto left_by = [&](int count) {
            for (int i = 0; i < count; ++i) both.close(both.open());
            return held - before;
        };
        const std::size_t left = left_by(20);
        CHECK(left <= (of_server ? 10 * 288 : 0)); // of the last max_streams closed ones
        CHECK(left_by(100) == left);
        CHECK(both.server.session.stream_count() == 0);
    }
}

TEST_CASE("an idle tunnel costs a server at most 740 bytes, nghttp2's own included") {
    const std::size_t at_server = bytes_per_tunnel(true);
    const std::size_t at_client = bytes_per_tunnel(false);
    WARN("an idle tunnel holds " << at_server << " bytes at a server, " << at_client
                                 << " at a client");
    CHECK(at_server <= 740);
    CHECK(at_client <= 760);
    CHECK(at_server > 400); // it was counted
}
