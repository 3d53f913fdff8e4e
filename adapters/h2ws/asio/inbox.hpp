// What has arrived on a websocket and nobody has read: pieces of messages, in order.
#pragma once

#include <h2ws/bytes.hpp>
#include <h2ws/event.hpp>

#include <cstring>
#include <utility>
#include <vector>

namespace h2ws::asio {

// What one read brought: so many bytes of a message. `first`: they are its beginning; `last`: its
// end.
struct message_part {
    opcode type = opcode::text;
    std::size_t size = 0;
    bool first = false;
    bool last = false;
};

// Memory: the bytes, and 32 for each message begun; the vectors may have room for as much again.
// The stream's window bounds what they were on the wire: without an extension there are no more
// bytes than that, with one that inflates as many as a connection's streams may hold (see
// stream_state). An empty message costs its sender two or six bytes of the window, so 32 bytes for
// each are 16 times the window at most. Bytes are credited when they are taken, not when they are
// put here.
class inbox {
public:
    bool empty() const noexcept { return front_ == pieces_.size(); }

    // Bytes that were not taken.
    std::size_t size() const noexcept { return bytes_.size() - taken_; }

    // Bytes at the front that are of one message.
    std::size_t front_size() const noexcept { return pieces_[front_].part.size; }

    // A copy of the chunk's payload, which stands for `wire_bytes`.
    void put(const message_chunk& chunk, std::size_t wire_bytes) {
        compact();
        bytes_.insert(bytes_.end(), chunk.payload.begin(), chunk.payload.end());
        if (chunk.first || empty()) pieces_.push_back({{chunk.type, 0, chunk.first, false}, 0});
        piece& back = pieces_.back();
        back.part.size += chunk.payload.size();
        back.part.last = chunk.last;
        back.wire_bytes += wire_bytes;
    }

    struct taken {
        message_part part;
        std::size_t wire_bytes; // to be consumed
    };

    // Moves as much of the front message as there is and as fits. Only when not empty.
    taken take(mutable_bytes to) {
        piece& front = pieces_[front_];
        const std::size_t size = front.part.size < to.size() ? front.part.size : to.size();
        if (size == 0 && front.part.size != 0) return {{front.part.type, 0, false, false}, 0};
        if (size != 0) std::memcpy(to.data(), bytes_.data() + taken_, size);
        taken_ += size;
        const std::size_t wire_bytes = share(front.wire_bytes, size, front.part.size);
        taken out{{front.part.type, size, std::exchange(front.part.first, false), false},
                  wire_bytes};
        front.wire_bytes -= wire_bytes;
        front.part.size -= size;
        if (front.part.size != 0) return out;
        out.part.last = front.part.last;
        if (++front_ == pieces_.size()) forget();
        return out;
    }

    // Drops everything. The result is to be consumed.
    std::size_t clear() {
        std::size_t wire_bytes = 0;
        for (; front_ != pieces_.size(); ++front_) wire_bytes += pieces_[front_].wire_bytes;
        forget();
        return wire_bytes;
    }

    // Bytes that it has allocated.
    std::size_t memory() const noexcept {
        return bytes_.capacity() + pieces_.capacity() * sizeof(piece);
    }

    // The part of `wire_bytes` that `size` of `whole` bytes stand for: compression and frame
    // headers are spread evenly, and nothing is left over in the end.
    static constexpr std::size_t share(std::size_t wire_bytes, std::size_t size,
                                       std::size_t whole) noexcept {
        return size == whole ? wire_bytes
                             : wire_bytes / whole * size + wire_bytes % whole * size / whole;
    }

private:
    static constexpr std::size_t kept = 4'096; // of each vector, while there is nothing in it

    struct piece {
        message_part part;
        std::size_t wire_bytes;
    };

    // Before something is put in: what was taken leaves no more room behind than what is there
    // takes.
    void compact() {
        if (taken_ > bytes_.size() - taken_) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
            taken_ = 0;
        }
        if (front_ > pieces_.size() - front_) {
            pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(front_));
            front_ = 0;
        }
    }

    void forget() {
        front_ = taken_ = 0;
        bytes_.clear();
        pieces_.clear();
        if (bytes_.capacity() > kept) bytes_ = {};
        if (pieces_.capacity() > kept / sizeof(piece)) pieces_ = {};
    }

    std::vector<std::byte> bytes_;
    std::vector<piece> pieces_;
    std::size_t front_ = 0; // the first piece that is not taken
    std::size_t taken_ = 0; // bytes before it
};

} // namespace h2ws::asio
