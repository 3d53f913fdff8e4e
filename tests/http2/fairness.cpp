// Who is heard when many speak: one tunnel whose peer takes nothing beside 99 busy ones, and
// tunnels of different urgency (RFC 9218). What is written is compared frame by frame.
#include "../session_suite/alone.hpp"
#include "model.hpp"

using namespace session_suite;

namespace {

using m = http2_model;

constexpr std::uint32_t busy = 99;

std::uint32_t stream_of(std::string_view frame) { return m::number_at(frame, 5); }

// The frames of what was written, but those of one stream.
octets without(std::string_view written, std::uint32_t stream) {
    octets out;
    while (!written.empty()) {
        const std::string_view whole = written.substr(0, 9 + m::number_at(written, 0, 3));
        if (stream_of(whole) != stream) out += whole;
        written.remove_prefix(whole.size());
    }
    return out;
}

// The streams whose DATA was written, in order.
std::vector<std::uint32_t> turns(std::string_view written) {
    std::vector<std::uint32_t> out;
    for (; !written.empty(); written.remove_prefix(9 + m::number_at(written, 0, 3)))
        if (written[3] == 0) out.push_back(stream_of(written));
    return out;
}

octets update_of(std::uint32_t stream, std::string_view urgency) {
    return m::frame(0x10, 0, 0, m::number(stream) + octets(urgency));
}

// A server whose client opens so many tunnels, each with its priority field if that is not empty.
struct meeting {
    explicit meeting(std::uint32_t window, const session_options& options = {}) : us(options) {
        us.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                 m::frame(4, 0, 0, octets("\0\4", 2) + m::number(window)) +
                 m::frame(8, 0, 0, m::number(1 << 30)));
    }

    alone<m::server> us;
    std::vector<tunnel_id> names;
    std::uint32_t next = 1;

    void open(std::string_view priority = {}, std::string_view more = {}) {
        auto request = websocket_request();
        for (const std::string_view value : {priority, more})
            if (!value.empty()) request.push_back({"priority", value});
        us.hears(m::headers(next, request, false));
        next += 2;
        names.push_back(us.side.last);
        REQUIRE(us.side.at(names.back()).opened);
    }
    void queue(std::size_t which, std::size_t size) {
        REQUIRE(us.side.send(names[which], octets(size, 'x'), opcode::binary) == errc::none);
    }
    octets leaves() {
        const std::size_t before = us.side.written.size();
        us.hears({});
        return us.side.written.substr(before);
    }
};

