// Frames of one size behind one another, as a client sends them.
#pragma once

#include <h2ws/h2ws.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

enum class payload_kind { binary, ascii, mixed }; // mixed: characters of one to four octets

constexpr std::string_view name(payload_kind kind) {
    switch (kind) {
    case payload_kind::binary: return "binary";
    case payload_kind::ascii: return "ascii";
    case payload_kind::mixed: return "mixed";
    }
    return {};
}

// Unmasking in place leaves what is no frame of a client any more, and a bench goes over the same
// bytes again and again: every other time it masks them. Characters and keys are chosen so that the
// text is valid either way.
class masked_stream {
public:
    masked_stream(std::size_t size, payload_kind kind, std::size_t octets)
        : payload_(payload_of(size, kind)),
          opcode_(kind == payload_kind::binary ? h2ws::opcode::binary : h2ws::opcode::text) {
        do {
            add_frame();
        } while (bytes_.size() + header_size() + size <= octets);
    }

    h2ws::mutable_bytes bytes() { return bytes_; }
    h2ws::const_bytes bytes() const { return bytes_; }
    std::size_t messages() const { return messages_; }
    std::size_t payload_size() const { return payload_.size(); }
    std::size_t octets() const { return messages_ * payload_.size(); } // of payload
    std::size_t header_size() const {
        return h2ws::frame_header_size({.payload_length = payload_.size(), .masked = true});
    }

    // Where the payload of a message lies, and what it is masked with.
    struct place {
        std::size_t offset;
        h2ws::masking_key key;
    };
    std::vector<place> places() const {
        std::vector<place> all;
        for (std::size_t i = 0; i < messages_; ++i)
            all.push_back({i * (header_size() + payload_.size()) + header_size(), key(i)});
        return all;
    }

    // Whether it has gone over all of it that often, and over nothing else.
    bool was_masked(std::size_t times) const {
        masked_stream fresh = *this;
        fresh.bytes_.clear();
        fresh.messages_ = 0;
        while (fresh.messages_ < messages_) fresh.add_frame(times % 2 == 0);
        return fresh.bytes_ == bytes_;
    }

private:
    static h2ws::masking_key key(std::size_t message) {
        const auto part = [&](std::size_t shift) {
            return static_cast<std::byte>(1 + (message * 7 >> shift) % 3);
        };
        return {part(0), part(1), part(2), part(3)};
    }

    static std::string payload_of(std::size_t size, payload_kind kind) {
        constexpr std::string_view ascii = "The quick brown fox jumps over the lazy dog. ";
        constexpr std::string_view mixed[] = {"\xd0\xb4",     "\xd0\xb6", "\xe4\xb8\xad",    "a ",
                                              "\xe5\x9b\xbd", "\xd0\xb8", "\xf0\x9f\x98\x80"};
        std::string made;
        for (std::size_t i = 0; made.size() < size; ++i) {
            if (kind == payload_kind::binary) made += static_cast<char>(i * 167 >> 3);
            if (kind == payload_kind::ascii) made += ascii[i % ascii.size()];
            if (kind != payload_kind::mixed) continue;
            const std::string_view next = mixed[i % std::size(mixed)];
            made += made.size() + next.size() <= size ? next : "b";
        }
        return made;
    }

    void add_frame(bool masked = true) {
        std::byte header[h2ws::max_frame_header_size];
        const h2ws::masking_key with = key(messages_);
        const std::size_t size = h2ws::encode_frame_header({.payload_length = payload_.size(),
                                                            .key = with,
                                                            .code = opcode_,
                                                            .fin = true,
                                                            .masked = true},
                                                           header);
        if (size != header_size()) std::abort();
        bytes_.insert(bytes_.end(), header, header + size);
        const h2ws::const_bytes plain = h2ws::as_bytes(payload_);
        bytes_.insert(bytes_.end(), plain.begin(), plain.end());
        if (masked) h2ws::mask(h2ws::mutable_bytes(bytes_).last(payload_.size()), with);
        ++messages_;
    }

    std::string payload_;
    h2ws::opcode opcode_;
    std::vector<std::byte> bytes_;
    std::size_t messages_ = 0;
};

} // namespace bench
