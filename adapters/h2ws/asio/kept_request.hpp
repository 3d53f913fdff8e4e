// A client's request for a tunnel, whose views are of its own memory.
#pragma once

#include <h2ws/extended_connect.hpp>

#include <string_view>
#include <vector>

namespace h2ws::asio {

class kept_request {
public:
    kept_request() = default;
    kept_request(kept_request&&) noexcept = default; // a copy's views would be of the original
    kept_request& operator=(kept_request&&) noexcept = default;

    // As a server received it: everything that is no pseudo-header field stands in its fields.
    explicit kept_request(const connect_request& asked) {
        std::size_t size = asked.protocol.size() + asked.scheme.size() + asked.authority.size() +
                           asked.path.size();
        for (const field& line : asked.fields) size += line.name.size() + line.value.size();
        text_.reserve(size); // so that nothing moves
        fields_.reserve(asked.fields.size());
        for (const field& line : asked.fields) {
            field kept = line;
            kept.name = keep(line.name);
            kept.value = keep(line.value);
            fields_.push_back(kept);
        }
        request_ = {.protocol = keep(asked.protocol),
                    .scheme = keep(asked.scheme),
                    .authority = keep(asked.authority),
                    .path = keep(asked.path),
                    .fields = fields_};
    }

    // Valid as long as this object, moved or not.
    const connect_request& get() const noexcept { return request_; }

private:
    std::string_view keep(std::string_view text) {
        const std::size_t at = text_.size();
        text_.insert(text_.end(), text.begin(), text.end());
        return {text_.data() + at, text.size()};
    }

    std::vector<char> text_; // no string: a short one would move its characters
    std::vector<field> fields_;
    connect_request request_;
};

} // namespace h2ws::asio
