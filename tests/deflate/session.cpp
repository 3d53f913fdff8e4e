// Tunnels whose messages are compressed, on every model of the session concept: the engine of this
// program, and the one in memory.
#include "engine.hpp"

#include "../answers_anything.hpp"
#include "../http2_frames.hpp"
#include "../memory_model.hpp"
#include "../session_suite/alone.hpp"
#include "../zlib/codec.hpp"

#include <h2ws/deflate_parameters.hpp>

#include <tuple>

namespace {

using h2ws::zlib::deflate_settings;
using h2ws::zlib::permessage_deflate;

static_assert(sizeof(permessage_deflate) == sizeof(void*));
static_assert(h2ws::sized_extension<permessage_deflate>);
static_assert(h2ws::negotiated_extension<permessage_deflate>);

struct engine_model : http2_frames {
    using server = engine::basic_server<permessage_deflate>;
    using client = engine::basic_client<permessage_deflate>;
};

struct compressing_memory_model : memory_model {
    using server = examples::basic_memory_session<h2ws::server, permessage_deflate>;
    using client = examples::basic_memory_session<h2ws::client, permessage_deflate>;
};

using compressing_models = std::tuple<engine_model, compressing_memory_model>;

// With a server that answers what it likes.
struct lying_engine_model : engine_model {
    using server = engine::basic_server<answers_anything>;
};
struct lying_memory_model : compressing_memory_model {
    using server = examples::basic_memory_session<h2ws::server, answers_anything>;
};
using lying_models = std::tuple<lying_engine_model, lying_memory_model>;

constexpr std::string_view usual_offer = "permessage-deflate; client_max_window_bits";

// Both sides of tunnels with compression, unless the server does without.
template <class Model>
struct compressing : pair<Model> {
    explicit compressing(const weather& how = {}, session_options options = {},
                         const deflate_settings& ours = {}, const deflate_options& wants = {})
        : pair<Model>(how, options),
          settings(ours),
          wanted(wants) {
        this->server.accepts = false;
        this->server.on_event = [this](const stream_event& found) {
            if (const auto* asked = std::get_if<tunnel_requested>(&found)) accept(*asked);
        };
    }

    deflate_settings settings;
    deflate_options wanted;
    std::string_view offer = usual_offer;
    std::string_view answer = {}; // instead of what is negotiated
    bool agrees = true;
    allocator server_memory = settings.memory; // of what the server compresses with

    tunnel_id open_tunnel() {
        const tunnel_id made = ask_for_tunnel();
        REQUIRE(this->client.at(made).opened);
        return made;
    }
    tunnel_id ask_for_tunnel() {
        auto extension = permessage_deflate::with(settings);
        REQUIRE(extension);
        const auto made = this->client.call([&](auto& session) {
            return session.open({.authority = "a.test", .path = "/", .extensions = offer},
                                this->now, *std::move(extension));
        });
        REQUIRE(made);
        this->client.at(*made);
        this->run();
        return *made;
    }

private:
    void accept(const tunnel_requested& asked) {
        const auto agreed = negotiate_deflate(asked.request->offered_extensions(), wanted);
        REQUIRE(agreed);
        acceptance said;
        permessage_deflate extension;
        char room[max_deflate_element];
        if (agrees && *agreed) {
            deflate_settings ours = settings;
            ours.memory = server_memory;
            extension = permessage_deflate(h2ws::server{}, **agreed, ours);
            if (extension.active()) said.extensions = *write_deflate({&**agreed, 1}, room);
        }
        if (!answer.empty()) said.extensions = answer;
        const auto done =
            this->server.session.accept(asked.tunnel, said, this->now, std::move(extension));
        if (done) this->server.at(asked.tunnel).opened = true;
    }
};

// As far as it leaves on the stream.
std::size_t data_size(const lines& frames) {
    std::size_t size = 0;
    for (const std::string& line : frames)
        if (line.starts_with("1 data ")) size += std::stoul(line.substr(7));
    return size;
}

} // namespace

