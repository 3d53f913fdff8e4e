// What tunnels cost an engine: two sessions joined in memory, of which one is counted by a `Meter`:
//
//     allocator policy()       the memory that the counted session is given
//     void begin(), end()      around each of its calls
//     std::size_t held()       bytes
#pragma once

#include "../catch.hpp"

#include <h2ws/session.hpp>

#include <string>

namespace engine_suite {

using namespace h2ws;

constexpr std::size_t many = 1'000;

inline bool fixed_key(void*, masking_key& key) noexcept {
    key = {};
    return true;
}

// One side; what its calls allocate is counted where there is a meter, what the test does is not.
template <class Session, class Meter>
struct side {
    Session session;
    Meter* meter;
    std::size_t opened = 0;
    std::size_t messages = 0;
    bool echoes = false;

    template <class Call>
    auto call(Call&& what) {
        if (meter != nullptr) meter->begin();
        auto done = what(session);
        if (meter != nullptr) meter->end();
        return done;
    }

    std::string exchange(std::string input) {
        mutable_bytes in{reinterpret_cast<std::byte*>(input.data()), input.size()};
        while (const auto found = call([&](Session& s) { return s.poll(in, 0); })) told(*found);
        std::string out;
        for (const const_bytes span : call([](Session& s) { return s.transmit(0); }))
            out += as_text(span);
        call([&](Session& s) { return s.transmitted(out.size()), 0; });
        return out;
    }

private:
    void told(const stream_event& found) {
        if constexpr (!Session::is_client)
            if (const auto* asked = std::get_if<tunnel_requested>(&found))
                opened +=
                    call([&](Session& s) { return s.accept(asked->tunnel, {}, 0); }).has_value();
        if (std::holds_alternative<tunnel_opened>(found)) ++opened;
        const auto* said = std::get_if<tunnel_event>(&found);
        if (said == nullptr) return;
        call([&](Session& s) { return s.consume(said->tunnel, said->wire_bytes), 0; });
        const auto* chunk = std::get_if<message_chunk>(&said->what);
        if (chunk == nullptr) return;
        messages += chunk->last;
        if (echoes)
            REQUIRE(call([&](Session& s) {
                return s.send(said->tunnel, chunk->type, chunk->payload, 0, chunk->last);
            }));
    }
};

// Both sides, of which one is counted.
template <class Model, class Meter>
struct both_sides {
    both_sides(Meter& meter, bool of_server, std::uint32_t max_streams)
        : server{typename Model::server({}, with(meter, of_server, max_streams)),
                 of_server ? &meter : nullptr},
          client{typename Model::client({.keys = {.next = fixed_key}},
                                        with(meter, !of_server, max_streams)),
                 of_server ? nullptr : &meter} {}

    void run() {
        do {
            to_server = client.exchange(to_client);
            to_client = server.exchange(to_server);
        } while (!to_client.empty() || !to_server.empty());
    }
    tunnel_id open() {
        const auto made = client.call([](auto& session) {
            return session.open({.authority = "example.com", .path = "/chat"}, 0);
        });
        REQUIRE(made);
        run();
        return *made;
    }
    void close(tunnel_id which) {
        REQUIRE(client.call([&](auto& session) {
            return session.send_close(which, status_code::normal_closure, {}, 0);
        }));
        run();
    }

    side<typename Model::server, Meter> server;
    side<typename Model::client, Meter> client;
    std::string to_server, to_client;

private:
    static session_options with(Meter& meter, bool counted, std::uint32_t max_streams) {
        session_options options{.max_streams = max_streams, .accept_tunnels = true};
        if (counted) options.memory = meter.policy();
        return options;
    }
};

// Bytes that each of the tunnels holds at the side that is counted.
template <class Model, class Meter>
std::size_t bytes_per_tunnel(bool of_server) {
    Meter meter;
    both_sides<Model, Meter> both(meter, of_server, many + 1);
    (void)both.open(); // the first pays for what all share
    const std::size_t before = meter.held();
    for (std::size_t i = 0; i < many; ++i) (void)both.open();
    const std::size_t after = meter.held();
    REQUIRE(both.server.opened == many + 1);
    REQUIRE(both.client.opened == many + 1);
    return (after - before) / many;
}

// Bytes that stay when 20 tunnels have come and gone one by one, and 100 more do not change.
template <class Model, class Meter>
std::size_t left_behind(bool of_server) {
    Meter meter;
    both_sides<Model, Meter> both(meter, of_server, 10);
    both.close(both.open()); // the first pays for what all share
    const std::size_t before = meter.held();
    const auto left_by = [&](int count) {
        for (int i = 0; i < count; ++i) both.close(both.open());
        return meter.held() - before;
    };
    const std::size_t left = left_by(20);
    CHECK(left_by(100) == left);
    CHECK(both.server.session.stream_count() == 0);
    CHECK(both.client.session.stream_count() == 0);
    return left;
}

} // namespace engine_suite
