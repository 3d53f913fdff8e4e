// What it costs to open a WebSocket and close it: a tunnel on a connection that is there, and a new
// connection with an Upgrade of HTTP/1.1 by Boost.Beast, with TLS 1.3 and without. All ends are in
// memory, and in one run.
#include "beast_connection.hpp"
#include "tunnel_pair.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <benchmark/benchmark.h>

namespace {

// The extended CONNECT, the closing handshake, the end of the stream.
template <class Server, class Client>
void tunnel(benchmark::State& state) {
    bench::tunnel_pair<Server, Client> pair;
    pair.close();
    std::size_t rounds = 1;
    for ([[maybe_unused]] auto _ : state) {
        pair.open();
        pair.run();
        pair.close();
        ++rounds;
    }
    if (pair.opened() != rounds || pair.closed() != rounds)
        state.SkipWithError("not every tunnel was opened and closed");
}

// The Upgrade, the closing handshake, the end of the connection; with TLS a handshake before and
// close_notify after.
template <class Layer>
void upgrade(benchmark::State& state) {
    bench::beast_shared shared;
    for ([[maybe_unused]] auto _ : state) {
        bench::beast_connection<Layer> connection(shared);
        connection.open();
        const bool opened = connection.opened();
        connection.close();
        if (!opened || !connection.closed()) {
            state.SkipWithError("it was not opened and closed");
            break;
        }
    }
}

BENCHMARK(tunnel<h2ws::http2::server, h2ws::http2::client>)->Name("http2");
BENCHMARK(tunnel<h2ws::nghttp2::server, h2ws::nghttp2::client>)->Name("nghttp2");
BENCHMARK(upgrade<bench::beast_memory>)->Name("beast");
BENCHMARK(upgrade<bench::beast_tls>)->Name("beast_tls");

} // namespace

BENCHMARK_MAIN();
