// load_frame how=NUMBER kind=NUMBER size=NUMBER rounds=NUMBER: frames through the public calls of
// one websocket, in memory, whose instructions are counted from outside. Prints what passed.
#include "../../bench/masked_stream.hpp"

#include "arguments.hpp"

#include <h2ws/h2ws.hpp>

#include <algorithm>
#include <cstdio>

namespace {

struct counts {
    std::size_t messages = 0, octets = 0;

    void add(const h2ws::message_chunk& chunk) {
        messages += chunk.last;
        octets += chunk.payload.size();
    }
};

// A server reads the stream where it lies, in one piece.
counts receive(bench::masked_stream& stream, std::uint64_t rounds) {
    counts passed;
    h2ws::websocket<h2ws::server> socket;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        h2ws::inbound<h2ws::server> in{stream.bytes()};
        while (const auto event = socket.poll(in))
            passed.add(std::get<h2ws::message_chunk>(*event));
    }
    return passed;
}

// The same into other memory, from pieces that end anywhere.
counts receive_sliced(const bench::masked_stream& stream, std::uint64_t rounds) {
    counts passed;
    h2ws::websocket<h2ws::server> socket;
    std::vector<std::byte> out(16'384);
    for (std::uint64_t i = 0; i < rounds; ++i)
        for (h2ws::const_bytes rest = stream.bytes(); !rest.empty();) {
            h2ws::const_bytes slice = rest.first(std::min<std::size_t>(rest.size(), 16'384));
            rest = rest.subspan(slice.size());
            while (const auto event = socket.poll(slice, false, out))
                passed.add(std::get<h2ws::message_chunk>(*event));
        }
    return passed;
}

// Keys that cost nothing: what is counted is not where they come from.
bool next_key(void*, h2ws::masking_key& key) noexcept {
    key.fill(std::byte{0x5a});
    return true;
}

counts send(const bench::masked_stream& stream, std::uint64_t rounds) {
    counts passed;
    h2ws::websocket<h2ws::client> socket({.keys = {next_key}});
    const std::vector<std::byte> message(stream.payload_size(), std::byte{'x'});
    std::vector<std::byte> out(message.size());
    for (std::uint64_t i = 0; i < rounds * stream.messages(); ++i) {
        h2ws::const_bytes payload = message;
        const auto made = socket.send(h2ws::opcode::binary, payload, out);
        passed.messages += made->header().size() == stream.header_size();
        passed.octets += made->payload.size();
    }
    return passed;
}

} // namespace

int main(int argc, char** argv) {
    try {
        load::arguments told(argc, argv);
        const auto how = told.take("how", std::uint64_t{0});
        const auto kind = static_cast<bench::payload_kind>(told.take("kind", std::uint64_t{0}));
        const auto size = told.take("size", std::uint64_t{125});
        const auto rounds = told.take("rounds", std::uint64_t{2});
        told.all_taken();
        bench::masked_stream stream(size, kind, 65'536);
        const counts passed = how == 0   ? receive(stream, rounds)
                              : how == 1 ? receive_sliced(stream, rounds)
                                         : send(stream, rounds);
        std::printf("messages=%zu octets=%zu of=%zu\n", passed.messages, passed.octets,
                    stream.messages());
    } catch (const std::exception& problem) {
        std::fprintf(stderr, "load_frame: %s\n", problem.what());
        return 1;
    }
}
