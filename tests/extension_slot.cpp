#include "transcript.hpp"

#include <h2ws/extension_slot.hpp>

using h2ws::client;
using h2ws::const_bytes;
using h2ws::decoded;
using h2ws::encoded;
using h2ws::errc;
using h2ws::limits;
using h2ws::mutable_bytes;
using h2ws::opcode;
using h2ws::result;
using h2ws::server;
using namespace transcript;

namespace {

// Run-length coding: how often, then which octet. It holds three octets of output, so that most
// input takes several calls; a count of zero and half a pair are invalid. It cannot encode '!'.
class run_length {
public:
    static constexpr bool owns_rsv1 = true;

    constexpr run_length(bool on = true) noexcept : on_(on) {}

    bool active() const noexcept { return on_; }

    result<decoded> decode(const_bytes& in, bool last) noexcept {
        std::size_t size = 0;
        bool invalid = false;
        while (size < sizeof output_ && !invalid) {
            if (to_repeat_ != 0) {
                output_[size++] = octet_;
                --to_repeat_;
            } else if (in.empty()) {
                break;
            } else if (count_ != 0) {
                octet_ = in.front();
                to_repeat_ = std::exchange(count_, std::uint8_t{0});
                in = in.subspan(1);
            } else if (in.front() == std::byte{0}) {
                invalid = true;
            } else {
                count_ = std::to_integer<std::uint8_t>(in.front());
                in = in.subspan(1);
            }
        }
        invalid = invalid || (last && in.empty() && count_ != 0);
        if (invalid && size == 0) return errc::extension_data_invalid;
        return decoded{{output_, size}, invalid || to_repeat_ != 0};
    }

    result<encoded> encode(const_bytes& in, mutable_bytes out, bool last) noexcept {
        std::size_t size = 0;
        for (;;) {
            for (; pending_ != 0 && size < out.size(); --pending_)
                out[size++] = pair_[2 - pending_];
            if (pending_ != 0) return encoded{size, true};
            if (in.empty() && (!last || run_ == 0)) return encoded{size, false};
            if (!in.empty() && in.front() == std::byte{'!'}) return errc::extension_failure;
            if (run_ != 0 && (in.empty() || in.front() != run_of_ || run_ == 255)) {
                pair_[0] = static_cast<std::byte>(std::exchange(run_, std::uint8_t{0}));
                pair_[1] = run_of_;
                pending_ = 2;
            } else {
                run_of_ = in.front();
                ++run_;
                in = in.subspan(1);
            }
        }
    }

private:
    bool on_;
    std::uint8_t count_ = 0;
    std::uint8_t to_repeat_ = 0;
    std::byte octet_{};
    std::byte output_[3]{};
    std::uint8_t run_ = 0;
    std::byte run_of_{};
    std::byte pair_[2]{};
    unsigned pending_ = 0;
};

// Leaves messages that begin with a '-', and are given whole, as they are. It cannot be copied.
class choosy : public run_length {
public:
    choosy() = default;
    choosy(choosy&&) = default;

    bool chooses(const_bytes payload, bool last) noexcept {
        return !last || payload.empty() || payload.front() != std::byte{'-'};
    }
};

static_assert(h2ws::message_extension<run_length>);
static_assert(!h2ws::selective_extension<run_length>);
static_assert(h2ws::selective_extension<choosy>);
static_assert(!h2ws::message_extension<h2ws::no_extension>);
static_assert(!h2ws::no_extension::owns_rsv1);

// An extension that is not there costs nothing.
static_assert(sizeof(h2ws::outgoing_message<server, h2ws::no_extension>) <= 4);

template <class Role>
void check_with(const steps& played, const log_lines& expected, const limits& allowed = {},
                bool on = true) {
    check<Role, run_length>(played, expected, allowed, run_length(on));
}

template <class Role>
void check_invalid(const octets& input, log_lines expected, errc error,
                   const limits& allowed = {}) {
    expected.push_back("closed " + std::string(info(error).name));
    expected.push_back(fails_with<Role>(error));
    check_with<Role>({receive(input)}, expected, allowed);
}

} // namespace

