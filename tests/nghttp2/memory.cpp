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

// Bytes that each of the tunnels holds at the side that is counted.
std::size_t bytes_per_tunnel(bool of_server) {
    const session_options options{.max_streams = tunnels + 1, .accept_tunnels = true};
    side<nghttp2::server> server{nghttp2::server({}, options), 0, of_server};
    side<nghttp2::client> client{nghttp2::client({.keys = {.next = fixed_key}}), 0, !of_server};
    std::string to_server, to_client;
    const auto run = [&] {
        do {
            to_server = client.exchange(to_client);
            to_client = server.exchange(to_server);
        } while (!to_client.empty() || !to_server.empty());
    };
    const auto open = [&] {
        counting = client.counts;
        REQUIRE(client.session.open({.authority = "example.com", .path = "/chat"}, 0));
        counting = false;
        run();
    };
    open(); // the first pays for what all share
    const std::size_t before = held;
    for (std::size_t i = 0; i < tunnels; ++i) open();
    const std::size_t after = held;
    REQUIRE(server.opened == tunnels + 1);
    REQUIRE(client.opened == tunnels + 1);
    held = 0;
    return (after - before) / tunnels;
}

} // namespace

TEST_CASE("an idle tunnel costs a server at most 740 bytes, nghttp2's own included") {
    const std::size_t at_server = bytes_per_tunnel(true);
    const std::size_t at_client = bytes_per_tunnel(false);
    WARN("an idle tunnel holds " << at_server << " bytes at a server, " << at_client
                                 << " at a client");
    CHECK(at_server <= 740);
    CHECK(at_client <= 760);
    CHECK(at_server > 400); // it was counted
}
