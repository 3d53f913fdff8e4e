// The same for the tests that have Asio.
#include "../catch.hpp"

#include <asio.hpp>
#include <asio/ssl.hpp>