TEMPLATE_TEST_CASE("a message with RSV1 is decoded", "[rfc6455-5.8][R192][R228]", server, client) {
    check_with<TestType>({receive(from_peer<TestType>(0xc1, "\x01H\x01"
                                                            "e\x02l\x01o"))},
                         {"text \"Hello\""});
    check_with<TestType>(
        {receive(from_peer<TestType>(0xc2, "\xff\x07") + from_peer<TestType>(0xc1, "\x04"
                                                                                   "a"))},
        {described(opcode::binary, octets(255, '\x07')), "text \"aaaa\""});
}

TEMPLATE_TEST_CASE("an encoded message may be empty", "[rfc6455-5.8]", server, client) {
    check_with<TestType>({receive(from_peer<TestType>(0xc1) + from_peer<TestType>(0x42) +
                                  from_peer<TestType>(0x80))},
                         {"text \"\"", "binary"});
    check_with<TestType>({receive(from_peer<TestType>(0x41, "\x05x") + from_peer<TestType>(0x80))},
                         {"text \"xxxxx\""});
}

TEMPLATE_TEST_CASE("an encoded message may be cut into fragments anywhere",
                   "[rfc6455-5.4][R176][R228]", server, client) {
    const octets coded = "\x07x\x02\xc3\x02y";
    for (std::size_t cut = 0; cut <= coded.size(); ++cut)
        check_with<TestType>({receive(from_peer<TestType>(0x42, coded.substr(0, cut)) +
                                      from_peer<TestType>(0x80, coded.substr(cut)))},
                             {"binary 78 78 78 78 78 78 78 c3 c3 79 79"});
}

TEMPLATE_TEST_CASE("control frames between encoded fragments change nothing of the message",
                   "[rfc6455-5.4][R174]", server, client) {
    check_with<TestType>(
        {receive(from_peer<TestType>(0x41, "\x05x\x02") + from_peer<TestType>(0x89, "\x01y") +
                 from_peer<TestType>(0x00, "y") + from_peer<TestType>(0x8a, "z") +
                 from_peer<TestType>(0x80, "\x01z"))},
        {"ping \"\\x01y\"", says<TestType>(0x8a, "\x01y"), "pong \"z\"", "text \"xxxxxyyz\""});
}

TEMPLATE_TEST_CASE("a message without RSV1 passes the extension by", "[rfc7692-6][R228]", server,
                   client) {
    check_with<TestType>(
        {receive(from_peer<TestType>(0xc1, "\x04x") + from_peer<TestType>(0x81, "\x04x") +
                 from_peer<TestType>(0x01, "\x02") + from_peer<TestType>(0x80, "y") +
                 from_peer<TestType>(0xc1, "\x02y"))},
        {"text \"xxxx\"", "text \"\\x04x\"", "text \"\\x02y\"", "text \"yy\""});
}

TEMPLATE_TEST_CASE("RSV1 on a continuation or a control frame fails the connection",
                   "[rfc7692-6.1][R230]", server, client) {
    check_invalid<TestType>(from_peer<TestType>(0x41) + from_peer<TestType>(0xc0, "\x01x"), {},
                            errc::reserved_bit);
    check_invalid<TestType>(from_peer<TestType>(0x01) + from_peer<TestType>(0x40), {},
                            errc::reserved_bit);
    for (const unsigned first : {0xc8U, 0xc9U, 0xcaU})
        check_invalid<TestType>(from_peer<TestType>(first), {}, errc::reserved_bit);
    for (const unsigned first : {0xa1U, 0x91U, 0xe1U})
        check_invalid<TestType>(from_peer<TestType>(first), {}, errc::reserved_bit);
}

TEMPLATE_TEST_CASE("an extension that was not agreed on leaves RSV1 reserved",
                   "[rfc6455-5.8][R163][R192]", server, client) {
    check_with<TestType>({receive(from_peer<TestType>(0xc1, "\x04x"))},
                         {"closed reserved_bit", fails_with<TestType>(errc::reserved_bit)}, {},
                         false);
    check_with<TestType>(
        {receive(from_peer<TestType>(0x81, "\x04x")), send_copied(opcode::text, "aaa", 8)},
        {"text \"\\x04x\"", says<TestType>(0x81, "aaa")}, {}, false);
}

