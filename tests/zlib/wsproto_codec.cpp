// One end of a WebSocket with permessage-deflate that is driven by commands on stdin; the other end
// is wsproto, in against_wsproto.py. A command is a letter, the size of what follows in four octets
// (big-endian), and that. Its answer is written in the same way, under `e` where it is an errc.
//
//     n OPTIONS SETTINGS OFFERS   server: what it answers to the offers; nothing: it declines
//     o PARAMETERS SETTINGS       client: what it offers
//     a ANSWER                    client: nothing, when that is agreed on
//     m FLAGS ROOM OCTETS         the frames of a message, or of a part of one
//     p OCTETS                    a ping
//     r SIZE OCTETS               what comes of octets that arrive in pieces of that size
#include <h2ws/zlib/permessage_deflate.hpp>

#include <h2ws/field_list.hpp>
#include <h2ws/websocket.hpp>

#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

using h2ws::client;
using h2ws::deflate_parameters;
using h2ws::errc;
using h2ws::server;
using h2ws::zlib::deflate_settings;
using h2ws::zlib::permessage_deflate;

namespace {

using octets = std::string;

template <class Role>
using socket_of = h2ws::websocket<Role, permessage_deflate>;

octets labelled(char letter, std::string_view data) {
    octets text(1, letter);
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(data.size() >> shift & 0xff);
    return text.append(data);
}

// What follows the size of a command, from its front.
class arguments {
public:
    explicit arguments(std::string_view text) : text_(text) {}

    std::uint8_t octet() {
        const char first = text_.at(0);
        text_.remove_prefix(1);
        return static_cast<std::uint8_t>(first);
    }

    std::size_t number() {
        std::size_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8 | octet();
        return value;
    }

