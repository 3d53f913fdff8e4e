// The records of memory_session.hpp: ten octets (kind, flags, stream number, length; numbers in
// network order), then the payload.
#pragma once

#include <h2ws/field.hpp>
#include <h2ws/message_buffer.hpp>

#include <array>
#include <cstring>
#include <initializer_list>

namespace examples {

struct memory_record {
    enum class kind : std::uint8_t {
        settings, // three numbers: the windows of a stream and of the connection, most streams
        headers,  // fields: two numbers (the sizes of name and value), name, value
        data,
        credit, // a number: so much more may be sent
        reset,  // a number: the HTTP/2 error code
        goaway, // two numbers: the last stream, the code
        ping,
    };
    static constexpr std::uint8_t end_stream = 1; // of headers and data
    static constexpr std::uint8_t enables = 1;    // of settings: extended CONNECT
    static constexpr std::uint8_t is_answer = 1;  // of ping
    static constexpr std::size_t header_size = 10;

    kind what = kind::data;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0; // 0: the connection
    std::uint32_t length = 0;

    bool has(std::uint8_t flag) const noexcept { return (flags & flag) != 0; }

    static std::uint32_t number_at(const std::byte* at) noexcept {
        std::uint32_t value = 0;
        for (int i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(at[i]);
        return value;
    }

    static void put(std::byte* at, std::uint32_t value) noexcept {
        for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (24 - 8 * i));
    }

    std::array<std::byte, header_size> encode() const noexcept {
        std::array<std::byte, header_size> out{std::byte(what), std::byte(flags)};
        put(&out[2], stream);
        put(&out[6], length);
        return out;
    }

    static memory_record decode(const std::byte* at) noexcept {
        return {static_cast<kind>(at[0]), std::to_integer<std::uint8_t>(at[1]), number_at(at + 2),
                number_at(at + 6)};
    }
};

// Records on their way out.
class memory_records {
public:
    explicit memory_records(const h2ws::allocator& memory) noexcept : bytes_(memory) {}

    // A record of numbers.
    void put(memory_record head, std::initializer_list<std::uint32_t> numbers) noexcept {
        head.length = static_cast<std::uint32_t>(4 * numbers.size());
        append(head.encode());
        for (const std::uint32_t value : numbers) put_number(value);
    }

    // A record of fields.
    void put(memory_record head, std::span<const h2ws::field> fields) noexcept {
        head.length = 0;
        for (const h2ws::field& line : fields)
            head.length += static_cast<std::uint32_t>(8 + line.name.size() + line.value.size());
        append(head.encode());
        for (const h2ws::field& line : fields) {
            put_number(static_cast<std::uint32_t>(line.name.size()));
            put_number(static_cast<std::uint32_t>(line.value.size()));
            append(h2ws::as_bytes(line.name));
            append(h2ws::as_bytes(line.value));
        }
    }

    void append(h2ws::const_bytes more) noexcept { failed_ = !bytes_.append(more) || failed_; }
    void clear() noexcept { bytes_.clear(); }
    void release() noexcept { bytes_.release(); }

    // Memory ran out: the last record is not whole, and nothing can follow it.
    bool failed() const noexcept { return failed_; }
    bool empty() const noexcept { return bytes_.empty(); }
    std::size_t size() const noexcept { return bytes_.size(); }
    h2ws::const_bytes bytes() const noexcept { return bytes_.bytes(); }

private:
    void put_number(std::uint32_t value) noexcept {
        std::array<std::byte, 4> octets{};
        memory_record::put(octets.data(), value);
        append(octets);
    }

    h2ws::message_buffer bytes_;
    bool failed_ = false;
};

// Takes the first field off a record's payload. False: there is none, or it is cut short.
inline bool take_field(h2ws::const_bytes& rest, h2ws::field& line) noexcept {
    if (rest.size() < 8) return false;
    const std::size_t name = memory_record::number_at(rest.data());
    const std::size_t value = memory_record::number_at(rest.data() + 4);
    rest = rest.subspan(8);
    if (name > rest.size() || value > rest.size() - name) return false;
    const std::string_view text = h2ws::as_text(rest);
    line = {text.substr(0, name), text.substr(name, value)};
    rest = rest.subspan(name + value);
    return true;
}

// Cuts what arrives into records: the payload of data stays where it lies, others are collected.
class memory_record_reader {
public:
    explicit memory_record_reader(const h2ws::allocator& memory) noexcept : bytes_(memory) {}

    const memory_record& head() const noexcept { return head_; }
    h2ws::const_bytes payload() const noexcept { return bytes_.bytes(); }

    // Of the payload, how much has not arrived.
    std::size_t left() const noexcept { return left_; }
    bool inside_data() const noexcept { return inside_ && head_.what == memory_record::kind::data; }
    // A record whose bytes have all arrived: it is to be dealt with, then `next` called.
    bool whole() const noexcept { return inside_ && left_ == 0; }

    // Takes a part of a header, or of a payload that is not data. False: no memory.
    bool take(h2ws::mutable_bytes& in) noexcept {
        const std::size_t size = in.size() < left_ ? in.size() : left_;
        if (!bytes_.append(in.first(size))) return false;
        in = in.subspan(size);
        left_ -= size;
        if (left_ != 0 || inside_) return true;
        head_ = memory_record::decode(payload().data());
        bytes_.clear();
        inside_ = true;
        left_ = head_.length;
        return true;
    }

    void data_taken(std::size_t size) noexcept { left_ -= size; }

    void next() noexcept {
        bytes_.clear();
        inside_ = false;
        left_ = memory_record::header_size;
    }

    // The number at that place of the payload; 0 when the payload is shorter.
    std::uint32_t number(std::size_t index) const noexcept {
        return payload().size() < 4 * (index + 1) ? 0
                                                  : memory_record::number_at(&payload()[4 * index]);
    }

private:
    h2ws::message_buffer bytes_;
    memory_record head_;
    bool inside_ = false; // a record's payload, not its header
    std::size_t left_ = memory_record::header_size;
};

} // namespace examples
