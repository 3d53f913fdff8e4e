// errc as a std::error_code, for those whose interfaces speak it.
#pragma once

#include "errc.hpp"

#include <string>
#include <system_error>

namespace h2ws {

class errc_category final : public std::error_category {
public:
    const char* name() const noexcept override { return "h2ws"; }

    std::string message(int value) const override {
        const error_info& known = info(static_cast<errc>(value));
        std::string text(known.sentence);
        if (!known.section.empty()) text.append(" (").append(known.section).append(")");
        return text;
    }
};

inline const std::error_category& error_category() noexcept {
    static const errc_category category;
    return category;
}

inline std::error_code make_error_code(errc error) noexcept {
    return {static_cast<int>(error), error_category()};
}

} // namespace h2ws

template <>
struct std::is_error_code_enum<h2ws::errc> : std::true_type {};
