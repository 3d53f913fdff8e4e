// How frames make messages: fragments follow one another, the first names the type, limits hold
// over their sum, and text is UTF-8 (RFC 6455 sections 5.4, 5.6 and 10.4).
#pragma once

#include "errc.hpp"
#include "frame_header.hpp"
#include "limits.hpp"
#include "utf8.hpp"

namespace h2ws {

class message_rules {
public:
    // A data frame's header arrived; control frames do not come here.
    errc begin_frame(const frame_header& header, const limits& allowed) noexcept {
        const bool continues = header.code == opcode::continuation;
        if (continues != open_) // RFC 6455 §5.4 (R173, R175, R176)
            return continues ? errc::unexpected_continuation : errc::unfinished_message;
        if (continues && header.rsv1) return errc::reserved_bit; // RFC 7692 §6.1 (R230)
        if (!continues) begin_message(header);
        if (fragments_ == allowed.max_fragments) return errc::too_many_fragments;
        ++fragments_;
        if (!encoded_ && header.payload_length > allowed.max_message - taken_)
            return errc::message_too_big; // §10.4 (R197): before a byte of it is taken
        return errc::none;
    }

    // The next bytes of the message as the application will see them. Returns how many of them are
    // good; when that is fewer than all, or `last` comes too early, `error` says why. `ascii`: they
    // are known to be that.
    std::size_t take(const_bytes payload, bool ascii, bool last, const limits& allowed,
                     errc& error) noexcept {
        const std::uint64_t room = allowed.max_message - taken_;
        if (payload.size() > room) { // only reached when an extension decodes: §10.4 (R262)
            error = errc::message_too_big;
            payload = payload.first(static_cast<std::size_t>(room));
        }
        taken_ += payload.size();
        // RFC 7692 §6.1 (R232): UTF-8 is asked of what was decoded
        const bool asks = type_ == opcode::text && !(ascii && utf8_.complete());
        const std::size_t good = asks ? utf8_.accept(payload) : payload.size();
        if (good < payload.size() || (last && error == errc::none && !utf8_.complete()))
            error = errc::text_not_utf8; // §5.6 (R191), §8.1 (R216)
        return good;
    }

    // Called for each piece that is delivered: whether it is the first of its message.
    bool deliver(bool last) noexcept {
        const bool first = !delivered_;
        delivered_ = true;
        if (last) open_ = false;
        return first;
    }

    bool open() const noexcept { return open_; }
    opcode type() const noexcept { return type_; }
    bool encoded() const noexcept { return encoded_; }

private:
    void begin_message(const frame_header& header) noexcept {
        *this = message_rules{};
        type_ = header.code;    // RFC 6455 §5.4 (R178), RFC 7692 §6.1 (R231)
        encoded_ = header.rsv1; // RFC 7692 §6 (R228)
        open_ = true;
    }

    std::uint64_t taken_ = 0;
    std::uint32_t fragments_ = 0;
    opcode type_ = opcode::continuation;
    bool open_ = false;
    bool encoded_ = false;
    bool delivered_ = false;
    utf8_validator utf8_;
};

} // namespace h2ws
