// What the two ends on Boost.Beast have in common: their transports, and the handshake of TLS.
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include <type_traits>
#include <utility>

namespace bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using secure_stream = beast::ssl_stream<tcp::socket>;

// Then `done(error)`; at once where there is no TLS.
template <class Stream, class Done>
void secure(beast::websocket::stream<Stream>& stream, asio::ssl::stream_base::handshake_type role,
            Done done) {
    if constexpr (std::is_same_v<Stream, secure_stream>)
        stream.next_layer().async_handshake(role, std::move(done));
    else
        done(boost::system::error_code());
}

} // namespace bench
