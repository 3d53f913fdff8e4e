// What two ends agree on before they compress messages: the offers and the answer of
// permessage-deflate (RFC 7692 sections 5 and 7.1), for both roles. The codec is elsewhere.
#pragma once

#include "errc.hpp"
#include "extension.hpp"
#include "result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace h2ws {

inline constexpr std::string_view permessage_deflate_name = "permessage-deflate";

// What browsers offer: whatever the server likes, small windows of ours too.
inline constexpr std::string_view usual_deflate_offer =
    "permessage-deflate; client_max_window_bits";

// The base-2 logarithm of an LZ77 window; RFC 7692 §7.2.1 (R252): never more than 32,768 octets.
inline constexpr std::uint8_t min_window_bits = 8;
inline constexpr std::uint8_t max_window_bits = 15;

// One offer, or an answer; what begins with server_ is about what the server sends. Windows are
// those that are written: where none is, it is the largest.
struct deflate_parameters {
    static constexpr std::uint8_t no_value = 0; // of client_max_window_bits, in an offer only

    bool server_no_context_takeover = false;
    bool client_no_context_takeover = false;
    std::optional<std::uint8_t> server_max_window_bits = {};
    std::optional<std::uint8_t> client_max_window_bits = {};

    // Of an answer. RFC 7692 §7.2.2 (R257)
    constexpr std::uint8_t server_window() const noexcept {
        return server_max_window_bits.value_or(max_window_bits);
    }
    constexpr std::uint8_t client_window() const noexcept {
        return client_max_window_bits.value_or(max_window_bits);
    }

    friend constexpr bool operator==(const deflate_parameters&,
                                     const deflate_parameters&) noexcept = default;
};

// What a server wants, and what the codec of either end can do.
struct deflate_options {
    bool server_no_context_takeover = false; // keep no context for what we send
    bool client_no_context_takeover = false; // keep none for what we receive
    std::uint8_t server_max_window_bits = max_window_bits;
    std::uint8_t client_max_window_bits = max_window_bits; // asked of clients that let us ask
    std::uint8_t smallest_window_bits = min_window_bits;   // that our compressor can keep to (R254)
};

namespace negotiation {

constexpr std::uint8_t narrower(std::uint8_t one, std::uint8_t other) noexcept {
    return one < other ? one : other;
}

constexpr bool is_window_bits(std::uint8_t bits) noexcept {
    return bits >= min_window_bits && bits <= max_window_bits;
}

// 8 to 15, without sign or leading zero. RFC 7692 §7.1.2.1 (R242), §7.1.2.2 (R245)
constexpr std::optional<std::uint8_t> read_window_bits(std::string_view text) noexcept {
    if (text == "8" || text == "9") return static_cast<std::uint8_t>(text[0] - '0');
    if (text.size() != 2 || text[0] != '1' || text[1] < '0' || text[1] > '5') return std::nullopt;
    return static_cast<std::uint8_t>(10 + text[1] - '0');
}

enum class side : std::uint8_t { offer, answer };

// What is read of one element, and which of the four parameters were seen.
class reader {
public:
    constexpr reader(side which, deflate_parameters& read) noexcept : side_(which), read_(read) {}

    // Whether the parameter may stand there.
    constexpr bool take(const extension_parameter& one) noexcept {
        if (one.name == "server_no_context_takeover") // RFC 7692 §7.1.1.1 (R236)
            return see(1) && (read_.server_no_context_takeover = !one.value);
        if (one.name == "client_no_context_takeover") // RFC 7692 §7.1.1.2 (R239, R240)
            return see(2) && (read_.client_no_context_takeover = !one.value);
        if (one.name == "server_max_window_bits") // RFC 7692 §7.1.2.1 (R242)
            return see(4) && take_bits(one, read_.server_max_window_bits);
        if (one.name != "client_max_window_bits") return false; // RFC 7692 §7 (R234, R235)
        if (!see(8)) return false;
        if (one.value || side_ == side::answer) return take_bits(one, read_.client_max_window_bits);
        read_.client_max_window_bits = deflate_parameters::no_value; // RFC 7692 §7.1.2.2 (R245)
        return true;
    }

private:
    // False: once more. RFC 7692 §7 (R234, R235)
    constexpr bool see(unsigned which) noexcept {
        const bool repeated = (seen_ & which) != 0;
        seen_ |= which;
        return !repeated;
    }

    static constexpr bool take_bits(const extension_parameter& one,
                                    std::optional<std::uint8_t>& to) noexcept {
        to = read_window_bits(one.value.value_or(std::string_view{}));
        return to.has_value();
    }

