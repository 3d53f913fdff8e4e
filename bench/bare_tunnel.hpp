// A WebSocket of bare_server.cpp: each frame that arrives is unmasked into what goes back. Nothing
// is checked, and a Close is echoed as any other frame, which ends the stream (RFC 8441 §5).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace bench {

using octets = std::span<const std::uint8_t>;

class bare_tunnel {
public:
    void receive(octets in) {
        while (!in.empty()) {
            const std::size_t wanted = left_ != 0 ? left_ : header_size() - have_;
            const octets part = in.first(std::min(wanted, in.size()));
            in = in.subspan(part.size());
            if (left_ != 0)
                add_payload(part);
            else
                add_header(part);
        }
    }

    octets waiting() const { return octets(waiting_).subspan(sent_); }

    void sent(std::size_t size) {
        sent_ += size;
        if (sent_ != waiting_.size()) return;
        waiting_.clear();
        sent_ = 0;
    }

    // With what waits now the stream ends.
    bool ends() const { return closing_ && left_ == 0; }
    void end() { closing_ = true; }

    bool deferred = false; // nghttp2 was told that nothing waits

private:
    static constexpr std::size_t key_size = 4;

    // Of as much of it as there is (RFC 6455 §5.2).
    std::size_t header_size() const { return have_ < 2 ? 2 : 2 + length_size() + key_size; }

    std::size_t length_size() const {
        const int length = header_[1] & 0x7f;
        return length == 127 ? 8 : length == 126 ? 2 : 0;
    }

    void add_header(octets part) {
        std::memcpy(header_.data() + have_, part.data(), part.size());
        have_ += part.size();
        if (have_ != header_size()) return;
        const std::size_t size = 2 + length_size();
        std::memcpy(key_.data(), header_.data() + size, key_size);
        left_ = header_[1] & 0x7f;
        if (size > 2) left_ = 0;
        for (std::size_t i = 2; i < size; ++i) left_ = left_ << 8 | header_[i];
        header_[1] &= 0x7f;
        const int opcode = header_[0] & 0xf;
        closing_ |= opcode == 8;
        if (opcode == 9) ++header_[0]; // a Ping's echo is a Pong
        waiting_.insert(waiting_.end(), header_.begin(), header_.begin() + size);
        have_ = phase_ = 0;
    }

    void add_payload(octets part) {
        const std::size_t begin = waiting_.size();
        waiting_.insert(waiting_.end(), part.begin(), part.end());
        std::uint8_t* at = waiting_.data() + begin;
        std::array<std::uint8_t, 8> wide;
        for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = key_[(phase_ + i) % key_size];
        std::uint64_t key;
        std::memcpy(&key, wide.data(), sizeof key);
        std::size_t left = part.size();
        for (; left >= sizeof key; left -= sizeof key, at += sizeof key) {
            std::uint64_t word;
            std::memcpy(&word, at, sizeof word);
            word ^= key;
            std::memcpy(at, &word, sizeof word);
        }
        for (std::size_t i = 0; i < left; ++i) at[i] ^= wide[i];
        phase_ += part.size();
        left_ -= part.size();
    }

    std::vector<std::uint8_t> waiting_;
    std::size_t sent_ = 0; // of it
    std::array<std::uint8_t, 14> header_{};
    std::array<std::uint8_t, key_size> key_{};
    std::size_t have_ = 0;  // of the header
    std::size_t left_ = 0;  // of the payload
    std::size_t phase_ = 0; // octets of the payload that came
    bool closing_ = false;
};

} // namespace bench
