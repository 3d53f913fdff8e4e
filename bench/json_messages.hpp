// Messages as sensors and chats send them: JSON of one size, each another.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

class json_messages {
public:
    explicit json_messages(std::size_t size) : size_(size) {
        unsigned state = 1;
        for (std::size_t i = 0; i < count(size); ++i) messages_.push_back(make(size, state));
    }

    std::size_t size() const { return size_; }
    const std::string& operator[](std::size_t at) const { return messages_[at % messages_.size()]; }
    const std::vector<std::string>& all() const { return messages_; }

private:
    // More than a window of them, so that none is found whole in the context.
    static std::size_t count(std::size_t size) { return 262'144 / size + 4; }

    static std::string make(std::size_t size, unsigned& state) {
        std::string text = "[";
        while (text.size() < size) {
            state = state * 1'664'525U + 1'013'904'223U;
            const unsigned drawn = state >> 8;
            text += R"({"id":)" + std::to_string(drawn % 100'000) + R"(,"name":"sensor-)" +
                    std::to_string(drawn / 7 % 97) + R"(","value":)" +
                    std::to_string(drawn % 1'000) + '.' + std::to_string(drawn / 13 % 100) +
                    R"(,"on":)" + (drawn & 64 ? "true" : "false") + "},";
        }
        text.resize(size);
        return text;
    }

    std::size_t size_;
    std::vector<std::string> messages_;
};

} // namespace bench
