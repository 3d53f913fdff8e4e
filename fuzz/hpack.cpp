// HPACK: field lists that we encode are decoded by us and by nghttp2 as they were, over any changes
// of the table's size; of octets that nobody made both decoders find the same lines, up to the
// first error.
#include "supply.hpp"

#include <h2ws/http2/hpack.hpp>

#include <nghttp2/nghttp2.h>

#include <string>
#include <utility>
#include <vector>

namespace {

using fuzz::require;
using fuzz::supply;
using h2ws::field;

using line = std::pair<std::string, std::string>;
using lines = std::vector<line>;

class their_decoder {
public:
    their_decoder() { require(nghttp2_hd_inflate_new(&coder_) == 0); }
    their_decoder(const their_decoder&) = delete;
    their_decoder& operator=(const their_decoder&) = delete;
    ~their_decoder() { nghttp2_hd_inflate_del(coder_); }

    void change_table(std::size_t size) {
        require(nghttp2_hd_inflate_change_table_size(coder_, size) == 0);
    }

    // Whether it took the block.
    bool decode(h2ws::const_bytes block, lines& found) {
        const auto* in = reinterpret_cast<const std::uint8_t*>(block.data());
        std::size_t left = block.size();
        for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
            nghttp2_nv one;
            const auto taken = nghttp2_hd_inflate_hd2(coder_, &one, &flags, in, left, 1);
            if (taken < 0) return false;
            in += taken;
            left -= static_cast<std::size_t>(taken);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
                found.emplace_back(text(one.name, one.namelen), text(one.value, one.valuelen));
        }
        return nghttp2_hd_inflate_end_headers(coder_) == 0;
    }

private:
    static std::string text(const std::uint8_t* octets, std::size_t size) {
        return {reinterpret_cast<const char*>(octets), size};
    }

    nghttp2_hd_inflater* coder_ = nullptr;
};

bool decode(h2ws::http2::hpack_decoder& coder, h2ws::const_bytes block, lines& found) {
    return coder.decode(block, [&](const h2ws::http2::hpack_field& one) {
        found.emplace_back(one.name, one.value);
    }) == h2ws::errc::none;
}

constexpr std::string_view names[] = {":method", ":path", ":status",       "cookie", "accept",
                                      "x-one",   "x-two", "authorization", "age"};
constexpr std::string_view values[] = {"CONNECT", "/", "200", "404", "gzip, deflate", ""};

lines lines_of(supply& from) {
    lines made;
    for (std::size_t i = from.number(12); i != 0; --i) {
        const std::size_t name = from.number(std::size(names));
        const std::size_t value = from.number(std::size(values));
        made.emplace_back(name == std::size(names) ? "x-" + std::to_string(from.number(300))
                                                   : names[name],
                          value == std::size(values) ? h2ws::as_text(from.octets(from.number(300)))
                                                     : values[value]);
    }
    return made;
}

void encode(supply& from) {
    h2ws::http2::hpack_encoder encoder{h2ws::allocator{}};
    h2ws::http2::hpack_decoder ours{h2ws::allocator{}};
    their_decoder theirs;
    h2ws::growing_array<std::byte> out{h2ws::allocator{}};
    while (!from.empty()) {
        if (from.number(5) == 0) {
            const std::size_t size = from.number(4'096);
            encoder.set_peer_limit(static_cast<std::uint32_t>(size));
        }
        const lines list = lines_of(from);
        std::vector<field> fields;
        for (const auto& [name, value] : list) fields.push_back({name, value});
        out.clear();
        require(encoder.encode(std::span<const field>(fields), out));
        const h2ws::const_bytes block{out.data(), out.size()};
        lines found, beside;
        require(decode(ours, block, found) && found == list);
        require(theirs.decode(block, beside) && beside == list);
        require(encoder.table().size() == ours.table().size());
    }
}

void decode_anything(supply& from) {
    h2ws::http2::hpack_decoder ours{h2ws::allocator{}};
    their_decoder theirs;
    for (int i = 0; i < 4 && !from.empty(); ++i) {
        const h2ws::const_bytes block = from.octets(from.number(2'000));
        lines found, beside;
        const bool taken = decode(ours, block, found);
        const bool taken_beside = theirs.decode(block, beside);
        for (std::size_t at = 0; at < found.size() && at < beside.size(); ++at)
            require(found[at] == beside[at]);
        if (taken && taken_beside) require(found == beside);
        if (!taken || !taken_beside) return;
    }
}

// The table is made when this is compiled; made now it is the same.
void make_table_again() {
    namespace huffman = h2ws::http2::huffman;
    huffman::code_table (*const volatile make)() = huffman::make_table; // not when compiling
    const huffman::code_table again = make();
    require(again.codes == huffman::table.codes && again.symbols == huffman::table.symbols);
    require(again.first == huffman::table.first && again.place == huffman::table.place);
    require(again.limit == huffman::table.limit);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (size == 0) make_table_again();
    if (from.flag())
        encode(from);
    else
        decode_anything(from);
    return 0;
}
