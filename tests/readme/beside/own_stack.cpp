// The stack of own_stack.cpp: it prints what it is to send, and what arrives is written here.
#include "../own_stack.cpp"

#include <cstdio>
#include <string>

void stack_stream::send_headers(std::span<const h2ws::field> fields, bool end_stream) {
    std::printf("HEADERS%s:", end_stream ? " END_STREAM" : "");
    for (const h2ws::field& line : fields)
        std::printf(" %.*s=%.*s", static_cast<int>(line.name.size()), line.name.data(),
                    static_cast<int>(line.value.size()), line.value.data());
    std::printf("\n");
}

void stack_stream::send_data(h2ws::const_bytes bytes, bool end_stream) {
    std::printf("DATA%s:", end_stream ? " END_STREAM" : "");
    for (const std::byte octet : bytes) std::printf(" %02x", std::to_integer<unsigned>(octet));
    std::printf("\n");
}

void stack_stream::send_reset(h2ws::http2_error code) {
    std::printf("RST_STREAM: %s\n", h2ws::name(code).data());
}

int main() {
    stack_stream stream;
    h2ws::field fields[]{{":method", "CONNECT"},        {":protocol", "websocket"},
                         {":scheme", "https"},          {":path", "/chat"},
                         {":authority", "example.com"}, {"sec-websocket-version", "13"}};
    echo{stream}.headers_arrived(std::span(fields).first(5), false); // no version
    echo{stream}.headers_arrived(std::span(fields).last(5), false);  // no method
    echo one{stream};
    one.headers_arrived(fields, false);
    std::string data("\x81\x82\x01\x02\x03\x04\x49\x6b\x88\x80\x01\x02\x03\x04", 14);
    one.data_arrived(std::as_writable_bytes(std::span(data)), true); // "Hi", Close
}
