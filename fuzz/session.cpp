// A session of either engine and either role, whose peer says anything: frames that are nearly
// right, or octets. The application answers and speaks as the input decides. Each tunnel has one
// `closed` and one release, in this order, and nothing behind; nothing comes after the connection's
// end; memory is bounded and given back. What h2ws::http2 tells does not depend on how the octets
// were cut.
#include "application.hpp"
#include "counted.hpp"
#include "http2_peer.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <algorithm>
#include <string>

namespace {

using fuzz::application;
using fuzz::bytes;
using fuzz::counted;
using fuzz::now;
using fuzz::require;
using fuzz::supply;
template <class Session>
void drain(Session& session, application<Session>& app, h2ws::mutable_bytes in) {
    while (const auto happened = session.poll(in, now)) app.handle(*happened);
    require(in.empty());
}

template <class Session>
void transmit(Session& session) {
    while (true) {
        std::size_t size = 0;
        for (const h2ws::const_bytes span : session.transmit(now)) size += span.size();
        if (size == 0) return;
        session.transmitted(size);
    }
}

template <class Session>
std::string played(supply decisions, bytes wire, std::size_t piece, bool speaks_between) {
    counted memory{.most = std::size_t{8} << 20};
    std::string told;
    {
        h2ws::session_options options;
        options.accept_tunnels = true;
        options.max_queued = 100'000;
        options.memory = memory.policy();
        Session session(fuzz::role_with_key<typename Session::role_type>(), options);
        application<Session> app(session, decisions);
        if constexpr (Session::is_client) app.open();
        for (std::size_t at = 0; at < wire.size(); at += piece) {
            drain(session, app, std::span(wire).subspan(at, std::min(piece, wire.size() - at)));
            if (speaks_between) transmit(session);
        }
        transmit(session);
        drain(session, app, {});
        session.lost(h2ws::connection_loss::failed);
        drain(session, app, {});
        app.finish();
        told = app.told();
    }
    require(memory.held == 0);
    return told;
}

template <class Http2, class Nghttp2>
void suffer(supply& from) {
    const std::size_t piece = 1 + from.number(200);
    const h2ws::const_bytes script = from.octets(from.number(60));
    const supply decisions(reinterpret_cast<const std::uint8_t*>(script.data()), script.size());
    const bytes wire = fuzz::http2_peer(from, !Http2::is_client).speak();
    const std::size_t all = wire.size();
    const std::string whole = played<Http2>(decisions, wire, all, false);
    require(played<Http2>(decisions, wire, piece, false) == whole);
    (void)played<Http2>(decisions, wire, piece, true);
    (void)played<Nghttp2>(decisions, wire, all, true);
    (void)played<Nghttp2>(decisions, wire, piece, true);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (from.flag())
        suffer<h2ws::http2::server, h2ws::nghttp2::server>(from);
    else
        suffer<h2ws::http2::client, h2ws::nghttp2::client>(from);
    return 0;
}
