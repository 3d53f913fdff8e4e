// Any calls on a websocket, in any order, before and after each of its ends: what was refused has
// no effect, `closed` comes once, nothing comes after it, and our half of the stream ends once.
#include "frames.hpp"

#include <algorithm>

namespace {

using fuzz::bytes;
using fuzz::require;
using fuzz::supply;
using h2ws::errc;

constexpr h2ws::limits allowed{.max_message = 5'000, .max_fragments = 20};

template <class Role>
class caller {
public:
    explicit caller(supply& from) : from_(from) {}

    void run() {
        while (!from_.empty()) call();
        if (const auto last = socket_.stream_ended(h2ws::ending::connection_lost, code()))
            happened_.note(*last);
        require(happened_.over()); // once: the log sees to that
        require(!socket_.stream_ended(h2ws::ending::reset_by_us, code()));
        require(!may_send());
    }

private:
    void call() {
        switch (from_.number(11)) {
        case 0: return poll_in_place();
        case 1: return poll_elsewhere();
        case 2: return hear();
        case 3: return send_in_place();
        case 4: return send_copied();
        case 5: return control(socket_.send_ping(from_.octets(from_.number(140))));
        case 6: return control(socket_.send_pong(from_.octets(from_.number(140))));
        case 7: return send_close();
        case 8: return end_stream();
        case 9: return fail();
        case 10:
            switch (from_.number(7)) {
            case 0: return lose();
            case 1: has_keys_ = false; return;
            default: return;
            }
        default: return hear();
        }
    }

    void poll_in_place() {
        bytes wire = frames();
        h2ws::inbound<Role> in{wire, from_.number(9) == 0};
        while (const auto event = socket_.poll(in)) note(*event);
        require(in.data.empty() || socket_.wants_transmit());
    }

    void poll_elsewhere() {
        const bytes wire = frames();
        bytes out(1 + from_.number(200));
        const bool ends = from_.number(9) == 0;
        h2ws::const_bytes in = wire;
        while (const auto event = socket_.poll(in, ends, out)) note(*event);
        require(in.empty() || socket_.wants_transmit());
    }

    bytes frames() {
        bytes wire;
        for (std::size_t i = from_.number(3); i != 0; --i)
            fuzz::append_frame(from_, !Role::is_client, wire);
        return wire;
    }

    void note(const h2ws::event& event) {
        happened_.note(event);
        if (happened_.over()) require(!may_send());
    }

    void hear() {
        const bool wanted = socket_.wants_transmit();
        const auto said = socket_.poll_transmit();
        require(said.has_value() == wanted);
        if (!said) return;
        require(!ended_);
        ended_ = said->end_stream || said->reset;
    }

    // Sending is over when we or the peer have begun to close, and stays so.
    bool may_send() const {
        const h2ws::closing_handshake& life = socket_.lifecycle();
        return life.sent() == h2ws::direction::open && life.received() == h2ws::direction::open;
    }

    void check(bool done, errc error, bool could) {
        require(!done || could);
        require(could || error == errc::not_open);
        require(!done || !closed_by_us_);
    }

    void send_in_place() {
        const bool could = may_send();
        const h2ws::const_bytes octets = from_.octets(from_.number(300));
        bytes payload(octets.begin(), octets.end());
        const auto made = socket_.send(type(), payload, from_.flag());
        check(bool(made), made.error(), could);
        if (made) require(made->payload.size() == payload.size());
    }

    void send_copied() {
        const bool could = may_send();
        h2ws::const_bytes rest = from_.octets(from_.number(300));
        const std::size_t before = rest.size();
        bytes out(from_.number(300));
        const auto made = socket_.send(type(), rest, out, from_.flag());
        check(bool(made), made.error(), could);
        require(made ? made->payload.size() == before - rest.size() : rest.size() == before);
        if (made) require(made->more == !rest.empty());
    }

    void control(const h2ws::result<h2ws::control_frame>& made) {
        check(bool(made),
              made                                     ? errc::none
              : made.error() == errc::invalid_argument ? errc::not_open
                                                       : made.error(),
              may_send());
        if (made) require(made->bytes().size() <= h2ws::max_control_payload + 6);
    }

    void send_close() {
        const bool could = may_send();
        const auto code = static_cast<h2ws::status_code>(from_.number(5'000));
        const h2ws::const_bytes reason = from_.octets(from_.number(140));
        const auto made = socket_.send_close(code, h2ws::as_text(reason));
        check(bool(made), made.error(), could);
        closed_by_us_ = closed_by_us_ || made;
        if (made) require(!may_send());
    }

    void end_stream() {
        const bool could = socket_.lifecycle().sent() == h2ws::direction::closing;
        const auto made = socket_.send_end_stream();
        require(!made || could);
        if (!made) return;
        require(!ended_ && made->end_stream);
        ended_ = true;
    }

    void fail() {
        const bool open = socket_.lifecycle().received() == h2ws::direction::open;
        socket_.fail(from_.flag() ? errc::keepalive_timeout : errc::no_memory);
        require(socket_.lifecycle().received() != h2ws::direction::open);
        if (open) require(!may_send());
    }

    void lose() {
        const auto how = static_cast<h2ws::ending>(from_.number(2));
        if (const auto last = socket_.stream_ended(how, code())) note(*last);
        require(happened_.over() && !socket_.wants_transmit());
    }

    h2ws::opcode type() {
        constexpr h2ws::opcode types[] = {h2ws::opcode::text, h2ws::opcode::binary,
                                          h2ws::opcode::text, h2ws::opcode::continuation,
                                          h2ws::opcode::ping, h2ws::opcode{7}};
        return types[from_.number(5)];
    }

    h2ws::http2_error code() { return static_cast<h2ws::http2_error>(from_.number(20)); }

    // A client's keys may run out.
    static Role role(bool& has_keys) {
        Role made = fuzz::role_with_key<Role>();
        if constexpr (Role::is_client)
            made.keys = {.next =
                             [](void* state, h2ws::masking_key& key) noexcept {
                                 key = {};
                                 return *static_cast<bool*>(state);
                             },
                         .state = &has_keys};
        return made;
    }

    supply& from_;
    bool has_keys_ = true;
    h2ws::websocket<Role> socket_{role(has_keys_), allowed};
    fuzz::log happened_{allowed.max_message};
    bool closed_by_us_ = false;
    bool ended_ = false; // our half of the stream
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    supply from(data, size);
    if (from.flag())
        caller<h2ws::server>(from).run();
    else
        caller<h2ws::client>(from).run();
    return 0;
}
