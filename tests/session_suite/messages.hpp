// Messages, their queues and their credit.
#pragma once

#include "../scarce_memory.hpp"
#include "alone.hpp"

TEMPLATE_LIST_TEST_CASE("messages of all kinds are echoed at every window and every cut",
                        "[session][rfc6455-5.4][R99][R118]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id tunnel = both.opened("/chat");
        CHECK(both.client.send(tunnel, "Hello") == errc::none);
        CHECK(both.client.send(tunnel, std::string_view("\0\xff", 2), opcode::binary) ==
              errc::none);
        CHECK(both.client.send(tunnel, "") == errc::none);
        CHECK(both.client.send(tunnel, "frag", opcode::text, false) == errc::none);
        CHECK(both.client.send(tunnel, "", opcode::text, false) == errc::none);
        CHECK(both.client.send(tunnel, "mented", opcode::text, true) == errc::none);
        CHECK(both.client.move(tunnel, "moved") == errc::none);
        CHECK(both.client.move(tunnel, "") == errc::none);
        both.run();
        CHECK(both.client.of(1) == lines{"opened 200", "text \"Hello\"", "binary 00 ff",
                                         "text \"\"", "text \"fragmented\"", "text \"moved\"",
                                         "text \"\""});
        CHECK(both.client.close(tunnel, 1000, "bye") == errc::none);
        both.run();
        CHECK(last(both.server.of(1), 3) == lines{"close 1000 \"bye\"", "closed none", "released"});
        CHECK(last(both.client.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("between two events of an input a session can be polled with nothing",
                        "[session]", models) {
    alone<typename TestType::server> server;
    server.hears(TestType::client_preface());
    server.hears(TestType::headers(1, websocket_request(), false));
    octets bytes = TestType::data(1, transcript::from_client(0x81, "one"), false) +
                   TestType::data(1,
                                  transcript::from_client(0x81, "two") +
                                      transcript::from_client(0x89, "three"),
                                  false);
    mutable_bytes in{reinterpret_cast<std::byte*>(bytes.data()), bytes.size()};
    int events = 0;
    while (server.side.session.poll(in, server.now)) {
        ++events;
        mutable_bytes nothing;
        CHECK_FALSE(server.side.session.poll(nothing, server.now));
    }
    CHECK(events == 3);
    CHECK(in.empty());
}

TEMPLATE_LIST_TEST_CASE("long messages pass by copy and by move, both ways",
                        "[session][R92][R169][rfc6455-10.3][R170]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        const tunnel_id tunnel = both.opened();
        const tunnel_id theirs = both.server.last;
        octets text(bulk(how), 'x');
        for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 % 251);
        const std::string line = transcript::described(opcode::binary, text);
        CHECK(both.client.send(tunnel, text, opcode::binary) == errc::none);
        CHECK(both.server.move(theirs, text, opcode::binary) == errc::none);
        both.run();
        CHECK(both.client.move(tunnel, text, opcode::binary) == errc::none);
        CHECK(both.server.send(theirs, text, opcode::binary) == errc::none);
        CHECK(both.client.send(tunnel, "after") == errc::none);
        both.run();
        CHECK(both.server.of(1) == lines{"requested /", line, line, "text \"after\""});
        CHECK(both.client.of(1) == lines{"opened 200", line, line});
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a ping is answered, and its pong overtakes queued messages",
                        "[session][rfc6455-5.5.3][R187][R188][R190]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        const tunnel_id tunnel = both.opened();
        CHECK(both.client.ping(tunnel, "are you there") == errc::none);
        both.run();
        CHECK(last(both.server.of(1), 1) == lines{"ping \"are you there\""});
        CHECK(last(both.client.of(1), 1) == lines{"pong \"are you there\""});
        CHECK(both.client.ping(tunnel, std::string(126, 'x')) == errc::invalid_argument);
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a flood of pings to a peer that does not read costs one pong of memory",
                        "[session][R189][R123]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    both.client_hears = false;
    both.server.consumes = false;
    const octets big(100'000, 'b'); // fills the client's window
    CHECK(both.server.send(both.server.last, big, opcode::binary) == errc::none);
    both.run();
    for (int i = 0; i < 10'000; ++i) {
        CHECK(both.client.ping(tunnel, "ping " + std::to_string(i)) == errc::none);
        if (i % 100 == 0) both.run();
    }
    both.run();
    both.client_hears = true;
    both.run();
    CHECK(both.client.count("1 pong \"ping 9999\"") == 1);
    CHECK(both.client.log.size() < 10);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("three tunnels are interleaved", "[session][R100]", models) {
    for (const weather& how : weathers()) {
        CAPTURE(how.stream_window, how.read_size, how.write_size);
        pair<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id a = both.opened("/a"), b = both.opened("/b"), c = both.opened("/c");
        const octets long_text(bulk(how) / 4, 'l');
        CHECK(both.client.send(a, long_text, opcode::binary) == errc::none);
        for (int i = 0; i < 10; ++i) {
            CHECK(both.client.send(b, "b" + std::to_string(i)) == errc::none);
            CHECK(both.client.send(c, "c" + std::to_string(i)) == errc::none);
        }
        both.run();
        CHECK(both.client.has("1 " + transcript::described(opcode::binary, long_text)));
        for (int i = 0; i < 10; ++i) {
            CHECK(both.client.has("2 text \"b" + std::to_string(i) + '"'));
            CHECK(both.client.has("3 text \"c" + std::to_string(i) + '"'));
        }
        CHECK(both.client.reset(b) == errc::none);
        CHECK(both.client.send(a, "still") == errc::none);
        both.run();
        CHECK(both.client.has("1 text \"still\""));
        CHECK(both.client.of(2).back() == "released");
        both.check_credit(bulk(how));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("messages of many tunnels leave in one write", "[session]", models) {
    pair<TestType> both;
    const tunnel_id tunnels[] = {both.opened(), both.opened(), both.opened()};
    for (const tunnel_id tunnel : tunnels) CHECK(both.client.send(tunnel, "Hello") == errc::none);
    lines leaving = TestType::frames(both.client.written + both.client.offered(), true);
    leaving = last(leaving, leaving.size() - both.client_frames().size());
    std::sort(leaving.begin(), leaving.end()); // whose turn it is, is another matter
    CHECK(leaving == lines{"1 data 11", "3 data 11", "5 data 11"});
    both.run();
    for (const std::size_t label : {1u, 2u, 3u})
        CHECK(both.server.of(label).back() == "text \"Hello\"");
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a tunnel that nobody consumes starves no other", "[session][R100]",
                        models) {
    pair<TestType> both;
    const tunnel_id stuck = both.opened("/stuck");
    const octets big(200'000, 's');
    for (int i = 0; i < 3; ++i) CHECK(both.client.send(stuck, big, opcode::binary) == errc::none);
    both.server.consumes = false;
    both.run();
    CHECK(both.server.unconsumed == 65'535); // the window, and no more
    both.server.consumes = true;
    both.check_credit(1 << 20);
    CHECK(both.client.reset(stuck) == errc::none);
    both.run();
    both.check_credit(1 << 20); // what was held went back with the tunnel
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("bytes that are held beyond the limit hold the connection's credit",
                        "[session]", models) {
    pair<TestType> both({}, {.connection_window = 70'000, .max_held = 50'000});
    const tunnel_id a = both.opened("/a"), b = both.opened("/b"), c = both.opened("/c");
    both.server.consumes = false;
    const octets big(60'000, 's');
    CHECK(both.client.send(a, big, opcode::binary) == errc::none);
    CHECK(both.client.send(b, big, opcode::binary) == errc::none);
    CHECK(both.client.send(c, big, opcode::binary) == errc::none);
    both.run();
    CHECK(both.server.unconsumed < 50'000 + 70'000 + 16'384); // held, the window, a frame
    const std::size_t held = both.server.unconsumed;
    for (const auto& [name, state] : both.server.tunnels)
        both.server.session.consume(tunnel_id{name}, held);
    both.server.consumes = true;
    both.run();
    CHECK(both.server.count("2 " + transcript::described(opcode::binary, big)) == 1);
    CHECK(both.server.count("3 " + transcript::described(opcode::binary, big)) == 1);
    both.check_credit(500'000);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("output beyond the limit is refused, one message of any size is not",
                        "[session]", models) {
    pair<TestType> both({}, {.max_queued = 1'000});
    const tunnel_id tunnel = both.opened();
    both.server_hears = false;
    CHECK(both.client.send(tunnel, octets(200'000, 'x'), opcode::binary) == errc::none);
    both.run();
    CHECK(both.client.send(tunnel, "one more") == errc::queue_full);
    CHECK(both.client.move(tunnel, "one more") == errc::queue_full);
    CHECK(both.client.close(tunnel) == errc::none); // the protocol's own frames pass
    both.server_hears = true;
    both.run();
    CHECK(last(both.server.of(1), 3) == lines{"close 1000 \"\"", "closed none", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a call that fails leaves the queue as it was", "[session]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    CHECK(both.client.send(tunnel, "x", opcode::continuation) == errc::invalid_argument);
    CHECK(both.client.move(tunnel, "x", opcode::ping) == errc::invalid_argument);
    const octets big(5'000, 'b');
    CHECK(both.client.send(tunnel, big, opcode::binary) == errc::none);
    CHECK(both.client.send(tunnel, "part", opcode::text, false) == errc::none);
    CHECK(both.client.send(tunnel, octets(1'000, 'x'), opcode::binary) == errc::invalid_argument);
    CHECK(both.client.send(tunnel, "end") == errc::none);
    CHECK(both.client.close(tunnel, 1005, "reason") == errc::invalid_argument);
    CHECK(both.client.close(tunnel, 1006) == errc::status_code_not_sendable);
    both.run();
    CHECK(last(both.server.of(1), 2) ==
          lines{transcript::described(opcode::binary, big), "text \"partend\""});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("messages allocate nothing once as many tunnels have spoken", "[session]",
                        models) {
    scarce_memory of_server, of_client;
    pair<TestType> both({}, {.memory = of_server.policy()}, {.memory = of_client.policy()});
    both.server.echoes = true;
    std::vector<tunnel_id> tunnels;
    for (int i = 0; i < 20; ++i) tunnels.push_back(both.opened());
    const octets text(125, 'x');
    const auto echo = [&] {
        for (const tunnel_id tunnel : tunnels) {
            CHECK(both.client.send(tunnel, text) == errc::none);
            CHECK(both.client.ping(tunnel, "ping") == errc::none);
        }
        both.run();
    };
    echo();
    echo();
    both.client.log.clear();
    const std::size_t at_server = of_server.allocations, at_client = of_client.allocations;
    for (int i = 0; i < 50; ++i) echo(); // 1,000 messages and as many pings
    CHECK(both.client.log.size() == 2'000);
    CHECK(of_server.allocations == at_server);
    CHECK(of_client.allocations == at_client);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("messages queued in one turn share frames", "[session]", models) {
    pair<TestType> both;
    const tunnel_id tunnel = both.opened();
    for (int i = 0; i < 100; ++i)
        REQUIRE(both.client.session.send(tunnel, opcode::text, as_bytes("small"), both.now));
    both.run();
    CHECK(both.server.count("1 text \"small\"") == 100);
    const lines frames = both.client_frames();
    CHECK(std::count_if(frames.begin(), frames.end(), [](const std::string& line) {
              return line.find("data") != std::string::npos;
          }) <= 2);
    both.finish();
}
