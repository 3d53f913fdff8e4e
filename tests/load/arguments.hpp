// What the load programs are told: NAME=NUMBER each, and their limits in those words.
#pragma once

#include <h2ws/session_options.hpp>

#include <charconv>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace load {

class arguments {
public:
    arguments(int count, char** words) {
        for (int i = 1; i < count; ++i) add(words[i]);
    }

    // The number of that name, or `otherwise`; once each.
    template <class Number>
    Number take(const std::string& name, Number otherwise) {
        const auto at = numbers_.find(name);
        if (at == numbers_.end()) return otherwise;
        const std::uint64_t number = at->second;
        numbers_.erase(at);
        if (number > static_cast<std::uint64_t>(std::numeric_limits<Number>::max()))
            throw std::invalid_argument(name + " is too large");
        return static_cast<Number>(number);
    }

    // The limits that are named; the others keep their defaults.
    h2ws::session_options limits() {
        h2ws::session_options limits;
        limits.max_streams = take("max_streams", limits.max_streams);
        limits.max_pending = take("max_pending", limits.max_pending);
        limits.max_queued = take("max_queued", limits.max_queued);
        limits.max_queued_in_all = take("max_queued_in_all", limits.max_queued_in_all);
        limits.max_held = take("max_held", limits.max_held);
        limits.stream_window = take("stream_window", limits.stream_window);
        limits.connection_window = take("connection_window", limits.connection_window);
        return limits;
    }

    // Whatever nobody took was misspelt.
    void all_taken() const {
        if (!numbers_.empty())
            throw std::invalid_argument("nobody knows " + numbers_.begin()->first);
    }

private:
    void add(std::string_view word) {
        const std::size_t sign = word.find('=');
        std::uint64_t number = 0;
        const char* const end = word.data() + word.size();
        if (sign == word.npos || std::from_chars(word.data() + sign + 1, end, number).ptr != end)
            throw std::invalid_argument("not NAME=NUMBER: " + std::string(word));
        numbers_[std::string(word.substr(0, sign))] = number;
    }

    std::map<std::string, std::uint64_t> numbers_;
};

} // namespace load
