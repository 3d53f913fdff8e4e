// Running out of memory: each allocation of an exchange fails once, alone and with all after it.
// The session's own, that of the handlers' allocators, and that of operator new.
#include "../catch.hpp"
#include "dialogue.hpp"

#include <cstdlib>
#include <new>

using namespace streams;
using side = memory_pipe::side;

namespace {

scarce_memory heap; // of operator new, while `heap_is_scarce`
bool heap_is_scarce = false;

} // namespace

void* operator new(std::size_t size) {
    if (heap_is_scarce) {
        const std::size_t turn = ++heap.allocations;
        const bool fails = turn == heap.fails_at || (heap.for_good && turn > heap.fails_at);
        if (heap.fails_at != 0 && fails) throw std::bad_alloc();
    }
    void* const made = std::malloc(size == 0 ? 1 : size);
    if (made == nullptr) throw std::bad_alloc();
    return made;
}
// A sanitizer's own would not go with our delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

struct scene : stage {
    dialogue<memory_pipe::end> both;
    int thrown = 0;
    bool closed = false; // by us: without time, or the operations that were not begun, it went on

    explicit scene(const h2ws::session_options& clients = {},
                   const h2ws::session_options& servers = {})
        : both(*this, between.of(side::near), between.of(side::far), {"up", std::string(400, 'u')},
               {std::string(400, 'd'), "down"}, clients, servers) {}

    template <class Call>
    bool guarded(Call call) {
        try {
            call();
            return true;
        } catch (const std::bad_alloc&) {
            ++thrown;
            return false;
        } catch (const asio::multiple_exceptions&) { // an io_context's word for two of them
            ++thrown;
            return false;
        }
    }
    // False: there is no end of it.
    bool settle_guarded() {
        bool settled = false;
        for (int i = 0; i < 1'000; ++i)
            if (guarded([&] { settled = settle(); })) return settled;
        return false;
    }

    bool ended() const { return both.server_ends.size() == 1 && both.client_ends.size() == 1; }

    // A run whose handler found no memory may be begun again.
    void close() {
        closed = true;
        both.client->close();
        both.server->close();
        REQUIRE(settle_guarded());
        if (both.client_ends.empty()) both.run_client();
        if (both.server_ends.empty()) both.run_server();
        REQUIRE(settle_guarded());
    }

    void run() {
        guarded([&] { both.run(); });
        const bool settled = settle_guarded();
        heap_is_scarce = false;
        REQUIRE(settled);
        handlers.memory.fails_at = 0;
        if (handlers.live() != 0 || !ended()) close();
        CHECK(ended());
        CHECK(handlers.none_twice());
        CHECK(handlers.live() == 0);
    }
};

} // namespace

TEST_CASE("no allocation of a session that fails loses a handler", "[asio][scarce]") {
    const bool of_server = GENERATE(true, false);
    const auto play = [&](scarce_memory& memory) {
        h2ws::session_options scarce;
        scarce.memory = memory.policy();
        scene short_of = of_server ? scene({}, scarce) : scene(scarce);
        short_of.run();
        CHECK(short_of.thrown == 0);
        CHECK(short_of.handlers.each_once());
        CHECK(short_of.both.consistent());
        return short_of.closed;
    };
    scarce_memory plenty;
    CHECK_FALSE(play(plenty));
    CHECK(plenty.held == 0);
    REQUIRE(plenty.allocations > 10);
    std::size_t closed = 0;
    for (const bool for_good : {false, true})
        for (std::size_t turn = 1; turn <= plenty.allocations; ++turn) {
            CAPTURE(of_server, for_good, turn);
            scarce_memory memory{.fails_at = turn, .for_good = for_good};
            closed += play(memory);
            CHECK(memory.held == 0);
        }
    // A server without any memory cannot say no: its client's timer would end it.
    CHECK(closed < 6);
}

TEST_CASE("no allocation for a handler that fails loses another one", "[asio][scarce]") {
    std::size_t allocations = 1;
    for (const bool for_good : {false, true})
        for (std::size_t turn = 0; turn <= allocations; ++turn) {
            CAPTURE(for_good, turn);
            scene short_of;
            short_of.handlers.memory = {.fails_at = turn, .for_good = for_good};
            short_of.run();
            CHECK(short_of.handlers.memory.held == 0);
            CHECK((turn == 0) == (short_of.thrown == 0));
            if (turn == 0) allocations = short_of.handlers.memory.allocations;
        }
    CHECK(allocations > 40);
}

TEST_CASE("no allocation by operator new that fails keeps a handler", "[asio][scarce]") {
    std::size_t allocations = 1;
    for (const bool for_good : {false, true})
        for (std::size_t turn = 0; turn <= allocations; ++turn) {
            CAPTURE(for_good, turn);
            scene short_of;
            heap = scarce_memory{.fails_at = turn, .for_good = for_good};
            heap_is_scarce = true;
            short_of.run();
            CHECK((turn == 0) == (short_of.thrown == 0));
            if (turn == 0) allocations = heap.allocations;
        }
    CHECK(allocations > 50);
}

TEST_CASE("an open for which there is no memory leaves no tunnel behind", "[asio][scarce]") {
    std::size_t turn = 0, left_alone = 0;
    do {
        CAPTURE(++turn);
        scene short_of;
        short_of.both.run_server();
        short_of.both.run_client();
        REQUIRE(short_of.settle_guarded());
        const auto waits = std::make_shared<int>();
        heap = scarce_memory{.fails_at = turn};
        heap_is_scarce = true;
        short_of.guarded([&] {
            short_of.both.client->async_open(chat("/"), [waits](std::error_code, auto) {});
        });
        REQUIRE(short_of.settle_guarded());
        heap_is_scarce = false;
        if (waits.use_count() == 1 && short_of.both.client_ends.empty()) {
            ++left_alone;
            CHECK(short_of.both.client->session().stream_count() == 0);
        }
        short_of.close();
    } while (heap.allocations >= turn);
    CHECK(left_alone > 2);
}
