// UTF-8 and masking, whole and in pieces and by each level of instructions, beside slow twins.
#include "frames.hpp"

#include <h2ws/instructions.hpp>

#include <algorithm>
#include <string>

namespace {

using fuzz::bytes;
using fuzz::require;
using fuzz::supply;
using h2ws::instructions::level;

constexpr level levels[] = {level::portable, level::baseline, level::avx2};

unsigned octet(h2ws::const_bytes text, std::size_t at) {
    return std::to_integer<unsigned>(text[at]);
}

// How many octets of the sequence that begins the text valid text could have (RFC 3629 §4), and
// whether that is all of it; by arithmetic.
struct sequence {
    std::size_t good;
    bool whole;
};

// Whether some character's shortest form begins so.
bool may_begin(std::uint32_t value, std::size_t size, std::size_t have) {
    constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const std::size_t missing = 6 * (size - have);
    const std::uint32_t low = value << missing, high = low + ((std::uint32_t{1} << missing) - 1);
    if (high < least[size] || low > 0x10ffff) return false;
    return low < 0xd800 || high > 0xdfff;
}

sequence first_of(h2ws::const_bytes text) {
    const unsigned lead = octet(text, 0);
    if (lead < 0x80) return {1, true};
    const std::size_t size = (lead & 0xe0) == 0xc0   ? 2
                             : (lead & 0xf0) == 0xe0 ? 3
                             : (lead & 0xf8) == 0xf0 ? 4
                                                     : 0;
    if (size == 0) return {0, false};
    std::uint32_t value = lead & (0x7fU >> size);
    if (!may_begin(value, size, 1)) return {0, false};
    for (std::size_t i = 1; i < size; ++i) {
        if (i == text.size() || (octet(text, i) & 0xc0) != 0x80) return {i, false};
        value = value << 6 | (octet(text, i) & 0x3f);
        if (!may_begin(value, size, i + 1)) return {i, false};
    }
    return {size, true};
}

struct verdict {
    std::size_t good = 0;
    bool complete = true;

    friend bool operator==(const verdict&, const verdict&) = default;
};

verdict slow(h2ws::const_bytes text) {
    verdict found;
    while (found.good < text.size()) {
        const sequence next = first_of(text.subspan(found.good));
        found.good += next.good;
        if (next.whole) continue;
        found.complete = next.good == 0;
        break;
    }
    return found;
}

verdict fast(h2ws::const_bytes text, std::size_t piece) {
    h2ws::utf8_validator validator;
    verdict found;
    while (found.good < text.size()) {
        const h2ws::const_bytes part =
            text.subspan(found.good, std::min(piece, text.size() - found.good));
        const std::size_t good = validator.accept(part);
        found.good += good;
        if (good < part.size()) break;
    }
    found.complete = validator.complete();
    return found;
}

void judge(const bytes& text, std::size_t piece) {
    const verdict expected = slow(text);
    for (const level each : levels) {
        h2ws::instructions::use_at_most(each);
        require(fast(text, std::max<std::size_t>(text.size(), 1)) == expected);
        require(fast(text, piece) == expected);
        require(h2ws::is_utf8(text) == (expected.good == text.size() && expected.complete));
    }
}

void unmask(const bytes& payload, h2ws::masking_key key, std::size_t piece) {
    bytes expected = payload;
    for (std::size_t i = 0; i < expected.size(); ++i) expected[i] ^= key[i % key.size()];
    for (const level each : levels) {
        h2ws::instructions::use_at_most(each);
        bytes copied(payload.size());
        h2ws::mask(payload, copied, key);
        require(copied == expected);
        bytes changed = payload;
        for (std::size_t at = 0; at < changed.size(); at += piece)
            h2ws::mask(std::span(changed).subspan(at, std::min(piece, changed.size() - at)),
                       h2ws::rotated(key, at));
        require(changed == expected);
    }
}

// The tables are made when this is compiled; made now they are the same.
void make_tables_again() {
#if defined(__x86_64__) || defined(__AARCH64EL__)
    namespace utf8 = h2ws::utf8;
    require(utf8::table(&utf8::bad_pair::high) == utf8::high_table);
    require(utf8::table(&utf8::bad_pair::low) == utf8::low_table);
    require(utf8::table(&utf8::bad_pair::next) == utf8::next_table);
    require(utf8::digits(0, 15) == utf8::any);
#endif
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    const std::size_t piece = 1 + from.number(200);
    h2ws::masking_key key;
    for (std::byte& octet : key) octet = static_cast<std::byte>(from.number(255));
    if (size == 0) make_tables_again();
    const std::size_t before = from.number(500); // ASCII in front, for the blocks
    bytes text(before, std::byte{'a'});
    fuzz::append(text, from.rest());
    judge(text, piece);
    unmask(text, key, piece);
    return 0;
}