TEMPLATE_LIST_TEST_CASE("messages are compressed, whatever cuts them on their way",
                        "[deflate][rfc7692-6][R226][R228]", compressing_models) {
    for (const weather& how : weathers()) {
        compressing<TestType> both(how);
        both.server.echoes = true;
        const tunnel_id tunnel = both.open_tunnel();
        const octets text = codec::repetitive(how.read_size < 10 ? 3'000 : 60'000, 1);
        const octets zeros(bulk(how), '\0');
        for (const octets& message : {octets(), octets("x"), text, zeros, text}) {
            both.client.log.clear();
            CHECK(both.client.send(tunnel, message, opcode::binary) == errc::none);
            CHECK(both.client.ping(tunnel, "between") == errc::none);
            both.run();
            CHECK(both.client.has("1 " + transcript::described(opcode::binary, message)));
            CHECK(both.client.has("1 pong \"between\""));
        }
        const std::size_t sent = 2 * text.size() + zeros.size();
        CHECK(data_size(both.client_frames()) < sent);
        CHECK(data_size(both.server_frames()) < sent);
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("a message that was handed over is compressed and given up",
                        "[deflate][rfc7692-6.1][R230]", compressing_models) {
    compressing<TestType> both;
    const tunnel_id tunnel = both.open_tunnel();
    message_buffer payload;
    REQUIRE(payload.append(octets(100'000, 'm')));
    CHECK(both.client.call(
        [&](auto& s) { return s.send(tunnel, opcode::text, std::move(payload), both.now); }));
    CHECK(payload.empty());
    both.run();
    CHECK(both.server.log.back() ==
          "1 " + transcript::described(opcode::text, octets(100'000, 'm')));
    CHECK(data_size(both.client_frames()) < 1'000);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a message that is not compressed goes as if nothing were agreed on",
                        "[deflate][rfc7692-6][R229]", compressing_models) {
    scarce_memory memory;
    {
        compressing<TestType> both({}, {.memory = memory.policy()}, {.smallest_message = 50'000});
        const tunnel_id tunnel = both.open_tunnel();
        for (const std::size_t size : {std::size_t{20'000}, std::size_t{100'000}}) {
            const bool is_small = size < 50'000;
            both.client.session.extension(tunnel, both.now)->compress(is_small);
            const octets text(size, 'm');
            message_buffer payload;
            REQUIRE(payload.append(text));
            const std::size_t held = memory.held;
            CHECK(both.client.call([&](auto& s) {
                return s.send(tunnel, opcode::text, std::move(payload), both.now);
            }));
            CHECK(memory.held < held + 1'000); // it was not copied
            CHECK(both.client.send(tunnel, text) == errc::none);
            const std::size_t header = is_small ? 8 : 14; // of one frame with all of it
            CHECK(both.client.session.queued(tunnel) == 2 * (header + size));
            both.run();
            CHECK(both.server.of(1).back() == transcript::described(opcode::text, text));
        }
        both.finish();
    }
    CHECK(memory.held == 0);
}

TEMPLATE_LIST_TEST_CASE("where the server does without, messages go as they are",
                        "[deflate][rfc7692-5][R224]", compressing_models) {
    compressing<TestType> both;
    both.server.echoes = true;
    both.agrees = false;
    const tunnel_id tunnel = both.open_tunnel();
    CHECK_FALSE(both.client.session.extension(tunnel, both.now)->active());
    CHECK(both.client.send(tunnel, octets(5'000, 'x')) == errc::none);
    both.run();
    CHECK(data_size(both.client_frames()) > 5'000);
    CHECK(both.client.log.back() == "1 " + transcript::described(opcode::text, octets(5'000, 'x')));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("an answer that nothing allows fails that tunnel alone",
                        "[deflate][rfc7692-5][R225][rfc7692-7][R235]", lying_models) {
    struct {
        std::string_view offer, answer, error;
    } const cases[] = {
        {"permessage-deflate", "permessage-deflate; client_max_window_bits=10",
         "deflate_not_offered"},
        {"permessage-deflate; server_max_window_bits=9", "permessage-deflate",
         "deflate_not_offered"},
        {usual_offer, "permessage-deflate; server_max_window_bits=16",
         "deflate_parameters_invalid"},
        {usual_offer, "permessage-deflate, permessage-deflate", "extension_conflict"},
    };
    compressing<TestType> both;
    both.server.echoes = true;
    const tunnel_id good = both.open_tunnel();
    for (const auto& each : cases) {
        CAPTURE(each.answer);
        both.offer = each.offer;
        both.answer = each.answer;
        const tunnel_id failed = both.ask_for_tunnel();
        const std::size_t label = both.client.at(failed).label;
        CHECK(both.client.of(label) == lines{"refused " + std::string(each.error), "released"});
        CHECK(both.server.of(label).front() == "requested /");
        CHECK(contains(both.client_frames(), std::to_string(2 * label - 1) + " reset CANCEL"));
    }
    CHECK(both.client.send(good, "still there") == errc::none);
    both.run();
    CHECK(both.client.log.back() == "1 text \"still there\"");
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("an answer that the codec does not keep to is not sent",
                        "[deflate][rfc7692-5][R221]", compressing_models) {
    struct {
        std::string_view answer;
        bool agrees;
        errc error;
    } const cases[] = {
        {"", true, errc::invalid_argument}, // the client would not know
        {"permessage-deflate", false, errc::invalid_argument},
        {"permessage-deflate; server_no_context_takeover", true, errc::invalid_argument},
        {"permessage-deflate; client_max_window_bits=9", true, errc::invalid_argument},
        {"permessage-deflate; server_max_window_bits=7", true, errc::deflate_parameters_invalid},
        {"permessage-deflate, permessage-deflate", true, errc::extension_conflict},
    };
    compressing<TestType> both;
    both.server.on_event = nullptr;
    for (const auto& each : cases) {
        CAPTURE(each.answer);
        const tunnel_id asks = both.ask_for_tunnel();
        const auto answer = [&](std::string_view text, bool agrees) {
            permessage_deflate extension;
            if (agrees) extension = permessage_deflate(h2ws::server{}, deflate_parameters{});
            return both.server.session.accept(both.server.last, {.extensions = text}, both.now,
                                              std::move(extension));
        };
        CHECK(answer(each.answer, each.agrees).error() == each.error);
        CHECK(answer("permessage-deflate", true)); // nothing was said yet
        both.server.at(both.server.last).opened = true;
        both.run();
        CHECK(both.client.at(asks).opened);
    }
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a client sees what was agreed on, and may close with 1010",
                        "[deflate][rfc7692-5.1][R227]", compressing_models) {
    const deflate_options wants{.server_no_context_takeover = true, .client_max_window_bits = 10};
    compressing<TestType> both({}, {}, {}, wants);
    const tunnel_id tunnel = both.open_tunnel();
    const permessage_deflate& ours = *both.client.session.extension(tunnel, both.now);
    REQUIRE(ours.agreed());
    CHECK(*ours.agreed() == deflate_parameters{.server_no_context_takeover = true,
                                               .client_max_window_bits = std::uint8_t{10}});
    CHECK(both.client.close(tunnel, 1010, "permessage-deflate") == errc::none);
    both.run();
    CHECK(both.server.has("1 close 1010 \"permessage-deflate\""));
    CHECK(both.client.has("1 closed none"));
    CHECK_FALSE(permessage_deflate().agreed());
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("a message that inflates too much ends its tunnel, not the others",
                        "[deflate][rfc6455-10.4][R262]", compressing_models) {
    compressing<TestType> both({}, {}, {.max_message = 100'000});
    both.server.echoes = true;
    const tunnel_id victim = both.open_tunnel();
    const tunnel_id other = both.open_tunnel();
    CHECK(both.client.send(victim, octets(100'000, 'x')) == errc::none);
    both.run();
    CHECK(both.client.log.back() ==
          "1 " + transcript::described(opcode::text, octets(100'000, 'x')));
    CHECK(both.client.send(victim, octets(100'001, 'x')) == errc::none);
    both.run();
    CHECK(contains(both.server.of(1), "closed inflates_too_much"));
    CHECK(std::any_of(both.client.log.begin(), both.client.log.end(),
                      [](const std::string& line) { return line.starts_with("1 close 1009"); }));
    CHECK(both.client.send(other, "still there") == errc::none);
    both.run();
    CHECK(both.client.log.back() == "2 text \"still there\"");
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("50 KB that would inflate to 50 MB cost no more than the limit",
                        "[deflate][rfc6455-10.4][R262]", compressing_models) {
    scarce_memory memory;
    {
        compressing<TestType> both;
        both.server_memory = memory.policy();
        const tunnel_id tunnel = both.open_tunnel();
        std::uint64_t told = 0;
        const auto accept = both.server.on_event;
        both.server.on_event = [&](const stream_event& found) {
            accept(found);
            if (const auto* what = std::get_if<tunnel_event>(&found))
                if (const auto* chunk = std::get_if<message_chunk>(&what->what))
                    told += chunk->payload.size();
        };
        CHECK(both.client.send(tunnel, octets(50'000'000, '\0'), opcode::binary) == errc::none);
        both.run();
        CHECK(data_size(both.client_frames()) < 60'000);
        CHECK(contains(both.server.of(1), "closed inflates_too_much"));
        CHECK(told <= deflate_settings{}.max_message);
        CHECK(told > 0);
        CHECK(memory.peak < 32'768 + 65'536); // nothing of the message is kept
        both.finish();
    }
    CHECK(memory.held == 0);
}

TEMPLATE_LIST_TEST_CASE("a tunnel that idles holds what was agreed on, and nothing of zlib",
                        "[deflate]", compressing_models) {
    std::size_t held[2] = {};
    for (const bool agrees : {false, true}) {
        scarce_memory memory;
        compressing<TestType> both({}, {.memory = memory.policy()}, {.memory = memory.policy()});
        both.agrees = agrees;
        for (int i = 0; i < 100; ++i) (void)both.open_tunnel();
        held[agrees] = memory.held;
        both.finish();
    }
    const std::size_t agreed = 2 * 100 * sizeof(h2ws::zlib::deflate_codec); // at both ends
    CHECK(held[1] >= held[0] + agreed);
    CHECK(held[1] <= held[0] + agreed + 1'000); // HPACK remembers the answer
}

TEMPLATE_LIST_TEST_CASE("compression is switched off from one message to the next",
                        "[deflate][rfc7692-6][R229]", compressing_models) {
    compressing<TestType> both;
    const tunnel_id tunnel = both.open_tunnel();
    const octets text(3'000, 't');
    std::size_t before = 0;
    for (const bool on : {true, false, true}) {
        both.client.session.extension(tunnel, both.now)->compress(on);
        CHECK(both.client.send(tunnel, text) == errc::none);
        both.run();
        const std::size_t size = data_size(both.client_frames()) - before;
        before += size;
        CHECK((size < 100) == on);
        CHECK(both.server.log.back() == "1 " + transcript::described(opcode::text, text));
    }
    CHECK(both.client.session.extension({99}, both.now) == nullptr);
    both.client.session.extension(tunnel, both.now)->release_idle();
    both.finish();
    CHECK(both.client.session.extension(tunnel, both.now) == nullptr);
}

TEMPLATE_LIST_TEST_CASE("a message is one frame where the peer needs that, else fragments",
                        "[deflate][rfc7692-6.1][R230]", compressing_models) {
    const octets message = codec::repetitive(200'000, 7);
    for (const bool one_frame : {true, false}) {
        compressing<TestType> both({}, {}, {.one_frame = one_frame});
        const tunnel_id tunnel = both.open_tunnel();
        both.server.log.clear();
        CHECK(both.client.send(tunnel, message, opcode::binary) == errc::none);
        REQUIRE(codec::by_hand(message).size() > 70'000);
        // RSV1 and FIN on the first frame; its length is in two octets, or in eight.
        const octets wire = both.client.offered().substr(0, 30);
        CHECK((wire.find("\xc2\xff") != octets::npos) == one_frame);
        CHECK((wire.find("\x42\xfe") != octets::npos) != one_frame);
        both.run();
        CHECK(both.server.log.back() == "1 " + transcript::described(opcode::binary, message));
        both.finish();
    }
}

TEMPLATE_LIST_TEST_CASE("small messages that wait take little room", "[deflate]",
                        compressing_models) {
    compressing<TestType> both({.stream_window = 100}, {.max_queued = 32'768});
    const tunnel_id tunnel = both.open_tunnel();
    int queued = 0;
    while (queued < 100 && both.client.send(tunnel, "small") == errc::none) ++queued;
    CHECK(queued == 100);
    both.run();
    CHECK(both.server.count("1 text \"small\"") == 100);
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("what is still decoded comes before what follows it", "[deflate]",
                        compressing_models) {
    compressing<TestType> both;
    const tunnel_id tunnel = both.open_tunnel();
    const octets zeros(300'000, '\0'); // of which the last octet on the wire has the most
    CHECK(both.client.send(tunnel, zeros, opcode::binary) == errc::none);
    CHECK(both.client.send(tunnel, "after") == errc::none);
    CHECK(both.client.send(tunnel, zeros, opcode::binary) == errc::none);
    CHECK(both.client.close(tunnel, 1000, "bye") == errc::none);
    both.run();
    const octets all = transcript::described(opcode::binary, zeros);
    CHECK(both.server.of(1) == lines{"requested /", all, "text \"after\"", all,
                                     "close 1000 \"bye\"", "closed none", "released"});
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("bytes that are decoded are credited as they came", "[deflate][R117]",
                        compressing_models) {
    compressing<TestType> both({.stream_window = 1'000});
    both.server.consumes = false;
    const tunnel_id tunnel = both.open_tunnel();
    CHECK(both.client.send(tunnel, octets(100'000, 'x')) == errc::none);
    both.run();
    CHECK(both.server.unconsumed > 50);
    CHECK(both.server.unconsumed == data_size(both.client_frames()));
    both.finish();
}

TEMPLATE_LIST_TEST_CASE("no allocation of zlib's or ours that fails does harm", "[deflate]",
                        compressing_models) {
    const auto play = [](scarce_memory& memory) {
        const session_options options{.memory = memory.policy()};
        compressing<TestType> both({}, options, {.memory = memory.policy()});
        both.server.echoes = true;
        const auto made = both.client.call([&](auto& session) -> result<tunnel_id> {
            auto extension = permessage_deflate::with(both.settings);
            if (!extension) return extension.error();
            return session.open({.authority = "a.test", .path = "/", .extensions = usual_offer},
                                both.now, *std::move(extension));
        });
        if (made) both.client.at(*made);
        both.run();
        if (made) {
            (void)both.client.send(*made, octets(20'000, 'x'));
            both.run();
            (void)both.client.send(*made, codec::repetitive(30'000, 3), opcode::binary);
            both.run();
            (void)both.client.close(*made);
        }
        both.pass(seconds(40));
        check_no_blame(both.client.log);
        check_no_blame(both.server.log);
        both.client.lost();
        both.server.lost();
        both.client.check_ended();
        both.server.check_ended();
    };
    scarce_memory plenty;
    play(plenty);
    CHECK(plenty.held == 0);
    if (!codec::outlives_failed_allocations) return;
    for (const bool for_good : {false, true}) {
        for (std::size_t turn = 1; turn <= plenty.allocations; ++turn) {
            CAPTURE(for_good, turn);
            scarce_memory memory{.fails_at = turn, .for_good = for_good};
            play(memory);
            CHECK(memory.held == 0);
        }
    }
}

TEMPLATE_LIST_TEST_CASE("a message goes as it is where there was no memory to compress it",
                        "[deflate][rfc7692-6][R229]", compressing_models) {
    scarce_memory memory;
    std::minstd_rand random(1);
    octets noise(100, '\0'); // it does not shrink
    for (char& each : noise) each = static_cast<char>(random() >> 8);
    for (const octets& message : {octets("Hello"), noise}) {
        compressing<TestType> both({}, {}, {.memory = memory.policy()});
        const tunnel_id tunnel = both.open_tunnel();
        memory.fails_at = memory.allocations + 1; // and none after it
        CHECK(both.client.send(tunnel, message, opcode::binary) == errc::none);
        both.run();
        CHECK(both.server.has("1 " + transcript::described(opcode::binary, message)));
        CHECK(both.client.log == lines{"1 opened 200"});
        both.finish();
    }
}
