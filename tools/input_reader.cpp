#include "input_reader.hpp"

#include <cerrno>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace h2ws::tools {

input_reader::input_reader(::asio::any_io_executor executor, taker take)
    : executor_(std::move(executor)),
      take_(std::make_shared<taker>(std::move(take))) {
    if (pipe(commands_) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
    thread_ = std::thread([this] { run(); });
}

input_reader::~input_reader() {
    *take_ = nullptr;
    close(commands_[1]);
    thread_.join();
    close(commands_[0]);
}

void input_reader::command(char what) {
    while (write(commands_[1], &what, 1) < 0 && errno == EINTR) {
    }
}

void input_reader::run() {
    char what = 0;
    while (::read(commands_[0], &what, 1) == 1) {
        if (!wait_for_input()) return;
        ::asio::post(executor_, [take = take_, bytes = read_some()]() mutable {
            if (*take) (*take)(std::move(bytes));
        });
    }
}

// False: told to stop.
bool input_reader::wait_for_input() const {
    pollfd either[]{{STDIN_FILENO, POLLIN, 0}, {commands_[0], POLLIN, 0}};
    while (poll(either, 2, -1) < 0 && errno == EINTR) {
    }
    return either[1].revents == 0;
}

// An input that cannot be read has ended.
std::string input_reader::read_some() const {
    std::string bytes(65'536, '\0');
    ssize_t size = 0;
    do size = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    while (size < 0 && errno == EINTR);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
}

} // namespace h2ws::tools
