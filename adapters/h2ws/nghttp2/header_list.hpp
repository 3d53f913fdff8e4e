// A field section as nghttp2 takes it: names and values lent, not copied.
#pragma once

#include <h2ws/field.hpp>
#include <h2ws/growing_array.hpp>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace h2ws::nghttp2 {

class header_list {
public:
    explicit header_list(const allocator& memory) noexcept : lines_(memory) {}

    // What it holds until it is given others; the fields outlive that. False: no memory.
    [[nodiscard]] bool lend(std::span<const field> fields) noexcept {
        lines_.clear();
        for (const field& line : fields)
            if (!lines_.push_back(line_of(line))) return false;
        return true;
    }

    const nghttp2_nv* data() const noexcept { return lines_.data(); }
    std::size_t size() const noexcept { return lines_.size(); }

private:
    static nghttp2_nv line_of(const field& line) noexcept {
        return {octets(line.name), octets(line.value), line.name.size(), line.value.size(),
                static_cast<std::uint8_t>(is_secret(line.name) ? NGHTTP2_NV_FLAG_NO_INDEX
                                                               : NGHTTP2_NV_FLAG_NONE)};
    }

    // nghttp2 takes non-const pointers and changes nothing.
    static std::uint8_t* octets(std::string_view text) noexcept {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    }

    growing_array<nghttp2_nv> lines_;
};

} // namespace h2ws::nghttp2
