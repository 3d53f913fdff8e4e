// Output on its way to the transport: spans to be written in order. Small pieces are copied
// together into pages, large ones are lent from the blocks they lie in, which are kept alive for
// it.
#pragma once

#include "allocator.hpp"
#include "bytes.hpp"
#include "growing_array.hpp"

#include <cstring>

namespace h2ws {

// Memory that spans are lent from, released by the list when all is transmitted.
class kept_memory {
public:
    kept_memory* next_kept = nullptr;

    // Frees the object.
    virtual void release() noexcept = 0;

protected:
    ~kept_memory() = default;
};

class gather_list {
public:
    // Pieces from this size on are lent: below, a copy costs less than one more span.
    static constexpr std::size_t lend_from = 4096;

    explicit gather_list(const allocator& memory) noexcept : memory_(memory), spans_(memory) {}
    gather_list(const gather_list&) = delete;
    gather_list& operator=(const gather_list&) = delete;
    ~gather_list() {
        release_kept();
        release_pages(nullptr);
    }

    // What is still to be written, in order. Valid until `transmitted` or the next `add`.
    std::span<const const_bytes> spans() const noexcept {
        return {spans_.data() + written_, spans_.size() - written_};
    }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    // Memory ran out: what is listed is not all that should have been, the connection is lost.
    // Nothing is listed any more: it would follow on what is missing.
    bool failed() const noexcept { return failed_; }

    void copy(const_bytes bytes) noexcept {
        while (!bytes.empty() && !failed_) {
            if (page_ == nullptr || page_->used == page_size) {
                if (!add_page()) return;
            }
            const std::size_t room = page_size - page_->used;
            const std::size_t step = bytes.size() < room ? bytes.size() : room;
            std::byte* to = page_->octets + page_->used;
            std::memcpy(to, bytes.data(), step);
            page_->used += step;
            list({to, step});
            bytes = bytes.subspan(step);
        }
    }

    // The bytes stay as they are until they are transmitted (RFC 6455 §10.3, R170).
    void lend(const_bytes bytes) noexcept { list(bytes); }

    // Released when everything that is listed now has been transmitted.
    void keep(kept_memory& memory) noexcept {
        if (empty()) return memory.release();
        memory.next_kept = kept_;
        kept_ = &memory;
    }

    // The first `count` bytes have been written.
    void transmitted(std::size_t count) noexcept {
        size_ -= count;
        if (empty()) return reset();
        while (count != 0) {
            const_bytes& front = spans_[written_];
            const std::size_t step = front.size() < count ? front.size() : count;
            front = front.subspan(step);
            count -= step;
            if (front.empty()) ++written_;
        }
    }

private:
    static constexpr std::size_t page_size = 16'384 - 2 * sizeof(void*);

    struct page {
        page* next;
        std::size_t used;
        std::byte octets[page_size];
    };

    bool add_page() noexcept {
        auto* made = static_cast<page*>(memory_.allocate(memory_.state, sizeof(page)));
        if (made == nullptr) {
            failed_ = true;
            return false;
        }
        made->next = page_;
        made->used = 0;
        page_ = made;
        return true;
    }

    void list(const_bytes bytes) noexcept {
        if (failed_) return;
        size_ += bytes.size();
        if (spans_.size() > written_) {
            const_bytes& last = spans_[spans_.size() - 1];
            if (last.data() + last.size() == bytes.data()) {
                last = {last.data(), last.size() + bytes.size()};
                return;
            }
        }
        if (!spans_.push_back(bytes)) {
            failed_ = true;
            size_ -= bytes.size();
        }
    }

    void reset() noexcept {
        spans_.clear();
        written_ = 0;
        release_kept();
        if (page_ != nullptr) {
            release_pages(page_); // one page stays: the next flush needs it
            page_->used = 0;
        }
    }

    void release_kept() noexcept {
        while (kept_ != nullptr) {
            kept_memory* memory = kept_;
            kept_ = memory->next_kept;
            memory->release();
        }
    }

    // All but `kept`, which is the first or null.
    void release_pages(page* kept) noexcept {
        page* at = kept != nullptr ? kept->next : page_;
        while (at != nullptr) {
            page* next = at->next;
            memory_.release(memory_.state, at, sizeof(page));
            at = next;
        }
        if (kept != nullptr) kept->next = nullptr;
        page_ = kept;
    }

    allocator memory_;
    growing_array<const_bytes> spans_;
    std::size_t written_ = 0; // spans at the front that are wholly written
    std::size_t size_ = 0;    // bytes listed and not written
    page* page_ = nullptr;
    kept_memory* kept_ = nullptr;
    bool failed_ = false;
};

} // namespace h2ws