    side side_;
    unsigned seen_ = 0;
    deflate_parameters& read_;
};

constexpr result<deflate_parameters> read(const extension_parameters& parameters,
                                          side which) noexcept {
    result<deflate_parameters> found = deflate_parameters{};
    reader reading(which, *found);
    for (const extension_parameter& one : parameters)
        if (!reading.take(one)) return errc::deflate_parameters_invalid; // §7 (R234, R235)
    return found;
}

// Whether a server that was offered this may give that answer.
constexpr bool allows(const deflate_parameters& offer, const deflate_parameters& answer) noexcept {
    // RFC 7692 §7.1.1.1 (R237): a request, which is granted by being repeated
    if (offer.server_no_context_takeover && !answer.server_no_context_takeover) return false;
    // RFC 7692 §7.1.2.1 (R243, R244): so is this one, with the same value or a smaller one
    if (offer.server_max_window_bits &&
        answer.server_max_window_bits.value_or(max_window_bits + 1) > *offer.server_max_window_bits)
        return false;
    // RFC 7692 §7.1.2.2 (R246)
    return offer.client_max_window_bits || !answer.client_max_window_bits;
}

// The parameters of the next permessage-deflate in the list, none at its end.
constexpr result<std::optional<extension_parameters>> next(extension_reader& list) noexcept {
    while (true) {
        const result<std::optional<extension_offer>> one = list.next();
        if (!one) return one.error();
        if (!*one) return std::optional<extension_parameters>{};
        if ((*one)->name == permessage_deflate_name) return std::optional{(*one)->parameters};
    }
}

constexpr bool are_valid(const deflate_options& ours) noexcept {
    return is_window_bits(ours.server_max_window_bits) &&
           is_window_bits(ours.client_max_window_bits) &&
           is_window_bits(ours.smallest_window_bits) &&
           ours.smallest_window_bits <= ours.server_max_window_bits;
}

} // namespace negotiation

// The answer to one offer. Its error() is why the offer is declined: deflate_parameters_invalid, or
// deflate_unsupported where our compressor cannot keep to so small a window; invalid_argument where
// the options are no windows.
constexpr result<deflate_parameters> answer_deflate_offer(const extension_parameters& offered,
                                                          const deflate_options& ours) noexcept {
    if (!negotiation::are_valid(ours)) return errc::invalid_argument;
    const result<deflate_parameters> offer = negotiation::read(offered, negotiation::side::offer);
    if (!offer) return offer.error();
    deflate_parameters answer;
    // RFC 7692 §7.1.1.1 (R237, R238), §7.1.1.2 (R239, R241): a client that will not keep its
    // context is taken at its word
    answer.server_no_context_takeover =
        offer->server_no_context_takeover || ours.server_no_context_takeover;
    answer.client_no_context_takeover =
        offer->client_no_context_takeover || ours.client_no_context_takeover;
    const std::uint8_t offered_window = offer->server_window();
    // RFC 7692 §7.1.2.1 (R243)
    const std::uint8_t window = negotiation::narrower(offered_window, ours.server_max_window_bits);
    if (window < ours.smallest_window_bits) return errc::deflate_unsupported; // §7 (R234)
    if (offer->server_max_window_bits || window < max_window_bits)
        answer.server_max_window_bits = window;
    if (!offer->client_max_window_bits) return answer; // RFC 7692 §7.1.2.2 (R246)
    const std::uint8_t hint =
        *offer->client_max_window_bits == deflate_parameters::no_value // §7.1.2.2 (R245)
            ? max_window_bits
            : *offer->client_max_window_bits;
    // RFC 7692 §7.1.2.2 (R247)
    if (const std::uint8_t asked = negotiation::narrower(hint, ours.client_max_window_bits);
        asked < max_window_bits)
        answer.client_max_window_bits = asked;
    return answer;
}

// Server: the answer to the first offer that can be met, none where there is no such offer: then
// nothing is answered (RFC 7692 §5, R220, R224). Errors: extension_list_invalid, invalid_argument.
constexpr result<std::optional<deflate_parameters>>
negotiate_deflate(extension_reader offers, const deflate_options& ours = {}) noexcept {
    if (!negotiation::are_valid(ours)) return errc::invalid_argument;
    if (const errc error = check_extensions(offers); error != errc::none) return error;
    while (true) {
        const auto offer = negotiation::next(offers);
        if (!offer) return offer.error();
        if (!*offer) return std::optional<deflate_parameters>{}; // RFC 7692 §5 (R224)
        const auto answer = answer_deflate_offer(**offer, ours);
        if (answer) return std::optional{*answer}; // RFC 7692 §5 (R220, R221)
    }
}

