// HPACK against nghttp2's: the same blocks, valid and damaged, to both decoders; and each decodes
// what the other encodes.
//
// Where nghttp2 1.52 differs from RFC 7541: a block may begin with any number of size updates, of
// which §4.2 knows two. It is the one difference, and it is asserted.
#include "../catch.hpp"
#include "../octets.hpp"

#include <h2ws/http2/hpack.hpp>

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <vector>

using h2ws::errc;
using h2ws::field;
using h2ws::http2::hpack_decoder;
using h2ws::http2::hpack_encoder;
using h2ws::http2::hpack_field;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#elif defined(__has_feature)
constexpr bool is_sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||
                              __has_feature(memory_sanitizer);
#else
constexpr bool is_sanitized = false;
#endif

constexpr std::size_t block_count = is_sanitized ? 50'000 : 1'000'000;

class dice {
public:
    explicit dice(std::uint32_t seed) : random_(seed) {}
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_() % limit);
    }
    bool one_in(std::uint32_t times) { return below(times) == 0; }
    template <class Range>
    const auto& any_of(const Range& range) {
        return range[below(static_cast<std::uint32_t>(std::size(range)))];
    }

private:
    std::mt19937 random_;
};

// A line with views of a text that all of a block's lines share.
struct copied_line {
    std::string name;
    std::string value;
    bool never_indexed;

    bool is(const hpack_field& other) const {
        return name == other.name && value == other.value && never_indexed == other.never_indexed;
    }
};

// nghttp2's decoder.
class inflater {
public:
    inflater() { REQUIRE(nghttp2_hd_inflate_new(&state_) == 0); }
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater() { nghttp2_hd_inflate_del(state_); }

    void settings_acknowledged(std::uint32_t size) {
        REQUIRE(nghttp2_hd_inflate_change_table_size(state_, size) == 0);
    }

    bool decode(std::string_view block, std::vector<copied_line>& lines) {
        lines.clear();
        const auto* in = reinterpret_cast<const std::uint8_t*>(block.data());
        std::size_t left = block.size();
        while (true) {
            nghttp2_nv line;
            int flags = 0;
            const ssize_t taken = nghttp2_hd_inflate_hd2(state_, &line, &flags, in, left, 1);
            if (taken < 0) return false;
            in += taken;
            left -= static_cast<std::size_t>(taken);
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
                lines.push_back({text(line.name, line.namelen), text(line.value, line.valuelen),
                                 (line.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0});
            if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
            if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && left == 0) break;
        }
        return nghttp2_hd_inflate_end_headers(state_) == 0;
    }

    bool has_table_of(const h2ws::http2::hpack_table& ours) const {
        return nghttp2_hd_inflate_get_num_table_entries(state_) == 61 + ours.count() &&
               nghttp2_hd_inflate_get_dynamic_table_size(state_) == ours.size() &&
               nghttp2_hd_inflate_get_max_dynamic_table_size(state_) == ours.max_size();
    }

private:
    static std::string text(const std::uint8_t* bytes, std::size_t size) {
        return std::string(reinterpret_cast<const char*>(bytes), size);
    }

    nghttp2_hd_inflater* state_ = nullptr;
};

constexpr std::array<std::uint32_t, 11> table_sizes{0,   31,    32,    33,     64,    100,
                                                    256, 1'000, 4'096, 16'384, 65'536};

// Blocks that keep the format, and now and then do not.
class writer {
public:
    explicit writer(dice& random) : random_(random) {}

    std::string block;

    // Faults by the writer's own hand are so many times rarer.
    std::uint32_t care = 1;

    void write(std::size_t dynamic_lines, std::uint32_t limit) {
        block.clear();
        last_index_ = 61 + static_cast<std::uint32_t>(dynamic_lines);
        std::uint32_t updates = random_.one_in(12);
        if (updates != 0 && random_.one_in(6)) updates += 1 + random_.one_in(4 * care);
        while (updates-- > 0) write_update(limit);
        for (std::uint32_t lines = random_.below(8); lines > 0; --lines) {
            if (random_.one_in(400 * care)) write_update(limit);
            write_line();
        }
    }

