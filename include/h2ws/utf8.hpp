// UTF-8 validation of text that arrives in pieces (RFC 3629; RFC 6455 section 8.1).
#pragma once

#include "bytes.hpp"
#include "utf8_blocks.hpp"

#include <cstring>
#include <type_traits>

namespace h2ws {

// Three bytes of state: a sequence may be cut anywhere, between frames as between reads (RFC 6455
// §5.6, R191).
class utf8_validator {
public:
    // Takes text up to the first octet that no valid text could have there, and returns how many
    // octets that is: text.size() when all is well. After less the text is invalid for good.
    constexpr std::size_t accept(const_bytes text) noexcept {
        std::size_t at = 0;
        std::size_t slow_until = 0;
        while (at < text.size()) {
            if (missing_ == 0) {
                at += ascii_prefix(text.subspan(at));
                if (!std::is_constant_evaluated() && at >= slow_until) {
                    const const_bytes part = text.subspan(at, smaller(text.size() - at, stride));
                    const std::size_t good = utf8::good_prefix(part);
                    if (good == 0) slow_until = at + part.size();
                    at += good;
                    if (good != 0) continue;
                }
                if (at == text.size()) break;
                if (!begin_sequence(std::to_integer<std::uint8_t>(text[at]))) break;
            } else if (!continue_sequence(std::to_integer<std::uint8_t>(text[at]))) {
                break;
            }
            ++at;
        }
        return at;
    }

    // Whether the text may end here: not inside a sequence.
    constexpr bool complete() const noexcept { return missing_ == 0; }

private:
    static constexpr std::size_t stride = 4'096; // of what is looked at before it is known good

    static constexpr std::size_t ascii_prefix(const_bytes text) noexcept {
        std::size_t at = 0;
        if (!std::is_constant_evaluated()) {
            for (; text.size() - at >= 4 * sizeof(std::uint64_t); at += 4 * sizeof(std::uint64_t))
                if (!is_ascii<4>(text.data() + at)) break;
            for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t))
                if (!is_ascii<1>(text.data() + at)) break;
        }
        while (at < text.size() && std::to_integer<std::uint8_t>(text[at]) < 0x80) ++at;
        return at;
    }

    template <std::size_t Words>
    static bool is_ascii(const std::byte* text) noexcept {
        std::uint64_t all = 0;
        for (std::size_t i = 0; i < Words; ++i) {
            std::uint64_t octets;
            std::memcpy(&octets, text + i * sizeof octets, sizeof octets);
            all |= octets;
        }
        return (all & 0x8080808080808080) == 0;
    }

    // The second octet's range rules out overlong forms, surrogates and anything above U+10FFFF
    // (RFC 3629 §4).
    constexpr bool begin_sequence(std::uint8_t octet) noexcept {
        lower_ = octet == 0xe0 ? 0xa0 : octet == 0xf0 ? 0x90 : 0x80;
        upper_ = octet == 0xed ? 0x9f : octet == 0xf4 ? 0x8f : 0xbf;
        if (octet >= 0xc2 && octet <= 0xdf)
            missing_ = 1;
        else if (octet >= 0xe0 && octet <= 0xef)
            missing_ = 2;
        else if (octet >= 0xf0 && octet <= 0xf4)
            missing_ = 3;
        return missing_ != 0;
    }

    constexpr bool continue_sequence(std::uint8_t octet) noexcept {
        if (octet < lower_ || octet > upper_) return false;
        lower_ = 0x80;
        upper_ = 0xbf;
        --missing_;
        return true;
    }

    std::uint8_t missing_ = 0;  // octets until the sequence is whole
    std::uint8_t lower_ = 0x80; // what the next of them may be
    std::uint8_t upper_ = 0xbf;
};

// Whether the text is valid UTF-8 as it stands.
constexpr bool is_utf8(const_bytes text) noexcept {
    if (!std::is_constant_evaluated() && utf8::can_say()) return utf8::is_good(text);
    utf8_validator validator;
    return validator.accept(text) == text.size() && validator.complete();
}

} // namespace h2ws
