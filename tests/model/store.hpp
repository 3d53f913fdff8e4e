// Where a driven session stands while the check tries what can follow: how to come back to it.
#pragma once

#include "drive.hpp"

#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace model {

// The session and all its memory are one block of octets, which is copied and put back where it
// was: nothing in it is moved, so whatever points into it still does. Nothing that was given back
// is used again until then. Large pieces lie at the block's end: they hold output, all of which has
// left whenever the place is kept, so that only their heads are copied.
template <class Role>
class copied_drive {
    using driven = drive<Role>;

public:
    struct place {
        std::vector<std::byte> octets;
        std::size_t used = 0, from_end = 0;
    };

    copied_drive(const peer_octets<Role>& peer, const switches& chosen,
                 const std::vector<step_taken>& first)
        : at_(new (take(sizeof(driven))) driven(peer, chosen, policy())) {
        for (const step_taken& one : first) one.take(*at_);
    }

    driven& at() noexcept { return *at_; }
    void keep(place& where) const {
        where.used = used_;
        where.from_end = from_end_;
        where.octets.resize(used_ + from_end_ / large * head);
        std::byte* to = where.octets.data();
        std::memcpy(to, block_.get(), used_);
        to += used_;
        for (std::size_t at = large; at <= from_end_; at += large, to += head)
            std::memcpy(to, block_.get() + room - at, head);
    }
    void back_to(const place& where, const std::vector<step_taken>&) noexcept {
        used_ = where.used;
        from_end_ = where.from_end;
        const std::byte* from = where.octets.data();
        std::memcpy(block_.get(), from, used_);
        from += used_;
        for (std::size_t at = large; at <= from_end_; at += large, from += head)
            std::memcpy(block_.get() + room - at, from, head);
    }

private:
    static constexpr std::size_t room = std::size_t{1} << 20, large = 16'384, head = 64;

    h2ws::allocator policy() noexcept {
        return {.allocate =
                    [](void* state, std::size_t size) noexcept {
                        return static_cast<copied_drive*>(state)->take(size);
                    },
                .release = [](void*, void*, std::size_t) noexcept {},
                .state = this};
    }
    void* take(std::size_t size) noexcept {
        const bool is_large = size > large / 2;
        const std::size_t whole = is_large ? large : (size + 15) / 16 * 16;
        if (size > whole || whole > room - used_ - from_end_) return nullptr;
        (is_large ? from_end_ : used_) += whole;
        return block_.get() + (is_large ? room - from_end_ : used_ - whole);
    }

    std::unique_ptr<std::byte[]> block_{new std::byte[room]}; // as aligned as anything needs
    std::size_t used_ = 0, from_end_ = 0;
    driven* at_;
};

// The slow twin: every sequence is played from its beginning in memory of the system's, so that a
// sanitizer sees each use of it.
template <class Role>
class replayed_drive {
    using driven = drive<Role>;

public:
    struct place {};

    replayed_drive(const peer_octets<Role>& peer, const switches& chosen,
                   const std::vector<step_taken>& first)
        : peer_(peer),
          chosen_(chosen) {
        back_to({}, first);
    }

    driven& at() noexcept { return *at_; }
    void keep(place&) const noexcept {}
    void back_to(const place&, const std::vector<step_taken>& taken) {
        at_ = std::make_unique<driven>(peer_, chosen_, h2ws::allocator{});
        for (const step_taken& one : taken) one.take(*at_);
    }

private:
    const peer_octets<Role>& peer_;
    switches chosen_;
    std::unique_ptr<driven> at_;
};

} // namespace model
