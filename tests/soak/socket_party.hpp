// One side of a connection over a socket, whatever engine speaks for it.
#pragma once

#include "party.hpp"
#include "transport.hpp"

namespace soak {

class socket_party {
public:
    virtual ~socket_party() = default;
    virtual void act() = 0;
    virtual void resume() = 0;
    virtual bool write_bodies() = 0;
    virtual void close_all() = 0;
    virtual void shutdown() = 0;
    virtual void close() = 0; // the socket
    virtual bool ended() const = 0;
    virtual bool done() const = 0; // with the socket too
    virtual bool all_left() const = 0;
    virtual void check_over() const = 0;
};

std::unique_ptr<socket_party> make_http2_socket(bool client, transport over,
                                                const h2ws::session_options& options, story& told,
                                                test::dice& random);
std::unique_ptr<socket_party> make_nghttp2_socket(bool client, transport over,
                                                  const h2ws::session_options& options, story& told,
                                                  test::dice& random);

} // namespace soak
