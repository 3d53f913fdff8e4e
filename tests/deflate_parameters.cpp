#include "catch.hpp"

#include <h2ws/deflate_parameters.hpp>
#include <h2ws/opening_handshake.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using h2ws::check_deflate_place;
using h2ws::deflate_options;
using h2ws::deflate_parameters;
using h2ws::errc;
using h2ws::extension_reader;
using h2ws::negotiate_deflate;
using h2ws::read_deflate_answer;
using h2ws::write_deflate;

namespace {

// The whole of it is known at compile time.
static_assert([] {
    const auto agreed = negotiate_deflate(extension_reader{{}, "permessage-deflate"});
    return agreed && *agreed && **agreed == deflate_parameters{};
}());
static_assert(noexcept(negotiate_deflate(extension_reader{{}})));
static_assert(noexcept(read_deflate_answer(extension_reader{{}}, extension_reader{{}})));

extension_reader list(std::string_view text) { return extension_reader{{}, text}; }

std::string written(const deflate_parameters& one) {
    char room[h2ws::max_deflate_element];
    const auto text = write_deflate({&one, 1}, room);
    return text ? std::string(*text) : std::string(info(text.error()).name);
}

// The server's answer as it is written, "declined", or an error's name.
std::string answer(std::string_view offers, const deflate_options& ours = {}) {
    const auto agreed = negotiate_deflate(list(offers), ours);
    if (!agreed) return std::string(info(agreed.error()).name);
    return *agreed ? written(**agreed) : "declined";
}

// Why the server declines the first element.
errc refusal(std::string_view offer, const deflate_options& ours = {}) {
    const auto first = list(offer).next();
    return answer_deflate_offer((*first)->parameters, ours).error();
}

// What the client takes the answer for: as it would be written, "none", or an error's name.
std::string taken(std::string_view offers, std::string_view chosen, std::uint8_t smallest = 8) {
    const auto agreed = read_deflate_answer(list(chosen), list(offers), smallest);
    if (!agreed) return std::string(info(agreed.error()).name);
    return *agreed ? written(**agreed) : "none";
}

const std::string plain = "permessage-deflate";
const std::string any_client_window = plain + "; client_max_window_bits";

std::string with_bits(std::string_view parameter, int bits) {
    return plain + "; " + std::string(parameter) + "=" + std::to_string(bits);
}

// Faults of one parameter, in an offer as in an answer.
const std::vector<std::string> faults = {
    "server_no_context_takeover=1",
    "server_no_context_takeover=true",
    "server_no_context_takeover=\"\"",
    "client_no_context_takeover=0",
    "server_max_window_bits",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=0",
    "server_max_window_bits=08",
    "server_max_window_bits=010",
    "server_max_window_bits=+9",
    "server_max_window_bits=-9",
    "server_max_window_bits=1",
    "server_max_window_bits=20",
    "server_max_window_bits=115",
    "server_max_window_bits=1000",
    "server_max_window_bits=9.0",
    "server_max_window_bits=0x9",
    "server_max_window_bits=a",
    "server_max_window_bits=1a",
    "server_max_window_bits=4294967306",
    "server_max_window_bits=1%2F",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=09",
    "client_max_window_bits=+10",
    "client_max_window_bits=1e1",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits=10; server_max_window_bits=10",
    "client_max_window_bits=10; client_max_window_bits=11",
    "x",
    "x=1",
    "max_window_bits=10",
    "server_max_window_bit=10",
    "server_max_window_bits_=10",
    "no_context_takeover",
    "Server_No_Context_Takeover",
};

} // namespace

TEST_CASE("the examples of RFC 7692 are negotiated as it says",
          "[rfc7692-7.1.2.2][R246][rfc7692-7.1.2.1][R243][rfc7692-5][R219][R220][R221]") {
    CHECK(answer(plain) == plain);
    const std::string first = any_client_window + "; server_max_window_bits=10";
    const std::string both = first + ", " + any_client_window;
    CHECK(answer(first) == with_bits("server_max_window_bits", 10));
    CHECK(answer(both) == with_bits("server_max_window_bits", 10));
    // A server whose window cannot be that small takes the second offer, or declines the first.
    const deflate_options large{.smallest_window_bits = 11};
    CHECK(answer(both, large) == plain);
    CHECK(answer(first, large) == "declined");
    for (const std::string& chosen : {with_bits("server_max_window_bits", 10), plain})
        CHECK(taken(both, chosen) == chosen);
    CHECK(taken(plain, plain) == plain);
    CHECK(taken(first, plain) == "deflate_not_offered");
}

