// A message through a tunnel and back, many at once, and a tunnel opened and closed, both ends in
// memory: sessions of h2ws::http2 beside sessions on nghttp2 and beside nghttp2 alone, in one run.
// `--benchmark_out=FILE --benchmark_out_format=json` writes JSON.
#include "bare_nghttp2.hpp"
#include "tunnel_pair.hpp"
#include "websocket_echo.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

// As many as fill a DATA frame of 16 KiB, at 125 octets.
constexpr std::size_t pipelined = 100;

template <class Server, class Client>
void echo(benchmark::State& state, std::size_t at_once = 1) {
    bench::tunnel_pair<Server, Client> pair;
    const std::vector<std::byte> message(static_cast<std::size_t>(state.range(0)), std::byte{'x'});
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        pair.echo(message, at_once);
        sent += at_once;
    }
    if (pair.echoed() != sent || pair.echoed_bytes() != sent * message.size())
        state.SkipWithError("not everything came back");
    state.SetItemsProcessed(static_cast<std::int64_t>(2 * sent));
}

// As many octets as the messages' frames have, one DATA frame each way.
void bare_echo(benchmark::State& state, std::size_t at_once) {
    bench::bare_pair pair;
    pair.open();
    const auto size = static_cast<std::size_t>(state.range(0));
    const std::vector<std::byte> octets(
        size + h2ws::frame_header_size({.payload_length = size, .masked = true}), std::byte{'x'});
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        pair.echo(octets, at_once);
        sent += at_once;
    }
    if (pair.echoed_bytes() != sent * octets.size())
        state.SkipWithError("not everything came back");
    state.SetItemsProcessed(static_cast<std::int64_t>(2 * sent));
}

// What cannot be less: nghttp2 alone, and beside it the two websockets.
void bare_and_websockets(benchmark::State& state) {
    bench::bare_pair pair;
    pair.open();
    const auto size = static_cast<std::size_t>(state.range(0));
    const std::vector<std::byte> message(size, std::byte{'x'});
    const std::vector<std::byte> octets(
        size + h2ws::frame_header_size({.payload_length = size, .masked = true}), std::byte{'x'});
    bench::websocket_echo sockets(size);
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        sockets.run(message);
        pair.echo(octets);
        ++sent;
    }
    if (pair.echoed_bytes() != sent * octets.size() || sockets.octets() != sent * size)
        state.SkipWithError("not everything came back");
    state.SetItemsProcessed(static_cast<std::int64_t>(2 * sent));
}

// On a connection that is there: the extended CONNECT, the closing handshake, the end of the
// stream.
template <class Server, class Client>
void open_and_close(benchmark::State& state) {
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
    state.SetItemsProcessed(state.iterations());
}

void bare_opening(benchmark::State& state) {
    bench::bare_pair pair;
    for ([[maybe_unused]] auto _ : state) {
        pair.open();
        pair.close();
    }
    state.SetItemsProcessed(state.iterations());
}

void http2_opening(benchmark::State& state) {
    open_and_close<h2ws::http2::server, h2ws::http2::client>(state);
}
void nghttp2_opening(benchmark::State& state) {
    open_and_close<h2ws::nghttp2::server, h2ws::nghttp2::client>(state);
}

void http2(benchmark::State& state) { echo<h2ws::http2::server, h2ws::http2::client>(state); }
void nghttp2(benchmark::State& state) { echo<h2ws::nghttp2::server, h2ws::nghttp2::client>(state); }
void bare(benchmark::State& state) { bare_echo(state, 1); }

void http2_pipelined(benchmark::State& state) {
    echo<h2ws::http2::server, h2ws::http2::client>(state, pipelined);
}
void nghttp2_pipelined(benchmark::State& state) {
    echo<h2ws::nghttp2::server, h2ws::nghttp2::client>(state, pipelined);
}
void bare_pipelined(benchmark::State& state) { bare_echo(state, pipelined); }

BENCHMARK(http2)->Arg(16)->Arg(125)->Arg(4'096)->Arg(65'536);
BENCHMARK(nghttp2)->Arg(16)->Arg(125)->Arg(4'096)->Arg(65'536);
BENCHMARK(bare)->Arg(16)->Arg(125)->Arg(4'096)->Arg(65'536);
BENCHMARK(bare_and_websockets)->Arg(125);
BENCHMARK(http2_pipelined)->Arg(125);
BENCHMARK(nghttp2_pipelined)->Arg(125);
BENCHMARK(bare_pipelined)->Arg(125);
BENCHMARK(http2_opening);
BENCHMARK(nghttp2_opening);
BENCHMARK(bare_opening);

} // namespace

BENCHMARK_MAIN();
