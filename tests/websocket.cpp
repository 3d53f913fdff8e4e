#include "transcript.hpp"

#include <h2ws/websocket.hpp>

#include <type_traits>

using h2ws::client;
using h2ws::const_bytes;
using h2ws::direction;
using h2ws::ending;
using h2ws::errc;
using h2ws::http2_error;
using h2ws::inbound;
using h2ws::masking_key;
using h2ws::mutable_bytes;
using h2ws::opcode;
using h2ws::server;
using h2ws::websocket;
using namespace transcript;

namespace {

static_assert(sizeof(websocket<server>) <= 224);
static_assert(std::is_trivially_copyable_v<websocket<server>>); // it owns nothing
static_assert(std::is_trivially_destructible_v<websocket<client>>);
static_assert(std::is_nothrow_default_constructible_v<websocket<server>>);

template <class Socket, class Input, class Output>
constexpr bool all_noexcept() {
    Socket* s = nullptr;
    Input* in = nullptr;
    const_bytes bytes;
    Output out;
    return noexcept(s->poll(*in))&& noexcept(s->poll(bytes, true, mutable_bytes{}))&& noexcept(s->stream_ended(ending::connection_lost, http2_error::no_error))&& noexcept(
        s->fail(
            errc::none))&& noexcept(s->send(opcode::text,
                                            out))&& noexcept(s->send(opcode::text, bytes,
                                                                     mutable_bytes{}))&& noexcept(s->send_ping())&& noexcept(s
                                                                                                                                 ->send_pong())&& noexcept(s->send_close())&& noexcept(s->send_end_stream())&& noexcept(s->poll_transmit())&& noexcept(s->wants_transmit())&& noexcept(s->lifecycle())&& noexcept(s
                                                                                                                                                                                                                                                                                                                      ->extension());
}

static_assert(all_noexcept<websocket<server>, inbound<server>, const_bytes>());
static_assert(all_noexcept<websocket<client>, inbound<client>, mutable_bytes>());

bool no_key(void*, masking_key&) noexcept { return false; }

// What brings a websocket to an end, or on the way there.
template <class Role>
std::vector<steps> ways_to_end() {
    const octets close = from_peer<Role>(0x88, close_body(1000));
    return {
        {},
        {receive(from_peer<Role>(0x81, "Hello").substr(0, 1))},
        {receive(from_peer<Role>(0x01, "Hel"))},
        {receive(close)},
        {send_close(1000)},
        {send_close(1000), send_end_stream()},
        {send_close(1000), receive(close)},
        {receive(close), end_stream()},
        {send_close(1000), receive(close), end_stream()},
        {end_stream()},
        {receive(from_peer<Role>(0x83))},
        {receive(from_peer<Role>(0x83)), end_stream()},
        {receive(from_peer<Role>(0x83)), send_end_stream()},
        {fail(errc::idle_timeout)},
        {fail(errc::close_timeout)},
        {stream_ended(ending::reset_by_peer, http2_error::cancel)},
        {stream_ended(ending::reset_by_us)},
        {stream_ended(ending::connection_lost)},
    };
}

// Client and server, joined by two wires that deliver some octets at a time.
class pair {
public:
    explicit pair(unsigned seed) : random_(seed) {}

    unsigned below(unsigned end) {
        return std::uniform_int_distribution<unsigned>(0, end - 1)(random_);
    }

    template <class Role>
    void send(const step& call) {
        note_transmitted<Role>([&](auto& player) { player.perform(call); });
    }

    // Some octets of what was sent to Role arrive there.
    template <class Role>
    void deliver(bool all = false) {
        wire& in = wire_to<Role>();
        const auto waiting = static_cast<unsigned>(in.bytes.size());
        const unsigned size = all ? waiting : below(waiting + 1);
        const octets piece = in.bytes.substr(0, size);
        in.bytes.erase(0, size);
        const bool ends = in.ended && in.bytes.empty();
        note_transmitted<Role>([&](auto& player) { player.receive(piece, ends); });
    }

