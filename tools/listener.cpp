#include "listener.hpp"

#include "report.hpp"

#include <system_error>

namespace h2ws::tools {

namespace {

using ::asio::ip::tcp;

tcp::acceptor bind(::asio::io_context& io, const tcp::endpoint& endpoint, std::error_code& error) {
    tcp::acceptor acceptor(io);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    return acceptor;
}

// "localhost" has an IPv6 address also on machines that have none.
bool is_missing_here(std::error_code error) {
    return error == std::errc::address_not_available ||
           error == std::errc::address_family_not_supported;
}

} // namespace

std::vector<tcp::acceptor> listen(::asio::io_context& io, const listen_address& address) {
    const std::string prefix = "cannot listen on " + address.text(address.port) + ": ";
    std::error_code error;
    const auto found = tcp::resolver(io).resolve(address.host, std::to_string(address.port),
                                                 tcp::resolver::passive, error);
    if (error) throw failure{exit_status::internal_error, prefix + error.message()};
    std::vector<tcp::acceptor> acceptors;
    std::uint16_t port = address.port;
    std::error_code missing;
    for (const auto& entry : found) {
        tcp::acceptor bound = bind(io, {entry.endpoint().address(), port}, error);
        if (is_missing_here(error)) {
            missing = error;
            continue;
        }
        if (error) throw failure{exit_status::internal_error, prefix + error.message()};
        port = bound.local_endpoint().port();
        acceptors.push_back(std::move(bound));
    }
    if (acceptors.empty()) throw failure{exit_status::internal_error, prefix + missing.message()};
    return acceptors;
}

} // namespace h2ws::tools