    // Takes away, changes, adds.
    void damage() {
        for (std::uint32_t times = 1 + random_.below(3); times > 0; --times) {
            const std::uint32_t size = static_cast<std::uint32_t>(block.size());
            const std::size_t at = random_.below(size + 1);
            switch (random_.below(6)) {
            case 0: block.resize(at); break;
            case 1: block.insert(at, 1, octet()); break;
            case 2:
                if (at < size) block.erase(at, 1 + random_.below(3));
                break;
            case 3:
                for (std::uint32_t more = random_.below(20); more > 0; --more) block += octet();
                break;
            case 4:
                if (at < size) block[at] = octet();
                break;
            default:
                if (at < size) block[at] = static_cast<char>(block[at] ^ (1 << random_.below(8)));
            }
        }
    }

private:
    char octet() { return static_cast<char>(random_.below(256)); }

    void number(unsigned flags, unsigned prefix_bits, std::uint32_t value) {
        const std::uint32_t prefix = (1u << prefix_bits) - 1;
        if (value < prefix) {
            block += static_cast<char>(flags | value);
            return;
        }
        block += static_cast<char>(flags | prefix);
        value -= prefix;
        std::uint32_t octets = 1;
        for (; value >= 128; value >>= 7, ++octets) block += static_cast<char>(value | 0x80);
        if (!random_.one_in(100 * care)) {
            block += static_cast<char>(value);
            return;
        }
        block += static_cast<char>(value | 0x80); // zeros that need not be, too many at times
        for (std::uint32_t zeros = random_.below(7 - octets); zeros > 0; --zeros) block += '\x80';
        block += '\0';
    }

    void write_update(std::uint32_t limit) {
        number(0x20, 5,
               random_.one_in(60 * care) ? limit + 1 + random_.below(50)
               : random_.below(4) == 0   ? limit
                                         : random_.below(limit + 1));
    }