    bool idle() const {
        return to_client_.bytes.empty() && to_server_.bytes.empty() && to_client_.ended &&
               to_server_.ended;
    }

    log_lines finish_client() { return only(client_.finish(), false); }
    log_lines finish_server() { return only(server_.finish(), false); }

private:
    struct wire {
        octets bytes;
        bool ended = false;
        std::size_t seen = 0; // lines of the sender's log
    };

    template <class Role>
    player<Role>& player_of() {
        if constexpr (Role::is_client)
            return client_;
        else
            return server_;
    }

    template <class Role>
    wire& wire_to() {
        return Role::is_client ? to_client_ : to_server_;
    }

    // What Role's log says it transmitted goes on the wire to the other.
    template <class Role, class Act>
    void note_transmitted(Act act) {
        player<Role>& from = player_of<Role>();
        act(from);
        wire& to = Role::is_client ? to_server_ : to_client_;
        for (; to.seen < from.log().size(); ++to.seen) {
            std::string line = from.log()[to.seen];
            if (line[0] != '>') continue;
            if (line.ends_with("end_stream")) {
                to.ended = true;
                line.resize(line.size() - std::string_view("end_stream").size());
            }
            to.bytes += hex(line.substr(1));
        }
    }

    std::mt19937 random_;
    player<client> client_{manner{}};
    player<server> server_{manner{.room = 5}};
    wire to_client_;
    wire to_server_;
};

// Sends one whole message in one way or another and notes what the peer should log.
template <class Role>
void send_message(pair& both, log_lines& expected) {
    const opcode type = both.below(2) == 0 ? opcode::text : opcode::binary;
    octets whole;
    for (unsigned left = 1 + both.below(3); left > 0; --left) {
        octets part;
        for (unsigned size = both.below(20); size > 0; --size) part += "\xe2\x82\xac";
        if (part.size() > 1 && left > 1) part.resize(part.size() - 1); // inside a character
        const bool fin = left == 1;
        if (type == opcode::text && !whole.empty()) {
            constexpr std::string_view euro = "\xe2\x82\xac";
            part.insert(0, euro.substr(whole.size() % 3 == 0 ? 3 : whole.size() % 3));
        }
        both.send<Role>(both.below(2) == 0 ? transcript::send(type, part, fin)
                                           : send_copied(type, part, 1 + both.below(30), fin));
        whole += part;
        if (!fin && both.below(2) == 0) {
            both.send<Role>(send_pong("between"));
            expected.push_back("pong \"between\"");
        }
    }
    expected.push_back(described(type, whole));
}

} // namespace

TEST_CASE("client and server understand each other however the octets travel",
          "[rfc6455-5][R158][R172][R191]") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        INFO("seed " << seed);
        pair both(seed);
        log_lines at_client;
        log_lines at_server;
        for (int turn = 0; turn < 20; ++turn) {
            if (both.below(2) == 0)
                send_message<client>(both, at_server);
            else
                send_message<server>(both, at_client);
            both.deliver<client>();
            both.deliver<server>();
        }
        const bool server_first = both.below(2) == 0;
        if (server_first)
            both.send<server>(send_close(4001, "done"));
        else
            both.send<client>(send_close(4001, "done"));
        for (int turn = 0; turn < 1000 && !both.idle(); ++turn) {
            both.deliver<client>(turn > 20);
            both.deliver<server>(turn > 20);
        }
        CHECK(both.idle());
        at_client.push_back(server_first ? "close 4001 \"done\"" : "close 4001 \"\"");
        at_server.push_back(server_first ? "close 4001 \"\"" : "close 4001 \"done\"");
        at_client.push_back("closed none");
        at_server.push_back("closed none");
        CHECK(joined(both.finish_client()) == joined(at_client));
        CHECK(joined(both.finish_server()) == joined(at_server));
    }
}

