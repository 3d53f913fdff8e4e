// Frames that break a rule of RFC 6455, on either side: a Close with the right code, once.
#pragma once

#include "three_tunnels.hpp"

#include <functional>

namespace rule_suite {

// Frames that break a rule of RFC 6455, and what is found wrong with them.
struct fault {
    errc error;
    std::function<octets(bool from_server)> frame;
};

inline octets frame_of(bool from_server, unsigned first_octet, std::string_view payload) {
    return from_server ? transcript::from_server(first_octet, payload)
                       : transcript::from_client(first_octet, payload);
}

inline std::vector<fault> faults() {
    const auto plain = [](errc error, unsigned first_octet, std::string payload) {
        return fault{error,
                     [=](bool from_server) { return frame_of(from_server, first_octet, payload); }};
    };
    // A header alone; four octets of a key follow where they have to.
    const auto header = [](errc error, std::string octets_of_it) {
        return fault{error, [=](bool from_server) {
                         octets out = octets_of_it;
                         if (from_server) return out;
                         out[1] = static_cast<char>(out[1] | '\x80');
                         return out + "keys";
                     }};
    };
    return {
        {errc::unmasked_frame, [](bool from_server) { return frame_of(!from_server, 0x81, "x"); }},
        plain(errc::reserved_bit, 0xc1, "x"),
        plain(errc::reserved_opcode, 0x83, "x"),
        header(errc::length_high_bit, octets("\x82\x7f\x80\0\0\0\0\0\0\0", 10)),
        header(errc::length_not_minimal, octets("\x82\x7e\0\x7d", 4)),
        plain(errc::control_frame_fragmented, 0x09, "x"),
        plain(errc::control_frame_too_long, 0x89, std::string(126, 'x')),
        plain(errc::unexpected_continuation, 0x80, "x"),
        {errc::unfinished_message,
         [](bool from_server) {
             return frame_of(from_server, 0x01, "x") + frame_of(from_server, 0x81, "x");
         }},
        plain(errc::text_not_utf8, 0x81, "\xff"),
        plain(errc::close_payload_too_short, 0x88, "x"),
        plain(errc::close_code_invalid, 0x88, "\x03\xee"),
        plain(errc::close_reason_not_utf8, 0x88, "\x03\xe8\xff"),
        plain(errc::message_too_big, 0x82, std::string(101, 'x')),
        {errc::too_many_fragments,
         [](bool from_server) {
             octets out = frame_of(from_server, 0x01, "x");
             for (int i = 0; i < 4; ++i) out += frame_of(from_server, 0x00, "");
             return out;
         }},
    };
}

template <class Model, bool IsClient>
void check_fault(const fault& broken) {
    three_tunnels<Model, IsClient> three({.messages = {.max_message = 100, .max_fragments = 4}});
    const errc error =
        IsClient && broken.error == errc::unmasked_frame ? errc::masked_frame : broken.error;
    const error_info& row = info(error);
    CAPTURE(row.name, IsClient);
    three.second_hears(broken.frame(IsClient));
    three.check_closed(error);
    const octets close =
        three.ours(0x88, transcript::close_body(static_cast<unsigned>(row.close), row.sentence));
    CHECK(three.said(close) == 1);
    three.check_others();
    three.second_hears(three.theirs(0x88, "\x03\xe8"), true); // what follows changes nothing
    three.passes(seconds(5));
    CHECK(three.said(close) == 1);
    three.check_closed(error);
    CHECK(three.us.side.of(2).back() == "released");
    three.check_others();
}

} // namespace rule_suite

TEMPLATE_LIST_TEST_CASE("a frame that breaks a rule closes its tunnel and no other",
                        "[rules][rfc6455-7.1.7][R206][R207][rfc9113-5.4.2]", models) {
    for (const fault& broken : faults()) {
        check_fault<TestType, false>(broken);
        check_fault<TestType, true>(broken);
    }
}
