// What a connection does where the ends of its reads and writes come in an order that a socket
// seldom brings.
#include "../catch.hpp"
#include "echo.hpp"
#include "transport_by_hand.hpp"

#include <asio.hpp>

#include <chrono>
#include <optional>

namespace {

using strings = std::vector<std::string>;

// A server that echoes over a transport by hand, and the client at its other end.
struct held_server {
    asio::io_context context;
    h2ws::system_entropy entropy;
    engine::client client{h2ws::client{entropy.source()}};
    std::shared_ptr<transport_by_hand::hand> hand;
    strings told;
    std::optional<std::error_code> end;

    explicit held_server(const h2ws::session_options& options = echo::server_options()) {
        transport_by_hand transport(context.get_executor());
        hand = transport.other_end();
        h2ws::asio::serve(
            echo::make_server(std::move(transport), options),
            [this](auto& at, const h2ws::stream_event& happened) {
                echo::serve{}(at, happened);
                note(happened);
            },
            [this](std::error_code error) { end = error; });
        run();
    }

    void run() {
        context.restart();
        context.poll();
    }

    void note(const h2ws::stream_event& happened) {
        const auto* on_tunnel = std::get_if<h2ws::tunnel_event>(&happened);
        if (on_tunnel != nullptr)
            if (const auto* over = std::get_if<h2ws::closed>(&on_tunnel->what))
                told.push_back("closed " + std::string(h2ws::info(over->error).name));
        if (std::holds_alternative<h2ws::tunnel_released>(happened)) told.push_back("released");
        if (const auto* over = std::get_if<h2ws::connection_ended>(&happened))
            told.push_back("ended " + std::string(h2ws::info(over->error).name));
    }

    // The client reads this; what it is told goes to `handle`.
    template <class Handler>
    void client_reads(std::string octets, Handler&& handle) {
        h2ws::mutable_bytes in(reinterpret_cast<std::byte*>(octets.data()), octets.size());
        while (const auto happened = client.poll(in, h2ws::asio::now())) handle(*happened);
    }
    void client_reads(std::string octets) {
        client_reads(std::move(octets), [](const h2ws::stream_event&) {});
    }

    // What the client has to say, all of it.
    std::string client_says() {
        std::string out;
        while (true) {
            client_reads({});
            const auto spans = client.transmit(h2ws::asio::now());
            if (spans.empty()) return out;
            std::size_t size = 0;
            for (const h2ws::const_bytes span : spans) {
                out += h2ws::as_text(span);
                size += span.size();
            }
            client.transmitted(size);
        }
    }

    // Both speak until neither has anything more to say.
    template <class Handler>
    void talk(Handler&& handle) {
        while (true) {
            const std::string said = client_says();
            hand->give(said);
            if (said.empty() && !hand->writes()) return;
            if (hand->writes()) client_reads(hand->octets(), handle);
            if (hand->writes()) hand->complete_write();
        }
    }

    h2ws::tunnel_id opened() {
        const auto made = client.open({.scheme = "http", .authority = "localhost", .path = "/chat"},
                                      h2ws::asio::now());
        REQUIRE(made);
        bool is_open = false;
        talk([&](const h2ws::stream_event& happened) {
            is_open = is_open || std::holds_alternative<h2ws::tunnel_opened>(happened);
        });
        REQUIRE(is_open);
        return *made;
    }

    // The server's last words for a tunnel are being written; the client has them, is done and
    // leaves.
    void client_leaves_in_order() {
        REQUIRE(
            client.send_close(opened(), h2ws::status_code::normal_closure, {}, h2ws::asio::now()));
        hand->give(client_says());
        REQUIRE(hand->writes());
        client_reads(hand->octets());
        client.shutdown(h2ws::asio::now());
        hand->give(client_says());
        REQUIRE(client.finished());
        hand->end_read(asio::error::eof);
        run();
    }
};

} // namespace

TEST_CASE("an end that is read while a write is under way waits for it", "[asio][R209]") {
    held_server server;
    server.client_leaves_in_order();
    CHECK_FALSE(server.end.has_value());
    CHECK(server.hand->writes());
    SECTION("what was written counts") { server.hand->complete_write(); }
    SECTION("a write that fails then is of no interest") {
        server.hand->fail_write(asio::error::broken_pipe);
    }
    server.run();
    CHECK(server.told == strings{"closed none", "released", "ended none"});
    CHECK(server.end == std::error_code());
    CHECK(server.hand->closed());
}

TEST_CASE("an end that is read while a write is under way is told to the tunnels left", "[asio]") {
    held_server server;
    const h2ws::tunnel_id tunnel = server.opened();
    const std::string message(50'000, 'x');
    REQUIRE(
        server.client.send(tunnel, h2ws::opcode::text, h2ws::as_bytes(message), h2ws::asio::now()));
    server.hand->give(server.client_says());
    REQUIRE(server.hand->writes()); // the echo's beginning
    REQUIRE(server.hand->octets().size() < message.size());
    server.hand->end_read(asio::error::eof);
    server.run();
    CHECK(server.told.empty());
    server.hand->complete_write();
    CHECK_FALSE(server.hand->writes()); // nobody would read it
    server.run();
    CHECK(server.told == strings{"closed connection_lost", "released", "ended connection_lost"});
    CHECK(server.end == asio::error::eof);
}

TEST_CASE("a write that never ends is given up with its connection", "[asio][S21]") {
    h2ws::session_options options = echo::server_options();
    options.waits.stalled = h2ws::milliseconds(20);
    held_server server(options);
    REQUIRE(server.hand->writes()); // SETTINGS
    SECTION("the peer is silent") {}
    SECTION("the peer has ended its half") { server.hand->end_read(asio::error::eof); }
    server.context.restart();
    server.context.run_for(std::chrono::seconds(10));
    CHECK(server.told == strings{"ended output_stalled"});
    CHECK(server.end == asio::error::timed_out);
    CHECK(server.hand->closed());
}

TEST_CASE("a peer that leaves without a tunnel, or a word, ends in order", "[asio]") {
    held_server server;
    server.talk([](const h2ws::stream_event&) {});
    server.hand->end_read(asio::error::eof);
    server.run();
    CHECK(server.told == strings{"ended none"});
    CHECK(server.end == std::error_code());
}
