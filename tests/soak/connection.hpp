// A connection in memory: two parties, the octets between them, and what goes wrong. All of it
// follows from the seed and its number.
#pragma once

#include "party.hpp"
#include "wire.hpp"

#include <memory>

namespace soak {

class connection {
public:
    connection(std::uint64_t seed, std::uint64_t number, std::size_t most_tunnels,
               const content& contents, counts& counted);
    ~connection();

    // Which engines, and what is to go wrong.
    std::string described() const;

    // Something happens. False: it is over, and nothing was wrong.
    bool step();

private:
    struct end {
        bool client;
        scarce_memory memory = {};
        std::size_t bound = 0;
        h2ws::duration ahead = 0; // of the other's clock
        wire to_it = {};
        engine_kind engine = {};
        bool left = false; // its transport is closed
        std::unique_ptr<party> self = {};
    };

    void make(end& at, bool may_deflate);
    h2ws::session_options options_of(end& at);
    std::size_t bound_of(const h2ws::session_options& options) const;

    h2ws::instant now(const end& at) const { return now_ + at.ahead; }
    end& other(const end& at) { return at.client ? server_ : client_; }

    void plan();
    void strike();
    void act(end& at);
    bool carry(end& from, std::size_t most);
    bool deliver(end& to, std::size_t most);
    void exchange_some();
    void exchange_all();
    void leave(end& at);
    void cut();
    void pass(h2ws::duration span, bool exchanges);
    void settle();
    void wait_for_ends();
    void finish();
    void check_over(end& at);

    test::dice random_;
    story story_;
    fault fault_ = fault::none;
    bool struck_ = false;
    int strikes_at_ = 0; // a step
    int steps_left_;
    h2ws::duration pause_ = h2ws::milliseconds(1);
    std::size_t write_size_ = 0, read_size_ = 0;
    h2ws::instant now_ = h2ws::seconds(1);
    end server_{.client = false}, client_{.client = true};
};

} // namespace soak