// What is written for 99 busy tunnels; the hundredth has used its window up and is not given more.
octets written_beside(bool blocked) {
    meeting it(5'000);
    for (std::uint32_t i = 0; i < busy; ++i) it.open();
    if (blocked) {
        it.open();
        for (int i = 0; i < 10; ++i) it.queue(busy, 20'000);
        (void)it.leaves();
    }
    octets all;
    for (std::uint32_t round = 0; round < 30; ++round) {
        for (std::uint32_t i = 0; i < busy; ++i) it.queue(i, (37 * i + 211 * round) % 6'000);
        if (blocked) it.queue(busy, 1'000);
        all += it.leaves();
        octets credit;
        for (std::uint32_t i = 0; i < busy; ++i)
            credit += m::frame(8, 0, 2 * i + 1, m::number(4'000));
        const std::size_t before = it.us.side.written.size();
        it.us.hears(credit);
        all += it.us.side.written.substr(before);
    }
    if (blocked) { // and it goes on where it stopped
        const std::size_t before = it.us.side.written.size();
        it.us.hears(m::frame(8, 0, 2 * busy + 1, m::number(1'000'000)));
        const octets rest = it.us.side.written.substr(before);
        CHECK(without(rest, 2 * busy + 1).empty());
        CHECK(rest.size() > 10 * 20'000 + 30 * 1'000 - 5'000);
    }
    return all;
}

} // namespace

TEST_CASE("99 busy tunnels leave as if a blocked one beside them were not there",
          "[http2][R100][R118]") {
    const octets alone = written_beside(false);
    const octets beside = written_beside(true);
    REQUIRE(turns(alone).size() > 30 * busy);
    CHECK(without(beside, 2 * busy + 1).size() == beside.size());
    CHECK(alone == beside);
}

TEST_CASE("tunnels of the same urgency take turns of a frame each", "[http2][R100]") {
    meeting it(1'000'000);
    for (int i = 0; i < 3; ++i) it.open();
    for (std::size_t i = 0; i < 3; ++i) it.queue(i, 40'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{1, 3, 5, 1, 3, 5, 1, 3, 5});
}

TEST_CASE("the priority field of a request decides who goes first", "[http2][rfc9218-4.1]") {
    meeting it(1'000'000);
    for (const char* const priority : {"u=5", "", "u=0", "u=7, i"}) it.open(priority);
    for (std::size_t i = 0; i < 4; ++i) it.queue(i, 20'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{5, 5, 3, 3, 1, 1, 7, 7});
}

TEST_CASE("several priority fields of a request are one, whose last word counts",
          "[http2][rfc9218-5]") {
    meeting it(1'000'000);
    it.open();
    it.open("u=1", "i");
    it.open("u=1, i", "i=?0, u=2");
    for (std::size_t i = 0; i < 3; ++i) it.queue(i, 20'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{3, 3, 5, 5, 1, 1});
}

TEST_CASE("PRIORITY_UPDATE decides who goes first from then on", "[http2][rfc9218-7.1]") {
    meeting it(1'000'000);
    for (int i = 0; i < 3; ++i) it.open();
    it.us.hears(m::frame(0x10, 0, 0, m::number(5) + "u=1"));
    for (std::size_t i = 0; i < 3; ++i) it.queue(i, 20'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{5, 5, 1, 3, 1, 3});
    it.us.hears(m::frame(0x10, 0, 0, m::number(5) + "u=6"));
    for (std::size_t i = 3; i-- > 0;) it.queue(i, 20'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{3, 1, 3, 1, 5, 5});
}

TEST_CASE("PRIORITY_UPDATE before its stream opens counts from then on, over its field",
          "[http2][rfc9218-7]") {
    meeting it(1'000'000);
    for (const auto& [stream, urgency] : {std::pair{3, "u=6"}, {5, "u=4"}, {5, "u=0"}, {7, "u=1"}})
        it.us.hears(update_of(static_cast<std::uint32_t>(stream), urgency));
    it.open();
    it.open("u=0"); // what was said of it before overrides this
    it.open();
    for (std::size_t i = 0; i < 3; ++i) it.queue(i, 20'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{5, 5, 1, 1, 3, 3});
    it.next = 9; // closes 7, which was never opened (RFC 9113 §5.1.1)
    it.open();
    it.us.hears(update_of(7, "u=0") + update_of(5, "u=7"));
    for (std::size_t i = 0; i < 4; ++i) it.queue(i, 10'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{1, 9, 3, 5});
}

TEST_CASE("the priority field counts in a header section, not among trailers",
          "[http2][rfc9218-5]") {
    alone<m::server> us;
    us.side.accepts = false;
    us.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + m::frame(4, 0, 0, {}));
    const std::vector<field> post{
        {":method", "POST"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
    std::vector<request_id> names;
    us.side.on_event = [&](const stream_event& found) {
        if (const auto* asked = std::get_if<request_received>(&found))
            names.push_back(asked->request);
    };
    us.hears(m::headers(1, post, false) + m::headers(3, post, false) +
             m::headers(3, {{"priority", "u=0"}}, true));
    REQUIRE(names.size() == 2);
    const octets body(10'000, 'x');
    for (const request_id name : names)
        REQUIRE(us.side.session.respond(name, 200, {}, as_bytes(body), us.now));
    const std::size_t before = us.side.written.size();
    us.hears({});
    CHECK(turns(us.side.written.substr(before)) == std::vector<std::uint32_t>{1, 3});
}

TEST_CASE("idle streams with a priority count among those that may be open",
          "[http2][rfc9218-7.1]") {
    for (const bool acknowledged : {true, false}) {
        CAPTURE(acknowledged);
        meeting it(1'000'000, {.max_streams = 4});
        if (acknowledged) it.us.hears(m::frame(4, 1, 0, {}));
        it.open();
        for (const std::uint32_t stream : {3U, 5U, 7U, 5U}) it.us.hears(update_of(stream, "u=1"));
        it.us.hears(update_of(1, "u=1") + m::reset(1, 8) + update_of(1, "u=1"));
        it.us.hears(update_of(11, "u=1")); // in its place
        CHECK_FALSE(it.us.side.ended);
        it.us.hears(update_of(9, "u=1"));
        // What we allow is not known to the peer before it acknowledges it.
        CHECK(it.us.side.ended == acknowledged);
        if (acknowledged) CHECK(it.us.side.log.back() == "ended frame_unexpected");
    }
}

TEST_CASE("a stream whose reset the peer does not know yet, but has sent its own, is not active",
          "[http2][rfc9218-7.1]") {
    meeting it(1'000'000, {.max_streams = 2});
    it.us.hears(m::frame(4, 1, 0, {}));
    it.open();
    it.open();
    REQUIRE(it.us.side.reset(it.names[0]) == errc::none); // waits to be written
    it.us.side.receive(m::reset(1, 8) + update_of(5, "u=1"));
    CHECK_FALSE(it.us.side.ended);
    it.us.side.receive(update_of(7, "u=1"));
    it.us.hears({});
    CHECK(it.us.side.log.back() == "ended frame_unexpected");
}

TEST_CASE("an urgent tunnel that is blocked holds nobody up", "[http2][rfc9218-4.1][R118]") {
    meeting it(20'004); // one message with its head
    it.open("u=0");
    it.open();
    it.queue(0, 20'000);
    (void)it.leaves();
    it.queue(0, 20'000);
    it.queue(1, 10'000);
    CHECK(turns(it.leaves()) == std::vector<std::uint32_t>{3});
}

TEST_CASE("an answer without a body frees its place though others are more urgent",
          "[http2][rfc9113-5.1.2][R98]") {
    session_options options{.max_streams = 2};
    alone<m::server> us(options);
    us.hears(m::client_preface());
    us.side.on_event = [&](const stream_event& told) {
        const auto* const asked = std::get_if<request_received>(&told);
        if (asked == nullptr) return;
        const bool whole = asked->head->path == "/large";
        const octets body(whole ? 500'000 : 0, 'x');
        CHECK(
            us.side.session.respond(asked->request, whole ? 200 : 204, {}, as_bytes(body), us.now));
    };
    const auto get = [](std::string_view path, std::string_view priority) {
        return std::vector<field>{{":method", "GET"},
                                  {":scheme", "https"},
                                  {":authority", "a.test"},
                                  {":path", path},
                                  {"priority", priority}};
    };
    us.side.receive(m::headers(1, get("/large", "u=0"), true) +
                    m::headers(3, get("/", "u=7"), true));
    (void)us.side.transmit(); // one write of many
    CHECK(us.side.has("request released none"));
    us.side.receive(m::headers(5, get("/", "u=7"), true));
    (void)us.side.transmit();
    const lines frames = m::frames(us.side.written, false);
    CHECK(std::count(frames.begin(), frames.end(), "5 headers end") == 1);
}
