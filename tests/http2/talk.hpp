// What a peer may say: whole sessions in literal octets, most of it legal, each kind of frame also
// with wrong lengths, flags, streams, states and contents. The same dice say the same.
#pragma once

#include "../dice.hpp"
#include "../nghttp2/model.hpp"
#include "../octets.hpp"

#include <h2ws/http2_error.hpp>

#include <random>
#include <string>
#include <vector>

namespace differential {

using model = nghttp2_model;
using transcript::octets;

using test::dice;

using field_lines = std::vector<std::pair<octets, octets>>;

// A field block (RFC 7541) in all representations, some of them damaged.
template <class Dice>
class block_writer {
public:
    block_writer(Dice& random, std::uint32_t damaged_once_in)
        : random_(random),
          damaged_once_in_(damaged_once_in) {}

    octets write(const field_lines& lines) {
        octets out;
        if (random_.one_in(30)) out += integer(0x20, 5, random_.any(table_sizes));
        for (const auto& [name, value] : lines) out += line(name, value);
        if (damaged_once_in_ != 0 && random_.one_in(damaged_once_in_)) out += damage();
        return out;
    }

private:
    static constexpr std::uint32_t table_sizes[]{0, 100, 4'096};

    // RFC 7541 §5.1
    static octets integer(unsigned first, unsigned bits, std::uint32_t value) {
        const std::uint32_t most = (1U << bits) - 1;
        if (value < most) return octets(1, static_cast<char>(first | value));
        octets out(1, static_cast<char>(first | most));
        for (value -= most; value >= 128; value /= 128)
            out.push_back(static_cast<char>(value % 128 | 128));
        return out + static_cast<char>(value);
    }
    static octets text(const octets& value) {
        return integer(0, 7, static_cast<std::uint32_t>(value.size())) + value;
    }

    octets line(const octets& name, const octets& value) {
        if (name == ":scheme" && value == "https") return octets(1, '\x87');
        if (name == ":path" && value == "/") return octets(1, '\x84');
        if (name == ":status" && value == "200") return octets(1, '\x88');
        const char how = random_.any("\0\x10\x40"); // not indexed, never, indexed
        return (how == '\0' ? octets(1, '\0') : octets(1, how)) + text(name) + text(value);
    }

    octets damage() {
        switch (random_.below(7)) {
        case 0: return integer(0x80, 7, 0);   // there is no index 0
        case 1: return integer(0x80, 7, 200); // nor so many fields
        case 2: return integer(0x20, 5, 4'096);
        case 3: return "\x40\x81\xff";                       // Huffman, cut short
        case 4: return octets("\0\3abc\x7f\xff\xff\xff", 9); // longer than the block
        case 5: return integer(0x80, 7, 62);                 // whatever came last, if anything did
        default: return random_.bytes(1 + random_.below(6));
        }
    }

    Dice& random_;
    std::uint32_t damaged_once_in_;
};

// `faults`: one frame in so many breaks a rule; 0: none.
template <bool to_client, class Dice = dice>
class talk {
public:
    talk(Dice& random, std::uint32_t faults, std::uint32_t tunnels, std::uint32_t requests)
        : random_(random),
          faults_(faults),
          block_(random, faults == 0 ? 0 : 4 * faults) {
        if (!random.one_in(8)) frame(4, 1, 0, {});
        if (!to_client) open_tunnel();
        for (std::uint32_t i = 0; to_client && i < tunnels + requests; ++i)
            live_.push_back(next_stream());
        for (std::uint32_t i = 0; to_client && i < tunnels + requests; ++i)
            if (!random.one_in(i < tunnels ? 24 : 4))
                headers(live_[i], {{":status", "200"}}, false);
    }

    octets said;

    void speak() {
        if (faults_ != 0 && random_.one_in(faults_)) return break_rule();
        const std::uint32_t stream = some_stream();
        switch (random_.below(14)) {
        case 0:
        case 1: return to_client ? answer(stream) : open_tunnel();
        case 2: return to_client ? trailers(stream) : ask();
        case 3: said += model::reset(stream, random_.below(16)); return over(stream);
        case 4: return update(random_.one_in(2) ? 0 : stream, 1 + random_.below(99));
        case 5: return frame(6, random_.one_in(2) ? 1 : 0, 0, random_.bytes(8));
        case 6: return settings(4, random_.one_in(4) ? 0 : random_.below(70'000));
        case 7:
            return frame(random_.any(passed_over), random_.one_in(2) ? 0xff : 0, stream,
                         random_.bytes(5));
        case 8: return frame(2, 0, stream, model::number(0) + octets(1, '\x10'));
        default: return message(stream);
        }
    }

private:
    static constexpr std::uint8_t passed_over[]{0x0b, 0x20, 0x99, 0xff};

    std::uint32_t next_stream() { return std::exchange(next_, next_ + 2); }
    std::uint32_t some_stream() {
        return live_.empty() ? 1 : live_[random_.below(static_cast<std::uint32_t>(live_.size()))];
    }
    // Idle, closed, of the other side, none.
    std::uint32_t any_stream() {
        switch (random_.below(5)) {
        case 0: return 0;
        case 1: return 2 + 2 * random_.below(4);
        case 2: return next_ + 2 * random_.below(4);
        case 3:
            return gone_.empty() ? 1
                                 : gone_[random_.below(static_cast<std::uint32_t>(gone_.size()))];
        default: return some_stream();
        }
    }
    void over(std::uint32_t stream) {
        gone_.push_back(stream);
        std::erase(live_, stream);
    }
    void frame(std::uint8_t type, unsigned flags, std::uint32_t stream, const octets& payload) {
        said += model::frame(type, static_cast<std::uint8_t>(flags), stream, payload);
    }
    void update(std::uint32_t stream, std::uint32_t by) { frame(8, 0, stream, model::number(by)); }
    void settings(std::uint32_t id, std::uint32_t value, std::uint32_t stream = 0) {
        frame(4, 0, stream, model::number(id, 2) + model::number(value));
    }

    void headers(std::uint32_t stream, const field_lines& lines, bool ends) {
        octets block = block_.write(lines);
        unsigned flags = ends ? 1 : 0;
        octets before, after;
        if (random_.one_in(8)) { // padding
            flags |= 8;
            after = octets(random_.below(20), '\0');
            before = octets(1, static_cast<char>(after.size()));
        }
        if (random_.one_in(12)) { // priority
            flags |= 0x20;
            before += model::number(0) + '\x10';
        }
        std::vector<octets> parts;
        for (std::uint32_t cuts = random_.one_in(4) ? 1 + random_.below(3) : 0; cuts != 0; --cuts) {
            const std::size_t size = random_.below(static_cast<std::uint32_t>(block.size() + 1));
            parts.push_back(block.substr(0, size));
            block.erase(0, size);
        }
        parts.push_back(block);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const unsigned last = i + 1 == parts.size() ? 4 : 0;
            if (i == 0)
                frame(1, flags | last, stream, before + parts[0] + after);
            else
                frame(9, last, stream, parts[i]);
            if (last == 0 && faults_ != 0 && random_.one_in(4 * faults_))
                frame(static_cast<std::uint8_t>(random_.below(12)), random_.below(2) * 4,
                      any_stream(), random_.bytes(8)); // inside a block
        }
        if (ends) over(stream);
    }

    static field_lines tunnel_request() {
        return {{":method", "CONNECT"}, {":protocol", "websocket"},
                {":scheme", "https"},   {":authority", "a.test"},
                {":path", "/"},         {"sec-websocket-version", "13"}};
    }
    void open_tunnel() {
        field_lines lines = tunnel_request();
        if (random_.one_in(4)) lines.push_back({"origin", "https://a.test"});
        if (random_.one_in(4)) lines.push_back({"cookie", random_.one_in(2) ? "a=b" : "c=d"});
        if (random_.one_in(8)) lines[1].second = "other";
        if (random_.one_in(8)) lines[5].second = "8";
        live_.push_back(next_stream());
        headers(live_.back(), lines, random_.one_in(12));
    }
    void ask() {
        static constexpr const char* methods[]{"GET", "POST", "HEAD", "OPTIONS", "PUT"};
        field_lines lines{{":method", random_.any(methods)},
                          {":scheme", "https"},
                          {":authority", "a.test"},
                          {":path", random_.one_in(3) ? "/page?a=b" : "/"}};
        if (random_.one_in(4)) lines.push_back({"te", "trailers"});
        if (random_.one_in(4)) lines.push_back({"host", "a.test"});
        if (random_.one_in(4)) lines.push_back({"content-length", "5"});
        const std::uint32_t stream = next_stream();
        live_.push_back(stream);
        const bool ends = lines.back().first != "content-length" && random_.one_in(2);
        headers(stream, lines, ends);
        if (ends) return;
        if (random_.one_in(3))
            frame(0, 0, stream, "12");
        else
            return body(stream);
        frame(0, 0, stream, random_.one_in(4) ? "45" : "345");
        trailers(stream);
    }
    void body(std::uint32_t stream) {
        frame(0, 1, stream, random_.one_in(8) ? "1234" : "12345");
        over(stream);
    }
    void answer(std::uint32_t stream) {
        static constexpr const char* statuses[]{"200", "200", "200", "103", "403", "204", "304"};
        field_lines lines{{":status", random_.any(statuses)}};
        if (random_.one_in(6)) lines.push_back({"content-length", "5"});
        headers(stream, lines, random_.one_in(6));
    }
    void trailers(std::uint32_t stream) { headers(stream, {{"x-sum", "1"}}, true); }

    void message(std::uint32_t stream) {
        static constexpr unsigned firsts[]{0x81, 0x82, 0x01, 0x80, 0x81, 0x88, 0x89, 0x8a};
        unsigned first = random_.any(firsts);
        if (faults_ != 0 && random_.one_in(2 * faults_)) first = random_.below(256);
        octets payload(random_.below(first > 0x88 ? 10 : 200), 'p');
        if (first == 0x88) payload = "\x03\xe8";
        if (random_.one_in(40)) payload.assign(3'000, 'p');
        octets bytes = to_client ? transcript::frame_start(first, false, payload.size()) + payload
                                 : transcript::from_client(first, payload);
        const bool ends = random_.one_in(16);
        if (random_.one_in(8)) { // padding
            const octets padding(random_.below(20), '\0');
            frame(0, ends ? 9 : 8, stream, static_cast<char>(padding.size()) + bytes + padding);
        } else if (random_.one_in(8)) {
            const std::size_t cut = random_.below(static_cast<std::uint32_t>(bytes.size() + 1));
            frame(0, 0, stream, bytes.substr(0, cut));
            frame(0, ends, stream, bytes.substr(cut));
        } else {
            frame(0, ends, stream, bytes);
        }
        if (ends) over(stream);
    }

    void break_rule() {
        switch (random_.below(12)) {
        case 0: return to_client ? malformed_answer() : malformed_request();
        case 1: return to_client ? malformed_answer() : malformed_ordinary();
        case 2: return wrong_length();
        case 3: return wrong_stream();
        case 4: return wrong_setting();
        case 5: return wrong_padding();
        case 6: return wrong_window();
        case 7: return frame(5, 4, some_stream(), model::number(2) + octets("\x82\x84", 2));
        case 8: return frame(9, 4, any_stream(), "\x82"); // CONTINUATION of nothing
        case 9: return frame(2, 0, any_stream(), model::number(any_stream()) + octets(1, '\x10'));
        case 10:
            return frame(static_cast<std::uint8_t>(random_.below(18)), random_.below(256),
                         random_.one_in(2) ? any_stream() : any_stream() | 0x8000'0000U,
                         random_.bytes(random_.below(20)));
        default:
            return frame(7, 0, 0,
                         model::number(2 * random_.below(4) + 1) +
                             model::number(random_.one_in(2) ? 0 : random_.below(20)));
        }
    }

    void wrong_length() {
        static constexpr std::uint8_t types[]{0, 1, 2, 3, 4, 6, 7, 8, 9, 16};
        if (random_.one_in(6))
            return frame(random_.any(types), 4, some_stream(), octets(16'385, '\0'));
        const std::uint8_t type = random_.any(types);
        const bool of_stream = type < 4 || type == 8 || type == 9;
        frame(type, random_.one_in(3) ? 1 : 0, of_stream ? some_stream() : 0,
              octets(random_.below(12), '\0'));
    }
    void wrong_stream() {
        switch (random_.below(8)) {
        case 0: return frame(4, random_.below(2), any_stream(), {});
        case 1: return frame(6, 0, any_stream(), octets(8, '\0'));
        case 2: return frame(7, 0, any_stream(), octets(8, '\0'));
        case 3: return update(any_stream(), 10);
        case 4: return frame(3, 0, any_stream(), model::number(8));
        case 5: return frame(0, random_.below(2), any_stream(), "data");
        case 6:
            return headers(any_stream(),
                           to_client ? field_lines{{":status", "200"}} : tunnel_request(), false);
        default: next_ += 2 * random_.below(3); return;
        }
    }
    void wrong_setting() {
        if (random_.one_in(8)) { // windows too large together
            update(some_stream(), 1'000);
            return settings(4, 0x7fff'ffff);
        }
        static constexpr std::uint32_t values[]{0,           1,           2,          16'383,
                                                16'384,      65'535,      16'777'215, 16'777'216,
                                                0x7fff'ffff, 0x8000'0000, 0xffff'ffff};
        settings(random_.below(12), random_.any(values));
    }
    void wrong_padding() {
        const octets padded =
            static_cast<char>(1 + random_.below(12)) + octets(random_.below(12), '\0');
        frame(random_.one_in(2) ? 0 : 1, 8 | 4, random_.one_in(2) ? some_stream() : next_stream(),
              random_.one_in(6) ? octets{} : padded);
    }
    void wrong_window() {
        static constexpr std::uint32_t values[]{0, 0, 0x7fff'ffff, 0xffff'ffff, 0x8000'0000};
        update(random_.one_in(3) ? 0 : some_stream(), random_.any(values));
    }

    void edit(field_lines& lines) {
        static const std::pair<octets, octets> added[]{{"Upper", "x"},
                                                       {"te", "gzip"},
                                                       {"connection", "close"},
                                                       {"keep-alive", "1"},
                                                       {"upgrade", "x"},
                                                       {"transfer-encoding", "chunked"},
                                                       {"proxy-connection", ""},
                                                       {"", "x"},
                                                       {"a b", "x"},
                                                       {"a:b", "x"},
                                                       {"x", " a"},
                                                       {"x", "a\t"},
                                                       {"x", octets("a\0b", 3)},
                                                       {"x", "a\nb"},
                                                       {"x", "a\x01"
                                                             "b"},
                                                       {"x", "a\x7f"},
                                                       {"x\x80", "a"},
                                                       {":unknown", "x"},
                                                       {"host", "b.test"},
                                                       {"content-length", "x"},
                                                       {"content-length", "1"},
                                                       {":path", "/again"},
                                                       {":status", "200"},
                                                       {":protocol", "websocket"},
                                                       {"cookie", "e=f"},
                                                       {"x", "caf\xc3\xa9"},
                                                       {"x", ""}};
        static const octets values[]{
            "",        "*",    "no-slash", "http",      "ftp",  "user@a.test", "GET",
            "CONNECT", "/a b", "/a#b",     "a.test:80", "h2 x", "99",          "101"};
        const std::size_t at = random_.below(static_cast<std::uint32_t>(lines.size()));
        switch (random_.below(6)) {
        case 0: lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at)); return;
        case 1: lines.push_back(lines[at]); return;
        case 2: lines[at].second = random_.any(values); return;
        case 3: std::swap(lines[at], lines.back()); return;
        default: lines.push_back(random_.any(added)); return;
        }
    }
    void malformed_request() {
        field_lines lines = tunnel_request();
        edit(lines);
        live_.push_back(next_stream());
        headers(live_.back(), lines, random_.one_in(8));
    }
    void malformed_ordinary() {
        field_lines lines{
            {":method", "GET"}, {":scheme", "https"}, {":authority", "a.test"}, {":path", "/"}};
        if (random_.one_in(6))
            lines = {{":method", "CONNECT"}, {":authority", "a.test:1"}};
        else
            edit(lines);
        live_.push_back(next_stream());
        headers(live_.back(), lines, random_.one_in(2));
    }
    void malformed_answer() {
        field_lines lines{{":status", random_.one_in(3) ? "403" : "200"}, {"server", "x"}};
        edit(lines);
        headers(some_stream(), lines, random_.one_in(4));
    }

    Dice& random_;
    std::uint32_t faults_;
    block_writer<Dice> block_;
    std::vector<std::uint32_t> live_, gone_;
    std::uint32_t next_ = 1;
};

} // namespace differential
