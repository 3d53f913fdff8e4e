// What is said: each message of a run is a piece of one text, found by its name, so that whoever
// hears it can tell what it must be and nothing need be kept.
#pragma once

#include "../dice.hpp"
#include "../load/messages.hpp"

#include <h2ws/frame_header.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace soak {

struct said {
    h2ws::opcode type;
    std::string_view bytes;
};

class content {
public:
    content() : text_(made_text()), octets_(test::dice(1).bytes(pool_size + largest)) {}

    static constexpr std::size_t largest = 300'000;

    // `name.tunnel` is another for each direction. No message is longer than `most`.
    said of(const load::message_name& name, std::size_t most) const {
        load::random_numbers random(name);
        const std::uint64_t chance = random.next();
        const std::size_t size = std::min(size_of(chance), most);
        const bool text = chance >> 63 != 0;
        const std::string_view pool = text ? text_ : octets_;
        std::size_t begin = random.next() % pool_size;
        std::size_t end = begin + size;
        while (text && is_continuation(pool[begin])) ++begin;
        while (text && end > begin && is_continuation(pool[end])) --end;
        return {text ? h2ws::opcode::text : h2ws::opcode::binary,
                pool.substr(begin, end > begin ? end - begin : 0)};
    }

private:
    static constexpr std::size_t pool_size = 1 << 20;

    static bool is_continuation(char octet) { return (octet & 0xc0) == 0x80; }

    // Most are small; one in 64 is of hundreds of kilobytes, one is empty, and one is as long as
    // the lengths of frames have edges.
    static std::size_t size_of(std::uint64_t chance) {
        static constexpr std::size_t edges[]{1, 125, 126, 127, 16'383, 16'384, 65'535, 65'536};
        const std::size_t any = (chance >> 8) & 0xff'ffff;
        switch (chance % 64) {
        case 0: return any % largest;
        case 1:
        case 2: return any % 20'000;
        case 3: return 0;
        case 4: return edges[any % 8];
        default: return any % 256;
        }
    }

    // Words, which compress; characters of one to four octets.
    static std::string made_text() {
        static constexpr std::string_view longer[]{"\u00e9", "\u20ac", "\U0001f40c"};
        test::dice random(2);
        std::string words[64];
        for (std::string& word : words)
            for (std::uint32_t left = 1 + random.below(9); left != 0; --left)
                word += random.one_in(9)
                            ? std::string(random.any(longer))
                            : std::string(1, static_cast<char>(' ' + random.below(95)));
        std::string made;
        while (made.size() < pool_size + largest + 16) made += words[random.below(64)] + ' ';
        return made;
    }

    std::string text_;
    std::string octets_;
};

} // namespace soak