TEMPLATE_TEST_CASE("no call does harm in any state, and closed comes once", "[rfc6455-7.1][R203]",
                   server, client) {
    const octets close = from_peer<TestType>(0x88, close_body(1001));
    const std::vector<steps> continuations = {
        {receive("garbage")},
        {receive(close)},
        {end_stream()},
        {end_stream(), end_stream()},
        {send(opcode::text, "x")},
        {send_copied(opcode::text, "x", 1)},
        {send_ping("x"), send_pong("x")},
        {send_close(1000), send_close(1000)},
        {send_end_stream(), send_end_stream()},
        {stream_ended(ending::reset_by_peer, http2_error::cancel),
         stream_ended(ending::connection_lost)},
        {fail(errc::keepalive_timeout), fail(errc::none)},
    };
    std::size_t undefined = 0;
    for (const steps& way : ways_to_end<TestType>()) {
        for (const steps& first : continuations) {
            for (const steps& second : continuations) {
                steps all = way;
                all.insert(all.end(), first.begin(), first.end());
                all.insert(all.end(), second.begin(), second.end());
                const std::string log = joined(play<TestType>(all, {}));
                if (log.find("!!") == std::string::npos) continue;
                ++undefined;
                UNSCOPED_INFO(log);
            }
        }
    }
    CHECK(undefined == 0);
}

TEMPLATE_TEST_CASE("a stream that ended gives closed unless that was given",
                   "[rfc6455-7.1.4][R203][R209][R218]", server, client) {
    for (const steps& way : ways_to_end<TestType>()) {
        for (const ending how :
             {ending::reset_by_peer, ending::reset_by_us, ending::connection_lost}) {
            steps all = way;
            all.push_back(stream_ended(how, http2_error::cancel));
            const log_lines before = play<TestType>(way, {});
            const log_lines after = play<TestType>(all, {});
            const bool was_closed = joined(before).find("closed ") != std::string::npos;
            INFO(joined(after));
            if (was_closed) CHECK(after == before);
            if (!was_closed) CHECK(joined(after).find("closed ") != std::string::npos);
        }
    }
}

TEST_CASE("a due ending is clean though the stream is lost before it is polled",
          "[rfc6455-7.1.4][R203][S22]") {
    websocket<server> socket;
    guarded input(from_client(0x88, close_body(1000)));
    inbound<server> in{input.bytes()};
    REQUIRE(socket.poll(in));
    REQUIRE(socket.poll_transmit());
    const auto last = socket.stream_ended(ending::reset_by_peer, http2_error::cancel);
    REQUIRE(last);
    CHECK(std::get<h2ws::closed>(*last).error == errc::none);
    CHECK(std::get<h2ws::closed>(*last).stream_error == http2_error::cancel);
}

TEST_CASE("a Close that was received and not answered is no clean ending",
          "[rfc6455-7.1.4][R203][S22]") {
    websocket<server> socket;
    guarded input(from_client(0x88, close_body(1000)));
    inbound<server> in{input.bytes()};
    REQUIRE(socket.poll(in));
    const auto last = socket.stream_ended(ending::reset_by_peer, http2_error::cancel);
    REQUIRE(last);
    CHECK(std::get<h2ws::closed>(*last).error == errc::reset_by_peer);
    CHECK_FALSE(socket.wants_transmit()); // the answer is no longer owed
    CHECK_FALSE(socket.poll_transmit());
}

TEST_CASE("poll takes nothing while something is owed", "[rfc6455-5.5.2][R187]") {
    websocket<server> socket;
    guarded input(from_client(0x89, "one") + from_client(0x89, "two"));
    inbound<server> in{input.bytes()};
    REQUIRE(socket.poll(in));
    const std::size_t left = in.data.size();
    CHECK(left == from_client(0x89, "two").size());
    CHECK(socket.wants_transmit());
    CHECK_FALSE(socket.poll(in));
    CHECK(in.data.size() == left);
    const auto owed = socket.poll_transmit();
    REQUIRE(owed);
    CHECK(h2ws::as_text(owed->bytes) == from_server(0x8a, "one"));
    CHECK_FALSE(socket.wants_transmit());
    CHECK(socket.poll(in));
    CHECK(in.data.empty());
}

