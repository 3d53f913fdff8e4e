// A received field section that is kept: a request until it is answered, a response until it was
// given out. One text and one array, both from the session's allocator, both bounded.
#pragma once

#include "errc.hpp"
#include "field.hpp"
#include "growing_array.hpp"

namespace h2ws {

class field_store {
public:
    explicit field_store(const allocator& memory) noexcept
        : sizes_(memory),
          text_(memory),
          fields_(memory) {}

    // Copies one field. Errors, and nothing has changed: too_many_fields beyond the limits,
    // no_memory.
    errc add(const field& line, std::size_t max_fields, std::size_t max_bytes) noexcept {
        const std::size_t size = line.name.size() + line.value.size();
        if (sizes_.size() == max_fields || size > max_bytes - text_.size())
            return errc::too_many_fields; // RFC 9113 §10.5.1 (R124)
        const std::size_t before = text_.size();
        if (before == 0 && !text_.reserve(size < usual_text ? usual_text : size))
            return errc::no_memory;
        if (text_.append(line.name.data(), line.name.size()) &&
            text_.append(line.value.data(), line.value.size()) &&
            sizes_.push_back({line.name.size(), line.value.size()}))
            return errc::none;
        text_.truncate(before);
        return errc::no_memory;
    }

    // All that was added; valid until the store changes. Empty also when there is no memory.
    std::span<const field> fields() noexcept {
        if (fields_.size() != sizes_.size() && fields_.reserve(sizes_.size())) {
            fields_.clear();
            const char* at = text_.data();
            for (const auto& [name, value] : sizes_) {
                if (!fields_.push_back({{at, name}, {at + name, value}})) return {};
                at += name + value;
            }
        }
        return {fields_.data(), fields_.size()};
    }

    // Whether `fields` gives all of them: there is memory for it.
    bool listed() noexcept { return fields().size() == sizes_.size(); }

    // Gives the memory back.
    void clear() noexcept { *this = field_store(memory()); }

    const allocator& memory() const noexcept { return sizes_.memory(); }

private:
    static constexpr std::size_t usual_text = 256; // octets of a small section

    struct sizes {
        std::size_t name;
        std::size_t value;
    };

    growing_array<sizes> sizes_;
    growing_array<char> text_;
    growing_array<field> fields_;
};

} // namespace h2ws
