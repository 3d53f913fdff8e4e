// Sessions whose tunnels compress their messages, where both ends want it.
#include <h2ws/http2/session.hpp>
#include <h2ws/zlib/deflate_answer.hpp>

using compression = h2ws::zlib::permessage_deflate;
using server_session = h2ws::http2::basic_server<compression>; // nghttp2's have the same names
using client_session = h2ws::http2::basic_client<compression>;

// A server answers what it makes of the client's offers, and gives that to the tunnel.
void accept(server_session& session, const h2ws::tunnel_requested& asked, h2ws::instant now) {
    h2ws::zlib::deflate_answer deflate(*asked.request);
    const h2ws::acceptance answer{.extensions = deflate.text()};            // empty: without
    if (!session.accept(asked.tunnel, answer, now, deflate.take())) return; // it is gone
}

// A client offers it. The session reads the answer, and fails the tunnel where that is not allowed.
h2ws::result<h2ws::tunnel_id> ask(client_session& session, h2ws::instant now) {
    auto codec = compression::with({.level = 1, .smallest_message = 32});
    if (!codec) return codec.error();
    return session.open(
        {.authority = "example.com", .path = "/chat", .extensions = h2ws::usual_deflate_offer}, now,
        *std::move(codec));
}

// Secrets go as they are. `extension` is null once the tunnel has closed.
h2ws::result<void> send_secret(client_session& session, h2ws::tunnel_id tunnel,
                               std::string_view text, h2ws::instant now) {
    compression* const codec = session.extension(tunnel, now);
    if (codec == nullptr) return h2ws::errc::not_open;
    codec->compress(false);
    const auto sent = session.send(tunnel, h2ws::opcode::text, h2ws::as_bytes(text), now);
    codec->compress(true);
    return sent;
}
