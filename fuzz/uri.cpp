// URIs and authorities, and what is asked of one error or one key: a URI that is taken has parts
// that make the same URI again, and a request of them is read as it was meant.
#include "supply.hpp"

#include <h2ws/accept_key.hpp>
#include <h2ws/h2ws.hpp>
#include <h2ws/keepalive.hpp>
#include <h2ws/std_error_code.hpp>
#include <h2ws/system_entropy.hpp>
#include <h2ws/uri.hpp>

#include <algorithm>
#include <iterator>
#include <string>

namespace {

using fuzz::require;
using fuzz::supply;
using h2ws::errc;

constexpr std::string_view pieces[] = {
    "wss://", "ws://", "https://", "http://",  "a.test", "[::1]",      "[", "]",
    ":",      "443",   "80",       "65536",    "/",      "?a=b",       "#", "@",
    "%41",    "*",     " ",        "\xc3\xa9", "WSS://", "EXAMPLE.com"};

std::string text_of(supply& from) {
    std::string text;
    while (!from.empty() && text.size() < 300) {
        const std::size_t which = from.number(std::size(pieces) + 1);
        if (which < std::size(pieces))
            text += pieces[which];
        else if (which == std::size(pieces))
            text += h2ws::as_text(from.octets(from.number(8)));
        else
            break;
    }
    return text;
}

void read_uri(const std::string& text) {
    const auto uri = h2ws::parse_uri(text);
    if (!uri) return require(uri.error() == errc::uri_invalid);
    require(h2ws::is_scheme(uri->scheme()) && h2ws::is_http(uri->scheme()) && uri->port != 0);
    require(h2ws::has_path_characters(uri->path));
    const std::string again =
        (uri->secure ? "wss://" : "ws://") + std::string(uri->authority) + std::string(uri->path);
    const auto same = h2ws::parse_uri(again);
    require(same && same->secure == uri->secure && same->host == uri->host);
    require(same->port == uri->port && same->authority == uri->authority);
    require(same->path == uri->path);

    const h2ws::field_list list =
        h2ws::request({.scheme = uri->scheme(), .authority = uri->authority, .path = uri->path});
    if (list.error() == errc::too_many_fields) return;
    const h2ws::field_list copied = list;
    h2ws::field_list assigned;
    assigned = copied;
    const auto asked = h2ws::read_request(assigned.fields());
    require(asked && asked->authority == uri->authority && h2ws::is_absolute_path(asked->path));
    require(h2ws::same_authority(asked->authority, uri->authority, uri->scheme()));
}

void compare(const std::string& a, const std::string& b) {
    const auto left = h2ws::parse_authority(a), right = h2ws::parse_authority(b);
    for (const std::string_view scheme : {"https", "http", "other"}) {
        const bool same = h2ws::same_authority(a, b, scheme);
        require(same == h2ws::same_authority(b, a, scheme));
        require(a != b || same);
        if (same && a != b) require(left && right && left->host.size() == right->host.size());
    }
    require(left || left.error() == errc::authority_invalid);
}

void ask_of_error(supply& from) {
    const auto code = static_cast<errc>(from.number(h2ws::errors::table.size() - 1));
    const h2ws::error_info& row = h2ws::info(code);
    const std::error_code same = code;
    require(row.code == code && same.value() == static_cast<int>(code));
    require(same.message().starts_with(row.sentence));
    require(std::string_view(same.category().name()) == "h2ws");
    // The rows are made of the same functions as here.
    const h2ws::errors::literal none("");
    require(h2ws::errors::failed(code, none, row.close, none, none).close == row.close);
    require(h2ws::errors::malformed(code, none, none, none).stream_error ==
            h2ws::http2_error::protocol_error);
    require(h2ws::errors::refused(code, none, 400, none, none).http_status == 400);
    require(h2ws::errors::mistake(code, none, none).section.empty());
}

// One that is asked no sooner than it says asks for one ping, and then gives up.
void keep_alive(supply& from) {
    const h2ws::keepalive_options options{
        .interval = static_cast<h2ws::duration>(from.number(1'000)),
        .timeout = static_cast<h2ws::duration>(from.number(1'000))};
    h2ws::keepalive timer;
    h2ws::instant now = 5'000;
    timer.start(now);
    while (!from.empty()) {
        now += static_cast<h2ws::instant>(from.number(500));
        const bool waited = timer.pinged(), due = now >= timer.deadline(options);
        switch (from.number(3)) {
        case 0: timer.heard(now); break;
        case 1: timer.ping_left(options, now); break;
        default: {
            using action = h2ws::keepalive::action;
            const action what = timer.expire(options, now);
            require((what != action::none) == due);
            require(!due || what == (waited ? action::give_up : action::send_ping));
        }
        }
    }
}

// RFC 6455 §1.3
void answer_key(const std::string& key) {
    const auto text = h2ws::accept_key(key);
    require(text.back() == '=');
    require(std::none_of(text.begin(), text.end() - 1, [](char c) { return c == '='; }));
    if (key == "dGhlIHNhbXBsZSBub25jZQ==")
        require(std::string(text.data(), text.size()) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

// Made when this is compiled, and now.
void classify(supply& from) {
    namespace characters = h2ws::characters;
    characters::class_table made{};
    const std::string marks(h2ws::as_text(from.octets(3)));
    made.add(marks, characters::token);
    made.add('a', 'f', characters::scheme);
    for (const char c : marks)
        require((made.of[static_cast<unsigned char>(c)] & characters::token) != 0);
    require((made.of[static_cast<unsigned char>('f')] & characters::scheme) != 0);
}

void draw_keys() {
    h2ws::system_entropy entropy;
    h2ws::masking_key_source keys = entropy.source();
    h2ws::masking_key first{}, second{}, third{};
    require(keys.next(keys.state, first) && keys.next(keys.state, second) &&
            keys.next(keys.state, third));
    require(first != second || second != third);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    switch (from.number(6)) {
    case 0: read_uri(text_of(from)); break;
    case 1: read_uri("wss://" + text_of(from)); break;
    case 2: {
        const std::string a = text_of(from);
        compare(a, text_of(from));
        break;
    }
    case 3: ask_of_error(from); break;
    case 4: keep_alive(from); break;
    case 5: classify(from); break;
    default: answer_key(std::string(h2ws::as_text(from.rest()))); draw_keys();
    }
    return 0;
}
