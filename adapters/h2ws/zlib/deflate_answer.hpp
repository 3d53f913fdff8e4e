// What a server makes of the extensions that a request offers:
//
//     zlib::deflate_answer deflate(*asked.request);
//     session.accept(asked.tunnel, {.extensions = deflate.text()}, now, deflate.take());
#pragma once

#include "permessage_deflate.hpp"

#include <h2ws/extended_connect.hpp>
#include <h2ws/role.hpp>

#include <array>
#include <string_view>
#include <utility>

namespace h2ws::zlib {

class deflate_answer {
public:
    // Without compression where the client does not offer it, offers nothing that `wanted` allows,
    // or there is no memory.
    explicit deflate_answer(const connect_request& request, const deflate_options& wanted = {},
                            const deflate_settings& settings = {}) noexcept {
        const auto agreed = negotiate_deflate(request.offered_extensions(), wanted);
        if (!agreed || !*agreed) return;
        extension_ = permessage_deflate(server{}, **agreed, settings);
        if (!extension_.active()) return;
        if (const auto text = write_deflate({&**agreed, 1}, room_)) size_ = text->size();
    }

    // For acceptance::extensions, as long as this object lives; empty: without.
    std::string_view text() const noexcept { return {room_.data(), size_}; }

    // For the tunnel, once.
    permessage_deflate take() noexcept { return std::move(extension_); }

private:
    permessage_deflate extension_;
    std::array<char, max_deflate_element> room_;
    std::size_t size_ = 0;
};

} // namespace h2ws::zlib
