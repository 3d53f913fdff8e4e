// Field sections and SETTINGS on their way into the opening handshake: what is taken obeys the
// rules, what is refused has an answer, and what we write ourselves is read as it was meant.
#include "supply.hpp"

#include <h2ws/h2ws.hpp>

#include <optional>
#include <string>
#include <vector>

namespace {

using fuzz::require;
using fuzz::supply;
using h2ws::errc;
using h2ws::field;

constexpr std::string_view names[] = {":method",
                                      ":protocol",
                                      ":scheme",
                                      ":authority",
                                      ":path",
                                      ":status",
                                      "host",
                                      "origin",
                                      "content-length",
                                      "cookie",
                                      "te",
                                      "connection",
                                      "upgrade",
                                      "transfer-encoding",
                                      "sec-websocket-key",
                                      "sec-websocket-version",
                                      "sec-websocket-protocol",
                                      "sec-websocket-extensions",
                                      "sec-websocket-accept",
                                      "x-a"};
constexpr std::string_view values[] = {"CONNECT",
                                       "GET",
                                       "websocket",
                                       "WebSocket",
                                       "https",
                                       "http",
                                       "example.com",
                                       "example.com:443",
                                       "[::1]:8080",
                                       "user@a.test",
                                       "/",
                                       "/chat?a=b",
                                       "*",
                                       "13",
                                       "8",
                                       "200",
                                       "101",
                                       "204",
                                       "403",
                                       "0",
                                       "chat",
                                       "chat, super",
                                       "trailers",
                                       "",
                                       "permessage-deflate; client_max_window_bits",
                                       "permessage-deflate",
                                       "a;b=\"c\", d"};

std::string_view text_of(supply& from, std::size_t most) {
    return h2ws::as_text(from.octets(from.number(most)));
}
template <std::size_t Count>
std::string_view one_of(supply& from, const std::string_view (&known)[Count], std::size_t most) {
    const std::size_t which = from.number(Count);
    return which == Count ? text_of(from, most) : known[which];
}

std::vector<field> lines_of(supply& from) {
    std::vector<field> made;
    // The usual ones first, so that others are reached.
    if (from.flag())
        made = {{":method", "CONNECT"},   {":protocol", "websocket"},
                {":scheme", "https"},     {":path", "/"},
                {":authority", "a.test"}, {"sec-websocket-version", "13"}};
    for (std::size_t i = from.number(12); i != 0 && !from.empty(); --i) {
        const field line{one_of(from, names, 20), one_of(from, values, 40)};
        made.insert(made.begin() + static_cast<std::ptrdiff_t>(from.number(made.size())), line);
    }
    return made;
}

// ---- a server -----------------------------------------------------------------------------------

void check_head(std::span<const field> lines, const h2ws::request_options& how) {
    const auto head = h2ws::read_request_head(lines, how);
    if (!head) {
        require(h2ws::info(head.error()).stream_error != h2ws::http2_error::no_error ||
                head.error() == errc::too_many_fields);
        return;
    }
    bool regular = false;
    for (const field& line : lines) {
        require(h2ws::check_field(line) == errc::none);
        require(!(regular && line.is_pseudo()));
        regular = regular || !line.is_pseudo();
        require(how.connect_enabled || line.name != ":protocol");
    }
    const bool tunnel = head->kind == h2ws::request_kind::extended_connect;
    require(tunnel == !head->protocol.empty());
    if (tunnel) require(head->method == "CONNECT" && !head->authority.empty());
    if (tunnel) require(head->path.starts_with('/') && h2ws::is_scheme(head->scheme));
}

// An acceptance of what the request offers first, and that the client takes it.
void accept_first(const h2ws::connect_request& asked) {
    h2ws::acceptance answer;
    for (const std::string_view first : asked.offered_subprotocols()) {
        answer.subprotocol = first;
        break;
    }
    const auto extension = asked.offered_extensions().next();
    std::string name;
    if (extension && *extension) answer.extensions = name = (*extension)->name;
    const h2ws::field_list list = h2ws::accept(answer, asked);
    require(list.error() == errc::none);
    const auto taken = h2ws::read_response(list.fields(), false, asked);
    require(taken && taken->kind == h2ws::response_kind::accepted);
    require(taken->subprotocol == answer.subprotocol);
    require(h2ws::read_response(list.fields(), true, asked).error() ==
            errc::end_stream_on_response);
}

void serve(std::span<const field> lines, bool ended, const h2ws::request_options& how) {
    check_head(lines, how);
    const auto asked = h2ws::read_request(lines, how);
    const errc error = asked ? h2ws::check_opening_handshake(*asked, ended) : asked.error();
    if (error != errc::none) {
        const h2ws::field_list answer = h2ws::refuse(error);
        if (answer.error() != errc::none) return; // the stream is reset
        const auto head = h2ws::read_response_head(answer.fields(), true);
        require(head && head->status >= 400);
        return;
    }
    require(!ended && h2ws::is_websocket(asked->protocol) && !asked->find("content-length"));
    accept_first(*asked);
}

// ---- a client -----------------------------------------------------------------------------------

void ask(supply& from) {
    const std::vector<field> more = from.flag() ? lines_of(from) : std::vector<field>{};
    const h2ws::connect_request wanted{.protocol = one_of(from, values, 20),
                                       .scheme = from.flag() ? "https" : one_of(from, values, 10),
                                       .authority = one_of(from, values, 40),
                                       .path = one_of(from, values, 40),
                                       .subprotocols = one_of(from, values, 40),
                                       .extensions = one_of(from, values, 60),
                                       .fields = more};
    const h2ws::field_list list = h2ws::request(wanted);
    if (list.error() != errc::none) return require(list.fields().empty());
    const auto read = h2ws::read_request(list.fields());
    require(bool(read));
    require(read->scheme == wanted.scheme && read->authority == wanted.authority);
    require(h2ws::is_websocket(wanted.protocol) ? read->protocol == "websocket"
                                                : read->protocol == wanted.protocol);
    require(read->path == wanted.path || read->path == "/" + std::string(wanted.path));
    if (!h2ws::is_websocket(wanted.protocol)) return;
    require(h2ws::check_opening_handshake(*read, false) == errc::none);
    accept_first(*read);
}

// ---- SETTINGS -----------------------------------------------------------------------------------

void open_gate(supply& from) {
    h2ws::connect_gate gate;
    h2ws::connect_advertisement sent; // beside a peer that may send these values
    std::optional<bool> last;         // by the values that came
    while (!from.empty()) {
        if (from.number(3) == 0) {
            gate.settings_received();
            if (!last) last = false;
        } else {
            const auto setting = static_cast<std::uint16_t>(from.flag() ? 8 : from.number(20));
            const auto value = static_cast<std::uint32_t>(from.number(3));
            const auto taken = gate.receive(setting, value);
            if (setting != 8) {
                require(bool(taken));
                continue;
            }
            require(bool(taken) == (value <= 1 && !(last == true && value == 0)));
            require(bool(sent.send(value)) == bool(taken));
            if (value <= 1) last = value == 1;
            if (!taken) return; // the connection is over
        }
        require(gate.answer() == (!last   ? h2ws::connect_answer::unknown_yet
                                  : *last ? h2ws::connect_answer::yes
                                          : h2ws::connect_answer::no));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    switch (from.number(3)) {
    case 0: open_gate(from); break;
    case 1: ask(from); break;
    default: {
        const h2ws::request_options how{.connect_enabled = from.number(7) != 0};
        const bool ended = from.number(7) == 0;
        serve(lines_of(from), ended, how);
        const std::vector<field> answer = lines_of(from);
        const h2ws::connect_request sent{.authority = "a.test", .subprotocols = "chat, super"};
        (void)h2ws::read_response(answer, ended, sent);
        (void)h2ws::check_trailers(answer);
    }
    }
    return 0;
}
