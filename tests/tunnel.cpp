#include "catch.hpp"
#include "player.hpp"
#include "scarce_memory.hpp"

#include <h2ws/tunnel.hpp>

#include <algorithm>
#include <string>

using namespace h2ws;
using namespace std::string_literals;
using transcript::from_client;
using transcript::from_server;
using transcript::octets;

namespace {

// A tunnel with a gather list and a clock.
template <class Role>
struct bench {
    explicit bench(const session_options& chosen = {}) : options(chosen) {}

    instant now = seconds(100);
    session_options options;
    gather_list out{options.memory};
    std::size_t queued = 0;
    tunnel<Role> socket{transcript::with_fixed_key<Role>(), {}, options, now};
    std::vector<std::string> log;

    surroundings with() { return {options, options.memory, out, queued, now}; }

    void hears(octets bytes, bool end = false) {
        mutable_bytes all{reinterpret_cast<std::byte*>(bytes.data()), bytes.size()};
        typename Role::input in = all;
        while (const auto found = socket.poll(in, end, with())) note(*found);
        CHECK(in.empty());
    }
    void expires(duration span) {
        now += span;
        socket.expire(with());
        hears({});
    }
    // All that can leave, and what follows it.
    octets says(std::size_t most = 1'000'000) {
        const std::size_t size = std::min(most, socket.output_size(with()));
        socket.take(size, with());
        octets text;
        for (const const_bytes span : out.spans()) text += as_text(span);
        out.transmitted(text.size());
        if (socket.output_size(with()) != 0) return text;
        if (socket.end().what == stream_end::how::end_stream) text += " END";
        if (socket.end().what == stream_end::how::reset)
            text += " RESET " + octets(name(socket.end().code));
        socket.end_sent();
        return text;
    }
    void note(const event& found) {
        if (const auto* chunk = std::get_if<message_chunk>(&found))
            log.push_back(octets(as_text(chunk->payload)));
        if (const auto* last = std::get_if<closed>(&found))
            log.push_back("closed " + octets(info(last->error).name));
        if (std::holds_alternative<close_frame>(found)) log.push_back("close");
        if (std::holds_alternative<h2ws::ping>(found)) log.push_back("ping");
    }
};

// Encodes nothing, but says that it does: what it is given becomes fragments.
struct cutter {
    static constexpr bool owns_rsv1 = true;
    bool active() const noexcept { return true; }
    result<decoded> decode(const_bytes& in, bool) noexcept {
        return decoded{std::exchange(in, {}), false};
    }
    result<encoded> encode(const_bytes& in, mutable_bytes out, bool) noexcept {
        const std::size_t size = std::min(in.size(), out.size());
        std::copy_n(in.begin(), size, out.begin());
        in = in.subspan(size);
        return encoded{size, false};
    }
};

// Decodes everything into twice the same, the second of it without new input.
struct doubler {
    static constexpr bool owns_rsv1 = true;
    bool active() const noexcept { return true; }
    result<decoded> decode(const_bytes& in, bool) noexcept {
        if (!held.empty()) return decoded{std::exchange(held, {}), false};
        held = std::exchange(in, {});
        return decoded{held, true};
    }
    result<encoded> encode(const_bytes&, mutable_bytes, bool) noexcept {
        return errc::extension_failure;
    }
    const_bytes held;
};

const octets normal_close = transcript::close_body(1000);

} // namespace

