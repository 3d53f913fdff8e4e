// The octets of one direction on their way, and what happens to them there.
#pragma once

#include "../dice.hpp"

#include <h2ws/http2/frame.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace soak {

class wire {
public:
    static constexpr std::uint64_t nowhere = ~std::uint64_t{0};

    bool silent = false;
    bool drops_acknowledgements = false; // of SETTINGS
    std::uint64_t cut_at = nowhere;      // octets from the beginning
    std::uint64_t damage_at = nowhere;

    std::size_t size() const { return octets_.size() - begin_; }
    std::uint64_t passed() const { return passed_; }
    bool cut() const { return passed_ == cut_at; }
    bool damaged() const { return damaged_; }
    bool dropped() const { return dropped_; }

    void put(std::string_view octets) {
        if (drops_acknowledgements)
            put_frames(octets);
        else
            octets_ += octets;
    }

    // Up to so many; the damaged ones begin a piece.
    std::string take(std::size_t most, test::dice& random) {
        if (silent || cut()) return {};
        const bool damages = passed_ == damage_at;
        std::size_t left = std::min(most, size());
        if (damages) left = std::min<std::size_t>(left, 64);
        left = static_cast<std::size_t>(std::min<std::uint64_t>(left, until(cut_at)));
        left = static_cast<std::size_t>(std::min<std::uint64_t>(left, until(damage_at)));
        std::string piece = octets_.substr(begin_, left);
        begin_ += left;
        passed_ += left;
        if (begin_ > 65'536 || begin_ == octets_.size()) {
            octets_.erase(0, begin_);
            begin_ = 0;
        }
        if (damages && !piece.empty()) damage(piece, random);
        return piece;
    }

    void clear() {
        octets_.clear();
        begin_ = 0;
    }

private:
    std::uint64_t until(std::uint64_t place) const {
        return place > passed_ ? place - passed_ : nowhere;
    }

    void damage(std::string& piece, test::dice& random) {
        damaged_ = true;
        const std::size_t at = random.below(static_cast<std::uint32_t>(piece.size()));
        switch (random.below(5)) {
        case 0: piece.erase(at, 1 + random.below(20)); return;
        case 1: piece.insert(at, random.bytes(1 + random.below(20))); return;
        case 2: piece = random.bytes(piece.size()); return;
        case 3: piece.insert(at, piece.substr(at)); return;
        default: piece[at] = static_cast<char>(piece[at] ^ 1 << random.below(8));
        }
    }

    // Frame by frame, without acknowledgements of SETTINGS.
    void put_frames(std::string_view octets) {
        constexpr std::size_t head_size = h2ws::http2::frame_head_size;
        whole_ += octets;
        if (!begun_ && whole_.starts_with('P')) {
            const std::size_t preface = h2ws::http2::client_preface.size();
            if (whole_.size() < preface) return;
            octets_.append(whole_, 0, preface);
            whole_.erase(0, preface);
        }
        begun_ = true;
        std::size_t at = 0;
        while (whole_.size() - at >= head_size) {
            const auto head = h2ws::http2::decode_frame_head(
                reinterpret_cast<const std::byte*>(whole_.data() + at));
            const std::size_t size = head_size + head.length;
            if (whole_.size() - at < size) break;
            if (head.type == h2ws::http2::frame_type::settings && (head.flags & 1) != 0)
                dropped_ = true;
            else
                octets_.append(whole_, at, size);
            at += size;
        }
        whole_.erase(0, at);
    }

    std::string octets_;
    std::size_t begin_ = 0;
    std::string whole_; // as far as frames are not
    bool begun_ = false;
    bool damaged_ = false;
    bool dropped_ = false;
    std::uint64_t passed_ = 0;
};

} // namespace soak
