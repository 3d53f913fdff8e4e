// The sockets that a server listens on: a name may have several addresses.
#pragma once

#include "address.hpp"

#include <asio.hpp>

#include <vector>

namespace h2ws::tools {

// All addresses of the host, on the same port. Throws failure.
std::vector<::asio::ip::tcp::acceptor> listen(::asio::io_context& io,
                                              const listen_address& address);

} // namespace h2ws::tools