TEST_CASE("a client writes what it offers in the order of its preference", "[rfc7692-5][R219]") {
    const deflate_parameters offers[] = {
        {.server_max_window_bits = 10, .client_max_window_bits = deflate_parameters::no_value},
        {.server_no_context_takeover = true, .client_no_context_takeover = true},
        {.server_no_context_takeover = true,
         .client_no_context_takeover = true,
         .server_max_window_bits = 15,
         .client_max_window_bits = 9},
    };
    const std::string expected =
        plain + "; server_max_window_bits=10; client_max_window_bits, " + plain +
        "; server_no_context_takeover; client_no_context_takeover, " + plain +
        "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=15; "
        "client_max_window_bits=9";
    char room[3 * h2ws::max_deflate_element];
    const auto text = write_deflate(offers, room);
    REQUIRE(text);
    CHECK(*text == expected);
    for (std::size_t size = 0; size < expected.size(); ++size)
        CHECK(write_deflate(offers, {room, size}).error() == errc::buffer_too_small);
    CHECK(*write_deflate(offers, {room, expected.size()}) == expected);
    const deflate_parameters longest{true, true, std::uint8_t{15}, std::uint8_t{15}};
    CHECK(written(longest).size() == h2ws::max_deflate_element - 2);
}

TEST_CASE("a window that does not exist is not written", "[rfc7692-7.1.2.1][R242]") {
    char room[h2ws::max_deflate_element];
    CHECK(write_deflate({}, room).error() == errc::invalid_argument);
    constexpr std::uint8_t none[] = {0, 1, 7, 16, 255};
    for (const std::uint8_t bits : none) {
        CHECK(written({.server_max_window_bits = bits}) == "invalid_argument");
        if (bits != deflate_parameters::no_value)
            CHECK(written({.client_max_window_bits = bits}) == "invalid_argument");
    }
}

TEST_CASE("a server takes the first offer that it can meet", "[rfc7692-5][R220][R221][R224]") {
    CHECK(answer("mux, " + any_client_window + "=10, " + plain) ==
          with_bits("client_max_window_bits", 10));
    CHECK(answer(plain + "; x, " + plain + "; server_max_window_bits=16, " + plain +
                 "; server_no_context_takeover, " + plain) ==
          plain + "; server_no_context_takeover");
    for (const char* none : {"", "mux", "mux; server_max_window_bits=10", "Permessage-Deflate",
                             "permessage-deflat", "permessage-deflate2", "x-webkit-deflate-frame"})
        CHECK(answer(none) == "declined");
    const h2ws::field lines[] = {{"sec-websocket-extensions", "mux"},
                                 {"sec-websocket-extensions", plain}};
    CHECK(**negotiate_deflate(extension_reader{lines}) == deflate_parameters{});
}

TEST_CASE("a list that does not match the grammar is not negotiated", "[rfc6455-9.1][R155]") {
    for (const std::string& broken :
         {plain + "; server_max_window_bits=", plain + ";", plain + ", a b", plain + ", mux=1"}) {
        CHECK(answer(broken) == "extension_list_invalid");
        CHECK(taken(plain, broken) == "extension_list_invalid");
    }
    // What is answered is what the whole list says: nothing stands behind an error.
    CHECK(answer(plain + ", @") == "extension_list_invalid");
}

TEST_CASE("an offer with a faulty parameter is declined, and the next one is looked at",
          "[rfc7692-7][R234][rfc7692-7.1.1.1][R236][rfc7692-7.1.1.2][R239][rfc7692-7.1.2.1][R242]"
          "[rfc7692-7.1.2.2][R245]") {
    for (const std::string& fault : faults) {
        const std::string offer = plain + "; " + fault;
        CAPTURE(offer);
        if (fault.find("\"\"") != fault.npos) { // no value at all is against the grammar
            CHECK(answer(offer) == "extension_list_invalid");
            continue;
        }
        CHECK(answer(offer) == "declined");
        CHECK(refusal(offer) == errc::deflate_parameters_invalid);
        CHECK(answer(offer + ", " + plain + "; client_no_context_takeover") ==
              plain + "; client_no_context_takeover");
        CHECK(answer(plain + "; client_no_context_takeover; " + fault) == "declined");
    }
}

