// Decompresses the messages of one direction (RFC 7692 section 7.2.2), piece by piece and no
// further than is allowed.
#pragma once

#include "memory.hpp"

#include <h2ws/bytes.hpp>
#include <h2ws/extension_slot.hpp>
#include <h2ws/result.hpp>

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

namespace h2ws::zlib {

// How messages are decompressed, and how far. Memory while there is a context: about
// 2^(window bits) + 8,000 octets and the piece, 44 KiB by default, whatever a message inflates to.
struct decompression {
    std::uint8_t window_bits = 15; // 8 to 15
    bool keeps_context = true;     // from one message to the next

    // Octets that are inflated, and given, at a time; 256 at least. zlib is at its best with the
    // whole message in one: with 64 KiB those of that size take a sixth less time.
    std::size_t piece = 4'096;

    // Octets of one message. The limits of the websocket hold beside it; this is for one that may
    // take larger messages where they come as they are.
    std::uint64_t max_message = UINT64_MAX;

    // Octets for each octet received, of a message that is larger than the floor. Text comes to 20,
    // what is all the same to 1,000; 0: any ratio.
    std::uint32_t max_ratio = 200;
    std::uint64_t ratio_floor = std::uint64_t{4} << 20;
};

class decompressor {
public:
    decompressor(const allocator& memory, const decompression& how) noexcept
        : memory_(memory),
          how_(how),
          stream_(stream_with(memory_)) {}
    decompressor(const decompressor&) = delete;
    decompressor& operator=(const decompressor&) = delete;
    ~decompressor() {
        close();
        if (!out_.empty()) memory_.release(memory_.state, out_.data(), out_.size());
    }

    const allocator& memory() const noexcept { return memory_; }

    // As message_extension has it. The data lies in here.
    result<decoded> decode(const_bytes& in, bool last) noexcept {
        if (failed_ != errc::none) return failed_;
        if (const errc error = open(); error != errc::none) return error;
        begun_ = true;
        // One more is asked for where no more is allowed: then there is one, or the end.
        const std::size_t room =
            how_.max_message - given_ < out_.size()
                ? std::max<std::size_t>(1, static_cast<std::size_t>(how_.max_message - given_))
                : out_.size();
        std::size_t size = 0;
        errc error = inflate_into(out_.first(room), in, last, size);
        given_ += size;
        if (is_too_much()) return failed_ = errc::inflates_too_much;
        const bool ended = error == errc::none && size < room && last;
        // RFC 7692 §7.2.2 (R263): a block is cut short, or something else stands behind the last
        if (ended && !between_blocks_) error = errc::extension_data_invalid;
        failed_ = error;
        if (error != errc::none && size == 0) return error;
        if (ended && error == errc::none) end_message();
        return decoded{out_.first(size), error != errc::none || size == room};
    }

    // Whether it is needed for what comes next.
    bool holds_context() const noexcept { return begun_ || (open_ && how_.keeps_context); }

    // Gives back everything but the piece that was given last.
    void close() noexcept {
        if (open_) ::inflateEnd(&stream_);
        open_ = false;
    }

private:
    errc open() noexcept {
        if (open_) return errc::none;
        if (out_.empty() && !make_room()) return errc::no_memory;
        stream_ = stream_with(memory_);
        // RFC 7692 §7.2.2 (R257)
        const int window = std::clamp<int>(how_.window_bits, 8, 15);
        const int status = inflateInit2(&stream_, -window);
        open_ = status == Z_OK;
        if (open_) return errc::none;
        return status == Z_MEM_ERROR ? errc::no_memory : errc::extension_failure; // (R263)
    }

    bool make_room() noexcept {
        const std::size_t size = std::clamp<std::size_t>(how_.piece, 256, max_shown);
        void* const place = memory_.allocate(memory_.state, size);
        if (place != nullptr) out_ = {static_cast<std::byte*>(place), size};
        return place != nullptr;
    }

    // Input, and behind the last of it the four octets that were cut off, until there is none or no
    // room.
    errc inflate_into(mutable_bytes out, const_bytes& in, bool last, std::size_t& size) noexcept {
        errc error = errc::none;
        // No octet at all is no data, which some send for an empty message: zlib gives nothing when
        // it is flushed once more. The RFC would have them send one octet (§7.2.3.6).
        if (last && in.empty() && taken_ == 0) return error;
        do {
            const_bytes end = as_bytes(cut_off).subspan(end_taken_); // RFC 7692 §7.2.2 (R255)
            const std::size_t before = in.size();
            if (last && in.empty()) {
                error = inflate(end, out, size);
                end_taken_ = cut_off.size() - end.size();
            } else { // perhaps of nothing: what zlib still holds
                error = inflate(in, out, size);
                taken_ += before - in.size();
            }
        } while (error == errc::none && size < out.size() &&
                 (!in.empty() || (last && end_taken_ < cut_off.size())));
        return error;
    }

    errc inflate(const_bytes& in, mutable_bytes out, std::size_t& size) noexcept {
        const std::size_t shown = smaller(in.size(), max_shown);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(shown);
        stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
        stream_.avail_out = static_cast<uInt>(out.size() - size);
        const int status = ::inflate(&stream_, Z_SYNC_FLUSH);
        const std::size_t taken = shown - stream_.avail_in;
        const std::size_t made = out.size() - size - stream_.avail_out;
        in = in.subspan(taken);
        size += made;
        if (status == Z_STREAM_END) return begin_again();
        // zlib.h: 128 behind a block, and how many bits are left of an octet
        if (taken + made != 0) between_blocks_ = (stream_.data_type & (128 + 63)) == 128;
        if (status == Z_OK || status == Z_BUF_ERROR) return errc::none;
        if (status == Z_MEM_ERROR) return errc::no_memory; // of the window
        return status == Z_DATA_ERROR ? errc::extension_data_invalid : errc::extension_failure;
    }

    // A block was the last of its stream. What follows is read from the next octet on, with the
    // window that there is: inflateReset would empty it. RFC 7692 §7.2.1 (R249, R250)
    errc begin_again() noexcept {
        between_blocks_ = true;
        return ::inflateResetKeep(&stream_) == Z_OK ? errc::none : errc::extension_failure;
    }

    bool is_too_much() const noexcept {
        if (given_ > how_.max_message) return true; // RFC 6455 §10.4 (R262)
        if (how_.max_ratio == 0 || given_ <= how_.ratio_floor) return false;
        return (given_ - 1) / how_.max_ratio >= taken_;
    }

    void end_message() noexcept {
        given_ = 0;
        taken_ = 0;
        end_taken_ = 0;
        begun_ = false;
        if (!how_.keeps_context) ::inflateReset(&stream_); // RFC 7692 §7.2.2 (R256)
    }

    static constexpr std::string_view cut_off{"\x00\x00\xff\xff", 4};

    allocator memory_;
    decompression how_;
    z_stream stream_;
    std::uint64_t given_ = 0;   // of the message
    std::uint64_t taken_ = 0;   // of the message, as it came
    std::size_t end_taken_ = 0; // of what was cut off
    bool between_blocks_ = true;
    bool open_ = false;
    bool begun_ = false;
    errc failed_ = errc::none;
    mutable_bytes out_; // the piece; what was given last lies in it, so it outlives the context
};

} // namespace h2ws::zlib
