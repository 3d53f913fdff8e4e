// Messages that are sent: framed and masked by a client, whose keys nobody can guess, or framed by
// a server; each ends up in memory, as in a kernel's buffer. h2ws beside the libraries that Debian
// packages and beside what the machine allows, in one run. The rows are who/octets.
// `--benchmark_out=FILE --benchmark_out_format=json` writes JSON.
#include "limits.hpp"
#include "sending_peers.hpp"

#include <h2ws/system_entropy.hpp>

#include <benchmark/benchmark.h>

#include <vector>

namespace {

std::vector<std::byte> message_of(const benchmark::State& state) {
    return std::vector<std::byte>(static_cast<std::size_t>(state.range(0)), std::byte{'m'});
}

void report(benchmark::State& state, std::size_t sent) {
    const auto least = static_cast<std::size_t>(state.iterations() * state.range(0));
    if (sent < least) state.SkipWithError("not everything was sent");
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

template <class Client>
void peer(benchmark::State& state) {
    const std::vector<std::byte> message = message_of(state);
    Client client;
    for ([[maybe_unused]] auto _ : state) client.send(message);
    report(state, client.sent());
}

// A frame made in a buffer: header and payload behind one another, without another copy.
template <class Role>
void copied(benchmark::State& state, Role role) {
    const std::vector<std::byte> message = message_of(state);
    h2ws::websocket<Role> socket(role);
    std::vector<std::byte> out(h2ws::max_frame_header_size + message.size());
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        h2ws::const_bytes rest = message;
        const h2ws::mutable_bytes room =
            h2ws::mutable_bytes(out).subspan(h2ws::max_frame_header_size);
        const auto made = socket.send(h2ws::opcode::binary, rest, room);
        if (!made || made->more) std::abort();
        const h2ws::const_bytes header = made->header();
        std::memcpy(room.data() - header.size(), header.data(), header.size());
        sent += made->payload.size();
        benchmark::ClobberMemory();
    }
    report(state, sent);
}

void h2ws_client(benchmark::State& state) {
    h2ws::system_entropy entropy;
    copied(state, h2ws::client{entropy.source()});
}

void h2ws_server(benchmark::State& state) { copied(state, h2ws::server{}); }

// A server's payload stays where it is.
void h2ws_server_in_place(benchmark::State& state) {
    const std::vector<std::byte> message = message_of(state);
    h2ws::websocket<h2ws::server> socket;
    std::size_t sent = 0;
    for ([[maybe_unused]] auto _ : state) {
        const auto made = socket.send(h2ws::opcode::binary, message);
        if (!made) std::abort();
        sent += made->payload.size();
        benchmark::DoNotOptimize(made->octets[1]);
    }
    report(state, sent);
}

void copy_xor(benchmark::State& state) {
    const std::vector<std::byte> message = message_of(state);
    std::vector<std::byte> out(message.size());
    h2ws::masking_key key{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(key);
        bench::xor_unaligned(message.data(), out.data(), message.size(), key);
        benchmark::ClobberMemory();
    }
    report(state, static_cast<std::size_t>(state.iterations()) * message.size());
}

void copy(benchmark::State& state) {
    const std::vector<std::byte> message = message_of(state);
    std::vector<std::byte> out(message.size());
    for ([[maybe_unused]] auto _ : state) {
        std::memcpy(out.data(), message.data(), message.size());
        benchmark::ClobberMemory();
    }
    report(state, static_cast<std::size_t>(state.iterations()) * message.size());
}

// Of the source alone.
void masking_key(benchmark::State& state) {
    h2ws::system_entropy entropy;
    const h2ws::masking_key_source source = entropy.source();
    h2ws::masking_key key;
    for ([[maybe_unused]] auto _ : state) {
        if (!source.next(source.state, key)) std::abort();
        benchmark::DoNotOptimize(key);
    }
}

void sizes(benchmark::internal::Benchmark* row) {
    for (const int size : {16, 125, 1'024, 16'384}) row->Arg(size);
}

BENCHMARK(copy)->Apply(sizes);
BENCHMARK(copy_xor)->Apply(sizes);
BENCHMARK(masking_key);
BENCHMARK(h2ws_client)->Apply(sizes);
BENCHMARK(h2ws_server)->Apply(sizes);
BENCHMARK(h2ws_server_in_place)->Apply(sizes);
BENCHMARK_TEMPLATE(peer, bench::beast_client)->Apply(sizes);
BENCHMARK_TEMPLATE(peer, bench::wslay_client)->Apply(sizes);
BENCHMARK_TEMPLATE(peer, bench::websocketpp_client)->Apply(sizes);

} // namespace

BENCHMARK_MAIN();
