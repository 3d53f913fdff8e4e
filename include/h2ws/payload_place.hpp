// Where the unmasked octets of a received payload go: they stay where they lie, or they are written
// elsewhere in the same pass.
#pragma once

#include "mask.hpp"
#include "role.hpp"

#include <cstddef>

namespace h2ws {

// A payload, and whether it was seen on the way that it is ASCII.
struct unmasked {
    const_bytes payload;
    bool ascii;
};

template <class Role>
struct in_place {
    static constexpr bool stays = true; // octets unmasked once must not be unmasked again
    std::size_t room = static_cast<std::size_t>(-1);

    unmasked unmask(typename Role::input masked, masking_key key) const noexcept {
        if constexpr (Role::is_client)
            return {masked, false}; // a server's frames are not masked
        else
            return {masked, mask(masked, key)};
    }
};

template <class Role>
struct elsewhere {
    explicit elsewhere(mutable_bytes to) noexcept : out(to), room(to.size()) {}

    static constexpr bool stays = false;
    mutable_bytes out;
    std::size_t room;

    unmasked unmask(const_bytes masked, masking_key key) const noexcept {
        if constexpr (Role::is_client)
            return {masked, false};
        else
            return {out.first(masked.size()), mask(masked, out, key)};
    }
};

} // namespace h2ws
