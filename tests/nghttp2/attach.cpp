// Tunnels on a session that its owner uses for ordinary requests.
#include "owner.hpp"

using namespace attach_tests;
using session_suite::weather;

namespace {

using model = nghttp2_model;
using server_owner = owner<server>;
using client_owner = owner<client>;
using ready_client = session_suite::endpoint<nghttp2::client>;
using ready_server = session_suite::endpoint<nghttp2::server>;

std::vector<field> tunnel_request(std::string_view path = "/") {
    return {{":method", "CONNECT"}, {":protocol", "websocket"},
            {":scheme", "https"},   {":authority", "a.test"},
            {":path", path},        {"sec-websocket-version", "13"}};
}
std::vector<field> get_request(std::string_view path = "/") {
    return {{":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", path}};
}

// Until nothing moves.
template <class Owner, class Ready>
void join(Owner& ours, Ready& theirs) {
    for (int round = 0; round < 1'000'000; ++round) {
        const octets there = ours.transmit();
        theirs.receive(there);
        const octets back = theirs.transmit();
        if (there.empty() && back.empty()) return;
        REQUIRE(ours.receive(back) == 0);
    }
    FAIL("it never rests");
}

// The owner serves, a ready client asks.
struct served {
    explicit served(const set_up& how = {}, const weather& theirs = {})
        : ours(how),
          client(session_suite::with(theirs), theirs, now) {
        run();
    }
    instant now = seconds(1);
    server_owner ours;
    ready_client client;

    void run() { join(ours, client); }
    tunnel_id open(std::string_view path = "/") {
        const auto made = client.call(
            [&](auto& s) { return s.open({.authority = "a.test", .path = path}, now); });
        REQUIRE(made);
        client.at(*made);
        run();
        return *made;
    }
    request_id ask(std::string_view method, std::string_view path, std::string_view body = {}) {
        const field head[]{
            {":method", method}, {":scheme", "https"}, {":authority", "a.test"}, {":path", path}};
        const auto made = client.call([&](auto& s) { return s.request(head, body.empty(), now); });
        REQUIRE(made);
        if (!body.empty()) CHECK(client.write(*made, body, true) == errc::none);
        run();
        return *made;
    }
};

// The owner asks, a ready server answers.
struct asking {
    explicit asking(const set_up& how = {}, const weather& theirs = {})
        : ours(how),
          server(accepting(theirs), theirs, now) {
        server.echoes = true;
        ours.echoes = false;
        server.on_event = [this](const stream_event& event) {
            const auto* asked = std::get_if<request_received>(&event);
            if (asked == nullptr) return;
            const octets text = "for " + octets(asked->head->path);
            CHECK(server.session.respond(asked->request, 200, {}, as_bytes(text), now));
        };
        run();
    }
    static session_options accepting(const weather& how) {
        session_options options = session_suite::with(how);
        options.accept_tunnels = true;
        return options;
    }
    instant now = seconds(1);
    client_owner ours;
    ready_server server;

