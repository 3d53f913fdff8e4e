// Which streams of a connection are ours: HTTP/2's numbers to the names that we gave them. For
// sessions whose owner keeps nghttp2's stream user data for itself.
#pragma once

#include <h2ws/growing_array.hpp>

#include <cstddef>
#include <cstdint>

namespace h2ws::nghttp2 {

class stream_index {
public:
    explicit stream_index(const allocator& memory) noexcept : slots_(memory) {}

    // False: no memory, and nothing has changed.
    [[nodiscard]] bool insert(std::int32_t stream_id, std::uint64_t name) noexcept {
        if (2 * (size_ + 1) > slots_.size() && !grow()) return false;
        place({stream_id, name});
        ++size_;
        return true;
    }

    // The name of that stream; nullptr: it is none of ours.
    const std::uint64_t* find(std::int32_t stream_id) const noexcept {
        if (slots_.empty()) return nullptr;
        for (std::size_t at = start_of(stream_id); slots_[at].stream_id != 0; at = next(at))
            if (slots_[at].stream_id == stream_id) return &slots_[at].name;
        return nullptr;
    }

    void erase(std::int32_t stream_id) noexcept {
        if (slots_.empty()) return;
        std::size_t at = start_of(stream_id);
        while (slots_[at].stream_id != stream_id) {
            if (slots_[at].stream_id == 0) return;
            at = next(at);
        }
        slots_[at] = {};
        --size_;
        // Those behind it may have been put there because this one was taken.
        for (at = next(at); slots_[at].stream_id != 0; at = next(at)) {
            const slot moved = slots_[at];
            slots_[at] = {};
            place(moved);
        }
    }

    std::size_t size() const noexcept { return size_; }

    template <class Visit>
    void each(Visit&& visit) const noexcept {
        for (std::size_t at = 0; at < slots_.size(); ++at)
            if (slots_[at].stream_id != 0) visit(slots_[at].stream_id, slots_[at].name);
    }

private:
    struct slot {
        std::int32_t stream_id = 0; // 0: free
        std::uint64_t name = 0;
    };

    // The numbers of one side are every second one: neighbours have neighbouring places.
    std::size_t start_of(std::int32_t stream_id) const noexcept {
        return static_cast<std::size_t>(stream_id / 2) & (slots_.size() - 1);
    }
    std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }

    void place(const slot& item) noexcept {
        std::size_t at = start_of(item.stream_id);
        while (slots_[at].stream_id != 0) at = next(at);
        slots_[at] = item;
    }

    bool grow() noexcept {
        const std::size_t size = slots_.empty() ? 16 : 2 * slots_.size();
        growing_array<slot> larger(slots_.memory());
        if (!larger.reserve(size)) return false;
        while (larger.size() != size)
            if (!larger.push_back({})) return false;
        growing_array<slot> smaller = std::exchange(slots_, std::move(larger));
        for (const slot& item : smaller)
            if (item.stream_id != 0) place(item);
        return true;
    }

    growing_array<slot> slots_; // a power of two, at most half of them taken
    std::size_t size_ = 0;
};

} // namespace h2ws::nghttp2
