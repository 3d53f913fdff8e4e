// Tunnels whose messages are compressed, on a session that its owner uses for ordinary requests.
#include "owner.hpp"

#include <h2ws/zlib/deflate_answer.hpp>

using namespace attach_tests;
using h2ws::zlib::permessage_deflate;

namespace {

using compressing_client = session_suite::endpoint<nghttp2::basic_client<permessage_deflate>>;

// The owner serves, a ready client asks.
struct served {
    explicit served(const set_up& how = {}) : ours(how), client({}, {}, now) {
        ours.accepts = false;
        ours.on_event = [this](const stream_event& event) {
            const auto* asked = std::get_if<tunnel_requested>(&event);
            if (asked == nullptr) return;
            zlib::deflate_answer deflate(*asked->request);
            const acceptance answer{.extensions = deflate.text()};
            REQUIRE(ours.tunnels->accept(asked->tunnel, answer, now, deflate.take()));
        };
        run();
    }

    instant now = seconds(1);
    owner<server, permessage_deflate> ours;
    compressing_client client;
    std::size_t sent = 0; // by the client

    void run() {
        for (int round = 0; round < 1'000'000; ++round) {
            const octets there = client.transmit();
            REQUIRE(ours.receive(there) == 0);
            sent += there.size();
            const octets back = ours.transmit();
            client.receive(back);
            if (there.empty() && back.empty()) return;
        }
        FAIL("it never rests");
    }

    tunnel_id open(std::string_view offer = usual_deflate_offer) {
        const auto made = client.call([&](auto& session) {
            return session.open({.authority = "a.test", .path = "/", .extensions = offer}, now);
        });
        REQUIRE(made);
        client.at(*made);
        run();
        REQUIRE(client.at(*made).opened);
        return *made;
    }
};

} // namespace

TEST_CASE("an owner's tunnels are compressed, however its buffer is read",
          "[nghttp2][attach][rfc7692-6][R228]") {
    for (const auto buffer :
         {nghttp2::receive_buffer::writable, nghttp2::receive_buffer::read_only}) {
        for (const std::size_t read_size : {std::size_t{1'000'000}, std::size_t{1}}) {
            CAPTURE(read_size, buffer == nghttp2::receive_buffer::writable);
            served both({.buffer = buffer, .read_size = read_size});
            const tunnel_id tunnel = both.open();
            const std::size_t before = both.sent;
            for (const octets& message :
                 {octets("hello"), octets(300'000, 'x'), octets(), octets(70'000, 'y')}) {
                both.client.log.clear();
                CHECK(both.client.send(tunnel, message) == errc::none);
                CHECK(both.client.ping(tunnel, "p") == errc::none);
                both.run();
                CHECK(both.client.has("1 " + transcript::described(opcode::text, message)));
            }
            CHECK(both.sent - before < 2'000);
            CHECK(both.client.close(tunnel) == errc::none);
            both.run();
            CHECK(both.client.has("1 closed none"));
            both.ours.check_all_over();
        }
    }
}

TEST_CASE("beside a tunnel that is not compressed", "[nghttp2][attach][rfc7692-5][R224]") {
    served both;
    const tunnel_id plain = both.open("");
    const tunnel_id compressed = both.open();
    CHECK_FALSE(both.client.session.extension(plain, both.now)->active());
    CHECK(both.client.session.extension(compressed, both.now)->active());
    for (const tunnel_id each : {plain, compressed}) {
        const std::size_t before = both.sent;
        CHECK(both.client.send(each, octets(3'000, 'x')) == errc::none);
        both.run();
        CHECK((both.sent - before > 3'000) == (each == plain));
    }
    CHECK(both.client.count("1 " + transcript::described(opcode::text, octets(3'000, 'x'))) == 1);
    CHECK(both.client.count("2 " + transcript::described(opcode::text, octets(3'000, 'x'))) == 1);
}