TEMPLATE_TEST_CASE("data that cannot be decoded fails the connection", "[rfc6455-7.1.7][S19]",
                   server, client) {
    check_invalid<TestType>(from_peer<TestType>(0xc1, octets("\0x", 2)), {},
                            errc::extension_data_invalid);
    check_invalid<TestType>(from_peer<TestType>(0xc1, "\x05"), {}, errc::extension_data_invalid);
    check_invalid<TestType>(from_peer<TestType>(0x41, "\x05") + from_peer<TestType>(0x80), {},
                            errc::extension_data_invalid);
    check_invalid<TestType>(from_peer<TestType>(0xc1, octets("\x05x\0", 3)),
                            {"text \"xxxxx\" unfinished"}, errc::extension_data_invalid);
    check_invalid<TestType>(from_peer<TestType>(0xc1, "\x05x\x01"), {"text \"xxxxx\" unfinished"},
                            errc::extension_data_invalid);
}

TEMPLATE_TEST_CASE("the limit is on what was decoded", "[rfc7692-8][rfc6455-10.4][R197][R262]",
                   server, client) {
    const limits ten{.max_message = 10};
    check_with<TestType>({receive(from_peer<TestType>(0xc2, "\x0ax"))},
                         {"binary 78 78 78 78 78 78 78 78 78 78"}, ten);
    check_with<TestType>(
        {receive(from_peer<TestType>(0x42, "\x07x") + from_peer<TestType>(0x80, "\x03x"))},
        {"binary 78 78 78 78 78 78 78 78 78 78"}, ten);
    const std::string good = "binary 78 78 78 78 78 78 78 78 78 78 unfinished";
    for (const octets& coded : {octets("\x0bx"), octets("\xffx"), octets("\x04x\x04x\x04x"),
                                octets("\x0ax\x01x"), octets("\x01x\x0ax")})
        check_invalid<TestType>(from_peer<TestType>(0xc2, coded), {good}, errc::message_too_big,
                                ten);
}

TEMPLATE_TEST_CASE("decoded text is UTF-8", "[rfc6455-8.1][R191][R216]", server, client) {
    check_with<TestType>({receive(from_peer<TestType>(0xc1, "\x05x\x01\xc3\x01\xa9"))},
                         {"text \"xxxxx\\xc3\\xa9\""});
    check_invalid<TestType>(from_peer<TestType>(0xc1, "\x05x\x02\xc3"),
                            {"text \"xxxxx\\xc3\" unfinished"}, errc::text_not_utf8);
    check_invalid<TestType>(from_peer<TestType>(0xc1, "\x05x\x01\xc3"),
                            {"text \"xxxxx\\xc3\" unfinished"}, errc::text_not_utf8);
    check_invalid<TestType>(from_peer<TestType>(0xc1, "\x05\xff"), {}, errc::text_not_utf8);
}

// With more behind it, and with nothing in between: what waits in the decoder comes then.
TEST_CASE("input that was left may be polled again with more behind it, or later",
          "[rfc6455-5.3][R169]") {
    const octets wire = from_client(0xc2, "\x04"
                                          "a\x04"
                                          "b\x01"
                                          "c\x05"
                                          "d\x02"
                                          "e");
    std::size_t wrong = 0;
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
        for (int polls = 0; polls < 25; ++polls) {
            h2ws::websocket<server, run_length> socket;
            guarded memory(wire);
            octets message;
            const auto poll = [&](h2ws::inbound<server>& in) {
                const auto found = socket.poll(in);
                if (found) message += h2ws::as_text(std::get<h2ws::message_chunk>(*found).payload);
                return found.has_value();
            };
            h2ws::inbound<server> in{memory.bytes().first(cut)}, nothing{};
            for (int i = 0; i < polls / 5; ++i) poll(in);
            for (int i = 0; i < polls % 5; ++i) poll(nothing);
            in.data = memory.bytes().last(wire.size() - cut + in.data.size());
            while (poll(in)) continue;
            wrong += message != "aaaabbbbcdddddee" || !memory.intact();
        }
    }
    CHECK(wrong == 0);
}