// Whether permessage-deflate can be used as the list has it: once, and behind nothing. Another
// extension that compresses messages has RSV1 (RFC 7692 §6); one that is applied before would have
// to give us its output, and there is nothing in here that could.
[[nodiscard]] constexpr errc check_deflate_place(extension_reader chosen) noexcept {
    bool found = false;
    bool others = false;
    while (true) {
        const result<std::optional<extension_offer>> one = chosen.next();
        if (!one) return one.error();
        if (!*one) return errc::none;
        const std::string_view name = (*one)->name;
        if (name == permessage_deflate_name) {
            if (found || others) return errc::extension_conflict; // RFC 7692 §5 (R222, R223)
            found = true;
        } else if (found && (name.starts_with("permessage-") || name.ends_with("deflate-frame"))) {
            return errc::extension_conflict; // RFC 7692 §5 (R222)
        } else {
            others = true;
        }
    }
}

namespace negotiation {

// Whether one of the offers may be answered so. What is offered wrongly is no offer.
constexpr bool was_offered(const deflate_parameters& answer, extension_reader offers) noexcept {
    while (true) {
        const auto one = next(offers);
        if (!one || !*one) return false;
        const auto offer = read(**one, side::offer);
        if (offer && allows(*offer, answer)) return true;
    }
}

} // namespace negotiation

// Client: what was agreed on, none where the server does without. `offers` are those of the
// request. Any error fails the connection: extension_list_invalid, extension_conflict,
// deflate_parameters_invalid, deflate_not_offered, or deflate_unsupported where our compressor
// cannot keep to the window that the server asks for.
constexpr result<std::optional<deflate_parameters>>
read_deflate_answer(extension_reader chosen, const extension_reader& offers,
                    std::uint8_t smallest_window_bits = min_window_bits) noexcept {
    // RFC 7692 §5 (R222, R223)
    if (const errc error = check_deflate_place(chosen); error != errc::none) return error;
    const auto one = negotiation::next(chosen);
    if (!one) return one.error();
    if (!*one) return std::optional<deflate_parameters>{}; // RFC 7692 §5 (R224)
    const auto answer = negotiation::read(**one, negotiation::side::answer);
    if (!answer) return answer.error(); // RFC 7692 §7 (R235)
    if (!negotiation::was_offered(*answer, offers))
        return errc::deflate_not_offered; // RFC 7692 §5 (R225), §7 (R235)
    if (answer->client_window() < smallest_window_bits)
        return errc::deflate_unsupported; // RFC 7692 §7 (R235)
    return std::optional{*answer};
}

namespace negotiation {

// Text that is written behind one another, as far as there is room.
class writer {
public:
    constexpr explicit writer(std::span<char> room) noexcept : room_(room) {}

    constexpr void add(std::string_view text) noexcept {
        fits_ = fits_ && text.size() <= room_.size() - size_;
        if (!fits_) return;
        for (const char c : text) room_[size_++] = c;
    }

    constexpr void add(std::string_view name, std::uint8_t value) noexcept {
        add(name);
        if (value == deflate_parameters::no_value) return;
        add(value < 10 ? "=" : "=1");
        const char digit = static_cast<char>('0' + value % 10);
        add(std::string_view(&digit, 1));
    }

    constexpr void add(const deflate_parameters& one) noexcept {
        add(permessage_deflate_name); // RFC 7692 §5 (R219, R221)
        if (one.server_no_context_takeover) add("; server_no_context_takeover");
        if (one.client_no_context_takeover) add("; client_no_context_takeover");
        if (one.server_max_window_bits)
            add("; server_max_window_bits", *one.server_max_window_bits);
        if (one.client_max_window_bits)
            add("; client_max_window_bits", *one.client_max_window_bits);
    }

    constexpr bool fits() const noexcept { return fits_; }
    constexpr std::string_view text() const noexcept { return {room_.data(), size_}; }

private:
    std::span<char> room_;
    std::size_t size_ = 0;
    bool fits_ = true;
};

constexpr bool may_be_written(const deflate_parameters& one) noexcept {
    const auto client = one.client_max_window_bits.value_or(deflate_parameters::no_value);
    return is_window_bits(one.server_window()) &&
           (client == deflate_parameters::no_value || is_window_bits(client));
}

} // namespace negotiation

// What one element takes at most, with the comma and the space behind it.
inline constexpr std::size_t max_deflate_element = 130;

// The value of sec-websocket-extensions: an answer, or a client's offers, the preferred one first
// (RFC 7692 §5, R219). The text lies in `room`. Errors: buffer_too_small; invalid_argument, where
// there is no element or a window that does not exist.
constexpr result<std::string_view> write_deflate(std::span<const deflate_parameters> elements,
                                                 std::span<char> room) noexcept {
    if (elements.empty()) return errc::invalid_argument;
    negotiation::writer text(room);
    for (const deflate_parameters& one : elements) {
        if (!negotiation::may_be_written(one)) return errc::invalid_argument;
        if (&one != elements.data()) text.add(", "); // RFC 7692 §5 (R219)
        text.add(one);
    }
    if (!text.fits()) return errc::buffer_too_small;
    return text.text();
}

} // namespace h2ws