TEST_CASE("an owed pong is not disturbed by what the application sends", "[rfc6455-5.5.3][R188]") {
    websocket<server> socket;
    guarded input(from_client(0x89, "payload"));
    inbound<server> in{input.bytes()};
    REQUIRE(socket.poll(in));
    REQUIRE(socket.send_ping());
    guarded payload("text");
    REQUIRE(socket.send(opcode::text, payload.bytes()));
    REQUIRE(socket.send_close());
    CHECK(socket.send_end_stream().error() == errc::not_open); // the pong goes first
    const auto owed = socket.poll_transmit();
    REQUIRE(owed);
    CHECK(h2ws::as_text(owed->bytes) == from_server(0x8a, "payload"));
    CHECK(socket.send_end_stream());
}

TEST_CASE("a failure found elsewhere comes too late after a Close or another failure",
          "[rfc6455-7.1.5][R183][R204]") {
    websocket<server> closing;
    guarded input(from_client(0x88, close_body(1000)));
    inbound<server> in{input.bytes()};
    REQUIRE(closing.poll(in));
    closing.fail(errc::idle_timeout);
    auto owed = closing.poll_transmit();
    REQUIRE(owed);
    CHECK(h2ws::as_text(owed->bytes) == from_server(0x88, close_body(1000)));
    const auto last = closing.poll(in);
    REQUIRE(last);
    CHECK(std::get<h2ws::closed>(*last).error == errc::none);

    websocket<server> failing;
    failing.fail(errc::keepalive_timeout);
    failing.fail(errc::message_too_big);
    owed = failing.poll_transmit();
    REQUIRE(owed);
    CHECK("> " + spaced_hex(h2ws::as_text(owed->bytes)) ==
          fails_with<server>(errc::keepalive_timeout));
}

TEST_CASE("payloads lie in the caller's memory", "[rfc6455-6.2][R195]") {
    websocket<server> socket;
    guarded input(from_client(0x81, "Hello"));
    inbound<server> in{input.bytes()};
    const auto found = socket.poll(in);
    REQUIRE(found);
    CHECK(std::get<h2ws::message_chunk>(*found).payload.data() == input.bytes().data() + 6);

    const octets wire = from_client(0x81, "Hello");
    const_bytes constant = h2ws::as_bytes(wire);
    guarded out("0123");
    const auto piece = socket.poll(constant, false, out.bytes());
    REQUIRE(piece);
    CHECK(std::get<h2ws::message_chunk>(*piece).payload.data() == out.bytes().data());
    CHECK(out.text() == "Hell");
    CHECK(constant.size() == 1);
}

TEST_CASE("the two polls may take turns", "[rfc6455-5.3][R169]") {
    websocket<server> socket;
    guarded input(from_client(0x81, "Hello, you"));
    guarded out("012");
    const_bytes first = input.bytes();
    const auto piece = socket.poll(first, false, out.bytes());
    REQUIRE(piece);
    CHECK(h2ws::as_text(std::get<h2ws::message_chunk>(*piece).payload) == "Hel");
    inbound<server> in{input.bytes().last(first.size())};
    const auto rest = socket.poll(in);
    REQUIRE(rest);
    CHECK(h2ws::as_text(std::get<h2ws::message_chunk>(*rest).payload) == "lo, you");
}

TEST_CASE("without room a payload stays where it is", "[rfc6455-6.2]") {
    websocket<server> socket;
    const octets wire = from_client(0x81, "Hello");
    const_bytes in = h2ws::as_bytes(wire);
    CHECK_FALSE(socket.poll(in, true, {}));
    CHECK_FALSE(socket.poll(in, true, {}));
    CHECK(in.size() == 5);
    guarded out("01234567");
    const auto found = socket.poll(in, true, out.bytes());
    REQUIRE(found);
    CHECK(h2ws::as_text(std::get<h2ws::message_chunk>(*found).payload) == "Hello");
}

