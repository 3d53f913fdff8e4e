// What an endpoint of ours holds: for a tunnel that idles, for one that is gone, and for messages
// that pass. All its memory comes from its allocator, so that is where it is counted.
#include "../engine_suite/memory.hpp"
#include "model.hpp"

#include <cstdlib>

namespace {

using namespace engine_suite;

// Counts what malloc would take for it: 8 bytes of its own, in steps of 16.
class allocator_meter {
public:
    allocator policy() { return {.allocate = allocate, .release = release, .state = this}; }
    static void begin() {}
    static void end() {}
    std::size_t held() const { return held_; }
    std::size_t allocations() const { return allocations_; }

private:
    static std::size_t rounded(std::size_t size) {
        return size < 24 ? 32 : (size + 8 + 15) / 16 * 16;
    }
    static void* allocate(void* state, std::size_t size) noexcept {
        auto& self = *static_cast<allocator_meter*>(state);
        self.held_ += rounded(size);
        ++self.allocations_;
        return std::malloc(size);
    }
    static void release(void* state, void* memory, std::size_t size) noexcept {
        static_cast<allocator_meter*>(state)->held_ -= rounded(size);
        std::free(memory);
    }

    std::size_t held_ = 0;
    std::size_t allocations_ = 0;
};

// Beside what it allocates.
static_assert(sizeof(http2_model::server) <= 2'560);
static_assert(sizeof(http2_model::client) <= 2'624);

using sides = both_sides<http2_model, allocator_meter>;

} // namespace

TEST_CASE("an idle tunnel costs a server and a client at most 448 bytes", "[http2]") {
    const auto at_server = bytes_per_tunnel<http2_model, allocator_meter>(true);
    const auto at_client = bytes_per_tunnel<http2_model, allocator_meter>(false);
    WARN("an idle tunnel holds " << at_server << " bytes at a server, " << at_client
                                 << " at a client");
    CHECK(at_server <= 448);
    CHECK(at_client <= 448);
    CHECK(at_server > 300); // it was counted
}

TEST_CASE("tunnels that come and go leave nothing behind", "[http2]") {
    CHECK(left_behind<http2_model, allocator_meter>(true) == 0);
    CHECK(left_behind<http2_model, allocator_meter>(false) == 0);
}

TEST_CASE("a connection without tunnels holds its tables and no more", "[http2]") {
    for (const bool of_server : {true, false}) {
        allocator_meter meter;
        {
            sides both(meter, of_server, 10);
            both.close(both.open());
            WARN((of_server ? "a server" : "a client")
                 << " holds " << meter.held() << " bytes, and is "
                 << (of_server ? sizeof(http2_model::server) : sizeof(http2_model::client)));
            CHECK(meter.held() <= 20'000);
            CHECK(meter.held() > 1'000); // it was counted
        }
        CHECK(meter.held() == 0);
    }
}

TEST_CASE("an echo of small messages allocates nothing once it runs", "[http2]") {
    for (const bool of_server : {true, false}) {
        CAPTURE(of_server);
        allocator_meter meter;
        sides both(meter, of_server, 10);
        both.server.echoes = true;
        const tunnel_id made = both.open();
        const std::string text(125, 'x');
        const auto echo = [&](std::size_t count) {
            for (std::size_t i = 0; i < count; ++i) {
                REQUIRE(both.client.call([&](auto& session) {
                    return session.send(made, opcode::text, as_bytes(text), 0);
                }));
                both.run();
            }
        };
        echo(10);
        const std::size_t before = meter.allocations();
        const std::size_t held = meter.held();
        echo(1'000);
        CHECK(both.client.messages == 1'010);
        CHECK(meter.allocations() == before);
        CHECK(meter.held() == held);
    }
}
