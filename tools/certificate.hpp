// A certificate for trying things out: made anew for every run, kept in memory, signed by itself.
#pragma once

#include <asio/ssl.hpp>

#include <string>

namespace h2ws::tools {

// Makes an EC P-256 key and a certificate for localhost, 127.0.0.1, ::1 and `host`, and gives them
// to a server's context. Throws std::runtime_error.
void use_self_signed_certificate(::asio::ssl::context& context, const std::string& host);

} // namespace h2ws::tools
