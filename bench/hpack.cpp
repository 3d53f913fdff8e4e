// Field lists to field blocks and back, by our HPACK and by nghttp2's, in one run: what a handshake
// of a browser costs a new connection (a table that is empty) and one that has seen it.
#include <h2ws/http2/hpack.hpp>

#include <benchmark/benchmark.h>
#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using h2ws::field;
using fields = std::vector<field>;
using block = std::vector<std::byte>;

// What Chromium sends to open a WebSocket over HTTP/2, but for the host.
const fields request{
    {":method", "CONNECT"},
    {":authority", "chat.example.com:8443"},
    {":scheme", "https"},
    {":path", "/rooms/lobby"},
    {":protocol", "websocket"},
    {"pragma", "no-cache"},
    {"cache-control", "no-cache"},
    {"user-agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
                   " Chrome/130.0.0.0 Safari/537.36"},
    {"origin", "https://chat.example.com:8443"},
    {"sec-websocket-version", "13"},
    {"accept-encoding", "gzip, deflate, br, zstd"},
    {"accept-language", "en-US,en;q=0.9"},
    {"sec-websocket-extensions", "permessage-deflate; client_max_window_bits"},
    {"sec-websocket-protocol", "chat.v2, chat.v1"},
};

const fields answer{
    {":status", "200"},
    {"sec-websocket-protocol", "chat.v2"},
    {"sec-websocket-extensions", "permessage-deflate; client_max_window_bits=15"},
    {"server", "h2ws"},
};

// Eight of 160 characters that no table may hold (RFC 7541 §7.1.3): all of it is Huffman's code.
const std::vector<std::string> cookie_values = [] {
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::mt19937 random(1);
    std::vector<std::string> made;
    for (int i = 0; i < 8; ++i) {
        made.push_back("session" + std::to_string(i) + "=");
        while (made.back().size() < 160) made.back() += letters[random() % letters.size()];
    }
    return made;
}();
const fields cookies = [] {
    fields made;
    for (const std::string& value : cookie_values) made.push_back({"cookie", value});
    return made;
}();

// What both report of a list that they have read.
struct sum {
    std::size_t lines = 0, octets = 0, last = 0; // the last character of each value

    void add(const char* value, std::size_t name_size, std::size_t value_size) {
        ++lines;
        octets += name_size + value_size;
        last += static_cast<unsigned char>(value[value_size - 1]);
    }
    friend bool operator==(const sum&, const sum&) = default;
};

sum sum_of(const fields& list) {
    sum made;
    for (const field& line : list) made.add(line.value.data(), line.name.size(), line.value.size());
    return made;
}

class our_encoder {
public:
    explicit our_encoder(const fields& list) : list_(list) {}

    h2ws::const_bytes encode() {
        out_.clear();
        if (!coder_.encode(std::span<const field>(list_), out_)) std::abort();
        return {out_.data(), out_.size()};
    }

private:
    const fields& list_;
    h2ws::http2::hpack_encoder coder_{{}};
    h2ws::growing_array<std::byte> out_{h2ws::allocator{}};
};

