// What an idle tunnel costs with nghttp2: every byte that it and we hold, by counting what malloc
// gave out during the calls of one side.
#include "../engine_suite/memory.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <malloc.h>

#include <cstdlib>

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

using namespace engine_suite;

struct model {
    using server = nghttp2::server;
    using client = nghttp2::client;
};

// nghttp2 allocates beside us: all that malloc gives out is counted.
struct malloc_meter {
    malloc_meter() { ::held = 0; }
    static allocator policy() { return {}; }
    static void begin() { counting = true; }
    static void end() { counting = false; }
    static std::size_t held() { return ::held; }
};

} // namespace

TEST_CASE("tunnels that come and go leave nothing behind but what nghttp2 remembers at a server") {
    CHECK(left_behind<model, malloc_meter>(true) <= 10 * 288); // of the last max_streams closed
    CHECK(left_behind<model, malloc_meter>(false) == 0);
}

TEST_CASE("an idle tunnel costs a server at most 740 bytes, nghttp2's own included") {
    const auto at_server = bytes_per_tunnel<model, malloc_meter>(true);
    const auto at_client = bytes_per_tunnel<model, malloc_meter>(false);
    WARN("an idle tunnel holds " << at_server << " bytes at a server, " << at_client
                                 << " at a client");
    CHECK(at_server <= 740);
    CHECK(at_client <= 760);
    CHECK(at_server > 400); // it was counted
}
