#include "wire_trace.hpp"

#include "report.hpp"

#include <h2ws/http2_error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace h2ws::tools {

namespace {

constexpr std::size_t preface_size = 24;

enum frame_type : std::uint8_t { // RFC 9113 §6
    data = 0,
    headers = 1,
    rst_stream = 3,
    settings_frame = 4,
    goaway = 7,
    window_update = 8,
    continuation = 9,
};

constexpr std::uint8_t end_stream_or_ack = 0x1;
constexpr std::uint8_t end_headers = 0x4;
constexpr std::uint8_t padded = 0x8;
constexpr std::uint8_t priority = 0x20;

constexpr std::array<std::string_view, 10> frame_names{
    "DATA",         "HEADERS", "PRIORITY", "RST_STREAM",    "SETTINGS",
    "PUSH_PROMISE", "PING",    "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION"};

constexpr std::array<std::string_view, 10> setting_names{"",
                                                         "HEADER_TABLE_SIZE",
                                                         "ENABLE_PUSH",
                                                         "MAX_CONCURRENT_STREAMS",
                                                         "INITIAL_WINDOW_SIZE",
                                                         "MAX_FRAME_SIZE",
                                                         "MAX_HEADER_LIST_SIZE",
                                                         "",
                                                         "ENABLE_CONNECT_PROTOCOL",
                                                         "NO_RFC7540_PRIORITIES"};

template <std::size_t size>
std::string name_in(const std::array<std::string_view, size>& names, std::uint32_t number) {
    if (number < size && !names[number].empty()) return std::string(names[number]);
    return std::to_string(number);
}

// Moves from the front of `from` until `to` has `size`.
void fill(std::vector<std::byte>& to, std::size_t size, const_bytes& from) {
    const const_bytes part = from.first(std::min(size - to.size(), from.size()));
    to.insert(to.end(), part.begin(), part.end());
    from = from.subspan(part.size());
}

} // namespace

frame_lister::frame_lister(char mark, bool preface, line_writer write)
    : mark_(mark),
      write_(std::move(write)),
      skip_(preface ? preface_size : 0) {}

void frame_lister::take(const_bytes bytes) {
    while (!bytes.empty()) {
        const std::size_t skipped = std::min(skip_, bytes.size());
        skip_ -= skipped;
        bytes = bytes.subspan(skipped);
        if (head_.size() < head_size) {
            fill(head_, head_size, bytes);
            if (head_.size() < head_size) return;
            take_head();
        }
        if (type_ != data) fill(payload_, size_, bytes);
        if (type_ != data && payload_.size() < size_) return;
        list();
        head_.clear();
        payload_.clear();
    }
}

void frame_lister::take_head() {
    payload_.assign(head_.begin(), head_.end()); // for number() to read
    size_ = number(0, 3);
    type_ = static_cast<std::uint8_t>(number(3, 1));
    flags_ = static_cast<std::uint8_t>(number(4, 1));
    stream_ = number(5) & 0x7fff'ffff;
    payload_.clear();
    if (type_ == data) skip_ = size_;
}

void frame_lister::list() {
    std::string text = name_in(frame_names, type_) + " stream=" + std::to_string(stream_);
    const bool ack = type_ == settings_frame || type_ == 6;
    if ((flags_ & end_stream_or_ack) != 0 && (type_ <= headers || ack))
        text += ack ? " ACK" : " END_STREAM";
    if ((flags_ & padded) != 0 && type_ <= headers) text += " PADDED";
    show(text + detail());
    if (type_ != headers && type_ != continuation) return;
    const const_bytes part = header_block();
    block_.insert(block_.end(), part.begin(), part.end());
    if ((flags_ & end_headers) == 0) return;
    list_fields();
    block_.clear();
}

std::string frame_lister::detail() const {
    if (type_ == data) return " length=" + std::to_string(size_);
    if (type_ == settings_frame) return settings();
    const auto code = [this](std::size_t at) {
        const std::uint32_t value = number(at);
        return " code=" + std::to_string(value) + " " +
               std::string(name(static_cast<http2_error>(value)));
    };
    if (type_ == rst_stream && size_ >= 4) return code(0);
    if (type_ == goaway && size_ >= 8)
        return " last=" + std::to_string(number(0) & 0x7fff'ffff) + code(4);
    if (type_ == window_update && size_ >= 4)
        return " increment=" + std::to_string(number(0) & 0x7fff'ffff);
    return "";
}

std::string frame_lister::settings() const {
    std::string text;
    for (std::size_t at = 0; at + 6 <= payload_.size(); at += 6)
        text.append(" ")
            .append(name_in(setting_names, number(at, 2)))
            .append("=")
            .append(std::to_string(number(at + 2)));
    return text;
}

// Without padding and priority (RFC 9113 §6.2).
const_bytes frame_lister::header_block() const {
    const_bytes block = payload_;
    if (type_ == continuation) return block;
    const std::size_t padding = (flags_ & padded) != 0 && size_ > 0 ? number(0, 1) : 0;
    const std::size_t before =
        ((flags_ & padded) != 0 ? 1u : 0u) + ((flags_ & priority) != 0 ? 5u : 0u);
    if (before + padding > block.size()) return {};
    return block.subspan(before, block.size() - before - padding);
}

void frame_lister::list_fields() {
    const errc error = decoder_.decode(block_, [this](const field& line) {
        show(std::string("  ").append(line.name).append(": ").append(line.value));
    });
    if (error != errc::none) show("  (a header section that cannot be decoded)");
}

std::uint32_t frame_lister::number(std::size_t at, std::size_t size) const {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + size; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(payload_[i]);
    return value;
}

void frame_lister::show(const std::string& text) const {
    write_(std::string{mark_} + " " + printable(text));
}

} // namespace h2ws::tools