TEST_CASE("an answer with a faulty parameter fails the connection",
          "[rfc7692-7][R235][rfc7692-7.1.1.1][R236][rfc7692-7.1.1.2][R239][rfc7692-7.1.2.1][R242]"
          "[rfc7692-7.1.2.2][R245]") {
    const std::string offer = any_client_window +
                              "; server_no_context_takeover; server_max_window_bits=15, " +
                              any_client_window;
    for (const std::string& fault : faults) {
        if (fault.find("\"\"") != fault.npos) continue;
        CAPTURE(fault);
        CHECK(taken(offer, plain + "; " + fault) == "deflate_parameters_invalid");
    }
    // In an answer it has a value.
    CHECK(taken(offer, any_client_window) == "deflate_parameters_invalid");
    CHECK(answer(any_client_window) == plain);
}

TEST_CASE("a value may be quoted", "[rfc7692-7.1.2.1][R242]") {
    CHECK(answer(plain + "; server_max_window_bits=\"10\"") ==
          with_bits("server_max_window_bits", 10));
    CHECK(taken(plain + "; server_max_window_bits=10", plain + "; server_max_window_bits=\"9\"") ==
          with_bits("server_max_window_bits", 9));
}

TEST_CASE("a server keeps no context where it is asked or wants to",
          "[rfc7692-7.1.1.1][R237][R238]") {
    const std::string asked = plain + "; server_no_context_takeover";
    CHECK(answer(asked) == asked);
    CHECK(answer(plain, {.server_no_context_takeover = true}) == asked);
    CHECK(answer(asked, {.server_no_context_takeover = true}) == asked);
    CHECK(taken(asked, asked) == asked);
    CHECK(taken(plain, asked) == asked);
    CHECK(taken(asked, plain) == "deflate_not_offered");
    CHECK(taken(asked + ", " + plain, plain) == plain);
}

TEST_CASE("a server tells a client to keep no context where it wants to, and takes a hint",
          "[rfc7692-7.1.1.2][R239][R240][R241]") {
    const std::string told = plain + "; client_no_context_takeover";
    CHECK(answer(told) == told);
    CHECK(answer(plain, {.client_no_context_takeover = true}) == told);
    CHECK(taken(plain, told) == told);
    CHECK(taken(told, told) == told);
    CHECK(taken(told, plain) == plain); // a hint, which may be ignored
}

TEST_CASE("a server's window is the smaller one of the offer and its own",
          "[rfc7692-7.1.2.1][R242][R243][R244]") {
    const auto bits = [](int value) { return with_bits("server_max_window_bits", value); };
    for (int offered = 8; offered <= 15; ++offered) {
        for (int own = 8; own <= 15; ++own) {
            CAPTURE(offered, own);
            const deflate_options ours{.server_max_window_bits = static_cast<std::uint8_t>(own)};
            CHECK(answer(bits(offered), ours) == bits(std::min(offered, own)));
            // And a client takes no larger one than it offered.
            CHECK(taken(bits(offered), bits(own)) ==
                  (own <= offered ? bits(own) : "deflate_not_offered"));
        }
        const deflate_options ours{.server_max_window_bits = static_cast<std::uint8_t>(offered)};
        CHECK(answer(plain, ours) == (offered == 15 ? plain : bits(offered)));
        CHECK(taken(plain, bits(offered)) == bits(offered)); // unasked
        CHECK(taken(bits(offered), plain) == "deflate_not_offered");
    }
}

TEST_CASE("a client's window is told where it may be, no larger than the hint",
          "[rfc7692-7.1.2.2][R245][R246][R247]") {
    const auto bits = [](int value) { return with_bits("client_max_window_bits", value); };
    for (int own = 8; own <= 15; ++own) {
        const deflate_options ours{.client_max_window_bits = static_cast<std::uint8_t>(own)};
        CAPTURE(own);
        CHECK(answer(plain, ours) == plain); // it must not be
        CHECK(answer(any_client_window, ours) == (own == 15 ? plain : bits(own)));
        CHECK(taken(plain, bits(own)) == "deflate_not_offered");
        CHECK(taken(any_client_window, bits(own)) == bits(own));
        CHECK(taken(plain + ", " + any_client_window, bits(own)) == bits(own));
        for (int hint = 8; hint <= 15; ++hint) {
            CAPTURE(hint);
            const int smaller = std::min(hint, own);
            CHECK(answer(bits(hint), ours) == (smaller == 15 ? plain : bits(smaller)));
            CHECK(taken(bits(hint), bits(own)) == bits(own)); // the hint binds nobody
        }
    }
}

