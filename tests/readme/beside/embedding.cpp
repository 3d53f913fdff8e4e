// Plays a stack for the pieces in embedding/: what they send is printed, what arrives is written
// here. Each line is a step of docs/embedding.md.
#include "../embedding/client.hpp"
#include "../embedding/ending.hpp"
#include "../embedding/goaway.hpp"
#include "../embedding/request.hpp"
#include "../embedding/settings.hpp"
#include "../embedding/timers.hpp"

#include <cstdio>

void stack_stream::send_headers(std::span<const h2ws::field> fields, bool end_stream) {
    std::printf(" HEADERS");
    for (const h2ws::field& line : fields)
        std::printf(" %.*s=%.*s", static_cast<int>(line.name.size()), line.name.data(),
                    static_cast<int>(line.value.size()), line.value.data());
    std::printf("%s;", end_stream ? " END_STREAM" : "");
}

void stack_stream::send_data(h2ws::const_bytes bytes, bool end_stream) {
    const auto at = [&](std::size_t i) { return std::to_integer<unsigned>(bytes[i]); };
    std::printf(" DATA");
    if (bytes.size() > 8 && at(0) == 0x88)
        std::printf(" Close %u with a reason", at(2) << 8 | at(3));
    else
        for (std::size_t i = 0; i < bytes.size(); ++i) std::printf(" %02x", at(i));
    std::printf("%s;", end_stream ? " END_STREAM" : "");
}

void stack_stream::send_reset(h2ws::http2_error code) {
    std::printf(" RST_STREAM %s;", h2ws::name(code).data());
}

void stack_stream::credit(std::size_t bytes) { std::printf(" credit %zu;", bytes); }

namespace {

stack_stream stream;

// A client's frame, its key all zeros: masked octets are the octets.
std::string frame(unsigned char first, std::string_view payload) {
    std::string out{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
    return out.append(4, '\0').append(payload);
}

void arrive(tunnel& on, std::string bytes, bool end_stream = false) {
    data_arrived(on, std::as_writable_bytes(std::span(bytes)), end_stream, bytes.size());
}

void tell(const tunnel& on) {
    if (on.closed) std::printf(" closed: %s;", h2ws::info(on.end).name.data());
}

template <class What>
void step(const char* name, What&& what) {
    std::printf("%s:", name);
    what();
    std::printf("\n");
}

bool zero_key(void*, h2ws::masking_key& key) noexcept {
    key = {};
    return true;
}

void settings() {
    h2ws::connect_gate gate;
    const setting both[]{{4, 65'535}, takes_tunnels};
    std::printf(" %d", static_cast<int>(gate.answer()));
    std::printf(" %d", static_cast<int>(settings_arrived(gate, both)));
    std::printf(" %d", static_cast<int>(gate.answer()));
    const setting withdrawn[]{{h2ws::settings_enable_connect_protocol, 0}};
    std::printf(" %s", h2ws::info(settings_arrived(gate, withdrawn)).name.data());
}

void requests() {
    h2ws::field fields[]{{":method", "CONNECT"},
                         {":protocol", "websocket"},
                         {":scheme", "https"},
                         {":path", "/"},
                         {":authority", "example.com"},
                         {"sec-websocket-version", "13"},
                         {"origin", "https://example.com"},
                         {"sec-websocket-protocol", "chat"}};
    request_arrived(stream, fields, false);
    fields[6].value = "https://example.org";
    request_arrived(stream, fields, false);
    fields[5].value = "8";
    request_arrived(stream, fields, false);
    fields[1].value = "";
    request_arrived(stream, fields, false);
    const h2ws::field get[]{
        {":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "example.com"}};
    request_arrived(stream, get, true);
}

void messages() {
    tunnel on{stream};
    arrive(on, frame(0x81, "one") + frame(0x01, "tw"));
    arrive(on, frame(0x89, "?") + frame(0x80, "o"));
    std::printf(" got %s;", on.message.c_str());
    send_text(on, "Hi");
    arrive(on, frame(0x88, "\x03\xe8"));
    tell(on);
    if (!send_text(on, "late")) std::printf(" not sent;");
}

void closes() {
    tunnel on{stream};
    close(on, h2ws::status_code::normal_closure, "");
    arrive(on, frame(0x88, ""), true);
    tell(on);
}

void endings() {
    tunnel reset{stream}, lost{stream}, trailers{stream}, cut{stream}, wrong{stream};
    reset_arrived(reset, h2ws::http2_error::cancel);
    tell(reset);
    connection_lost(lost);
    tell(lost);
    headers_on_tunnel(trailers);
    tell(trailers);
    arrive(cut, "", true);
    tell(cut);
    arrive(wrong, "\x81\x01x");
    tell(wrong);
}

void times() {
    tunnel silent{stream}, stubborn{stream};
    tunnel_clock clock, other;
    clock.alive.start(0);
    expire(silent, clock, h2ws::seconds(29));
    expire(silent, clock, h2ws::seconds(30));
    expire(silent, clock, h2ws::seconds(60));
    tell(silent);
    close(stubborn, h2ws::status_code::normal_closure, "");
    other.close_left = h2ws::seconds(10);
    expire(stubborn, other, h2ws::seconds(15));
    tell(stubborn);
}

void goaway() {
    tunnel on{stream};
    tunnel* all[]{&on};
    going_down(all);
    std::printf(" %s", h2ws::info(goaway_arrived(5, 5)).name.data());
    std::printf(" %s", h2ws::info(goaway_arrived(5, 7)).name.data());
}

void client() {
    client_tunnel on{stream, {.authority = "example.com", .path = "/chat"}};
    ask(on);
    const h2ws::field interim[]{{":status", "103"}}, accepted[]{{":status", "200"}},
        strange[]{{":status", "200"}, {"sec-websocket-protocol", "chat"}};
    response_arrived(on, interim, false, {zero_key});
    response_arrived(on, strange, false, {zero_key});
    response_arrived(on, accepted, false, {zero_key});
    std::string text = "Hi";
    send_text(on, text);
}

} // namespace

int main() {
    step("settings", settings);
    step("request", requests);
    step("data", messages);
    step("close", closes);
    step("ending", endings);
    step("timers", times);
    step("goaway", goaway);
    step("client", client);
}
