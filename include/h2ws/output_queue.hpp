// What one stream has still to send: whole WebSocket frames, or the plain bytes of a raw tunnel or
// a body. Blocks are filled at the end and taken from the front in pieces of any size.
#pragma once

#include "allocator.hpp"
#include "frame_header.hpp"
#include "gather_list.hpp"
#include "message_buffer.hpp"
#include "output_block.hpp"
#include "result.hpp"

#include <cstring>
#include <utility>

namespace h2ws {

class output_queue {
public:
    // `framed`: what is queued are WebSocket frames. `total`, which outlives the queue, counts the
    // footprints of all that share it.
    explicit output_queue(const allocator& memory, std::size_t& total, bool framed = true) noexcept
        : memory_(memory),
          total_(total),
          framed_(framed) {}
    output_queue(const output_queue&) = delete;
    output_queue& operator=(const output_queue&) = delete;
    ~output_queue() {
        while (first_ != nullptr) release_first();
        drop_pong();
    }

    // Bytes not yet taken.
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    // What they take of the allocator: their blocks, each to its end until its last byte is taken.
    std::size_t footprint() const noexcept { return footprint_; }

    const allocator& memory() const noexcept { return memory_; }

    // Room at the end for `size` bytes in one piece, at least one; what is written there becomes
    // part of the queue by `commit`, before anything else is called. Empty: no memory.
    mutable_bytes reserve(std::size_t size) noexcept {
        if (last_ == nullptr || last_->room() < size) {
            const bool long_queue = last_ != nullptr && !last_->followed();
            output_block* block =
                output_block::make(long_queue && size < page ? page : size, memory_);
            if (block == nullptr) return {};
            grow(block->footprint());
            (last_ == nullptr ? first_ : last_->next) = block;
            last_ = block;
        }
        return last_->room_for(size);
    }

    void commit(std::size_t size) noexcept {
        last_->commit(size);
        size_ += size;
    }

    // A copy of `bytes`. Error: no_memory.
    result<void> append(const_bytes bytes) noexcept {
        if (bytes.empty()) return {};
        const mutable_bytes room = reserve(bytes.size());
        if (room.empty()) return errc::no_memory;
        std::memcpy(room.data(), bytes.data(), bytes.size());
        commit(bytes.size());
        return {};
    }

    // `header` is copied, `payload` is taken over and never copied. Error: no_memory; `payload` is
    // then still the caller's.
    result<void> append(const_bytes header, message_buffer&& payload) noexcept {
        if (payload.empty()) return append(header);
        const mutable_bytes room = reserve(header.empty() ? 1 : header.size());
        if (room.empty()) return errc::no_memory;
        if (!header.empty()) std::memcpy(room.data(), header.data(), header.size());
        commit(header.size());
        size_ += payload.size();
        grow(payload.capacity());
        last_->follow(std::move(payload));
        return {};
    }

    // A pong: it overtakes frames that have not begun, and takes the place of one that waits, since
    // only the latest ping need be answered (RFC 6455 §5.5.3, R189): a flood of pings costs one
    // frame of memory (RFC 9113 §10.5, R123). Error: no_memory.
    result<void> put_pong(const_bytes frame) noexcept {
        if (pong_ != nullptr) {
            size_ -= pong_->size();
            pong_->cut(0);
        } else {
            pong_ = output_block::make(frame.size(), memory_);
            if (pong_ == nullptr) return errc::no_memory;
            grow(pong_->footprint());
        }
        std::memcpy(pong_->room_for(frame.size()).data(), frame.data(), frame.size());
        pong_->commit(frame.size());
        size_ += frame.size();
        return {};
    }

    // Moves the first `size` bytes, no more than there are, to `out`.
    void take(std::size_t size, gather_list& out) noexcept {
        if (size == size_ && pong_ == nullptr) return take_all(out);
        while (size != 0) {
            // A call that failed after `reserve` leaves a block with nothing in it.
            while (first_ != nullptr && first_->size() == 0) finish_first(out);
            if (framed_ && frame_left_ == 0) begin_frame();
            const std::size_t step = framed_ && frame_left_ < size ? frame_left_ : size;
            const std::size_t taken = first_->take(step, out);
            size -= taken;
            size_ -= taken;
            if (framed_) frame_left_ -= taken;
            if (first_->size() == 0) finish_first(out);
        }
    }

    // Drops the frames that have not begun; a begun frame is finished.
    void drop_unbegun(gather_list& out) noexcept {
        drop_pong();
        std::size_t kept = framed_ ? frame_left_ : 0;
        size_ = kept;
        output_block* at = first_;
        output_block* last_kept = nullptr;
        while (at != nullptr && kept != 0) {
            if (kept < at->size()) {
                shrink(at->footprint());
                at->cut(kept);
                grow(at->footprint());
            }
            kept -= at->size();
            last_kept = at;
            at = at->next;
        }
        (last_kept == nullptr ? first_ : last_kept->next) = nullptr;
        last_ = last_kept;
        while (at != nullptr) {
            shrink(at->footprint());
            discard(std::exchange(at, at->next), out);
        }
    }

    // Forgets everything; what `out` has been lent stays alive with it.
    void clear(gather_list& out) noexcept {
        frame_left_ = 0;
        drop_pong();
        while (first_ != nullptr) finish_first(out);
        size_ = 0;
    }

private:
    // The blocks of a queue that has one already: what waits there is more than a few messages.
    static constexpr std::size_t page = 4'096 - sizeof(output_block) - sizeof(void*);

    void grow(std::size_t size) noexcept {
        footprint_ += size;
        total_ += size;
    }
    void shrink(std::size_t size) noexcept {
        footprint_ -= size;
        total_ -= size;
    }

    // Nothing stays behind and nothing overtakes: where frames begin does not matter.
    void take_all(gather_list& out) noexcept {
        frame_left_ = 0;
        size_ = 0;
        for (; first_ != nullptr; finish_first(out)) first_->take_all(out);
    }

    // At the edge between two frames: a pong goes first.
    void begin_frame() noexcept {
        if (pong_ != nullptr) {
            pong_->next = first_;
            if (first_ == nullptr) last_ = pong_;
            first_ = std::exchange(pong_, nullptr);
        }
        const frame_header header = decode_frame_header(first_->front().data());
        frame_left_ = frame_header_size(header) + static_cast<std::size_t>(header.payload_length);
    }

    void drop_pong() noexcept {
        if (pong_ == nullptr) return;
        size_ -= pong_->size();
        shrink(pong_->footprint());
        std::exchange(pong_, nullptr)->release();
    }

    void finish_first(gather_list& out) noexcept { discard(unlink_first(), out); }
    void release_first() noexcept { unlink_first()->release(); }

    output_block* unlink_first() noexcept {
        output_block* block = first_;
        shrink(block->footprint());
        first_ = block->next;
        if (first_ == nullptr) last_ = nullptr;
        return block;
    }

    static void discard(output_block* block, gather_list& out) noexcept {
        if (block->lent())
            out.keep(*block);
        else
            block->release();
    }

    allocator memory_;
    std::size_t& total_;
    output_block* first_ = nullptr;
    output_block* last_ = nullptr;
    output_block* pong_ = nullptr; // waits for the next edge between frames
    std::size_t size_ = 0;
    std::size_t footprint_ = 0;
    std::size_t frame_left_ = 0; // of the frame that has begun
    bool framed_;
};

} // namespace h2ws
