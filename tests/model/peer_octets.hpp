// What a peer puts on the wire for each input, made by hand and once.
#pragma once

#include "alphabet.hpp"

#include "../http2_frames.hpp"
#include "../octets.hpp"

#include <array>
#include <string>

namespace model {

// Role is ours.
template <class Role>
class peer_octets {
    using made = http2_frames;
    using octets = std::string;

public:
    peer_octets() {
        headers();
        data();
        at(input::reset) = made::reset(1, 8);
        at(input::reset_refused) = made::reset(1, 7);
        at(input::goaway) = made::goaway(1);
        at(input::goaway_all) = made::goaway(0);
        at(input::window_shut) = made::frame(4, 0, 0, octets("\0\4", 2) + made::number(0));
        at(input::window_open) = made::frame(4, 0, 0, octets("\0\4", 2) + made::number(1 << 20));
        at(input::ping_ack) = made::frame(6, 1, 0, "shutdown");
    }

    const octets& operator[](input what) const { return all_[static_cast<std::size_t>(what)]; }
    // What is missing of a frame of which `half` came.
    const octets& rest_of(input half) const {
        return half == input::half_ping ? rest_of_ping_ : rest_of_message_;
    }

private:
    octets& at(input what) { return all_[static_cast<std::size_t>(what)]; }
    static octets ws(unsigned first, std::string_view payload) {
        return transcript::from_peer<Role>(first, payload);
    }
    static octets in_data(const octets& bytes, bool end = false) {
        return made::data(1, bytes, end);
    }

    void headers() {
        at(input::success) = made::headers(1, {{":status", "200"}}, false);
        at(input::success_end) = made::headers(1, {{":status", "200"}}, true);
        at(input::interim) = made::headers(1, {{":status", "103"}}, false);
        at(input::refusal) = made::headers(1, {{":status", "403"}}, false);
        at(input::refusal_end) = made::headers(1, {{":status", "403"}}, true);
        at(input::fields) = made::headers(1, {{"a", "b"}}, false);
        at(input::fields_end) = made::headers(1, {{"a", "b"}}, true);
    }
    void data() {
        at(input::message) = in_data(ws(0x81, "a"));
        at(input::first) = in_data(ws(0x01, "a"));
        at(input::middle) = in_data(ws(0x00, "b"));
        at(input::last) = in_data(ws(0x80, "c"));
        at(input::bad_text) = in_data(ws(0x81, "\xff"));
        at(input::reserved) = in_data(ws(0x83, "a"));
        const octets message = ws(0x81, "ab"), ping = ws(0x89, "p");
        at(input::half_message) = in_data(message.substr(0, message.size() - 1));
        rest_of_message_ = in_data(message.substr(message.size() - 1));
        at(input::half_ping) = in_data(ping.substr(0, 1));
        rest_of_ping_ = in_data(ping.substr(1));
        at(input::ping) = in_data(ping);
        at(input::pong) = in_data(ws(0x8a, "q"));
        at(input::close) = in_data(ws(0x88, transcript::close_body(1000)));
        at(input::close_empty) = in_data(ws(0x88, {}));
        at(input::close_illegal) = in_data(ws(0x88, transcript::close_body(1005)));
        at(input::end_stream) = in_data({}, true);
        at(input::message_end) = in_data(ws(0x81, "a"), true);
        at(input::close_end) = in_data(ws(0x88, transcript::close_body(1000)), true);
    }

    std::array<octets, inputs> all_;
    octets rest_of_message_, rest_of_ping_;
};

} // namespace model
