// Messages compressed and inflated by a websocket with permessage-deflate, beside bare zlib with
// the same parameters, in one run; and the octets that a tunnel then holds.
// `--benchmark_out=FILE --benchmark_out_format=json` writes JSON.
#include "json_messages.hpp"

#include <h2ws/h2ws.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

#include <benchmark/benchmark.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace {

using h2ws::zlib::permessage_deflate;

h2ws::deflate_parameters parameters(bool keeps_context) {
    return {.server_no_context_takeover = !keeps_context,
            .client_no_context_takeover = !keeps_context};
}

using server_socket = h2ws::websocket<h2ws::server, permessage_deflate>;
using client_socket = h2ws::websocket<h2ws::client, permessage_deflate>;

server_socket make_server(bool keeps_context) {
    return server_socket({}, {}, permessage_deflate(h2ws::server{}, parameters(keeps_context)));
}

// What a server sends of these messages: whole frames.
std::vector<std::vector<std::byte>> frames_of(const bench::json_messages& messages,
                                              bool keeps_context) {
    server_socket server = make_server(keeps_context);
    std::vector<std::byte> room(permessage_deflate::encoded_bound(messages.size()));
    std::vector<std::vector<std::byte>> frames;
    for (const std::string& message : messages.all()) {
        h2ws::const_bytes rest = h2ws::as_bytes(message);
        const auto made = server.send(h2ws::opcode::binary, rest, room);
        if (!made || made->more) std::abort();
        std::vector<std::byte>& frame = frames.emplace_back();
        frame.insert(frame.end(), made->header().begin(), made->header().end());
        frame.insert(frame.end(), made->payload.begin(), made->payload.end());
    }
    return frames;
}

void count(benchmark::State& state, std::size_t octets) {
    state.SetBytesProcessed(state.iterations() * state.range(0));
    state.counters["octets out"] =
        benchmark::Counter(static_cast<double>(octets), benchmark::Counter::kAvgIterations);
}

void compress(benchmark::State& state) {
    const bench::json_messages messages(static_cast<std::size_t>(state.range(0)));
    server_socket server = make_server(state.range(1) != 0);
    std::vector<std::byte> room(permessage_deflate::encoded_bound(messages.size()));
    std::size_t at = 0, octets = 0;
    for ([[maybe_unused]] auto _ : state) {
        h2ws::const_bytes rest = h2ws::as_bytes(messages[at++]);
        const auto made = server.send(h2ws::opcode::binary, rest, room);
        if (!made || made->more) std::abort();
        octets += made->payload.size();
    }
    count(state, octets);
}

