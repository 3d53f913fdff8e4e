// A piece of a stream's queued output: bytes that were copied together, and after them perhaps one
// payload that was handed over.
#pragma once

#include "gather_list.hpp"
#include "message_buffer.hpp"

#include <new>
#include <utility>

namespace h2ws {

class output_block final : public kept_memory {
    static constexpr std::size_t usual_capacity = 448; // a few small messages

public:
    // What most blocks are.
    static std::size_t usual_size() noexcept { return sizeof(output_block) + usual_capacity; }

    // Room for at least `size` bytes. nullptr: no memory.
    static output_block* make(std::size_t size, const allocator& memory) noexcept {
        const std::size_t capacity = size < usual_capacity ? usual_capacity : size;
        void* place = memory.allocate(memory.state, sizeof(output_block) + capacity);
        return place == nullptr ? nullptr : new (place) output_block(capacity, memory);
    }

    void release() noexcept override {
        const allocator memory = memory_;
        const std::size_t size = sizeof(output_block) + capacity_;
        this->~output_block();
        memory.release(memory.state, this, size);
    }

    // What it takes of the allocator, with the payload.
    std::size_t footprint() const noexcept {
        return sizeof(output_block) + capacity_ + payload_.capacity();
    }

    // Whether a payload comes after the bytes, so that no more fit.
    bool followed() const noexcept { return !payload_.empty(); }

    // Room left behind the bytes; none when a payload follows them.
    std::size_t room() const noexcept { return followed() ? 0 : capacity_ - end_; }

    mutable_bytes room_for(std::size_t size) noexcept { return {octets() + end_, size}; }
    void commit(std::size_t size) noexcept { end_ += size; }
    void follow(message_buffer&& payload) noexcept { payload_ = std::move(payload); }

    std::size_t size() const noexcept { return end_ - begin_ + payload_.size() - payload_begin_; }

    // What stands at the front; a frame's header always lies here in one piece.
    const_bytes front() const noexcept { return {octets() + begin_, end_ - begin_}; }

    // Moves up to `size` bytes to `out` and returns how many.
    std::size_t take(std::size_t size, gather_list& out) noexcept {
        const bool copied_part = begin_ != end_;
        const const_bytes rest = copied_part ? front() : payload_rest();
        const const_bytes piece = rest.first(size < rest.size() ? size : rest.size());
        (copied_part ? begin_ : payload_begin_) += piece.size();
        give(piece, out);
        return piece.size();
    }

    void take_all(gather_list& out) noexcept {
        give(front(), out);
        give(payload_rest(), out);
        begin_ = end_;
        payload_begin_ = payload_.size();
    }

    // Gives up all but the first `size` bytes, which end at the end of a frame.
    void cut(std::size_t size) noexcept {
        if (size > end_ - begin_) return; // the frame's payload is in it to its end
        end_ = begin_ + size;
        if (!lent_) payload_.release();
        payload_begin_ = payload_.size();
    }

    bool lent() const noexcept { return lent_; }

    output_block* next = nullptr;

private:
    output_block(std::size_t capacity, const allocator& memory) noexcept
        : capacity_(capacity),
          memory_(memory),
          payload_(memory) {}
    ~output_block() = default;

    const_bytes payload_rest() const noexcept { return payload_.bytes().subspan(payload_begin_); }

    void give(const_bytes piece, gather_list& out) noexcept {
        if (piece.size() < gather_list::lend_from)
            out.copy(piece);
        else
            out.lend(piece), lent_ = true;
    }

    std::byte* octets() noexcept { return reinterpret_cast<std::byte*>(this + 1); }
    const std::byte* octets() const noexcept {
        return reinterpret_cast<const std::byte*>(this + 1);
    }

    std::size_t capacity_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t payload_begin_ = 0;
    allocator memory_;
    message_buffer payload_;
    bool lent_ = false; // out of it spans were lent that may not be transmitted yet
};

} // namespace h2ws
