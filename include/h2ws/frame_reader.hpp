// Collects a frame's header from input that may be cut anywhere, and decides whether the header
// by itself is legal (RFC 6455 sections 5.1, 5.2 and 5.5). What it means for the message is decided
// in message_rules.hpp.
#pragma once

#include "errc.hpp"
#include "frame_header.hpp"

#include <cstring>

namespace h2ws {

// What a header must look like to be legal here.
struct frame_rules {
    bool masked;       // true when the frames come from a client
    bool rsv1_defined; // an extension that owns RSV1 is in use
};

class frame_reader {
public:
    enum class progress : std::uint8_t { incomplete, complete, illegal };

    // Takes header octets off the front of `in`. When the header is complete it stands in `header`
    // and the next octet of `in` belongs to the payload; when it is illegal `error` says why.
    // `scratch` has room for max_frame_header_size octets, which must stay as they are between
    // calls while inside_header().
    template <class Byte>
    progress read(std::span<Byte>& in, frame_rules rules, std::byte* scratch, frame_header& header,
                  errc& error) noexcept {
        if (held_ == 0 && in.size() >= 2) { // whole in the input: nothing to collect
            const std::size_t size = frame_header_size(in[1]);
            if (in.size() >= size) {
                header = decode_frame_header(in.data());
                in = in.subspan(size);
                return judge(header, size, rules, error);
            }
        }
        return collect(in, rules, scratch, header, error);
    }

    // Whether some but not all octets of a header have arrived.
    bool inside_header() const noexcept { return held_ != 0; }

private:
    template <class Byte>
    progress collect(std::span<Byte>& in, frame_rules rules, std::byte* scratch,
                     frame_header& header, errc& error) noexcept {
        std::size_t size = 2;
        for (;;) {
            if (held_ >= 2) size = frame_header_size(scratch[1]);
            if (held_ == size) break;
            if (in.empty()) return progress::incomplete;
            scratch[held_++] = in.front();
            in = in.subspan(1);
        }
        header = decode_frame_header(scratch);
        held_ = 0;
        return judge(header, size, rules, error);
    }

    static progress judge(const frame_header& header, std::size_t size, frame_rules rules,
                          errc& error) noexcept {
        error = violation(header, size, rules);
        return error == errc::none ? progress::complete : progress::illegal;
    }

    static errc violation(const frame_header& header, std::size_t size,
                          frame_rules rules) noexcept {
        if (header.masked != rules.masked) // RFC 6455 §5.1 (R159, R161)
            return header.masked ? errc::masked_frame : errc::unmasked_frame;
        if (header.rsv2 || header.rsv3 || (header.rsv1 && !rules.rsv1_defined))
            return errc::reserved_bit;                                          // §5.2 (R163)
        if (is_reserved(header.code)) return errc::reserved_opcode;             // §5.2 (R164)
        if ((header.payload_length >> 63) != 0) return errc::length_high_bit;   // §5.2 (R165)
        if (size != frame_header_size(header)) return errc::length_not_minimal; // §5.2 (R166, S15)
        if (is_control(header.code)) {                                          // §5.5 (R179)
            if (!header.fin) return errc::control_frame_fragmented;
            if (header.payload_length > max_control_payload) return errc::control_frame_too_long;
            if (header.rsv1) return errc::reserved_bit; // RFC 7692 §6.1 (R230)
        }
        return errc::none;
    }

    std::uint8_t held_ = 0;
};

} // namespace h2ws
