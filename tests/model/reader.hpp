// What our side wrote, read by hand.
#pragma once

#include "alphabet.hpp"

#include <cstddef>

namespace model {

// HTTP/2 frames, and the WebSocket frames in DATA, which one DATA frame holds
// whole.
template <class Role>
class reader {
public:
    reader(const unsigned char* bytes, std::size_t size, tokens& out) noexcept
        : at_(bytes),
          end_(bytes + size),
          out_(out) {}

    void read() noexcept {
        while (end_ - at_ >= 9) {
            const std::size_t size = number(3);
            if (static_cast<std::size_t>(end_ - at_) < 9 + size) break;
            const unsigned type = at_[3], flags = at_[4];
            at_ += 9;
            frame(type, flags, size);
            at_ += size;
        }
        if (at_ != end_) out_.add(sign::nonsense, 1);
    }

private:
    unsigned number(std::size_t size, std::size_t from = 0) const noexcept {
        unsigned value = 0;
        for (std::size_t i = 0; i < size; ++i) value = value << 8 | at_[from + i];
        return value;
    }

    void frame(unsigned type, unsigned flags, std::size_t size) noexcept {
        switch (type) {
        case 0:
            web_frames(at_, at_ + size);
            if ((flags & 1) != 0) out_.add(sign::end_of_stream, size != 0);
            return;
        case 1: return out_.add(at_[0] == 0x88 && flags == 4 ? sign::answer_200 : refusal(flags));
        case 3: return out_.add(sign::reset_left, static_cast<std::uint16_t>(number(4)));
        case 4:
        case 8: return; // SETTINGS, WINDOW_UPDATE
        case 6:
            if ((flags & 1) != 0 || !announces_) out_.add(sign::nonsense, 2);
            if (announces_) out_.add(sign::announced);
            return;
        case 7:
            announces_ = number(4) == 0x7fff'ffff;
            if (!announces_) out_.add(sign::goaway_left, static_cast<std::uint16_t>(number(4, 4)));
            return;
        default: return out_.add(sign::nonsense, 3);
        }
    }
    static sign refusal(unsigned flags) noexcept {
        return flags == 5 ? sign::answer_refusing : sign::nonsense;
    }

    void web_frames(const unsigned char* from, const unsigned char* to) noexcept {
        while (to - from >= 2) {
            const unsigned first = from[0], size = from[1] & 0x7fu;
            const bool masked = (from[1] & 0x80) != 0;
            from += 2;
            const unsigned char* const key = from;
            if (masked) from += 4;
            if (masked != Role::is_client || size > 125 || to - from < static_cast<int>(size))
                return out_.add(sign::nonsense, 4); // RFC 6455 §5.1
            web_frame(first, from, size, masked ? key : nullptr);
            from += size;
        }
        if (from != to) out_.add(sign::nonsense, 5);
    }

    void web_frame(unsigned first, const unsigned char* payload, unsigned size,
                   const unsigned char* key) noexcept {
        const auto octet = [&](unsigned i) {
            return static_cast<unsigned>(key == nullptr ? payload[i] : payload[i] ^ key[i % 4]);
        };
        const bool right = size == 1 && octet(0) == (first == 0x8a ? 'p' : 's');
        switch (first) {
        case 0x88:
            return out_.add(sign::close_left,
                            size < 2 ? std::uint16_t{0}
                                     : static_cast<std::uint16_t>(octet(0) << 8 | octet(1)));
        case 0x89: return out_.add(size == 0 ? sign::ping_left : sign::nonsense);
        case 0x8a: return out_.add(right ? sign::pong_left : sign::nonsense);
        default:
            return out_.add(right ? sign::frame : sign::nonsense,
                            static_cast<std::uint16_t>(first));
        }
    }

    const unsigned char* at_;
    const unsigned char* end_;
    tokens& out_;
    bool announces_ = false;
};

} // namespace model
