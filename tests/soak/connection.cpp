#include "connection.hpp"

#include <algorithm>

namespace soak {

using namespace h2ws;

namespace {

unsigned mixed(std::uint64_t seed, std::uint64_t number) {
    return static_cast<unsigned>(load::random_numbers({seed, 0, number}).next());
}

constexpr std::uint32_t kinds = static_cast<std::uint32_t>(fault::unacknowledged) + 1;

} // namespace

connection::connection(std::uint64_t seed, std::uint64_t number, std::size_t most_tunnels,
                       const content& contents, counts& counted)
    : random_(mixed(seed, number)),
      story_{.contents = contents,
             .counted = counted,
             .connection = number,
             .largest = content::largest,
             .most = 1 + random_.below(static_cast<std::uint32_t>(most_tunnels))},
      steps_left_(static_cast<int>(50 + random_.below(random_.one_in(8) ? 6'000 : 600))) {
    plan();
    const bool deflates = random_.one_in(3);
    make(server_, deflates);
    make(client_, deflates);
    ++counted.connections;
}

connection::~connection() = default;

// One in four has nothing to bear.
void connection::plan() {
    static constexpr std::size_t sizes[]{100'000, 100'000, 100'000, 20'000, 20'000, 1'000,
                                         1'000,   1'000,   60,      60,     7,      1};
    write_size_ = random_.any(sizes);
    read_size_ = random_.any(sizes);
    if (std::min(read_size_, write_size_) < 1'000) story_.largest = 20'000;
    if (std::min(read_size_, write_size_) < 60) {
        story_.largest = 300;
        steps_left_ = std::min(steps_left_, 300);
    }
    if (!random_.one_in(4)) fault_ = static_cast<fault>(random_.below(kinds));
    strikes_at_ = static_cast<int>(random_.below(static_cast<std::uint32_t>(steps_left_)));
    wire& hurt = random_.one_in(2) ? server_.to_it : client_.to_it;
    const std::uint64_t place = random_.below(std::uint32_t{1} << (4 + random_.below(19)));
    if (fault_ == fault::cut) hurt.cut_at = place;
    if (fault_ == fault::damage) hurt.damage_at = place;
    if (fault_ == fault::unacknowledged) {
        story_.met.unacknowledged = hurt.drops_acknowledgements = true;
        if (random_.one_in(2))
            server_.to_it.drops_acknowledgements = client_.to_it.drops_acknowledgements = true;
    }
    if (random_.one_in(4)) { // timers run out by themselves
        pause_ = seconds(2);
        story_.met.timers = true;
    }
}

session_options connection::options_of(end& at) {
    static constexpr std::int32_t windows[]{65'535, 65'535, 300'000, 1'024, 100, 7};
    static constexpr std::size_t queues[]{1 << 20, 100'000, 20'000, 1'000};
    session_options made;
    made.stream_window = random_.any(windows);
    if (made.stream_window < 1'024) story_.largest = std::min<std::size_t>(story_.largest, 2'000);
    made.max_stream_window = random_.one_in(2) ? made.stream_window : 1 << 20;
    made.connection_window = random_.one_in(2) ? 65'535 : 1 << 20;
    made.max_held = random_.one_in(3) ? 20'000 : std::size_t{16} << 20;
    made.max_queued = random_.any(queues);
    made.max_queued_in_all = made.max_queued * (1 + random_.below(4));
    made.max_streams = 4 + random_.below(static_cast<std::uint32_t>(story_.most) + 4);
    // A server counts a stream whose RST_STREAM waits to leave, though the client has ended it: it
    // refuses the next one, and nghttp2 ends the connection. Nobody comes near the limit.
    made.max_streams += static_cast<std::uint32_t>(story_.most) + 12;
    made.max_pending = 1 + random_.below(8);
    made.max_waiting = 8;
    made.max_fields = 24;
    made.max_field_bytes = 1'500;
    made.max_early_data = 500;
    made.accept_tunnels = !at.client;
    made.end_with_reset = random_.one_in(3);
    if (random_.one_in(3)) made.waits.idle = seconds(20);
    if (random_.one_in(3)) made.ping.interval = seconds(8);
    made.memory = at.memory.policy();
    return made;
}

// What the limits allow a session to hold: their formulas in session_options.hpp, with this
// program's own largest message and bodies.
std::size_t connection::bound_of(const session_options& options) const {
    const std::size_t streams =
        options.max_streams + options.max_waiting + 3; // and those that wait for their turn
    const std::size_t stream = 1'024 + options.max_field_bytes + options.max_early_data +
                               32 * options.max_fields + (story_.deflates ? 180'000 : 0);
    const std::size_t bodies = 4 * (story_.largest + 5'000); // answers are not held against limits
    const std::size_t own = 65'536 + 44 * 1'024 + 40'000;    // on the way, spare, tables
    return own + bodies + streams * stream + options.max_queued_in_all + 3 * story_.largest;
}

void connection::make(end& at, bool may_deflate) {
    story_.deflates = may_deflate;
    at.engine = random_.one_in(2) ? engine_kind::http2 : engine_kind::nghttp2;
    const session_options options = options_of(at);
    at.bound = bound_of(options);
    const party_set_up how{at.client, options, at.bound};
    at.self = (at.engine == engine_kind::http2 ? make_http2 : make_nghttp2)(how, at.memory, story_,
                                                                            random_);
}

std::string connection::described() const {
    const auto name = [](const end& of) {
        return of.engine == engine_kind::http2 ? "http2" : "nghttp2";
    };
    return std::string("client ") + name(client_) + ", server " + name(server_) + ", " +
           std::string(fault_names[static_cast<std::size_t>(fault_)]);
}

bool connection::step() {
    if (server_.self->ended() || client_.self->ended()) steps_left_ = 0;
    if (steps_left_ == 0) {
        finish();
        return false;
    }
    if (steps_left_-- == strikes_at_) strike();
    const std::uint32_t chance = random_.below(16);
    if (chance < 5)
        act(client_);
    else if (chance < 10)
        act(server_);
    else if (chance < 15)
        exchange_some();
    else
        pass(static_cast<duration>(random_.below(1'000)) * (pause_ / 1'000), false);
    cut();
    return true;
}

void connection::act(end& at) {
    if (!random_.one_in(2'000)) return at.self->act(now(at));
    // A client's GOAWAY may leave before requests that nghttp2 holds back, and the server then.
    story_.met.lost = true;
    at.self->shutdown(now(at));
}

void connection::strike() {
    end& hurt = random_.one_in(2) ? server_ : client_;
    switch (fault_) {
    case fault::silence:
        hurt.to_it.silent = true;
        if (random_.one_in(2)) other(hurt).to_it.silent = true;
        story_.met.timers = true;
        break;
    case fault::jump:
        story_.met.timers = true;
        hurt.ahead = seconds(1 + random_.below(40'000));
        if (random_.one_in(2)) now_ += seconds(1 + random_.below(40'000));
        break;
    case fault::scarce:
        story_.met.scarce[hurt.client] = true;
        hurt.memory.fails_at = hurt.memory.allocations + 1 + random_.below(100);
        hurt.memory.for_good = random_.one_in(2);
        break;
    default: return;
    }
    struck_ = true;
}

// What one side has to say, as far as there is room on the way. Whether there was anything.
bool connection::carry(end& from, std::size_t most) {
    wire& way = other(from).to_it;
    if (from.left) return false;
    const std::size_t room = way.size() > 200'000 ? 0 : write_size_;
    const std::string octets = from.self->transmit(std::min(most, room), now(from));
    if (!other(from).left) way.put(octets);
    return !octets.empty();
}

// Whether anything came.
bool connection::deliver(end& to, std::size_t most) {
    bool any = false;
    while (most != 0 && !to.left) {
        const bool was_damaged = to.to_it.damaged();
        const std::size_t size = 1 + random_.below(static_cast<std::uint32_t>(read_size_));
        const std::string piece = to.to_it.take(std::min(most, size), random_);
        if (!was_damaged && to.to_it.damaged()) story_.damage(to.client);
        if (piece.empty()) break;
        any = true;
        most -= std::min(most, piece.size());
        story_.counted.octets += piece.size();
        to.self->receive(piece, now(to));
    }
    return any;
}

void connection::exchange_some() {
    const std::size_t most = std::size_t{1} << random_.below(18);
    for (end* const at : {&client_, &server_})
        if (random_.one_in(2)) {
            (void)carry(*at, most);
            (void)deliver(other(*at), most);
        }
}

// Until nothing moves.
void connection::exchange_all() {
    for (int round = 0;; ++round) {
        require(round < 3'000'000, "it never rests");
        bool moved = false;
        for (end* const at : {&client_, &server_}) {
            moved = carry(*at, 1'000'000) || moved;
            moved = deliver(other(*at), 1'000'000) || moved;
        }
        cut();
        for (end* const at : {&client_, &server_}) {
            if (at->left || !at->self->finished()) continue;
            leave(*at);
            moved = true;
        }
        if (!moved) return;
    }
}

// A side closes its transport: what is on the way still comes, then the other sees the end.
void connection::leave(end& at) {
    (void)carry(at, 1'000'000);
    require(at.self->ended(), "a session that has finished has not ended");
    at.left = true;
    end& rest = other(at);
    if (rest.left) return;
    (void)deliver(rest, ~std::size_t{0});
    if (rest.left) return;
    if (rest.self->bears_tunnels()) story_.met.lost = true;
    rest.left = true;
    rest.self->lost(!rest.to_it.silent, now(rest));
}

// The transport breaks for both, where it was to.
void connection::cut() {
    if (!server_.to_it.cut() && !client_.to_it.cut()) return;
    if (server_.left || client_.left) return;
    struck_ = story_.met.lost = true;
    server_.left = client_.left = true;
    server_.self->lost(random_.one_in(2), now(server_));
    client_.self->lost(random_.one_in(2), now(client_));
}

// What is due happens when it is.
void connection::pass(duration span, bool exchanges) {
    const instant until = now_ + span;
    for (int steps = 0; steps < 10'000; ++steps) {
        instant due = never;
        for (end* const at : {&client_, &server_})
            if (!at->left && !at->self->ended() && at->self->deadline() != never)
                due = earlier(due, at->self->deadline() - at->ahead);
        if (due > until) {
            now_ = until;
            return;
        }
        now_ = std::max(now_, due);
        for (end* const at : {&client_, &server_})
            if (!at->left) at->self->expire(now(*at));
        if (exchanges) exchange_all();
    }
    throw violation("a deadline does not move");
}

// All that was sent comes, where nothing is in its way any more.
void connection::settle() {
    for (end* const at : {&client_, &server_}) at->self->resume(now(*at));
    exchange_all();
    for (int turn = 0; turn < 1'000 && !client_.left; ++turn) {
        const bool all = client_.self->write_bodies(now(client_));
        exchange_all();
        if (all) break;
    }
}

void connection::finish() {
    settle();
    const bool healthy = !story_.met.any() && !client_.left && !server_.left;
    if (healthy)
        require(client_.self->all_left() && server_.self->all_left(),
                "what was sent did not come, or no tunnel_writable did");
    for (end* const at : {&client_, &server_}) at->self->shutdown(now(*at));
    for (int turn = 0; turn < 150 && !(client_.left && server_.left); ++turn) {
        for (end* const at : {&client_, &server_})
            if (!at->left) at->self->close_all(now(*at));
        if (!client_.left) (void)client_.self->write_bodies(now(client_));
        exchange_all();
        pass(seconds(2), true);
    }
    for (end* const at : {&client_, &server_}) {
        require(at->self->ended() || !healthy, "both sides are done, and a session is not");
        check_over(*at);
    }
    const wire &to_server = server_.to_it, &to_client = client_.to_it;
    if (to_server.damaged() || to_client.damaged() || to_server.dropped() || to_client.dropped())
        struck_ = true;
    ++story_.counted.faults[static_cast<std::size_t>(struck_ ? fault_ : fault::none)];
}

void connection::check_over(end& at) {
    require(at.left || !at.self->bears_tunnels(), "no timer has ended a tunnel");
    if (!at.self->ended()) {
        story_.met.lost = true;
        at.self->lost(false, now(at));
    }
    at.self->check_over();
    story_.counted.held(at.memory.peak, at.bound);
    at.self.reset();
    require(at.memory.held == 0, "memory was not given back");
}

} // namespace soak