TEST_CASE("messages are queued as whole frames and taken in pieces of any size") {
    bench<server> it;
    CHECK(it.socket.send(opcode::text, as_bytes("Hello"), true, it.with()));
    message_buffer moved;
    REQUIRE(moved.append(octets(10'000, 'm')));
    CHECK(it.socket.send(opcode::binary, std::move(moved), true, it.with()));
    octets said;
    for (octets piece; !(piece = it.says(999)).empty();) said += piece;
    CHECK(said == from_server(0x81, "Hello") + from_server(0x82, octets(10'000, 'm')));
}

TEST_CASE("a client masks what is copied and what is moved", "[rfc6455-5.3][R158]") {
    bench<client> it;
    CHECK(it.socket.send(opcode::text, as_bytes("Hello"), true, it.with()));
    message_buffer moved;
    REQUIRE(moved.append("moved"));
    CHECK(it.socket.send(opcode::text, std::move(moved), true, it.with()));
    CHECK(it.says() == from_client(0x81, "Hello") + from_client(0x81, "moved"));
}

TEST_CASE("a client without masking keys sends nothing and spoils nothing", "[rfc6455-5.3][R168]") {
    session_options options;
    gather_list out({});
    tunnel<client> socket({}, {}, options, 0);
    std::size_t queued = 0;
    const surroundings with{options, options.memory, out, queued, 0};
    CHECK(socket.send(opcode::text, as_bytes("x"), true, with).error() == errc::no_masking_key);
    message_buffer payload;
    REQUIRE(payload.append("kept"));
    CHECK(socket.send(opcode::text, std::move(payload), true, with).error() ==
          errc::no_masking_key);
    CHECK(payload.text() == "kept");
    CHECK(socket.send_ping({}, with).error() == errc::no_masking_key);
    CHECK(socket.send_close(status_code::normal_closure, {}, with).error() == errc::no_masking_key);
    CHECK(socket.output_size(with) == 0);
}

TEST_CASE("pongs and the answer to a Close are queued by themselves", "[rfc6455-5.5][R183][R187]") {
    bench<server> it;
    it.hears(from_client(0x89, "p"));
    it.hears(from_client(0x88, normal_close));
    CHECK(it.log == std::vector<std::string>{"ping", "close", "closed none"});
    CHECK(it.says() == from_server(0x8a, "p") + from_server(0x88, normal_close) + " END");
}

TEST_CASE("a violation drops the frames that have not begun", "[rfc6455-7.1.7][R207]") {
    bench<server> it;
    CHECK(it.socket.send(opcode::text, as_bytes("begun"), true, it.with()));
    CHECK(it.socket.send(opcode::text, as_bytes("not begun"), true, it.with()));
    octets said = it.says(3);
    it.hears(from_server(0x81, "unmasked"));
    said += it.says();
    const error_info& row = info(errc::unmasked_frame);
    CHECK(said == from_server(0x81, "begun") +
                      from_server(0x88, transcript::close_body(1002, row.sentence)));
    CHECK(it.socket.deadline(it.options) == it.now + seconds(1)); // S21
    it.expires(seconds(1));
    CHECK(it.says() == " END");
    it.expires(seconds(4));
    CHECK(it.says() == " RESET NO_ERROR");
    CHECK(it.log == std::vector<std::string>{"closed unmasked_frame"});
}

TEST_CASE("pings and pongs are no activity, messages either way are", "[rfc6455-7.2.3]") {
    bench<server> it({.waits = {.idle = seconds(50)}});
    it.expires(seconds(30)); // a keepalive ping
    CHECK(it.says() == from_server(0x89));
    it.hears(from_client(0x8a));
    it.hears(from_client(0x89));
    (void)it.says();
    it.expires(seconds(10));
    it.hears(from_client(0x81, "active"));
    it.expires(seconds(29));
    CHECK(it.log == std::vector<std::string>{"ping", "active"});
    CHECK(it.socket.send(opcode::text, as_bytes("active too"), true, it.with()));
    (void)it.says();
    it.hears(from_client(0x8a));
    it.expires(seconds(49));
    it.hears(from_client(0x8a));
    CHECK(it.log.size() == 2);
    it.expires(seconds(1));
    CHECK(it.log.back() == "closed idle_timeout");
}

TEST_CASE("the stalled timer runs only while output waits", "[session]") {
    bench<server> it({.waits = {.stalled = seconds(30)}, .ping = {.interval = never}});
    CHECK(it.socket.deadline(it.options) == never);
    CHECK(it.socket.send(opcode::text, as_bytes("waits"), true, it.with()));
    CHECK(it.socket.deadline(it.options) == it.now + seconds(30));
    it.expires(seconds(20));
    (void)it.says(1); // progress
    it.expires(seconds(29));
    CHECK(it.log.empty());
    it.expires(seconds(1));
    CHECK(it.log == std::vector<std::string>{"closed output_stalled"});
    CHECK(it.says() == " RESET CANCEL");
    CHECK(it.socket.deadline(it.options) == never);
}

TEST_CASE("an end of our half that the engine does not send stalls as output does",
          "[session][rfc9113-6.9.1][S21]") {
    bench<server> it({.waits = {.stalled = seconds(30)}, .ping = {.interval = never}});
    CHECK(it.socket.send(opcode::text, as_bytes("x"), true, it.with()));
    CHECK(it.says() == from_server(0x81, "x"));
    it.now += seconds(100);
    it.hears({}, true);
    CHECK(it.socket.output_size(it.with()) == 0);
    CHECK(it.socket.end().what == stream_end::how::end_stream);
    CHECK(it.log == std::vector<std::string>{"closed end_stream_without_close"});
    CHECK(it.socket.deadline(it.options) == it.now + seconds(30));
    it.expires(seconds(30) - 1);
    CHECK(it.socket.end().what == stream_end::how::end_stream);
    SECTION("it is reset after the stalled time") {
        it.expires(1);
        CHECK(it.says() == " RESET CANCEL");
        CHECK(it.log.size() == 1);
    }
    SECTION("it is not once it was sent") {
        CHECK(it.says() == " END");
        it.expires(1);
        CHECK(it.says() == "");
    }
    CHECK(it.socket.deadline(it.options) == never);
}

TEST_CASE("an encoded message that finds no memory leaves nothing or ends the tunnel",
          "[session][rfc6455-5.4]") {
    std::size_t refused = 0, ended = 0;
    for (std::size_t turn = 1;; ++turn) {
        REQUIRE(turn < 10);
        scarce_memory memory{.fails_at = turn};
        session_options options;
        const allocator queues = memory.policy();
        gather_list out({});
        std::size_t queued = 0;
        const surroundings with{options, queues, out, queued, 0};
        tunnel<server, cutter> socket({}, {}, options, 0);
        const octets text(40'000, 'x'); // three fragments
        const result<void> sent = socket.send(opcode::binary, as_bytes(text), true, with);
        if (sent) {
            CHECK(socket.queued() > text.size());
            break;
        }
        CHECK(sent.error() == errc::no_memory);
        CHECK(socket.queued() == 0);
        if (socket.end().what == stream_end::how::not_yet) {
            ++refused;
            CHECK(socket.send(opcode::text, as_bytes("x"), true, with)); // none has begun
        } else {
            ++ended;
            CHECK(socket.end().what == stream_end::how::reset);
            CHECK(socket.end().code == http2_error::internal_error);
            CHECK(socket.send(opcode::text, as_bytes("x"), true, with).error() == errc::not_open);
            mutable_bytes nothing;
            const auto last = socket.poll(nothing, false, with);
            REQUIRE((last && std::holds_alternative<closed>(*last)));
            CHECK(std::get<closed>(*last).error == errc::no_memory);
        }
    }
    CHECK(refused > 0);
    CHECK(ended > 0);
}

TEST_CASE("a ping that waits behind other output gives nobody up", "[rfc6455-5.5.2]") {
    session_options options;
    options.waits.stalled = never;
    bench<server> one(options);
    one.expires(seconds(30)); // a ping is queued
    CHECK(one.socket.send(opcode::text, as_bytes("slow"), true, one.with()).has_value());
    one.expires(seconds(300));
    CHECK(one.log.empty());
    CHECK(one.says() == "\x89\x00\x81\x04slow"s);
    one.expires(seconds(29));
    CHECK(one.log.empty());
    one.expires(seconds(1));
    CHECK(one.log == std::vector<std::string>{"closed keepalive_timeout"});
}

TEST_CASE("a tunnel has more while its extension holds what it decoded", "[rfc6455-5.8]") {
    session_options options;
    gather_list out({});
    std::size_t queued = 0;
    const surroundings with{options, options.memory, out, queued, 0};
    tunnel<server, doubler> socket({}, {}, options, 0);
    octets bytes = from_client(0xc1, "ab");
    mutable_bytes in{reinterpret_cast<std::byte*>(bytes.data()), bytes.size()};
    CHECK_FALSE(socket.has_more());
    for (const bool last : {false, true}) {
        const auto found = socket.poll(in, false, with);
        REQUIRE(found);
        CHECK(as_text(std::get<message_chunk>(*found).payload) == "ab");
        CHECK(std::get<message_chunk>(*found).last == last);
        CHECK(in.empty());
        CHECK(socket.has_more() == !last);
    }
    CHECK_FALSE(socket.poll(in, false, with));
}

TEST_CASE("more than the limit is not queued behind other output") {
    bench<server> it({.max_queued = 100});
    CHECK(it.socket.send(opcode::binary, as_bytes(octets(1'000, 'x')), true, it.with()));
    CHECK(it.socket.send(opcode::text, as_bytes("x"), true, it.with()).error() == errc::queue_full);
    message_buffer payload;
    REQUIRE(payload.append("kept"));
    CHECK(it.socket.send(opcode::text, std::move(payload), true, it.with()).error() ==
          errc::queue_full);
    CHECK(payload.text() == "kept");
    (void)it.says();
    CHECK(it.socket.send(opcode::text, as_bytes("x"), true, it.with()));
}

TEST_CASE("a tunnel that is over says nothing and is asked nothing", "[R107][R162]") {
    bench<server> it;
    CHECK(it.socket.send(opcode::text, as_bytes("lost"), true, it.with()));
    const auto last = it.socket.stream_ended(ending::reset_by_peer, http2_error::cancel, it.out);
    REQUIRE(last);
    CHECK(std::get<closed>(*last).error == errc::reset_by_peer);
    CHECK(it.socket.over());
    CHECK(it.socket.deadline(it.options) == never);
    CHECK(it.socket.send(opcode::text, as_bytes("x"), true, it.with()).error() == errc::not_open);
    it.expires(seconds(1'000));
    it.hears("anything", true);
    CHECK(it.log.empty());
    CHECK(it.says().empty());
    CHECK_FALSE(it.socket.stream_ended(ending::connection_lost, {}, it.out));
}

TEST_CASE("what a tunnel owes and has no memory for resets it") {
    scarce_memory memory{.fails_at = 1, .for_good = true};
    bench<server> it({.memory = memory.policy()});
    it.hears(from_client(0x89, "ping"));
    CHECK(it.log == std::vector<std::string>{"ping", "closed no_memory"});
    CHECK(it.socket.end().what == stream_end::how::reset);
    CHECK(it.socket.end().code == http2_error::internal_error);
}