    void run() { join(ours, server); }
    tunnel_id open(std::string_view path = "/") {
        const auto made = ours.tunnels->open({.authority = "a.test", .path = path}, now);
        REQUIRE(made);
        run();
        return *made;
    }
};

const std::vector<set_up> set_ups{
    {},
    {.buffer = nghttp2::receive_buffer::read_only},
    {.window = 7},
    {.buffer = nghttp2::receive_buffer::read_only, .window = 1, .read_size = 3},
    {.window = 1'000, .read_size = 1},
};

// An owner's server whose peer is made by hand.
struct by_hand {
    explicit by_hand(const set_up& how = {}) : ours(how) {
        REQUIRE(ours.receive(model::client_preface()) == 0);
    }
    server_owner ours;

    void hears(std::string_view bytes) {
        CHECK(ours.receive(bytes) == 0);
        (void)ours.transmit();
    }
    lines frames() const { return model::frames(ours.written, false); }
};

} // namespace

TEST_CASE("an owner answers requests while tunnels echo on the same connection",
          "[nghttp2][attach][R100]") {
    for (const set_up& how : set_ups) {
        CAPTURE(how.window, how.read_size, how.buffer == nghttp2::receive_buffer::writable);
        const weather theirs{.stream_window = how.window};
        served both(how, theirs);
        CHECK(both.ours.attached_with == errc::none);
        const octets big(how.window < 100 ? 500 : 200'000, 'b');
        const tunnel_id first = both.open("/first");
        both.ask("GET", "/page");
        CHECK(both.client.body == "hello");
        both.client.body.clear();
        CHECK(both.client.send(first, "one") == errc::none);
        both.ask("POST", "/form", big); // comes back
        CHECK(both.client.body == big);
        const tunnel_id second = both.open("/second");
        CHECK(both.client.send(second, big) == errc::none);
        CHECK(both.client.send(first, "two") == errc::none);
        both.run();
        CHECK(both.client.of(1) == lines{"opened 200", "text \"one\"", "text \"two\""});
        CHECK(both.client.has("2 " + transcript::described(opcode::text, big)));
        REQUIRE(both.ours.exchanges.size() == 2);
        for (const auto& [stream_id, at] : both.ours.exchanges) {
            CHECK(at.ended);
            CHECK(at.closed);
            CHECK(at.code == 0);
        }
        CHECK(both.ours.exchanges.begin()->second.head ==
              ":method GET :scheme https :authority a.test :path /page ");
        CHECK(both.client.close(first) == errc::none);
        CHECK(both.ours.call([&](auto& t) {
            return t.send_close(both.ours.last, static_cast<status_code>(4001), "", both.now);
        }) == errc::none);
        both.run();
        CHECK(both.client.has("2 close 4001 \"\""));
        both.ours.check_all_over();
        CHECK(both.ours.count("1 closed none") == 1);
        CHECK(both.ours.count("2 closed none") == 1);
    }
}

TEST_CASE("an owner asks while its tunnels are echoed", "[nghttp2][attach][R100]") {
    for (const set_up& how : set_ups) {
        CAPTURE(how.window, how.read_size);
        asking both(how, {.stream_window = how.window});
        const octets big(how.window < 100 ? 500 : 200'000, 'b');
        const tunnel_id tunnel = both.open("/echo");
        const std::int32_t page = both.ours.ask("GET", "/page");
        const std::int32_t form = both.ours.ask("POST", "/form", big);
        CHECK(both.ours.send(tunnel, "one") == errc::none);
        CHECK(both.ours.send(tunnel, big, opcode::binary) == errc::none);
        both.run();
        CHECK(both.ours.exchanges[page].body == "for /page");
        CHECK(both.ours.exchanges[form].body == "for /form");
        CHECK(both.ours.exchanges[form].closed);
        CHECK(both.server.body == big);
        CHECK(both.ours.log == lines{"1 opened 200", "1 text \"one\"",
                                     "1 " + transcript::described(opcode::binary, big)});
        CHECK(both.ours.call([&](auto& t) {
            return t.send_close(tunnel, status_code::normal_closure, "", both.now);
        }) == errc::none);
        both.run();
        CHECK(session_suite::lines(both.ours.log.end() - 3, both.ours.log.end()) ==
              lines{"1 close 1000", "1 closed none", "1 released"});
        both.ours.check_all_over();
    }
}

TEST_CASE("a client's tunnel waits for the server's SETTINGS",
          "[nghttp2][attach][rfc8441-3][R10]") {
    client_owner ours;
    const auto made = ours.tunnels->open({.authority = "a.test", .path = "/"}, ours.now);
    REQUIRE(made);
    (void)ours.transmit();
    CHECK(model::frames(ours.written, true).empty());
    CHECK(ours.receive(model::server_preface(true)) == 0);
    (void)ours.transmit();
    CHECK(model::frames(ours.written, true) == lines{"1 headers"});
    CHECK(ours.receive(model::headers(1, {{":status", "200"}}, false)) == 0);
    CHECK(ours.receive(model::data(1, "\x81\x02hi", false)) == 0);
    CHECK(ours.log == lines{"1 opened 200", "1 text \"hi\""});
    CHECK(ours.receive(model::goaway(0)) == 0);
    CHECK(ours.log.back() == "1 released");
    CHECK(ours.frames_seen == lines{"goaway"}); // the owner hears of it too
}

TEST_CASE("a client's tunnel is refused where the server does not enable it",
          "[nghttp2][attach][rfc8441-3]") {
    client_owner ours;
    REQUIRE(ours.tunnels->open({.authority = "a.test", .path = "/"}, ours.now));
    CHECK(ours.receive(model::server_preface(false)) == 0);
    CHECK(ours.log == lines{"1 refused connect_not_enabled 0", "1 released"});
    (void)ours.transmit();
    CHECK(model::frames(ours.written, true).empty());
}

TEST_CASE("requests stay the owner's, whatever their method and order of fields",
          "[nghttp2][attach]") {
    by_hand peer;
    std::vector<field> late = get_request("/late");
    std::rotate(late.begin(), late.begin() + 1, late.end()); // :method comes last
    peer.hears(model::headers(1, late, true));
    peer.hears(model::headers(
        3, {{":method", "OPTIONS"}, {":scheme", "https"}, {":authority", "a"}, {":path", "*"}},
        true));
    peer.hears(model::headers(5, {{":method", "CONNECT"}, {":authority", "a:1"}}, false));
    peer.hears(model::data(5, "bytes", false));
    std::vector<field> tunnel = tunnel_request("/tunnel");
    std::rotate(tunnel.begin(), tunnel.begin() + 2, tunnel.begin() + 5); // :protocol comes last
    peer.hears(model::headers(7, tunnel, false));
    CHECK(peer.frames() ==
          lines{"1 headers", "1 data 5 end", "3 headers", "3 data 5 end", "7 headers"});
    CHECK(peer.ours.exchanges.size() == 3);
    CHECK(peer.ours.exchanges[5].body == "bytes");
    CHECK(peer.ours.log == lines{"1 requested /tunnel"});
}

TEST_CASE("what is wrong with a request for a tunnel is answered by us", "[nghttp2][attach][R52]") {
    by_hand peer;
    std::vector<field> old = tunnel_request();
    old.back().value = "8";
    peer.hears(model::headers(1, old, false));
    std::vector<field> bad = tunnel_request();
    bad.push_back({"connection", "close"});
    peer.hears(model::headers(3, bad, false));
    std::vector<field> other = tunnel_request();
    other[1].value = "connect-udp";
    peer.hears(model::headers(5, other, false));
    CHECK(peer.ours.log == lines{"rejected websocket_version_invalid", "rejected malformed_message",
                                 "rejected protocol_not_supported"});
    CHECK(peer.frames() == lines{"1 headers end", "1 reset NO_ERROR", "3 reset PROTOCOL_ERROR",
                                 "5 headers end", "5 reset NO_ERROR"});
    CHECK(peer.ours.exchanges.empty());
    CHECK(peer.ours.tunnels->stream_count() == 0);
}

TEST_CASE("a request whose head is too large before `:protocol` is answered with 431",
          "[nghttp2][attach][rfc9113-10.5.1][R124]") {
    for (const std::size_t size : {20U, 120U}) {
        by_hand peer({.options = {.max_field_bytes = 120}});
        const octets path = '/' + octets(size, 'x');
        std::vector<field> request = tunnel_request();
        for (field& line : request)
            if (line.name == ":path") line.value = path;
        std::swap(request[1], *std::find_if(request.begin(), request.end(), [](const field& line) {
                      return line.name == ":path";
                  })); // `:protocol` comes behind it
        peer.hears(model::headers(1, request, false));
        if (size == 20U) {
            CHECK(peer.ours.log == lines{"1 requested " + path});
            continue;
        }
        CHECK(peer.ours.log == lines{"rejected too_many_fields"});
        CHECK(peer.frames() == lines{"1 headers end", "1 reset NO_ERROR"});
        CHECK(peer.ours.tunnels->stream_count() == 0);
    }
}

TEST_CASE("an application refuses a tunnel, and the connection goes on", "[nghttp2][attach]") {
    by_hand peer;
    peer.ours.accepts = false;
    peer.hears(model::headers(1, tunnel_request("/no"), false));
    CHECK(peer.ours.call([&](auto& t) {
        return t.refuse(peer.ours.last, 403, peer.ours.now, {}, "go away");
    }) == errc::none);
    peer.hears({});
    peer.hears(model::headers(3, get_request(), true));
    CHECK(peer.frames() ==
          lines{"1 headers", "1 data 7 end", "1 reset NO_ERROR", "3 headers", "3 data 5 end"});
    CHECK(peer.ours.log == lines{"1 requested /no", "1 released"});
}

TEST_CASE("resets by either side end one tunnel only", "[nghttp2][attach][rfc8441-5]") {
    by_hand peer;
    for (const std::uint32_t stream : {1U, 3U, 5U})
        peer.hears(model::headers(stream, tunnel_request(), false));
    const tunnel_id third = peer.ours.last;
    peer.hears(model::reset(1, 8));
    CHECK(peer.ours.call([&](auto& t) {
        return t.reset(third, http2_error::cancel, peer.ours.now);
    }) == errc::none);
    peer.hears({});
    peer.hears(model::data(3, transcript::from_client(0x81, "still here"), false));
    CHECK(peer.ours.log == lines{"1 requested /", "2 requested /", "3 requested /",
                                 "1 closed reset_by_peer CANCEL", "1 released",
                                 "3 closed reset_by_us", "3 released", "2 text \"still here\""});
    CHECK(peer.frames().back() == "3 data 12");
}

TEST_CASE("an owner that closes its session leaves each tunnel one closed",
          "[nghttp2][attach][rfc6455-7.2.1][R103]") {
    served both;
    both.open("/one");
    both.open("/two");
    both.ask("GET", "/page");
    SECTION("by deleting it") { both.ours.tunnels->lost(connection_loss::failed); }
    SECTION("by GOAWAY with an error") {
        nghttp2_session_terminate_session(both.ours.session, NGHTTP2_INTERNAL_ERROR);
        both.client.receive(both.ours.transmit());
    }
    both.ours.tunnels->deliver();
    const octets why = both.ours.log.back();
    CHECK((why == "ended connection_lost" || why == "ended connection_error"));
    CHECK(both.ours.count("1 closed connection_lost") == 1);
    CHECK(both.ours.count("2 closed connection_lost") == 1);
    both.ours.check_all_over();
    CHECK(both.ours.tunnels->send(both.ours.last, opcode::text, as_bytes("x"), 0).error() ==
          errc::not_open);
}

TEST_CASE("an owner's session outlives its tunnels", "[nghttp2][attach]") {
    served both;
    const tunnel_id tunnel = both.open();
    both.ours.echoes = false;
    CHECK(both.ours.send(both.ours.last, octets(100'000, 'x')) == errc::none);
    both.client.consumes = false; // so that output waits
    both.run();
    // Only the object goes: forwarding ends with it.
    auto& ours = both.ours;
    const auto nothing = [](const stream_event&) {};
    ours.tunnels = std::make_unique<server_owner::attached>(nothing);
    both.run();
    CHECK(both.client.of(1).back() == "released");
    CHECK(both.client.at(tunnel).closed == 1);
    both.ask("GET", "/page");
    CHECK(both.client.body == "hello");
}

TEST_CASE("wrong set-ups are told by name", "[nghttp2][attach]") {
    CHECK(server_owner({.prepared = false}).attached_with == errc::not_prepared);
    CHECK(client_owner({.prepared = false}).attached_with == errc::not_prepared);
    server_owner ours;
    CHECK(ours.attached_with == errc::none);
    CHECK(ours.tunnels->attach(*ours.session).error() == errc::invalid_argument); // twice
    const auto nothing = [](const stream_event&) {};
    nghttp2::attached_client wrong_role(nothing);
    CHECK(wrong_role.attach(*ours.session).error() == errc::invalid_argument);
}

TEST_CASE("asking for manual window updates changes nothing by itself", "[nghttp2][attach]") {
    server_owner ours;
    (void)ours.transmit();
    ours.written.clear();
    CHECK(nghttp2_session_consume_connection(ours.session, 0) == 0); // what attach does
    CHECK(ours.transmit().empty());
}

TEST_CASE("a callback that is not forwarded is found by its absence", "[nghttp2][attach]") {
    for (const char* const silent : {"on_begin_headers", "on_header", "on_frame_recv",
                                     "on_data_chunk_recv", "on_frame_send", "on_stream_close"}) {
        CAPTURE(silent);
        server_owner ours({.silent = silent});
        CHECK(ours.receive(model::client_preface()) == 0);
        (void)ours.transmit();
        for (const std::uint32_t stream : {1U, 3U}) {
            CHECK(ours.receive(model::headers(stream, tunnel_request(), false)) == 0);
            (void)ours.transmit();
            CHECK(ours.receive(model::data(stream, transcript::from_client(0x81, "x"), false)) ==
                  0);
            (void)ours.transmit();
            CHECK(ours.receive(model::reset(stream, 8)) == 0);
            (void)ours.transmit();
        }
        CHECK(ours.tunnels->missing_callback() == silent);
        CHECK(ours.log.back() == "ended callback_missing");
        ours.check_all_over();
        CHECK(ours.receive(model::headers(5, get_request(), true)) == 0);
        if (silent != octets("on_frame_recv")) continue;
        (void)ours.transmit(); // the owner goes on
        CHECK(model::frames(ours.written, false).back() == "5 data 5 end");
    }
    client_owner asks({.silent = "on_frame_recv"});
    CHECK(asks.receive(model::server_preface(true)) == 0);
    (void)asks.transmit();
    CHECK(asks.tunnels->missing_callback() == "on_frame_recv");
}

TEST_CASE("nothing is missing in a set-up that is right", "[nghttp2][attach]") {
    served both;
    both.open();
    both.ask("GET", "/");
    CHECK(both.ours.tunnels->missing_callback().empty());
}

TEST_CASE("a client whose numbers its owner has used up opens no tunnel",
          "[nghttp2][attach][rfc9113-5.1.1]") {
    client_owner ours;
    CHECK(ours.receive(model::server_preface(true)) == 0);
    const connect_request wanted{.authority = "a.test", .path = "/"};
    REQUIRE(nghttp2_session_set_next_stream_id(ours.session, 0x7fff'fffd) == 0);
    SECTION("by the last tunnel") {
        CHECK(ours.ask("GET", "/") == 0x7fff'fffd);
        CHECK(ours.tunnels->open(wanted, ours.now));
    }
    SECTION("by the last request") {
        CHECK(ours.tunnels->open(wanted, ours.now));
        CHECK(ours.ask("GET", "/") == 0x7fff'ffff);
        CHECK(ours.tunnels->open(wanted, ours.now));
        ours.tunnels->deliver();
        CHECK(ours.log == lines{"1 refused stream_not_processed 0 retryable", "1 released"});
    }
    CHECK(ours.tunnels->open(wanted, ours.now).error() == errc::not_open);
    (void)ours.transmit();
    CHECK_FALSE(ours.tunnels_ended);
}

TEST_CASE("a server that does not advertise is asked for no tunnel", "[nghttp2][attach][R9]") {
    by_hand peer({.advertises = false});
    peer.hears(model::headers(1, tunnel_request(), false));
    CHECK(peer.ours.log.empty());
    CHECK(peer.frames() == lines{"1 reset PROTOCOL_ERROR"}); // nghttp2's
    CHECK(peer.ours.exchanges[1].code == NGHTTP2_PROTOCOL_ERROR);
}

TEST_CASE("the credit of tunnels and of the owner's streams is returned once",
          "[nghttp2][attach][rfc9113-6.9][R117]") {
    // WINDOW_UPDATE of the connection and of streams, summed.
    const auto granted = [](const octets& written) {
        std::map<std::uint32_t, std::uint64_t> sums;
        std::string_view bytes = written;
        while (bytes.size() >= 9) {
            const std::uint32_t length = model::number_at(bytes, 0, 3);
            if (bytes[3] == 8) sums[model::number_at(bytes, 5)] += model::number_at(bytes, 9);
            bytes.remove_prefix(9 + length);
        }
        return sums;
    };
    constexpr std::size_t piece = 16'384;
    constexpr std::size_t pieces = 40;
    for (const bool owner_consumes : {true, false}) {
        by_hand peer;
        peer.ours.consumes_own = owner_consumes;
        peer.ours.echoes = false;
        peer.hears(model::headers(1, tunnel_request(), false));
        peer.hears(model::headers(
            3, {{":method", "POST"}, {":scheme", "https"}, {":authority", "a"}, {":path", "/"}},
            false));
        const octets frame = transcript::from_client(0x82, octets(piece - 8, 'x'));
        REQUIRE(frame.size() == piece);
        for (std::size_t i = 0; i < pieces; ++i) peer.hears(model::data(1, frame, false));
        if (owner_consumes)
            for (std::size_t i = 0; i < pieces; ++i)
                peer.hears(model::data(3, octets(piece, 'y'), false));
        else
            peer.hears(model::data(3, octets(piece, 'y'), false));
        auto sums = granted(peer.ours.written);
        const std::size_t all = piece * pieces;
        const std::size_t most_kept = 65'535 / 2 + piece; // nghttp2 gathers half a window
        for (const std::uint32_t stream : {0U, 1U, 3U}) {
            const std::size_t sent = stream == 0 && owner_consumes    ? 2 * all
                                     : stream == 3 && !owner_consumes ? 0
                                                                      : all;
            CAPTURE(owner_consumes, stream);
            CHECK(sums[stream] <= sent);
            CHECK(sums[stream] + most_kept >= sent);
        }
    }
}

TEST_CASE("bytes that the application does not consume hold the tunnel's window only",
          "[nghttp2][attach][R100]") {
    served both({.window = 1'000});
    const tunnel_id tunnel = both.open();
    both.ours.consumes = false;
    CHECK(both.client.send(tunnel, octets(5'000, 'x'), opcode::binary) == errc::none);
    both.run();
    CHECK(both.ours.count("1 requested /") == 1);
    CHECK(both.ours.log.size() == 1); // no whole message came
    both.ask("POST", "/", octets(200'000, 'p'));
    CHECK(both.client.body.size() == 200'000);
}

TEST_CASE("a shutdown of the tunnels leaves GOAWAY to the owner", "[nghttp2][attach][R113]") {
    by_hand peer;
    peer.hears(model::headers(1, tunnel_request(), false));
    peer.ours.tunnels->shutdown(peer.ours.now);
    peer.ours.tunnels->deliver();
    peer.hears(model::headers(3, tunnel_request(), false));
    peer.hears(model::headers(5, get_request(), true));
    peer.hears(model::data(1, transcript::from_client(0x81, "on"), false));
    CHECK(peer.ours.log == lines{"1 requested /", "rejected too_many_tunnels", "1 text \"on\""});
    CHECK(peer.frames() == lines{"1 headers", "3 headers end", "3 reset NO_ERROR", "5 headers",
                                 "5 data 5 end", "1 data 4"});
}

TEST_CASE("timers of attached tunnels run on the time they are given", "[nghttp2][attach]") {
    by_hand peer;
    peer.hears(model::headers(1, tunnel_request(), false));
    auto& tunnels = *peer.ours.tunnels;
    const auto pass_until = [&](instant until) {
        for (instant due = tunnels.deadline(); due <= until; due = tunnels.deadline()) {
            tunnels.expire(due);
            tunnels.deliver();
            peer.hears({});
        }
    };
    pass_until(peer.ours.now + seconds(30) - 1);
    CHECK(peer.frames().back() == "1 headers");
    pass_until(peer.ours.now + seconds(30));
    CHECK(peer.frames().back() == "1 data 2"); // a ping
    pass_until(peer.ours.now + seconds(60));
    CHECK(peer.ours.log.back() == "1 closed keepalive_timeout");
}

TEST_CASE("without memory tunnels end and the owner goes on", "[nghttp2][attach]") {
    scarce_memory never_fails;
    {
        served both({.options = {.memory = never_fails.policy()}});
        both.client.close(both.open());
        both.run();
    }
    CHECK(never_fails.held == 0);
    for (std::size_t turn = 1; turn <= never_fails.allocations; ++turn) {
        CAPTURE(turn);
        scarce_memory memory{.fails_at = turn, .for_good = true};
        {
            served both({.options = {.memory = memory.policy()}});
            const auto made = both.client.session.open({.authority = "a", .path = "/"}, both.now);
            both.run();
            if (made) (void)both.client.send(*made, "text");
            both.run();
            both.ask("GET", "/page");
            CHECK(both.client.body == "hello");
            for (const auto& [name, times] : both.ours.closed_count) CHECK(times == 1);
            for (const auto& [name, times] : both.ours.released_count) CHECK(times == 1);
            if (both.ours.tunnels_ended) CHECK(both.ours.log.back() == "ended no_memory");
        }
        CHECK(memory.held == 0);
    }
}

TEST_CASE("a client without memory tells of each tunnel that it named", "[nghttp2][attach]") {
    const auto play = [](const allocator& memory) {
        asking both({.options = {.memory = memory}});
        std::vector<tunnel_id> made;
        for (int i = 0; i < 10; ++i)
            if (const auto opened =
                    both.ours.tunnels->open({.authority = "a.test", .path = "/"}, both.now))
                made.push_back(*opened);
        both.run();
        const std::int32_t own = both.ours.ask("GET", "/page");
        both.run();
        CHECK(both.ours.exchanges[own].body == "for /page");
        std::size_t told = both.ours.released_count.size();
        for (const octets& line : both.ours.log) told += line.ends_with("opened 200");
        CHECK(told == made.size());
        both.ours.tunnels->lost(connection_loss::failed);
        both.ours.tunnels->deliver();
        for (const tunnel_id each : made) CHECK(both.ours.released_count[each.value] == 1);
    };
    scarce_memory never_fails;
    play(never_fails.policy());
    for (const bool for_good : {false, true}) {
        for (std::size_t turn = 1; turn <= never_fails.allocations; ++turn) {
            CAPTURE(for_good, turn);
            scarce_memory memory{.fails_at = turn, .for_good = for_good};
            play(memory.policy());
            CHECK(memory.held == 0);
        }
    }
}

TEST_CASE("a client's stream is given no user data, which is the owner's", "[nghttp2][attach]") {
    asking both;
    const auto made = both.ours.tunnels->open({.authority = "a.test", .path = "/"}, both.now);
    REQUIRE(made);
    (void)both.ours.transmit();
    const std::int32_t stream = both.ours.tunnels->stream_id(*made);
    REQUIRE(nghttp2_session_find_stream(both.ours.session, stream) != nullptr);
    CHECK(nghttp2_session_get_stream_user_data(both.ours.session, stream) == nullptr);
}
