// Compresses the messages of one direction (RFC 7692 section 7.2.1).
#pragma once

#include "memory.hpp"

#include <h2ws/bytes.hpp>
#include <h2ws/extension_slot.hpp>
#include <h2ws/result.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace h2ws::zlib {

// How messages are compressed. Memory while there is a context: about 2^(window bits + 2) +
// 2^(memory_level + 9) + 6,000 octets, 256 KiB by default.
struct compression {
    int level = 6;                 // 0 to 9
    int memory_level = 8;          // 1 to 9
    std::uint8_t window_bits = 15; // 8 to 15
    bool keeps_context = true;     // from one message to the next
    bool one_frame = false;        // per message that is given whole, else buffer_too_small
};

class compressor {
public:
    // Room that a call needs at least: what is held back, and enough for zlib to end a flush.
    static constexpr std::size_t min_room = 16;

    compressor(const allocator& memory, const compression& how) noexcept
        : memory_(memory),
          how_(how),
          stream_(stream_with(memory_)) {}
    compressor(const compressor&) = delete;
    compressor& operator=(const compressor&) = delete;
    ~compressor() {
        if (open_) ::deflateEnd(&stream_);
    }

    const allocator& memory() const noexcept { return memory_; }

    // Whether there is a context, or memory for one.
    bool open() noexcept {
        if (open_) return true;
        // zlib has no raw window of 8 bits. With 9 its matches reach back 512 - 262 octets, which
        // are fewer than 256: RFC 7692 §7.2.1 (R252, R254)
        const int window = std::clamp<int>(how_.window_bits, 9, 15);
        open_ = deflateInit2(&stream_, std::clamp(how_.level, 0, 9), Z_DEFLATED, -window,
                             std::clamp(how_.memory_level, 1, 9), Z_DEFAULT_STRATEGY) == Z_OK;
        return open_;
    }

    // Room that is enough for one frame of a message of that size.
    std::size_t bound(std::size_t payload) noexcept {
        return ::deflateBound(&stream_, payload) + min_room;
    }

    // As message_extension has it, after open().
    result<encoded> encode(const_bytes& in, mutable_bytes out, bool last) noexcept {
        if (out.size() < min_room) return errc::buffer_too_small;
        if (how_.one_frame && last && !begun_ && out.size() < bound(in.size()))
            return errc::buffer_too_small;
        if (!last && held_size_ != 0) return errc::invalid_argument; // it is ending
        begun_ = true;
        out = out.first(smaller(out.size(), max_shown));
        if (last) return finish(in, out);
        // RFC 7692 §7.2.1 (R251): nothing is cut off before the end
        const std::size_t size = run(in, out, Z_NO_FLUSH);
        return encoded{size, size == out.size()};
    }

    // Whether a message has begun and not ended.
    bool begun() const noexcept { return begun_; }

private:
    // Ends the message with an empty stored block, whose last four octets are never written: the
    // last four are held back until it is known that more follow. RFC 7692 §7.2.1 (R248)
    result<encoded> finish(const_bytes& in, mutable_bytes out) noexcept {
        std::memcpy(out.data(), held_.data(), held_size_);
        const std::size_t made = held_size_ + run(in, out.subspan(held_size_), Z_SYNC_FLUSH);
        held_size_ = smaller(made, held_.size());
        const std::size_t size = made - held_size_;
        std::memcpy(held_.data(), out.data() + size, held_size_);
        if (made == out.size()) return encoded{size, true};
        if (!in.empty()) return errc::extension_failure;
        return end_message(out, size);
    }

    result<encoded> end_message(mutable_bytes out, std::size_t size) noexcept {
        constexpr std::array end{std::byte{0}, std::byte{0}, std::byte{0xff}, std::byte{0xff}};
        begun_ = false;
        if (held_size_ == 0) { // nothing to flush: RFC 7692 §7.2.3.6 (R259)
            out.front() = std::byte{0};
            size = 1;
        } else if (held_ != end) {
            return errc::extension_failure;
        }
        held_size_ = 0;
        if (!how_.keeps_context) ::deflateReset(&stream_); // RFC 7692 §7.2.1 (R253)
        return encoded{size, false};
    }

    // Takes input until there is none, or no room for what it gives.
    std::size_t run(const_bytes& in, mutable_bytes out, int flush) noexcept {
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        int status = Z_OK;
        do {
            const std::size_t shown = smaller(in.size(), max_shown);
            stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
            stream_.avail_in = static_cast<uInt>(shown);
            status = ::deflate(&stream_, shown == in.size() ? flush : Z_NO_FLUSH);
            in = in.subspan(shown - stream_.avail_in);
        } while (status == Z_OK && !in.empty() && stream_.avail_out != 0);
        return out.size() - stream_.avail_out;
    }

    allocator memory_;
    compression how_;
    z_stream stream_;
    std::array<std::byte, 4> held_{};
    std::size_t held_size_ = 0;
    bool open_ = false;
    bool begun_ = false;
};

} // namespace h2ws::zlib
