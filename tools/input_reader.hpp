// Standard input, whatever it is: a terminal, a pipe, a file. A thread reads it, since files cannot
// be waited for and a terminal that is shared with other programs must not become non-blocking.
#pragma once

#include <asio.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace h2ws::tools {

class input_reader {
public:
    // `take` gets what `read` asked for, on `executor`; nothing: the input has ended.
    using taker = std::function<void(std::string)>;

    input_reader(::asio::any_io_executor executor, taker take);
    input_reader(const input_reader&) = delete;
    input_reader& operator=(const input_reader&) = delete;
    ~input_reader();

    // One piece of input, when there is one. One at a time.
    void read() { command('r'); }

private:
    void command(char what);
    void run();
    bool wait_for_input() const;
    std::string read_some() const;

    ::asio::any_io_executor executor_;
    std::shared_ptr<taker> take_; // empty when nobody wants the rest
    int commands_[2]{-1, -1};     // a pipe: 'r' reads, its end stops
    std::thread thread_;
};

} // namespace h2ws::tools
