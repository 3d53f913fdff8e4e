// The session concept's suite on nghttp2.
#include "model.hpp"

#include <tuple>

using models = std::tuple<nghttp2_model>;

using model = nghttp2_model;

// It has used all numbers but two.
struct late_client : nghttp2_model::client {
    explicit late_client(h2ws::client role, const h2ws::session_options& options)
        : nghttp2_model::client(role, options) {
        (void)nghttp2_session_set_next_stream_id(session_, 0x7fff'fffd);
    }
};

#include "../engine_suite/numbers.hpp"
#include "../engine_suite/session.hpp"
#include "../rule_suite.hpp"
#include "../session_suite.hpp"

TEST_CASE("a tunnel that ends where the stream's window is 0 is not held for ever",
          "[nghttp2][rfc9113-6.9.1][R118][S21]") {
    alone<nghttp2_model::server> server;
    server.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                 nghttp2_model::frame(4, 0, 0, octets("\0\4", 2) + nghttp2_model::number(3)));
    server.hears(nghttp2_model::headers(1, websocket_request(), false));
    CHECK(server.side.send(server.side.last, "x") == errc::none); // 3 octets with the header
    server.hears({});
    server.hears(nghttp2_model::data(1, "", true));
    CHECK(server.side.log.back() == "1 closed end_stream_without_close");
    server.now += seconds(30);
    server.side.expire();
    server.hears({});
    CHECK(server.side.log.back() == "1 released");
    CHECK(server.side.session.stream_count() == 0);
}

TEST_CASE(
    "the end of a raw tunnel that waits for a window keeps its time once early bytes are told",
    "[nghttp2][rfc9113-6.9.1][R118][S2][S21]") {
    alone<nghttp2_model::server> server({.accept_raw_tunnels = true});
    server.side.accepts = false;
    server.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                 nghttp2_model::frame(4, 0, 0, octets("\0\4", 2) + nghttp2_model::number(0)));
    std::vector<field> request = websocket_request();
    request[1].value = "other";
    server.hears(nghttp2_model::headers(1, request, false) +
                 nghttp2_model::data(1, "early", false));
    const tunnel_id name = server.side.last;
    CHECK(server.side.call([&](auto& session) {
        CHECK(session.accept(name, {}, server.now));
        return session.write(name, {}, true, server.now);
    }));
    server.hears({});
    CHECK(server.side.log.back() == "1 data \"early\"");
    server.now += seconds(29);
    server.side.expire();
    CHECK(server.side.log.back() == "1 data \"early\"");
    server.now += seconds(2);
    server.side.expire();
    server.hears({});
    CHECK(last(server.side.log, 2) == lines{"1 closed output_stalled CANCEL", "1 released"});
    CHECK(server.side.session.stream_count() == 0);
}
