// websocketpp, which C++20 does not compile: here is C++17.
#pragma once

#include <cstddef>
#include <memory>

namespace bench {

// Its processor as a server: it unmasks where the bytes lie, and copies them into a message.
class websocketpp_receiver {
public:
    websocketpp_receiver();
    ~websocketpp_receiver();

    void receive(void* bytes, std::size_t size, std::size_t slice, std::size_t& messages,
                 std::size_t& octets);

private:
    struct state;
    std::unique_ptr<state> state_;
};

// The same as a client, which copies and masks.
class websocketpp_sender {
public:
    websocketpp_sender();
    ~websocketpp_sender();

    // How many octets are to be written.
    std::size_t send(const void* payload, std::size_t size);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace bench
