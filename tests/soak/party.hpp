// One side of a connection in memory, whatever engine speaks for it.
#pragma once

#include "story.hpp"

#include "../scarce_memory.hpp"

#include <h2ws/session_options.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace soak {

class party {
public:
    virtual ~party() = default;
    virtual void act(h2ws::instant now) = 0;
    virtual std::string transmit(std::size_t most, h2ws::instant now) = 0;
    virtual void receive(std::string_view octets, h2ws::instant now) = 0;
    virtual h2ws::instant deadline() const = 0;
    virtual void expire(h2ws::instant now) = 0;
    virtual void lost(bool in_order, h2ws::instant now) = 0;
    virtual void shutdown(h2ws::instant now) = 0;
    virtual void resume(h2ws::instant now) = 0;
    virtual bool write_bodies(h2ws::instant now) = 0;
    virtual void close_all(h2ws::instant now) = 0;
    virtual bool finished() const = 0;
    virtual bool ended() const = 0;
    virtual bool bears_tunnels() const = 0;
    virtual bool all_left() const = 0;
    virtual void check_over() const = 0;
};

enum class engine_kind : std::uint8_t { http2, nghttp2 };

// `memory` is what its session gets; `bound`: never more of it.
struct party_set_up {
    bool client;
    h2ws::session_options options;
    std::size_t bound;
};
std::unique_ptr<party> make_http2(const party_set_up& how, scarce_memory& memory, story& told,
                                  test::dice& random);
std::unique_ptr<party> make_nghttp2(const party_set_up& how, scarce_memory& memory, story& told,
                                    test::dice& random);

} // namespace soak
