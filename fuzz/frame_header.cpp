// Headers of frames: what is decoded is encoded to the same octets where those were the shortest
// form, and what is encoded is decoded to the same header; the quick reader says no more than the
// thorough one.
#include "frames.hpp"

#include <algorithm>
#include <cstring>

namespace {

using fuzz::require;
using fuzz::supply;

void decode(h2ws::const_bytes in) {
    if (in.size() < 2) return;
    const std::size_t size = h2ws::frame_header_size(in[1]);
    if (in.size() < size) return;
    fuzz::bytes octets;
    fuzz::append(octets, in.first(size)); // the sanitizer sees where it ends
    const h2ws::frame_header header = h2ws::decode_frame_header(octets.data());
    std::byte again[h2ws::max_frame_header_size];
    const std::size_t shortest = h2ws::encode_frame_header(header, again);
    require(shortest == h2ws::frame_header_size(header) && shortest <= size);
    require(h2ws::decode_frame_header(again) == header);
    if (shortest == size) require(std::memcmp(again, octets.data(), size) == 0);
}

template <bool Masked>
void read_quickly(h2ws::const_bytes in) {
    const h2ws::usual_header quick = h2ws::read_usual_header<Masked>(in);
    if (quick.size == 0) return;
    const h2ws::frame_header header = h2ws::decode_frame_header(in.data());
    require(header.fin && !header.rsv1 && !header.rsv2 && !header.rsv3 && header.masked == Masked);
    require(header.code == quick.type && header.payload_length == quick.payload_length);
    require(h2ws::frame_header_size(header) == quick.size);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const h2ws::const_bytes in = supply(data, size).rest();
    decode(in);
    read_quickly<true>(in);
    read_quickly<false>(in);
    return 0;
}