    std::string_view rest() const { return text_; }

private:
    std::string_view text_;
};

deflate_settings read_settings(arguments& from) {
    deflate_settings settings;
    settings.level = from.octet();
    settings.memory_level = from.octet();
    settings.one_frame = from.octet() != 0;
    return settings;
}

std::optional<std::uint8_t> read_window(arguments& from) {
    constexpr std::uint8_t absent = 255;
    const std::uint8_t bits = from.octet();
    if (bits == absent) return std::nullopt;
    return bits;
}

// Keys that are the same in each run: they need not be secret here.
bool next_key(void* state, h2ws::masking_key& key) noexcept {
    auto& drawn = *static_cast<std::uint32_t*>(state);
    for (std::byte& one : key) one = static_cast<std::byte>((drawn = drawn * 69'069 + 1) >> 24);
    return true;
}

class endpoint {
public:
    octets obey(char command, arguments with) {
        switch (command) {
        case 'n': return negotiate(with);
        case 'o': return offer(with);
        case 'a': return agree(with);
        default: break;
        }
        return std::visit([&](auto& socket) { return obey(socket, command, with); }, socket_);
    }

private:
    static octets failure(errc error) { return labelled('e', info(error).name); }

    static h2ws::extension_reader elements(std::string_view text) {
        return h2ws::extension_reader({}, text);
    }

    octets negotiate(arguments& with) {
        const h2ws::deflate_options options{.server_no_context_takeover = with.octet() != 0,
                                            .client_no_context_takeover = with.octet() != 0,
                                            .server_max_window_bits = with.octet(),
                                            .client_max_window_bits = with.octet()};
        settings_ = read_settings(with);
        const auto agreed = h2ws::negotiate_deflate(elements(with.rest()), options);
        if (!agreed) return failure(agreed.error());
        if (!*agreed) return labelled('n', "");
        open(server{}, **agreed);
        return write('n', **agreed);
    }

    octets offer(arguments& with) {
        const deflate_parameters offered{.server_no_context_takeover = with.octet() != 0,
                                         .client_no_context_takeover = with.octet() != 0,
                                         .server_max_window_bits = read_window(with),
                                         .client_max_window_bits = read_window(with)};
        settings_ = read_settings(with);
        octets answer = write('o', offered);
        offers_ = answer.substr(5);
        return answer;
    }

    octets agree(arguments& with) {
        const auto agreed = h2ws::read_deflate_answer(elements(with.rest()), elements(offers_));
        if (!agreed) return failure(agreed.error());
        if (!*agreed) return labelled('e', "none");
        open(client{{next_key, &drawn_}}, **agreed);
        return labelled('a', "");
    }

    static octets write(char letter, const deflate_parameters& one) {
        std::array<char, h2ws::max_deflate_element> room;
        const auto text = h2ws::write_deflate({&one, 1}, room);
        return text ? labelled(letter, *text) : failure(text.error());
    }

    template <class Role>
    void open(Role role, const deflate_parameters& agreed) {
        message_.clear();
        socket_.emplace<socket_of<Role>>(role, h2ws::limits{},
                                         permessage_deflate(role, agreed, settings_));
    }

    octets obey(std::monostate, char, arguments&) { return failure(errc::not_open); }

    template <class Role>
    octets obey(socket_of<Role>& socket, char command, arguments& with) {
        if (command == 'm') return send(socket, with);
        if (command == 'r') return receive(socket, with);
        const auto made = socket.send_ping(h2ws::as_bytes(with.rest()));
        return made ? labelled('p', h2ws::as_text(made->bytes())) : failure(made.error());
    }

    template <class Role>
    octets send(socket_of<Role>& socket, arguments& with) {
        const unsigned flags = with.octet();
        const h2ws::opcode type = (flags & 1) != 0 ? h2ws::opcode::text : h2ws::opcode::binary;
        const bool fin = (flags & 2) != 0;
        socket.extension().compress((flags & 4) != 0);
        const std::size_t room = with.number(); // none: what one frame needs
        h2ws::const_bytes rest = h2ws::as_bytes(with.rest());
        std::vector<std::byte> out(room != 0 ? room
                                             : permessage_deflate::encoded_bound(rest.size()));
        octets wire;
        for (bool more = true; more;) {
            const auto made = socket.send(type, rest, out, fin);
            if (!made) return failure(made.error());
            more = made->more;
            wire.append(h2ws::as_text(made->header())).append(h2ws::as_text(made->payload));
        }
        return labelled('m', wire);
    }

    template <class Role>
    octets receive(socket_of<Role>& socket, arguments& with) {
        const std::size_t size = with.number();
        octets arrived(with.rest());
        octets said;
        for (std::size_t at = 0; at < arrived.size(); at += size) {
            h2ws::inbound<Role> in{{reinterpret_cast<std::byte*>(arrived.data()) + at,
                                    h2ws::smaller(size, arrived.size() - at)}};
            for (bool more = true; more;) {
                const auto found = socket.poll(in);
                if (found) std::visit([&](const auto& event) { tell(event, said); }, *found);
                while (const auto out = socket.poll_transmit())
                    said += labelled('w', h2ws::as_text(out->bytes));
                more = found || !in.data.empty();
            }
        }
        return labelled('r', said);
    }

    void tell(const h2ws::message_chunk& chunk, octets& said) {
        message_ += h2ws::as_text(chunk.payload);
        if (!chunk.last) return;
        said += labelled(chunk.type == h2ws::opcode::text ? 't' : 'b', message_);
        message_.clear();
    }
    void tell(const h2ws::ping& one, octets& said) {
        said += labelled('i', h2ws::as_text(one.payload));
    }
    void tell(const h2ws::pong& one, octets& said) {
        said += labelled('o', h2ws::as_text(one.payload));
    }
    void tell(const h2ws::closed& end, octets& said) {
        said += labelled('x', info(end.error).name);
    }
    template <class Event>
    void tell(const Event&, octets& said) {
        said += labelled('?', "");
    }

    std::uint32_t drawn_ = 1;
    deflate_settings settings_;
    octets offers_;
    octets message_; // as far as it has come
    std::variant<std::monostate, socket_of<server>, socket_of<client>> socket_;
};

bool read(octets& to, std::size_t size) {
    to.resize(size);
    return std::fread(to.data(), 1, size, stdin) == size;
}

} // namespace

int main() {
    endpoint ours;
    for (octets head, rest; read(head, 5);) {
        if (!read(rest, arguments(std::string_view(head).substr(1)).number())) return 1;
        const octets answer = ours.obey(head[0], arguments(rest));
        if (std::fwrite(answer.data(), 1, answer.size(), stdout) != answer.size()) return 1;
        std::fflush(stdout);
    }
}
