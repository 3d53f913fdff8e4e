// permessage-deflate at a server whose answer says what it likes: no one compares the two.
#pragma once

#include <h2ws/zlib/permessage_deflate.hpp>

#include <utility>

struct answers_anything : h2ws::zlib::permessage_deflate {
    answers_anything() = default;
    answers_anything(permessage_deflate codec) noexcept : permessage_deflate(std::move(codec)) {}

    static h2ws::errc confirm(const h2ws::extension_reader&,
                              const h2ws::extension_reader&) noexcept {
        return h2ws::errc::none;
    }
};