TEMPLATE_TEST_CASE("the stream may end inside an encoded message", "[rfc6455-7.1.5][R217]", server,
                   client) {
    const std::string ours = TestType::is_client ? "> reset CANCEL" : "> end_stream";
    check_with<TestType>(
        {receive(from_peer<TestType>(0x42, "\x05x\x02")), end_stream()},
        {"binary 78 78 78 78 78 unfinished", "closed end_stream_without_close", ours});
    check_with<TestType>({receive(from_peer<TestType>(0xc2, "\x07x")), end_stream()},
                         {"binary 78 78 78 78 78 78 78", "closed end_stream_without_close", ours});
}

TEMPLATE_TEST_CASE("a copied message is encoded, with RSV1 on its first frame",
                   "[rfc6455-5.8][R228]", server, client) {
    check_with<TestType>({send_copied(opcode::text, "aaab", 8)}, {says<TestType>(0xc1, "\x03"
                                                                                       "a\x01"
                                                                                       "b")});
    check_with<TestType>({send_copied(opcode::text, "aaab", 4)}, {says<TestType>(0xc1, "\x03"
                                                                                       "a\x01"
                                                                                       "b")});
    check_with<TestType>({send_copied(opcode::text, "aaab", 3)}, {says<TestType>(0x41, "\x03"
                                                                                       "a\x01"),
                                                                  says<TestType>(0x80, "b")});
    check_with<TestType>(
        {send_copied(opcode::text, "aaab", 1), send_copied(opcode::binary, octets(256, 'x'), 9)},
        {says<TestType>(0x41, "\x03"), says<TestType>(0x00, "a"), says<TestType>(0x00, "\x01"),
         says<TestType>(0x80, "b"), says<TestType>(0xc2, "\xffx\x01x")});
}

TEMPLATE_TEST_CASE("an encoder may keep what it is given until the message ends", "[rfc6455-5.8]",
                   server, client) {
    check_with<TestType>({send_copied(opcode::text, "aa", 8, false), send_ping("p"),
                          send_copied(opcode::text, "ab", 8, false),
                          send_copied(opcode::text, "b", 8)},
                         {"> nothing yet", says<TestType>(0x89, "p"),
                          says<TestType>(0x41, "\x03"
                                               "a"),
                          says<TestType>(0x80, "\x02"
                                               "b")});
    check_with<TestType>({send_copied(opcode::text, "", 8)}, {says<TestType>(0xc1)});
}

TEMPLATE_TEST_CASE("a message that the encoder keeps has begun", "[rfc6455-5.4][R175]", server,
                   client) {
    check_with<TestType>({send_copied(opcode::text, "aa", 8, false),
                          send_copied(opcode::binary, "b", 8), send(opcode::text, "c"),
                          send_copied(opcode::text, "a", 8)},
                         {"> nothing yet", "! invalid_argument", "! invalid_argument",
                          says<TestType>(0xc1, "\x03"
                                               "a")});
}

TEMPLATE_TEST_CASE("an encoded message is not continued in place", "[rfc7692-6.1]", server,
                   client) {
    check_with<TestType>({send_copied(opcode::text, "ab", 8, false), send(opcode::text, "c"),
                          send_copied(opcode::text, "", 8)},
                         {says<TestType>(0x41, "\x01"
                                               "a"),
                          "! invalid_argument",
                          says<TestType>(0x80, "\x01"
                                               "b")});
}

