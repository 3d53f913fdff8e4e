// What the tests of the codec share: messages through either end of it, and zlib by hand.
#pragma once

#include "../catch.hpp"
#include "../octets.hpp"
#include "../scarce_memory.hpp"

#include <h2ws/zlib/permessage_deflate.hpp>

#include <h2ws/role.hpp>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace codec {

using transcript::hex;
using transcript::octets;

// RFC 7692 §7.2.3.1 and §7.2.3.2: "Hello", and the same once more with the context.
inline const octets hello = hex("f2 48 cd c9 c9 07 00");
inline const octets again = hex("f2 00 11 00 00");

// zlib-ng 2.1 clears what it was not given, and crashes; 2.2 allocates once and looks, and makes
// each window to receive as large as any.
#if defined(ZLIBNG_VERNUM) && ZLIBNG_VERNUM < 0x02020000L
inline constexpr bool outlives_failed_allocations = false;
#else
inline constexpr bool outlives_failed_allocations = true;
#endif

// What a context takes of the allocator, by the library that this is built with: to send a little
// more than this, to receive its window and less than this.
inline std::size_t deflating_memory(int window_bits, int memory_level) {
    const std::size_t window = std::size_t{4} << std::max(window_bits, 9);
#ifdef ZLIBNG_VERNUM
    constexpr std::size_t symbols = ZLIBNG_VERNUM < 0x02020000L ? 256 : 320;
    return window + 131'072 + (symbols << memory_level); // of any level one size of hash
#else
    return window + (std::size_t{512} << memory_level);
#endif
}
#ifdef ZLIBNG_VERNUM
inline constexpr std::size_t inflating_memory = 10'000;
#else
inline constexpr std::size_t inflating_memory = 7'900;
#endif
inline std::size_t inflating_window(int window_bits) {
#if defined(ZLIBNG_VERNUM) && ZLIBNG_VERNUM >= 0x02020000L
    window_bits = 15;
#endif
    return std::size_t{1} << window_bits;
}

// All of one message in pieces of at most `room` octets.
template <class Encoder>
std::vector<octets> compressed(Encoder& encoder, std::string_view message, std::size_t room) {
    std::vector<octets> pieces;
    h2ws::const_bytes in = h2ws::as_bytes(message);
    for (bool more = true; more;) {
        std::vector<std::byte> out(room, std::byte{0xee});
        const h2ws::result<h2ws::encoded> made = encoder.encode(in, out, true);
        REQUIRE(made);
        REQUIRE(made->size <= room);
        REQUIRE((made->size != 0 || !made->more));
        more = made->more || !in.empty();
        pieces.emplace_back(h2ws::as_text(h2ws::const_bytes(out).first(made->size)));
    }
    return pieces;
}

inline octets joined(const std::vector<octets>& pieces) {
    octets all;
    for (const octets& piece : pieces) all += piece;
    return all;
}

struct outcome {
    octets message;
    h2ws::errc error = h2ws::errc::none;
};

// One message that arrives in pieces of at most `size` octets.
template <class Decoder>
outcome decompressed(Decoder& decoder, std::string_view message, std::size_t size = SIZE_MAX) {
    outcome got;
    do {
        const std::size_t shown = h2ws::smaller(size, message.size());
        h2ws::const_bytes in = h2ws::as_bytes(message.substr(0, shown));
        message.remove_prefix(shown);
        for (bool more = true; more;) {
            const std::size_t before = in.size();
            const h2ws::result<h2ws::decoded> piece = decoder.decode(in, message.empty());
            if (!piece) return {got.message, piece.error()};
            if (before != 0) REQUIRE((in.size() < before || !piece->data.empty()));
            got.message += h2ws::as_text(piece->data);
            more = piece->more || !in.empty();
        }
    } while (!message.empty());
    return got;
}

// Octets that repeat themselves from near and far.
inline octets repetitive(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    octets text;
    while (text.size() < size) {
        const std::size_t length = random() % 40 + 1;
        if (text.size() > 300 && random() % 4 != 0) {
            const std::size_t back = random() % h2ws::smaller(text.size() - 260, 40'000) + 260;
            text += octets(text.substr(text.size() - back, length));
        } else {
            for (std::size_t i = 0; i < length; ++i) text += static_cast<char>(random());
        }
    }
    text.resize(size);
    return text;
}

// zlib's own compression of a message, without the last four octets.
inline octets by_hand(std::string_view message) {
    z_stream stream{};
    REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    octets out(::deflateBound(&stream, message.size()) + 100, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    stream.avail_in = static_cast<uInt>(message.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(::deflate(&stream, Z_SYNC_FLUSH) == Z_OK);
    REQUIRE(stream.avail_out != 0);
    out.resize(out.size() - stream.avail_out - 4);
    ::deflateEnd(&stream);
    return out;
}

// Inflates octet by octet of its output, so that it has no more of what went before than a window
// of that size.
class strict_inflater {
public:
    explicit strict_inflater(int bits) { REQUIRE(inflateInit2(&stream_, -bits) == Z_OK); }
    strict_inflater(const strict_inflater&) = delete;
    strict_inflater& operator=(const strict_inflater&) = delete;
    ~strict_inflater() { ::inflateEnd(&stream_); }

    octets message(octets in) {
        in += std::string_view("\x00\x00\xff\xff", 4);
        stream_.next_in = reinterpret_cast<Bytef*>(in.data());
        stream_.avail_in = static_cast<uInt>(in.size());
        octets out;
        for (;;) {
            char one = 0;
            stream_.next_out = reinterpret_cast<Bytef*>(&one);
            stream_.avail_out = 1;
            const int status = ::inflate(&stream_, Z_SYNC_FLUSH);
            if (status != Z_OK && status != Z_BUF_ERROR) return "failed";
            if (stream_.avail_out != 0) return out;
            out += one;
        }
    }

private:
    z_stream stream_{};
};

} // namespace codec