// Told of what is secret, as ours knows by the name.
class their_encoder {
public:
    explicit their_encoder(const fields& list) {
        if (nghttp2_hd_deflate_new(&coder_, 4'096) != 0) std::abort();
        const auto octets = [](std::string_view text) {
            return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
        };
        for (const field& line : list) {
            const bool secret = h2ws::is_secret(line.name);
            lines_.push_back({octets(line.name), octets(line.value), line.name.size(),
                              line.value.size(),
                              static_cast<std::uint8_t>(secret ? NGHTTP2_NV_FLAG_NO_INDEX
                                                               : NGHTTP2_NV_FLAG_NONE)});
        }
        out_.resize(nghttp2_hd_deflate_bound(coder_, lines_.data(), lines_.size()));
    }
    their_encoder(const their_encoder&) = delete;
    their_encoder& operator=(const their_encoder&) = delete;
    ~their_encoder() { nghttp2_hd_deflate_del(coder_); }

    h2ws::const_bytes encode() {
        const ssize_t size =
            nghttp2_hd_deflate_hd(coder_, reinterpret_cast<std::uint8_t*>(out_.data()), out_.size(),
                                  lines_.data(), lines_.size());
        if (size < 0) std::abort();
        return {out_.data(), static_cast<std::size_t>(size)};
    }

private:
    nghttp2_hd_deflater* coder_ = nullptr;
    std::vector<nghttp2_nv> lines_;
    block out_;
};

class our_decoder {
public:
    template <class Sink>
    void decode(h2ws::const_bytes from, Sink&& sink) {
        const h2ws::errc error = coder_.decode(
            from, [&](const h2ws::http2::hpack_field& line) { sink(line.name, line.value); });
        if (error != h2ws::errc::none) std::abort();
    }

private:
    h2ws::http2::hpack_decoder coder_{{}};
};

class their_decoder {
public:
    their_decoder() {
        if (nghttp2_hd_inflate_new(&coder_) != 0) std::abort();
    }
    their_decoder(const their_decoder&) = delete;
    their_decoder& operator=(const their_decoder&) = delete;
    ~their_decoder() { nghttp2_hd_inflate_del(coder_); }

    template <class Sink>
    void decode(h2ws::const_bytes from, Sink&& sink) {
        const auto* in = reinterpret_cast<const std::uint8_t*>(from.data());
        std::size_t left = from.size();
        for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
            nghttp2_nv line;
            const ssize_t taken = nghttp2_hd_inflate_hd2(coder_, &line, &flags, in, left, 1);
            if (taken < 0) std::abort();
            in += taken;
            left -= static_cast<std::size_t>(taken);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
                sink(text(line.name, line.namelen), text(line.value, line.valuelen));
        }
        if (nghttp2_hd_inflate_end_headers(coder_) != 0) std::abort();
    }

private:
    static std::string_view text(const std::uint8_t* octets, std::size_t size) {
        return {reinterpret_cast<const char*>(octets), size};
    }

    nghttp2_hd_inflater* coder_ = nullptr;
};

// Whether the block says the list and nothing else.
template <class Decoder>
bool says(Decoder& decoder, h2ws::const_bytes from, const fields& list) {
    std::size_t equal = 0, lines = 0;
    decoder.decode(from, [&](std::string_view name, std::string_view value) {
        equal += lines < list.size() && list[lines] == field{name, value};
        ++lines;
    });
    return lines == list.size() && equal == lines;
}

// The first block of a connection, and one of those that follow.
template <class Encoder>
std::array<block, 2> blocks_of(const fields& list) {
    Encoder encoder(list);
    std::array<block, 2> made;
    for (block& each : made) {
        const h2ws::const_bytes octets = encoder.encode();
        each.assign(octets.begin(), octets.end());
    }
    return made;
}

template <class Encoder>
void encode_first(benchmark::State& state, const fields& list) {
    const auto [first, next] = blocks_of<Encoder>(list);
    our_decoder reader;
    if (!says(reader, first, list)) return state.SkipWithError("that is not the list");
    for ([[maybe_unused]] auto _ : state) {
        Encoder encoder(list);
        if (encoder.encode().size() != first.size()) std::abort();
    }
    state.counters["octets"] = static_cast<double>(first.size());
}

template <class Encoder>
void encode_next(benchmark::State& state, const fields& list) {
    Encoder encoder(list);
    our_decoder reader;
    if (!says(reader, encoder.encode(), list)) return state.SkipWithError("that is not the list");
    h2ws::const_bytes out = encoder.encode();
    const std::size_t size = out.size();
    for ([[maybe_unused]] auto _ : state) {
        out = encoder.encode();
        if (out.size() != size) std::abort();
    }
    if (!says(reader, out, list)) state.SkipWithError("that is not the list");
    state.counters["octets"] = static_cast<double>(size);
}

template <class Decoder>
void decode_first(benchmark::State& state, const fields& list) {
    const auto [first, next] = blocks_of<our_encoder>(list);
    const sum expected = sum_of(list);
    Decoder checked;
    if (!says(checked, first, list)) return state.SkipWithError("that is not the list");
    for ([[maybe_unused]] auto _ : state) {
        Decoder decoder;
        sum found;
        decoder.decode(first, [&](std::string_view name, std::string_view value) {
            found.add(value.data(), name.size(), value.size());
        });
        if (found != expected) std::abort();
    }
}

template <class Decoder>
void decode_next(benchmark::State& state, const fields& list) {
    const auto [first, next] = blocks_of<our_encoder>(list);
    const sum expected = sum_of(list);
    Decoder decoder;
    bool right = says(decoder, first, list);
    for ([[maybe_unused]] auto _ : state) {
        sum found;
        decoder.decode(next, [&](std::string_view name, std::string_view value) {
            found.add(value.data(), name.size(), value.size());
        });
        if (found != expected) std::abort();
    }
    right = says(decoder, next, list) && right;
    if (!right) state.SkipWithError("that is not the list");
}

template <class Encoder, class Decoder>
void add_rows(const std::string& whose) {
    const auto add = [&](const std::string& what, auto run) {
        benchmark::RegisterBenchmark((whose + what + "/request").c_str(), run, request);
        benchmark::RegisterBenchmark((whose + what + "/answer").c_str(), run, answer);
        benchmark::RegisterBenchmark((whose + what + "/cookies").c_str(), run, cookies);
    };
    add("/encode_first", encode_first<Encoder>);
    add("/encode_next", encode_next<Encoder>);
    add("/decode_first", decode_first<Decoder>);
    add("/decode_next", decode_next<Decoder>);
}

} // namespace

int main(int argc, char** argv) {
    add_rows<our_encoder, our_decoder>("h2ws");
    add_rows<their_encoder, their_decoder>("nghttp2");
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    benchmark::RunSpecifiedBenchmarks();
}
