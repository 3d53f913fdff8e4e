// A message through a tunnel and back, both ends in memory: sessions of h2ws::http2 beside sessions
// on nghttp2, in one run. `--benchmark_out=FILE --benchmark_out_format=json` writes JSON.
#include "tunnel_pair.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

template <class Server, class Client>
void echo(benchmark::State& state) {
    bench::tunnel_pair<Server, Client> pair;
    const std::vector<std::byte> message(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        pair.echo(message);
        ++sent;
    }
    if (pair.echoed() != sent || pair.echoed_bytes() != sent * message.size())
        state.SkipWithError("not everything came back");
    state.SetItemsProcessed(static_cast<std::int64_t>(2 * sent));
}

void http2(benchmark::State& state) { echo<h2ws::http2::server, h2ws::http2::client>(state); }
void nghttp2(benchmark::State& state) { echo<h2ws::nghttp2::server, h2ws::nghttp2::client>(state); }

BENCHMARK(http2)->Arg(16)->Arg(125)->Arg(4'096)->Arg(65'536);
BENCHMARK(nghttp2)->Arg(16)->Arg(125)->Arg(4'096)->Arg(65'536);

} // namespace

BENCHMARK_MAIN();
