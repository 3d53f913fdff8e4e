// Messages that wait to be sent: those of the command line, or the lines of the input.
#pragma once

#include <h2ws/utf8.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace h2ws::tools {

class outgoing_lines {
public:
    void add_messages(const std::vector<std::string>& messages) {
        lines_.insert(lines_.end(), messages.begin(), messages.end());
        ended_ = true;
    }

    // A piece of the input, empty at its end, which also ends the last line. What is wrong with it,
    // empty for nothing; no more of it is taken then.
    std::string add_input(std::string_view bytes) {
        if (bytes.empty()) {
            ended_ = true;
            return partial_.empty() ? std::string() : end_line();
        }
        for (std::size_t end = bytes.find('\n'); end != std::string_view::npos;
             end = bytes.find('\n')) {
            partial_ += bytes.substr(0, end);
            bytes.remove_prefix(end + 1);
            if (std::string wrong = end_line(); !wrong.empty()) return wrong;
        }
        partial_ += bytes;
        return partial_.size() > max_line ? end_line() : std::string();
    }

    // There will be no more.
    bool ended() const noexcept { return ended_; }

    bool empty() const noexcept { return lines_.empty(); }
    const std::string& front() const noexcept { return lines_.front(); }
    void pop() { lines_.pop_front(); }

private:
    static constexpr std::size_t max_line = std::size_t{256} << 20; // it is held whole

    std::string end_line() {
        ++number_;
        if (partial_.size() > max_line) return refuse("is longer than 256 MiB");
        if (!is_utf8(as_bytes(partial_))) return refuse("is not UTF-8");
        lines_.push_back(std::exchange(partial_, {}));
        return {};
    }

    std::string refuse(std::string_view why) {
        ended_ = true;
        return "line " + std::to_string(number_) + " of the input " + std::string(why) +
               ": it is not sent, and nothing after it";
    }

    std::deque<std::string> lines_;
    std::string partial_; // a line whose end has not been read
    std::uint64_t number_ = 0;
    bool ended_ = false;
};

} // namespace h2ws::tools