void compress_bare(benchmark::State& state) {
    const bench::json_messages messages(static_cast<std::size_t>(state.range(0)));
    z_stream stream{};
    if (deflateInit2(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
    std::vector<Bytef> room(permessage_deflate::encoded_bound(messages.size()));
    std::size_t at = 0, octets = 0;
    for ([[maybe_unused]] auto _ : state) {
        const std::string& message = messages[at++];
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
        stream.avail_in = static_cast<uInt>(message.size());
        stream.next_out = room.data();
        stream.avail_out = static_cast<uInt>(room.size());
        if (::deflate(&stream, Z_SYNC_FLUSH) != Z_OK) std::abort();
        octets += room.size() - stream.avail_out - 4;
        if (state.range(1) == 0) ::deflateReset(&stream);
    }
    ::deflateEnd(&stream);
    count(state, octets);
}

// Frames are received, which bare zlib is not given: their headers are part of the cost. Inflated
// in pieces of the third argument.
void inflate(benchmark::State& state) {
    const bench::json_messages messages(static_cast<std::size_t>(state.range(0)));
    const bool keeps_context = state.range(1) != 0;
    const auto frames = frames_of(messages, keeps_context);
    const h2ws::zlib::deflate_settings how{.piece = static_cast<std::size_t>(state.range(2))};
    std::optional<client_socket> client;
    std::size_t at = 0, octets = 0;
    for ([[maybe_unused]] auto _ : state) {
        if (at % frames.size() == 0) // the context begins with the first frame
            client.emplace(h2ws::client{}, h2ws::limits{},
                           permessage_deflate(h2ws::client{}, parameters(keeps_context), how));
        h2ws::inbound<h2ws::client> in{frames[at++ % frames.size()]};
        while (const auto event = client->poll(in))
            if (const auto* chunk = std::get_if<h2ws::message_chunk>(&*event))
                octets += chunk->payload.size();
    }
    if (octets != at * messages.size()) state.SkipWithError("not everything came back");
    count(state, octets);
}

void inflate_bare(benchmark::State& state) {
    const bench::json_messages messages(static_cast<std::size_t>(state.range(0)));
    const bool keeps_context = state.range(1) != 0;
    const auto frames = frames_of(messages, keeps_context);
    constexpr Bytef cut_off[] = {0, 0, 0xff, 0xff};
    std::vector<Bytef> room(messages.size() + 1);
    z_stream stream{};
    std::size_t at = 0, octets = 0;
    for ([[maybe_unused]] auto _ : state) {
        const std::vector<std::byte>& frame = frames[at % frames.size()];
        if (at++ % frames.size() == 0) {
            if (at != 1) ::inflateEnd(&stream);
            stream = {};
            if (inflateInit2(&stream, -15) != Z_OK) std::abort();
        }
        const std::size_t header = h2ws::frame_header_size(
            {.payload_length = frame.size() < 128 ? frame.size() - 2 : frame.size() - 4});
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(frame.data() + header));
        stream.avail_in = static_cast<uInt>(frame.size() - header);
        stream.next_out = room.data();
        stream.avail_out = static_cast<uInt>(room.size());
        (void)::inflate(&stream, Z_SYNC_FLUSH);
        stream.next_in = const_cast<Bytef*>(cut_off);
        stream.avail_in = sizeof cut_off;
        (void)::inflate(&stream, Z_SYNC_FLUSH);
        octets += room.size() - stream.avail_out;
        if (!keeps_context) ::inflateReset(&stream);
    }
    ::inflateEnd(&stream);
    if (octets != at * messages.size()) state.SkipWithError("not everything came back");
    count(state, octets);
}

// Octets that a tunnel holds when a message has passed in each direction, by window bits, memory
// level and whether contexts are released when idle; nothing before the first.
void held(benchmark::State& state) {
    static std::size_t octets = 0;
    const h2ws::allocator counting{
        .allocate = [](void*,
                       std::size_t size) noexcept { return octets += size, std::malloc(size); },
        .release = [](void*, void* at,
                      std::size_t size) noexcept { octets -= size, std::free(at); },
        .state = nullptr};
    const auto bits = static_cast<std::uint8_t>(state.range(0));
    const bool releases = state.range(2) != 0;
    const h2ws::deflate_parameters agreed{.server_no_context_takeover = releases,
                                          .client_no_context_takeover = releases,
                                          .server_max_window_bits = bits,
                                          .client_max_window_bits = bits};
    const h2ws::zlib::deflate_settings settings{.memory_level = static_cast<int>(state.range(1)),
                                                .release_when_idle = releases,
                                                .memory = counting};
    const std::vector<std::byte> hello = frames_of(bench::json_messages(64), false).front();
    std::size_t agreed_on = 0, used = 0;
    for ([[maybe_unused]] auto _ : state) {
        client_socket client(
            {.keys = {.next = [](void*, h2ws::masking_key&) noexcept { return true; }}}, {},
            permessage_deflate(h2ws::client{}, agreed, settings));
        agreed_on = octets;
        std::vector<std::byte> room(200);
        h2ws::const_bytes rest = h2ws::as_bytes("hello");
        if (!client.send(h2ws::opcode::text, rest, room)) std::abort();
        h2ws::inbound<h2ws::client> in{hello};
        while (client.poll(in)) {
        }
        used = octets;
    }
    state.counters["agreed on"] = static_cast<double>(agreed_on);
    state.counters["used"] = static_cast<double>(used);
}

void sizes(benchmark::internal::Benchmark* each) {
    each->ArgNames({"octets", "context"});
    for (const int keeps_context : {1, 0})
        for (const int size : {64, 512, 4'096, 65'536}) each->Args({size, keeps_context});
}

void sizes_and_pieces(benchmark::internal::Benchmark* each) {
    each->ArgNames({"octets", "context", "piece"});
    for (const int piece : {4'096, 65'536})
        for (const int keeps_context : {1, 0})
            for (const int size : {64, 512, 4'096, 65'536})
                each->Args({size, keeps_context, piece});
}

BENCHMARK(compress)->Apply(sizes);
BENCHMARK(compress_bare)->Apply(sizes);
BENCHMARK(inflate)->Apply(sizes_and_pieces);
BENCHMARK(inflate_bare)->Apply(sizes);
BENCHMARK(held)
    ->ArgNames({"window", "level", "releases"})
    ->ArgsProduct({{15, 12, 9}, {8, 5, 1}, {0, 1}});

} // namespace

BENCHMARK_MAIN();
