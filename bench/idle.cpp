// What one more tunnel, or connection, holds while nothing passes: a table, and as the exit status
// whether the budgets are met.
#include "../tests/load/heap.hpp"
#include "beast_connection.hpp"
#include "tunnel_pair.hpp"

#include <h2ws/http2/session.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

constexpr std::int64_t malloc_own = 8; // what glibc keeps beside each piece

// What is on the heap.
struct amount {
    std::int64_t octets = 0;
    std::int64_t pieces = 0;

    static amount now() {
        return {static_cast<std::int64_t>(load::heap_in_use()),
                static_cast<std::int64_t>(load::heap_pieces())};
    }
    std::int64_t in_all() const { return octets + malloc_own * pieces; }

    friend amount operator-(amount a, amount b) {
        return {a.octets - b.octets, a.pieces - b.pieces};
    }
    friend amount operator/(amount a, std::int64_t b) { return {a.octets / b, a.pieces / b}; }
};

// A session that counts what its calls leave on the heap, whoever asks for it.
template <class Session>
class metered {
public:
    static constexpr bool is_client = Session::is_client;

    template <class Role>
    metered(const Role& role, const h2ws::session_options& options) : session_(role, options) {}

    auto open(const h2ws::connect_request& request, h2ws::instant now) {
        return counted([&] { return session_.open(request, now); });
    }
    auto accept(h2ws::tunnel_id which, const h2ws::acceptance& answer, h2ws::instant now) {
        return counted([&] { return session_.accept(which, answer, now); });
    }
    auto poll(h2ws::mutable_bytes& in, h2ws::instant now) {
        return counted([&] { return session_.poll(in, now); });
    }
    auto transmit(h2ws::instant now) {
        return counted([&] { return session_.transmit(now); });
    }
    auto send(h2ws::tunnel_id which, h2ws::opcode type, h2ws::const_bytes payload,
              h2ws::instant now, bool last) {
        return counted([&] { return session_.send(which, type, payload, now, last); });
    }
    void transmitted(std::size_t size) {
        counted([&] { return session_.transmitted(size), 0; });
    }
    void consume(h2ws::tunnel_id which, std::size_t size) {
        counted([&] { return session_.consume(which, size), 0; });
    }

    static inline amount held;

private:
    template <class Call>
    static auto counted(Call&& call) {
        const amount before = amount::now() - held;
        auto done = call();
        held = amount::now() - before;
        return done;
    }

    Session session_;
};

constexpr int many = 1'000;

struct ends {
    amount server, client;
};

template <class Server, class Client>
ends with_tunnels(std::size_t count) {
    metered<Server>::held = metered<Client>::held = {};
    const bench::tunnel_pair<metered<Server>, metered<Client>> pair(count);
    return {metered<Server>::held, metered<Client>::held};
}

template <class Server, class Client>
ends of_tunnel() {
    const ends one = with_tunnels<Server, Client>(1); // it pays for what all share
    const ends all = with_tunnels<Server, Client>(1 + many);
    return {(all.server - one.server) / many, (all.client - one.client) / many};
}

// Both ends of a connection, without the memory that they are joined by.
template <class Layer>
amount of_connection() {
    bench::beast_shared shared;
    std::vector<std::unique_ptr<bench::beast_connection<Layer>>> made(1 + many / 10);
    const auto open = [&](auto& place) {
        place = std::make_unique<bench::beast_connection<Layer>>(shared);
        place->open();
        if (!place->opened()) std::abort();
    };
    open(made[0]);
    amount before = amount::now();
    for (std::size_t i = 1; i < made.size(); ++i) open(made[i]);
    const amount all = (amount::now() - before) / (many / 10);

    bench::beast_memory one(shared.loop);
    before = amount::now();
    const bench::beast_memory other = boost::beast::test::connect(one);
    const amount joined = amount::now() - before; // by one end
    return all - joined - joined;
}

// Whether it keeps its budget.
bool print(const char* what, amount held, std::int64_t most) {
    const bool met = most == 0 || held.in_all() <= most;
    std::printf("| %s | %jd | %jd | %jd | ", what, std::intmax_t{held.octets},
                std::intmax_t{held.pieces}, std::intmax_t{held.in_all()});
    if (most != 0) std::printf("%jd%s", std::intmax_t{most}, met ? "" : ", missed");
    std::puts(" |");
    return met;
}

} // namespace

int main() {
    std::puts("\n| while idle | octets of the heap | pieces | with what malloc keeps | at most |\n"
              "| --- | --- | --- | --- | --- |");
    const ends ours = of_tunnel<h2ws::http2::server, h2ws::http2::client>();
    const ends theirs = of_tunnel<h2ws::nghttp2::server, h2ws::nghttp2::client>();
    bool met = print("a tunnel at a server, `h2ws::http2`", ours.server, 448);
    met = print("at a client", ours.client, 448) && met;
    met = print("a tunnel at a server, nghttp2", theirs.server, 740) && met;
    met = print("at a client", theirs.client, 740) && met;
    print("both ends of a connection, Beast", of_connection<bench::beast_memory>(), 0);
    print("with TLS 1.3", of_connection<bench::beast_tls>(), 0);
    return met ? 0 : 1;
}