TEST_CASE("a client without a masking key says no other word", "[rfc6455-5.3][R158][R168]") {
    for (const unsigned first : {0x88U, 0x89U}) {
        websocket<client> socket({.keys = {.next = no_key}});
        const octets wire = from_server(first);
        inbound<client> in{h2ws::as_bytes(wire)};
        REQUIRE(socket.poll(in));
        const auto owed = socket.poll_transmit();
        REQUIRE(owed);
        CHECK(owed->reset);
        CHECK(owed->bytes.empty());
        CHECK_FALSE(owed->end_stream);
        CHECK(owed->stream_error == http2_error::internal_error);
        CHECK_FALSE(socket.poll_transmit());
        const auto last = socket.poll(in);
        REQUIRE(last);
        CHECK(std::get<h2ws::closed>(*last).error == errc::no_masking_key);
        CHECK(std::get<h2ws::closed>(*last).stream_error == http2_error::internal_error);
        CHECK_FALSE(socket.poll(in));
        CHECK(socket.send_close().error() == errc::not_open);
    }
}

TEST_CASE("the error of our own reset is kept though the connection is lost after it",
          "[rfc6455-5.3][R168]") {
    websocket<client> socket({.keys = {.next = no_key}});
    const octets wire = from_server(0x89);
    inbound<client> in{h2ws::as_bytes(wire)};
    REQUIRE(socket.poll(in));
    REQUIRE(socket.poll_transmit());
    const auto last = socket.stream_ended(ending::connection_lost, http2_error::no_error);
    REQUIRE(last);
    CHECK(std::get<h2ws::closed>(*last).error == errc::no_masking_key);
    CHECK(std::get<h2ws::closed>(*last).stream_error == http2_error::internal_error);
}

TEST_CASE("a client without a masking key can send nothing", "[rfc6455-5.3][R168]") {
    websocket<client> socket; // no source at all
    guarded payload("text");
    guarded out("1234");
    const_bytes rest = payload.bytes();
    CHECK(socket.send(opcode::text, payload.bytes()).error() == errc::no_masking_key);
    CHECK(socket.send(opcode::text, rest, out.bytes()).error() == errc::no_masking_key);
    CHECK(socket.send_ping().error() == errc::no_masking_key);
    CHECK(socket.send_pong().error() == errc::no_masking_key);
    CHECK(socket.send_close().error() == errc::no_masking_key);
    CHECK(socket.lifecycle().sent() == direction::open); // it did not close
    CHECK(payload.text() == "text");
}

TEMPLATE_TEST_CASE("the lifecycle can be asked", "[rfc6455-7.1.3][R202]", server, client) {
    player<TestType> one;
    CHECK(one.socket().lifecycle().received() == direction::open);
    one.perform(send_close(1000));
    CHECK(one.socket().lifecycle().sent() == direction::closing);
    one.receive(from_peer<TestType>(0x88), false);
    CHECK(one.socket().lifecycle().received() == direction::closing);
    CHECK(one.socket().lifecycle().complete());
    CHECK(one.socket().lifecycle().sent() ==
          (TestType::is_client ? direction::closing : direction::ended));
    one.receive("", true);
    CHECK(one.socket().lifecycle().received() == direction::ended);
    CHECK(one.socket().lifecycle().sent() == direction::ended);
}

TEMPLATE_TEST_CASE("the end of our half cannot be sent before our Close", "[rfc6455-7.1.1][R201]",
                   server, client) {
    check<TestType>(
        {send_end_stream(), send_close(1000), send_end_stream(), send_end_stream()},
        {"! not_open", says<TestType>(0x88, close_body(1000)), "> end_stream", "! not_open"});
}

TEMPLATE_TEST_CASE("messages are no longer sent once the peer's half has ended",
                   "[rfc6455-6.1][R193]", server, client) {
    check<TestType>(
        {send(opcode::text, "x", false), end_stream(), send(opcode::text, "y"), send_close(1000)},
        {says<TestType>(0x01, "x"), "closed end_stream_without_close",
         TestType::is_client ? "> reset CANCEL" : "> end_stream", "! not_open", "! not_open"});
}
