// The examples of RFC 7541 appendix C, and both ends against each other.
#include "../catch.hpp"
#include "../octets.hpp"
#include "field_lines.hpp"

#include <array>
#include <memory>

using h2ws::http2::hpack_decoder;
using h2ws::http2::hpack_encoder;
using transcript::hex;

namespace {

struct example {
    std::string_view section;
    std::string_view block; // in hex
    std::string_view lines;
    std::string_view table; // newest line first
    std::size_t table_size;
};

constexpr std::array examples{
    example{"C.2.1", "400a637573746f6d2d6b65790d637573746f6d2d686561646572",
            "custom-key: custom-header\n", "custom-key: custom-header\n", 55},
    example{"C.2.2", "040c2f73616d706c652f70617468", ":path: /sample/path\n", "", 0},
    example{"C.2.3", "100870617373776f726406736563726574", "password: secret\n", "", 0},
    example{"C.2.4", "82", ":method: GET\n", "", 0},
    example{"C.3.1", "828684410f7777772e6578616d706c652e636f6d",
            ":method: GET\n"
            ":scheme: http\n"
            ":path: /\n"
            ":authority: www.example.com\n",
            ":authority: www.example.com\n", 57},
    example{"C.3.2", "828684be58086e6f2d6361636865",
            ":method: GET\n"
            ":scheme: http\n"
            ":path: /\n"
            ":authority: www.example.com\n"
            "cache-control: no-cache\n",
            "cache-control: no-cache\n"
            ":authority: www.example.com\n",
            110},
    example{"C.3.3", "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ":method: GET\n"
            ":scheme: https\n"
            ":path: /index.html\n"
            ":authority: www.example.com\n"
            "custom-key: custom-value\n",
            "custom-key: custom-value\n"
            "cache-control: no-cache\n"
            ":authority: www.example.com\n",
            164},
    example{"C.4.1", "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            ":method: GET\n"
            ":scheme: http\n"
            ":path: /\n"
            ":authority: www.example.com\n",
            ":authority: www.example.com\n", 57},
    example{"C.4.2", "828684be5886a8eb10649cbf",
            ":method: GET\n"
            ":scheme: http\n"
            ":path: /\n"
            ":authority: www.example.com\n"
            "cache-control: no-cache\n",
            "cache-control: no-cache\n"
            ":authority: www.example.com\n",
            110},
    example{"C.4.3", "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ":method: GET\n"
            ":scheme: https\n"
            ":path: /index.html\n"
            ":authority: www.example.com\n"
            "custom-key: custom-value\n",
            "custom-key: custom-value\n"
            "cache-control: no-cache\n"
            ":authority: www.example.com\n",
            164},
    example{"C.5.1",
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a3133"
            "3a323120474d546e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            ":status: 302\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "location: https://www.example.com\n",
            "location: https://www.example.com\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "cache-control: private\n"
            ":status: 302\n",
            222},
    example{"C.5.2", "4803333037c1c0bf",
            ":status: 307\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "location: https://www.example.com\n",
            ":status: 307\n"
            "location: https://www.example.com\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "cache-control: private\n",
            222},
    example{"C.5.3",
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a"
            "69707738666f6f3d4153444a4b48514b425a584f5157454f50495541585157454f49553b206d"
            "61782d6167653d333630303b2076657273696f6e3d31",
            ":status: 200\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:22 GMT\n"
            "location: https://www.example.com\n"
            "content-encoding: gzip\n"
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
            "content-encoding: gzip\n"
            "date: Mon, 21 Oct 2013 20:13:22 GMT\n",
            215},
    example{"C.6.1",
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d"
            "29ad171863c78f0b97c8e9ae82ae43d3",
            ":status: 302\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "location: https://www.example.com\n",
            "location: https://www.example.com\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "cache-control: private\n"
            ":status: 302\n",
            222},
    example{"C.6.2", "4883640effc1c0bf",
            ":status: 307\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "location: https://www.example.com\n",
            ":status: 307\n"
            "location: https://www.example.com\n"
            "date: Mon, 21 Oct 2013 20:13:21 GMT\n"
            "cache-control: private\n",
            222},
    example{"C.6.3",
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821d"
            "d7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b106"
            "3d5007",
            ":status: 200\n"
            "cache-control: private\n"
            "date: Mon, 21 Oct 2013 20:13:22 GMT\n"
            "location: https://www.example.com\n"
            "content-encoding: gzip\n"
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"
            "content-encoding: gzip\n"
            "date: Mon, 21 Oct 2013 20:13:22 GMT\n",
            215},
};

// Examples of one part (C.2.x apart) are one connection's. C.5 and C.6 have tables of 256 octets.
bool begins_connection(const example& of) {
    return of.section.ends_with(".1") || of.section.starts_with("C.2");
}

bool has_small_table(const example& of) {
    return of.section.starts_with("C.5") || of.section.starts_with("C.6");
}

} // namespace

TEST_CASE("the examples of RFC 7541 are decoded, and leave the tables that they show",
          "[rfc7541-C]") {
    std::unique_ptr<hpack_decoder> decoder;
    for (const example& each : examples) {
        INFO(each.section);
        if (begins_connection(each)) {
            decoder = std::make_unique<hpack_decoder>(h2ws::allocator{});
            if (has_small_table(each))
                CHECK(field_lines::decode(*decoder, hex("3f e1 01")).empty()); // 256
        }
        const std::string never = each.section == "C.2.3" ? "never indexed " : "";
        CHECK(field_lines::decode(*decoder, hex(each.block)) == never + std::string(each.lines));
        CHECK(field_lines::text(decoder->table()) == each.table);
        CHECK(decoder->table().size() == each.table_size);
    }
}

TEST_CASE("the requests of RFC 7541 C.4 are encoded as there", "[rfc7541-C]") {
    hpack_encoder encoder{{}};
    std::size_t requests = 0;
    for (const example& each : examples) {
        if (!each.section.starts_with("C.4")) continue;
        ++requests;
        CHECK(transcript::spaced_hex(field_lines::encode(encoder, each.lines)) ==
              transcript::spaced_hex(hex(each.block)));
        CHECK(field_lines::text(encoder.table()) == each.table);
        CHECK(encoder.table().size() == each.table_size);
    }
    CHECK(requests == 3);
}
