// Frames that a server receives: parsed, unmasked, validated and told. h2ws beside the libraries
// that Debian packages and beside what the machine allows, in one run. The rows are
// who/what/octets of a payload; a round goes over a stream of 64 KiB, or of 1 MiB in slices of
// 16 KiB. `--benchmark_out=FILE --benchmark_out_format=json` writes JSON.
#include "limits.hpp"
#include "masked_stream.hpp"
#include "peers.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <functional>
#include <numeric>
#include <string>

namespace {

using bench::counts;
using bench::masked_stream;
using bench::payload_kind;

constexpr std::size_t slice_size = 16'384;

counts receive_in_place(h2ws::websocket<h2ws::server>& socket, h2ws::mutable_bytes bytes) {
    counts found;
    h2ws::inbound<h2ws::server> in{bytes};
    while (const auto event = socket.poll(in)) {
        const auto* const chunk = std::get_if<h2ws::message_chunk>(&*event);
        if (chunk == nullptr) break;
        found.octets += chunk->payload.size();
        found.messages += chunk->last;
    }
    return found;
}

counts receive_elsewhere(h2ws::websocket<h2ws::server>& socket, h2ws::const_bytes bytes,
                         h2ws::mutable_bytes out) {
    counts found;
    while (!bytes.empty()) {
        h2ws::const_bytes slice = bytes.first(std::min(bytes.size(), slice_size));
        bytes = bytes.subspan(slice.size());
        while (const auto event = socket.poll(slice, false, out)) {
            const auto* const chunk = std::get_if<h2ws::message_chunk>(&*event);
            if (chunk == nullptr) return found;
            found.octets += chunk->payload.size();
            found.messages += chunk->last;
        }
    }
    return found;
}

// `round` goes over the stream once. `masks`: in place, so that the next round finds it changed.
template <class Round>
void run(benchmark::State& state, masked_stream& stream, bool masks, Round&& round) {
    std::size_t rounds = 0;
    bool whole = true;
    for ([[maybe_unused]] auto _ : state) {
        const counts found = round();
        whole = whole && found.messages == stream.messages() && found.octets == stream.octets();
        ++rounds;
    }
    if (!whole) state.SkipWithError("not everything was received");
    if (!stream.was_masked(masks ? rounds : 0))
        state.SkipWithError("the bytes are not as they were");
    const auto of = [&](std::size_t each) { return static_cast<std::int64_t>(rounds * each); };
    state.SetItemsProcessed(of(stream.messages()));
    state.SetBytesProcessed(of(stream.octets()));
}

// One pass over each payload.
template <class Pass>
void run_passes(benchmark::State& state, masked_stream& stream, bool masks, Pass&& pass) {
    const std::vector<masked_stream::place> places = stream.places();
    run(state, stream, masks, [&] {
        for (const auto& [offset, key] : places) {
            pass(stream.bytes().subspan(offset, stream.payload_size()), key);
            benchmark::ClobberMemory();
        }
        return counts{stream.messages(), stream.octets()};
    });
}

using row = std::function<void(benchmark::State&, masked_stream&)>;

void memcpy_row(benchmark::State& state, masked_stream& stream) {
    std::vector<std::byte> out(stream.payload_size());
    run_passes(state, stream, false, [&](h2ws::mutable_bytes payload, h2ws::masking_key) {
        std::memcpy(out.data(), payload.data(), payload.size());
    });
}

void read_row(benchmark::State& state, masked_stream& stream) {
    run_passes(state, stream, false, [](h2ws::mutable_bytes payload, h2ws::masking_key) {
        benchmark::DoNotOptimize(bench::read_pass(payload));
    });
}

void xor_row(benchmark::State& state, masked_stream& stream) {
    run_passes(state, stream, true, [](h2ws::mutable_bytes payload, h2ws::masking_key key) {
        bench::xor_unaligned(payload.data(), payload.data(), payload.size(), key);
    });
}

void xor_aligned_row(benchmark::State& state, masked_stream& stream) {
    run_passes(state, stream, true, [](h2ws::mutable_bytes payload, h2ws::masking_key key) {
        bench::xor_aligned(payload.data(), payload.size(), key);
    });
}

void copy_xor_row(benchmark::State& state, masked_stream& stream) {
    std::vector<std::byte> out(stream.payload_size());
    run_passes(state, stream, false, [&](h2ws::mutable_bytes payload, h2ws::masking_key key) {
        bench::xor_unaligned(payload.data(), out.data(), payload.size(), key);
    });
}

void hop_row(benchmark::State& state, masked_stream& stream) {
    run(state, stream, false, [&] {
        const std::size_t frames = bench::hop(stream.bytes());
        return counts{frames, frames * stream.payload_size()};
    });
}

void h2ws_row(benchmark::State& state, masked_stream& stream) {
    h2ws::websocket<h2ws::server> socket;
    run(state, stream, true, [&] { return receive_in_place(socket, stream.bytes()); });
}

void h2ws_elsewhere_row(benchmark::State& state, masked_stream& stream) {
    h2ws::websocket<h2ws::server> socket;
    std::vector<std::byte> out(slice_size);
    const masked_stream& constant = stream;
    run(state, stream, false, [&] { return receive_elsewhere(socket, constant.bytes(), out); });
}

template <class Server>
void peer_row(benchmark::State& state, masked_stream& stream) {
    Server server;
    run(state, stream, Server::unmasks_in_place,
        [&] { return server.receive(stream, slice_size); });
}

void add(std::string_view who, const row& body, std::size_t octets, std::string_view how) {
    for (const payload_kind kind : {payload_kind::binary, payload_kind::ascii, payload_kind::mixed})
        for (const std::size_t size : {16U, 125U, 1'024U, 16'384U}) {
            const std::string name = std::string(who) + '/' + std::string(how) +
                                     std::string(bench::name(kind)) + '/' + std::to_string(size);
            benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
                masked_stream stream(size, kind, octets);
                body(state, stream);
            });
        }
}

} // namespace

int main(int count, char** arguments) {
    const std::pair<std::string_view, row> rows[] = {
        {"memcpy", memcpy_row},
        {"read", read_row},
        {"xor", xor_row},
        {"xor_aligned", xor_aligned_row},
        {"copy_xor", copy_xor_row},
        {"hop", hop_row},
        {"h2ws", h2ws_row},
        {"h2ws_elsewhere", h2ws_elsewhere_row},
        {"beast", peer_row<bench::beast_server>},
        {"wslay", peer_row<bench::wslay_server>},
        {"websocketpp", peer_row<bench::websocketpp_server>},
    };
    for (const auto& [who, body] : rows) add(who, body, 65'536, "");
    for (const auto& [who, body] : rows) add(who, body, 1'048'576, "sliced_");
    benchmark::Initialize(&count, arguments);
    if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
    benchmark::RunSpecifiedBenchmarks();
}
