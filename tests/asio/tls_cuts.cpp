// A connection by TLS whose ciphertext is cut, or goes through in pieces of every size.
#include "../../tools/certificate.hpp"
#include "../catch.hpp"
#include "dialogue.hpp"

#include <h2ws/asio/tls.hpp>

#include <asio/ssl.hpp>

#include <memory>

using namespace streams;
using cut = memory_pipe::cut;
using side = memory_pipe::side;

namespace {

using secured = asio::ssl::stream<memory_pipe::end>;

// Of all connections: a key takes its time.
struct contexts {
    asio::ssl::context server = h2ws::asio::server_tls_context();
    asio::ssl::context client = h2ws::asio::client_tls_context();

    contexts() {
        h2ws::tools::use_self_signed_certificate(server, "localhost");
        X509_STORE_add_cert(SSL_CTX_get_cert_store(client.native_handle()),
                            SSL_CTX_get0_certificate(server.native_handle()));
    }
};

// Both shake hands, then speak; a side whose handshake fails closes.
struct scene : stage {
    const strings up, down;
    std::unique_ptr<secured> near, far;
    asio::cancellation_signal stop_near, stop_far;
    strings handshakes;
    std::size_t shaken[2] = {}; // octets of each side by then
    std::unique_ptr<dialogue<secured>> both;

    explicit scene(contexts& tls, strings said_up = {"up"}, strings said_down = {"down"})
        : up(std::move(said_up)),
          down(std::move(said_down)),
          near(new secured(between.of(side::near), tls.client)),
          far(new secured(between.of(side::far), tls.server)) {}

    void shake_hands(secured& end, secured::handshake_type type, asio::cancellation_signal& stop) {
        end.async_handshake(type, handlers.one(stop, [this, &end](std::error_code error) {
            handshakes.push_back(name_of(error));
            if (error) return end.lowest_layer().close();
            if (handshakes == strings{"none", "none"}) speak();
        }));
    }

    void speak() {
        shaken[0] = between.passed(side::near);
        shaken[1] = between.passed(side::far);
        both =
            std::make_unique<dialogue<secured>>(*this, std::move(*near), std::move(*far), up, down);
        both->run();
    }

    void run() {
        shake_hands(*near, secured::client, stop_near);
        shake_hands(*far, secured::server, stop_far);
        REQUIRE(settle());
        CHECK(handlers.each_once());
        CHECK(handshakes.size() == 2);
        if (both != nullptr) CHECK(both->consistent());
    }

    bool undisturbed() const { return both != nullptr && both->undisturbed(); }
};

struct recorded {
    std::size_t shaken, whole;
};
recorded octets_of(contexts& tls, side from) {
    scene whole(tls);
    whole.run();
    REQUIRE(whole.undisturbed());
    return {whole.shaken[static_cast<std::size_t>(from)], whole.between.passed(from)};
}

// The ciphertext of a close_notify by TLS 1.3, which is the last thing that a side says.
constexpr std::size_t close_notify = 24;

} // namespace

TEST_CASE("TLS that is cut after any octet ends each operation once, and is no clean end",
          "[asio][R209]") {
    const side from = GENERATE(side::near, side::far);
    const cut how = GENERATE(cut::half, cut::whole, cut::reset);
    contexts tls;
    const recorded octets = octets_of(tls, from);
    REQUIRE(octets.shaken > 300);
    REQUIRE(octets.whole > octets.shaken + 300);
    // OpenSSL's own matter is the handshake. A signature's size is not always the same.
    std::size_t step = 16;
    for (auto at = static_cast<std::size_t>(how); at < octets.whole - close_notify - 8;
         at += step) {
        INFO("after " << at << " of " << octets.whole << " octets");
        scene short_one(tls);
        short_one.between.cut_after(from, at, how);
        short_one.run();
        if (at + 40 > octets.shaken) step = 3;
        if (short_one.both == nullptr) continue;
        const auto& both = *short_one.both;
        const strings& ends = from == side::near ? both.server_ends : both.client_ends;
        if (how == cut::half) CHECK(ends == strings{"stream truncated"});
        CHECK(ends != strings{"none"});
        CHECK(ends != strings{"eof"});
    }
}

TEST_CASE("ciphertext by reads and writes of any size carries the same messages", "[asio]") {
    const std::size_t piece = GENERATE(1U, 2U, 3U, 7U, 16U, 1'000U, 16'393U);
    CAPTURE(piece);
    contexts tls;
    scene slow(tls, {"", "up", std::string(3'000, 'u')}, {std::string(20'000, 'd'), "", "down"});
    slow.between.set_piece(piece);
    slow.run();
    CHECK(slow.undisturbed());
}
