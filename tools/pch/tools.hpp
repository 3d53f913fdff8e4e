// What most of the command's sources include and takes longest of each: compiled once.
#include <asio.hpp>
#include <asio/ssl.hpp>
