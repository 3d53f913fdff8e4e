// What may wait to leave, on one tunnel and on all, and how an application hears that there is room
// again.
#pragma once

#include "alone.hpp"

namespace session_suite {

// Messages of 1,000 bytes until there is no room, and three more.
template <class Pair>
int fill(Pair& both, tunnel_id tunnel) {
    const octets message(1'000, 'm');
    int sent = 0;
    for (; both.client.send(tunnel, message) == errc::none; ++sent) {
        if (sent > 10'000) FAIL("there is no end of room");
        both.run();
    }
    for (int i = 0; i < 3; ++i) CHECK(both.client.send(tunnel, message) == errc::queue_full);
    return sent;
}

// The application of the server is done with all that it was told.
template <class Pair>
void consume_all(Pair& both) {
    for (const auto& [name, state] : both.server.tunnels)
        both.server.session.consume(tunnel_id{name}, 10'000'000);
    both.server.consumes = true;
    both.run();
}

} // namespace session_suite

TEMPLATE_LIST_TEST_CASE("a tunnel that was full is writable once, when half of its queue has left",
                        "[session][R123]", models) {
    pair<TestType> both({}, {}, {.max_queued = 20'000});
    const tunnel_id tunnel = both.opened();
    both.server.consumes = false;
    const int sent = fill(both, tunnel);
    CHECK(sent > 65 + 10); // the window, and most of the queue
    CHECK(sent < 65 + 25);
    both.run();
    CHECK(both.client.count("1 writable") == 0);
    SECTION("not for a part that is less") {
        both.server.session.consume(both.server.last, 5'000);
        both.run();
        CHECK(both.client.count("1 writable") == 0);
        both.server.session.consume(both.server.last, 30'000);
        both.run();
        CHECK(both.client.count("1 writable") == 1);
        CHECK(both.client.send(tunnel, octets(1'000, 'n')) == errc::none);
    }
    SECTION("once") {
        consume_all(both);
        CHECK(both.client.count("1 writable") == 1);
        CHECK(both.server.of(1).size() == static_cast<std::size_t>(1 + sent));
        CHECK(both.client.send(tunnel, "more") == errc::none);
        both.run();
        CHECK(both.client.count("1 writable") == 1);
        both.server.consumes = false;
        (void)fill(both, tunnel);
        consume_all(both);
        CHECK(both.client.count("1 writable") == 2);
    }
    SECTION("not where it ends meanwhile") {
        CHECK(both.client.reset(tunnel) == errc::none);
        consume_all(both);
        CHECK(both.client.count("1 writable") == 0);
        CHECK(both.client.of(1).back() == "released");
    }
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("pings of the application keep to the limit of the queue",
                        "[session][R123]", models) {
    pair<TestType> both({}, {}, {.max_queued = 20'000});
    const tunnel_id tunnel = both.opened();
    both.server.consumes = false;
    (void)fill(both, tunnel);
    int pings = 0;
    while (both.client.ping(tunnel, octets(125, 'p')) == errc::none)
        if (++pings > 1'000) FAIL("there is no end of pings");
    CHECK(both.client.ping(tunnel, octets(125, 'p')) == errc::queue_full);
    consume_all(both);
    CHECK(both.client.count("1 writable") == 1);
    CHECK(both.client.ping(tunnel, "after") == errc::none);
    both.run();
    CHECK(both.client.has("1 pong \"after\""));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("all queues of a connection together have a limit", "[session][R123][R125]",
                        models) {
    constexpr std::size_t most = 50'000;
    pair<TestType> both({}, {}, {.max_queued = 40'000, .max_queued_in_all = most});
    both.server.consumes = false;
    const octets message(1'000, 'm');
    std::vector<tunnel_id> tunnels;
    for (int i = 0; i < 4; ++i) tunnels.push_back(both.opened());
    std::size_t queued = 0;
    for (const tunnel_id tunnel : tunnels) { // fills the windows, then nothing leaves
        CHECK(both.client.send(tunnel, octets(65'000, 'w'), opcode::binary) == errc::none);
        both.run();
    }
    for (int i = 0; i < 100; ++i)
        for (const tunnel_id tunnel : tunnels)
            if (both.client.send(tunnel, message) == errc::none) queued += message.size();
    CHECK(queued > most / 2);
    CHECK(queued <= most + 4 * message.size()); // the windows had a little room
    for (const tunnel_id tunnel : tunnels) {
        CHECK(both.client.send(tunnel, message) == errc::queue_full);
        CHECK(both.client.move(tunnel, message) == errc::queue_full);
    }
    both.run();
    CHECK(both.client.count("1 writable") == 0);
    consume_all(both);
    for (const char* label : {"1", "2", "3", "4"}) {
        CAPTURE(label);
        CHECK(both.client.count(std::string(label) + " writable") == 1);
    }
    CHECK(both.client.send(tunnels[0], octets(200'000, 'l'), opcode::binary) == errc::none);
    both.run();
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("tunnels that are stuck leave the others what they do not take themselves",
                        "[session][R123]", models) {
    pair<TestType> both({}, {}, {.max_queued = 20'000, .max_queued_in_all = 110'000});
    both.server.consumes = false;
    for (int i = 0; i < 4; ++i) (void)fill(both, both.opened());
    const tunnel_id slow = both.opened();
    const tunnel_id slow_at_server = both.server.last;
    (void)fill(both, slow);
    const tunnel_id idle = both.opened();
    const octets message(20'000, 'm');
    CHECK(both.client.send(idle, message) == errc::queue_full); // all are in the way
    both.run();
    CHECK(both.client.count("6 writable") == 0);
    both.server.session.consume(slow_at_server, 65'535);
    both.run();
    CHECK(both.client.count("1 writable") == 0); // it is stuck
    CHECK(both.client.count("5 writable") == 1);
    CHECK(both.client.count("6 writable") == 1);
    CHECK(both.client.send(idle, message) == errc::none);
    consume_all(both);
    CHECK(both.client.count("1 writable") == 1);
    CHECK(both.client.count("6 writable") == 1);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a tunnel that ends makes room for the others", "[session]", models) {
    pair<TestType> both({}, {}, {.max_queued_in_all = 100'000});
    both.server.consumes = false;
    const tunnel_id big = both.opened(), small = both.opened();
    CHECK(both.client.send(big, octets(300'000, 'b'), opcode::binary) == errc::none);
    both.run();
    CHECK(both.client.send(small, "x") == errc::queue_full); // its own queue is empty
    CHECK(both.client.reset(big) == errc::none);
    both.run();
    CHECK(both.client.count("2 writable") == 1);
    CHECK(both.client.send(small, "x") == errc::none);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("raw tunnels and bodies say that they are full, and writable again",
                        "[session]", models) {
    pair<TestType> both({}, {.accept_raw_tunnels = true}, {.max_queued = 20'000});
    const auto raw = both.ask({.protocol = "other", .authority = "a.test"});
    REQUIRE(raw);
    const std::vector<field> post{
        {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    const auto request =
        both.client.call([&](auto& session) { return session.request(post, false, both.now); });
    REQUIRE(request);
    both.run();
    both.server_hears = false;
    const octets much(100'000, 'm'); // more than the window
    CHECK(both.client.write(*raw, much, false) == errc::none);
    CHECK(both.client.write(*request, much, false) == errc::none);
    both.run();
    CHECK(both.client.write(*raw, "x", false) == errc::queue_full);
    CHECK(both.client.write(*request, "x", false) == errc::queue_full);
    CHECK(both.client.count("1 writable") == 0);
    CHECK(both.client.count("request writable") == 0);
    both.server_hears = true;
    both.run();
    CHECK(both.client.count("1 writable") == 1);
    CHECK(both.client.count("request writable") == 1);
    CHECK(both.client.write(*raw, "x", true) == errc::none);
    CHECK(both.client.write(*request, "x", true) == errc::none);
    both.run();
    CHECK(both.server.body.size() == much.size() + 1);
    REQUIRE(both.server.call(
        [&](auto& session) { return session.respond(both.server.asked, 204, {}, {}, both.now); }));
    both.run();
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("what waits to leave is told, and nothing of what has left", "[session]",
                        models) {
    pair<TestType> both({.stream_window = 1'000});
    CHECK(both.client.session.queued(tunnel_id{1}) == 0);
    const tunnel_id tunnel = both.opened();
    both.server.consumes = false;
    CHECK(both.client.session.queued(tunnel) == 0);
    CHECK(both.client.send(tunnel, octets(5'000, 'x')) == errc::none);
    CHECK(both.client.session.queued(tunnel) == 5'008);
    both.run();
    CHECK(both.client.session.queued(tunnel) == 4'008);
    CHECK(both.client.close(tunnel) == errc::none);
    CHECK(both.client.session.queued(tunnel) == 4'016);
    CHECK(both.client.reset(tunnel) == errc::none);
    CHECK(both.client.session.queued(tunnel) == 0);
    both.finish();
}