TEST_CASE("windows below what the compressor can keep to are not agreed on",
          "[rfc7692-7][R234][R235]") {
    for (std::uint8_t smallest = 8; smallest <= 15; ++smallest) {
        for (std::uint8_t asked = 8; asked <= 15; ++asked) {
            CAPTURE(unsigned{smallest}, unsigned{asked});
            const std::string offer = with_bits("server_max_window_bits", asked);
            const deflate_options ours{.smallest_window_bits = smallest};
            CHECK(refusal(offer, ours) ==
                  (asked < smallest ? errc::deflate_unsupported : errc::none));
            CHECK(answer(offer, ours) == (asked < smallest ? "declined" : offer));
            const std::string chosen = with_bits("client_max_window_bits", asked);
            CHECK(taken(any_client_window, chosen, smallest) ==
                  (asked < smallest ? "deflate_unsupported" : chosen));
        }
    }
}

TEST_CASE("options that are no windows are the caller's mistake") {
    const deflate_options wrong[] = {
        {.server_max_window_bits = 7}, {.server_max_window_bits = 16},
        {.client_max_window_bits = 0}, {.client_max_window_bits = 255},
        {.smallest_window_bits = 7},   {.server_max_window_bits = 9, .smallest_window_bits = 10}};
    for (const deflate_options& ours : wrong) {
        CHECK(answer(plain, ours) == "invalid_argument");
        CHECK(refusal(plain, ours) == errc::invalid_argument);
    }
}

TEST_CASE("an answer that was not offered fails the connection", "[rfc7692-5][R225]") {
    CHECK(taken("", plain) == "deflate_not_offered");
    CHECK(taken("mux", plain) == "deflate_not_offered");
    CHECK(taken(plain + "; x", plain) == "deflate_not_offered");
    CHECK(taken(plain, "") == "none");
    CHECK(taken(plain, "mux") == "none");
    CHECK(info(errc::deflate_not_offered).stream_error == h2ws::http2_error::cancel);
}

TEST_CASE("it is used once, beside nothing that has RSV1, and behind nothing",
          "[rfc7692-5][R222][R223]") {
    for (const std::string& conflict :
         {plain + ", " + plain, plain + ", permessage-bzip2", "permessage-bzip2, " + plain,
          plain + ", x-webkit-deflate-frame", "deflate-frame, " + plain, "mux, " + plain,
          "mux, a, " + plain, plain + ", mux, " + plain}) {
        CAPTURE(conflict);
        CHECK(check_deflate_place(list(conflict)) == errc::extension_conflict);
        CHECK(taken(plain + ", " + conflict, conflict) == "extension_conflict");
    }
    for (const std::string& fine : {std::string(), plain, plain + ", mux", std::string("mux, a"),
                                    std::string("permessage-bzip2")})
        CHECK(check_deflate_place(list(fine)) == errc::none);
}

TEST_CASE("what is agreed on stands in the two field sections", "[rfc7692-5][R219][R221]") {
    const deflate_parameters offer{.client_max_window_bits = deflate_parameters::no_value};
    char offered[h2ws::max_deflate_element];
    const h2ws::connect_request request{.authority = "a",
                                        .extensions = *write_deflate({&offer, 1}, offered)};
    const auto agreed =
        negotiate_deflate(request.offered_extensions(), {.client_max_window_bits = 10});
    REQUIRE((agreed && *agreed));
    char chosen[h2ws::max_deflate_element];
    const auto list = h2ws::accept({.extensions = *write_deflate({&**agreed, 1}, chosen)}, request);
    REQUIRE(list.error() == errc::none);
    const auto response = h2ws::read_response(list.fields(), false, request);
    REQUIRE(response);
    const auto read = read_deflate_answer(response->extensions(), request.offered_extensions());
    REQUIRE((read && *read));
    CHECK(**read == **agreed);
    CHECK((*read)->client_window() == 10);
    CHECK((*read)->server_window() == 15);
}