TEMPLATE_TEST_CASE("a message sent in place is not encoded, nor is the rest of it",
                   "[rfc7692-6.1][R228]", server, client) {
    check_with<TestType>({send(opcode::text, "aa", false), send_copied(opcode::text, "bb", 8),
                          send_copied(opcode::text, "cc", 8)},
                         {says<TestType>(0x01, "aa"), says<TestType>(0x80, "bb"),
                          says<TestType>(0xc1, "\x02"
                                               "c")});
    check_with<TestType>({send_copied(opcode::text, "aa", 8), send(opcode::text, "bb"),
                          send_copied(opcode::text, "cc", 8), send(opcode::text, "d", false),
                          send_copied(opcode::text, "dd", 8)},
                         {says<TestType>(0xc1, "\x02"
                                               "a"),
                          says<TestType>(0x81, "bb"),
                          says<TestType>(0xc1, "\x02"
                                               "c"),
                          says<TestType>(0x01, "d"), says<TestType>(0x80, "dd")});
}

TEMPLATE_TEST_CASE("an encoder needs some room", "[rfc6455-5.8]", server, client) {
    check_with<TestType>({send_copied(opcode::text, "ab", 0), send_copied(opcode::text, "b", 8)},
                         {"! buffer_too_small", says<TestType>(0xc1, "\x01"
                                                                     "a\x01"
                                                                     "b")});
}

TEMPLATE_TEST_CASE("an encoder's failure is returned, and the peer may be told",
                   "[rfc6455-7.4.1][S19]", server, client) {
    check_with<TestType>({send_copied(opcode::text, "aa!", 8), fail(errc::extension_failure)},
                         {"! extension_failure", "closed extension_failure",
                          says<TestType>(0x88, close_body(1011, "the extension failed at this "
                                                                "end"))});
}

TEMPLATE_TEST_CASE("a message of which an encoder took nothing has not begun",
                   "[rfc6455-5.4][R175]", server, client) {
    check_with<TestType>({send_copied(opcode::text, "!", 8), send_copied(opcode::binary, "a", 8),
                          send_copied(opcode::text, "!", 8), send(opcode::text, "b")},
                         {"! extension_failure",
                          says<TestType>(0xc2, "\x01"
                                               "a"),
                          "! extension_failure", says<TestType>(0x81, "b")});
    check_with<TestType>({send_copied(opcode::text, "aa!", 8), send(opcode::binary, "b")},
                         {"! extension_failure", "! invalid_argument"});
}

TEMPLATE_TEST_CASE("an extension may leave a message as it is", "[rfc7692-6][R229]", server,
                   client) {
    h2ws::websocket<TestType, choosy> socket(with_fixed_key<TestType>());
    const auto said = [&](std::string_view payload, bool fin = true) {
        guarded out(octets(64, 'o'));
        const_bytes rest = h2ws::as_bytes(payload);
        const auto made = socket.send(opcode::text, rest, out.bytes(), fin);
        REQUIRE(made);
        return octets(h2ws::as_text(made->header())) + octets(h2ws::as_text(made->payload));
    };
    CHECK(said("aa") == from_us<TestType>(0xc1, "\x02"
                                                "a"));
    CHECK(said("-aa") == from_us<TestType>(0x81, "-aa"));
    CHECK(said("aab", false) == from_us<TestType>(0x41, "\x02"
                                                        "a"));
    CHECK(said("-") == from_us<TestType>(0x80, "\x01"
                                               "b\x01-"));
}

TEST_CASE("what one end encodes the other decodes", "[rfc6455-5.8][R228]") {
    const octets payload = octets(300, 'a') + "bcd" + octets(7, 'e') + octets(255, '\0');
    for (const std::size_t room : {1U, 2U, 3U, 5U, 64U, 1000U}) {
        h2ws::websocket<server, run_length> sender;
        octets wire;
        guarded out(octets(room, 'o'));
        const_bytes rest = h2ws::as_bytes(payload);
        for (bool more = true; more;) {
            const auto made = sender.send(opcode::binary, rest, out.bytes());
            REQUIRE(made);
            wire += h2ws::as_text(made->header());
            wire += h2ws::as_text(made->payload);
            more = made->more;
        }
        check<client, run_length>({receive(wire)}, {described(opcode::binary, payload)});
    }
}