    std::uint32_t index() {
        if (random_.one_in(300 * care)) return last_index_ + 1 + random_.below(1'000);
        if (last_index_ > 61 && random_.one_in(2)) return 62 + random_.below(last_index_ - 61);
        return 1 + random_.below(61);
    }

    void write_line() {
        const std::uint32_t kind = random_.below(8);
        if (kind < 3) return number(0x80, 7, random_.one_in(400 * care) ? 0 : index());
        const bool has_name = random_.one_in(3);
        const std::uint32_t name = has_name ? 0 : index();
        if (kind < 6)
            number(0x40, 6, name);
        else
            number(kind == 6 ? 0x10 : 0x00, 4, name);
        if (has_name) string();
        string();
        if (kind < 6) ++last_index_; // or not, if it evicts
    }

    void string() {
        static constexpr std::array<std::uint32_t, 8> sizes{1, 2, 5, 10, 20, 40, 130, 700};
        text_.resize(random_.below(random_.any_of(sizes)));
        const bool is_plain = !random_.one_in(4);
        for (char& c : text_) c = is_plain ? static_cast<char>(' ' + random_.below(95)) : octet();
        if (random_.one_in(2)) {
            number(0x00, 7, static_cast<std::uint32_t>(text_.size()));
            block += text_;
        } else if (random_.one_in(60 * care)) { // anything, as if it were in the Huffman code
            number(0x80, 7, static_cast<std::uint32_t>(text_.size()));
            block += text_;
        } else {
            const std::size_t size = h2ws::http2::huffman_size(text_);
            number(0x80, 7, static_cast<std::uint32_t>(size));
            const std::size_t before = block.size();
            block.resize(before + size);
            h2ws::http2::huffman_encode(text_, reinterpret_cast<std::byte*>(block.data() + before));
        }
    }

    dice& random_;
    std::uint32_t last_index_ = 61;
    std::string text_;
};

// How many size updates a block begins with.
std::size_t leading_updates(std::string_view block) {
    h2ws::const_bytes in = h2ws::as_bytes(block);
    std::size_t count = 0;
    while (!in.empty() && (in[0] & std::byte{0xe0}) == std::byte{0x20}) {
        if (!h2ws::http2::read_integer(in, 5)) break;
        ++count;
    }
    return count;
}

struct counts {
    std::size_t valid = 0; // written without damage, and damaged
    std::size_t damaged = 0;
    std::size_t accepted = 0;
    std::size_t rejected = 0;
    std::size_t damaged_accepted = 0;
    std::size_t with_three_updates = 0; // accepted by nghttp2 alone
    std::size_t lines = 0;
    std::size_t connections = 0;
};

// A connection: the two decoders, and the limit that they go by.
class decoders {
public:
    explicit decoders(dice& random)
        : limit_(std::max(random.any_of(table_sizes), 4'096U)),
          ours_(h2ws::allocator{}, limit_) {
        theirs_.settings_acknowledged(limit_);
    }

    std::uint32_t limit() const { return limit_; }
    std::size_t dynamic_lines() const { return ours_.table().count(); }

    // Whether both took it, and the end of the connection if not. `same`: they agree on all.
    bool take(const std::string& block, counts& count, bool& same) {
        const bool they_accept = theirs_.decode(block, lines_);
        std::size_t seen = 0;
        bool equal = true;
        const errc error = ours_.decode(h2ws::as_bytes(block), [&](const hpack_field& line) {
            equal = equal && seen < lines_.size() && lines_[seen].is(line);
            ++seen;
        });
        const bool we_accept = error == errc::none;
        const bool has_three_updates = leading_updates(block) > 2;
        count.lines += seen;
        same = error == (we_accept ? errc::none : errc::compression_error);
        if (has_three_updates) {
            same = same && !we_accept && seen == 0;
            count.with_three_updates += they_accept;
        } else {
            same = same && equal && we_accept == they_accept && seen == lines_.size() &&
                   (!we_accept || theirs_.has_table_of(ours_.table()));
        }
        return we_accept;
    }

private:
    std::uint32_t limit_;
    hpack_decoder ours_;
    inflater theirs_;
    std::vector<copied_line> lines_;
};

} // namespace

TEST_CASE("blocks valid and damaged decode as nghttp2 decodes them",
          "[rfc7541-3.2][rfc9113-4.3][R93]") {
    dice random(20'260'101);
    writer from(random);
    counts count;
    std::unique_ptr<decoders> both;
    for (std::size_t i = 0; i < block_count; ++i) {
        // Phases of storm, in which connections last for a few blocks, and of calm.
        const bool is_calm = i / 10'000 % 2 == 1;
        if (both == nullptr || random.one_in(is_calm ? 1'000 : 40)) {
            both = std::make_unique<decoders>(random);
            ++count.connections;
        }
        from.care = is_calm ? 20 : 1;
        from.write(both->dynamic_lines(), both->limit());
        const bool is_damaged = random.one_in(is_calm ? 200 : 2);
        if (is_damaged) from.damage();
        ++(is_damaged ? count.damaged : count.valid);
        bool same = false;
        const bool accepted = both->take(from.block, count, same);
        if (!same) {
            INFO("block " << i << ": " << transcript::spaced_hex(from.block));
            REQUIRE(same);
        }
        ++(accepted ? count.accepted : count.rejected);
        count.damaged_accepted += is_damaged && accepted;
        if (!accepted) both = nullptr;
    }
    std::printf("%zu blocks on %zu connections: %zu as written, %zu damaged; %zu accepted (%zu of"
                " them damaged), %zu rejected; %zu lines; %zu that only nghttp2 accepts, for three"
                " size updates\n",
                block_count, count.connections, count.valid, count.damaged, count.accepted,
                count.damaged_accepted, count.rejected, count.lines, count.with_three_updates);
    CHECK(count.valid > block_count / 2);
    CHECK(count.damaged > block_count / 5);
    CHECK(count.accepted > block_count / 2);
    CHECK(count.rejected > block_count / 10);
    CHECK(count.damaged_accepted > block_count / 100);
    CHECK(count.lines > 2 * block_count);
    CHECK(count.with_three_updates > 0);
}

namespace {

// nghttp2's encoder.
class deflater {
public:
    deflater() { REQUIRE(nghttp2_hd_deflate_new(&state_, 65'536) == 0); }
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;
    ~deflater() { nghttp2_hd_deflate_del(state_); }

    void set_peer_limit(std::uint32_t size) {
        REQUIRE(nghttp2_hd_deflate_change_table_size(state_, size) == 0);
    }

    std::string encode(const std::vector<hpack_field>& lines) {
        std::vector<nghttp2_nv> converted;
        for (const hpack_field& line : lines)
            converted.push_back(
                {bytes(line.name), bytes(line.value), line.name.size(), line.value.size(),
                 static_cast<std::uint8_t>(line.never_indexed ? NGHTTP2_NV_FLAG_NO_INDEX
                                                              : NGHTTP2_NV_FLAG_NONE)});
        std::string out(nghttp2_hd_deflate_bound(state_, converted.data(), converted.size()), '\0');
        const ssize_t size =
            nghttp2_hd_deflate_hd(state_, reinterpret_cast<std::uint8_t*>(out.data()), out.size(),
                                  converted.data(), converted.size());
        REQUIRE(size >= 0);
        out.resize(static_cast<std::size_t>(size));
        return out;
    }

private:
    static std::uint8_t* bytes(std::string_view text) {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    }

    nghttp2_hd_deflater* state_ = nullptr;
};

// Field sections in which names and values come again.
class sections {
public:
    explicit sections(dice& random) : random_(random) {
        for (int i = 0; i < 40; ++i) {
            values_.emplace_back(random.below(i % 10 == 0 ? 3'000 : 60), '\0');
            for (char& c : values_.back())
                c = static_cast<char>(random.one_in(50) ? random.below(256)
                                                        : 'a' + random.below(26));
        }
    }

    const std::vector<hpack_field>& next() {
        static constexpr std::array<std::string_view, 16> names{
            ":method",       ":path",      ":status", ":protocol",
            "authorization", "cookie",     "x-name",  "content-length",
            "user-agent",    "x-y",        "",        "accept",
            "x-1",           "set-cookie", "date",    "sec-websocket-extensions"};
        lines_.clear();
        for (std::uint32_t count = random_.below(12); count > 0; --count) {
            if (random_.one_in(3)) {
                lines_.push_back({random_.any_of(h2ws::http2::static_table), false});
            } else {
                lines_.push_back({{random_.any_of(names), random_.any_of(values_)}, false});
            }
            lines_.back().never_indexed = random_.one_in(20);
        }
        return lines_;
    }

private:
    dice& random_;
    std::vector<std::string> values_;
    std::vector<hpack_field> lines_;
};

constexpr std::size_t section_count = is_sanitized ? 10'000 : 100'000;

} // namespace

TEST_CASE("nghttp2 decodes what we encode", "[rfc7541-3.1][rfc7541-4.2][rfc7541-7.1.3]") {
    dice random(7);
    sections from(random);
    h2ws::growing_array<std::byte> block;
    std::vector<copied_line> lines;
    std::size_t octets = 0;
    std::size_t size = 0;
    for (std::size_t connection = 0; connection < section_count / 100; ++connection) {
        hpack_encoder ours{{}, random.any_of(table_sizes)};
        inflater theirs;
        for (int i = 0; i < 100; ++i) {
            for (std::uint32_t times = random.one_in(10) ? 1 + random.below(3) : 0; times > 0;
                 --times) {
                const std::uint32_t limit = random.any_of(table_sizes);
                ours.set_peer_limit(limit);
                theirs.settings_acknowledged(limit);
            }
            const std::vector<hpack_field>& section = from.next();
            block.clear();
            REQUIRE(ours.encode(std::span<const hpack_field>(section), block));
            REQUIRE(theirs.decode(h2ws::as_text({block.data(), block.size()}), lines));
            REQUIRE(lines.size() == section.size());
            bool same = theirs.has_table_of(ours.table());
            for (std::size_t line = 0; line < lines.size(); ++line) {
                size += section[line].name.size() + section[line].value.size();
                same = same && lines[line].name == section[line].name &&
                       lines[line].value == section[line].value &&
                       (lines[line].never_indexed || !section[line].never_indexed);
            }
            REQUIRE(same);
            octets += block.size();
        }
    }
    std::printf("%zu sections, %zu octets in %zu of ours\n", section_count, size, octets);
    CHECK(octets < size);
}

TEST_CASE("we decode what nghttp2 encodes", "[rfc7541-3.1][rfc7541-4.2][rfc7541-7.1.3]") {
    dice random(8);
    sections from(random);
    std::size_t octets = 0;
    std::size_t size = 0;
    for (std::size_t connection = 0; connection < section_count / 100; ++connection) {
        const std::uint32_t limit = random.any_of(table_sizes);
        hpack_decoder ours{{}, limit};
        deflater theirs;
        const int acknowledged_at = static_cast<int>(random.below(50));
        for (int i = 0; i < 100; ++i) {
            if (i == acknowledged_at) theirs.set_peer_limit(limit);
            const std::vector<hpack_field>& section = from.next();
            const std::string block = theirs.encode(section);
            std::size_t seen = 0;
            bool same = true;
            const errc error = ours.decode(h2ws::as_bytes(block), [&](const hpack_field& line) {
                same = same && seen < section.size() && line == section[seen] &&
                       (line.never_indexed || !section[seen].never_indexed);
                size += line.name.size() + line.value.size();
                ++seen;
            });
            REQUIRE(error == errc::none);
            REQUIRE(same);
            REQUIRE(seen == section.size());
            octets += block.size();
        }
    }
    std::printf("%zu sections, %zu octets in %zu of nghttp2's\n", section_count, size, octets);
    CHECK(octets < size);
}
