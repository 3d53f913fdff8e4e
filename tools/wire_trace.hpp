// What `-v` of the server and `-vv` of the client show: every HTTP/2 frame of a connection, as it
// was on the wire, with the fields of a header section decoded. `<` was received, `>` was sent.
#pragma once

#include <h2ws/bytes.hpp>
#include <h2ws/http2/hpack_decoder.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace h2ws::tools {

// Takes lines, without their ends.
using line_writer = std::function<void(const std::string&)>;

// The frames of one direction (RFC 9113 section 4). It believes what it reads: the session is who
// rejects.
class frame_lister {
public:
    // `preface`: the client's 24 bytes come first (RFC 9113 section 3.4).
    frame_lister(char mark, bool preface, line_writer write);

    // The next bytes, cut anywhere. Payloads of DATA are passed over unread.
    void take(const_bytes bytes);

private:
    static constexpr std::size_t head_size = 9;

    void take_head();
    void list();
    void list_fields();
    std::string detail() const;
    std::string settings() const;
    const_bytes header_block() const;
    std::uint32_t number(std::size_t at, std::size_t size = 4) const;
    void show(const std::string& text) const;

    char mark_;
    line_writer write_;
    http2::hpack_decoder decoder_{allocator{}, http2::largest_table};
    std::size_t skip_;               // of the preface, or of a payload that is not kept
    std::vector<std::byte> head_;    // what came of a frame's first nine bytes
    std::vector<std::byte> payload_; // what came of a payload that is kept
    std::vector<std::byte> block_;   // a header section, until it is whole
    std::size_t size_ = 0;           // of the payload
    std::uint8_t type_ = 0;
    std::uint8_t flags_ = 0;
    std::uint32_t stream_ = 0;
};

class wire_trace {
public:
    wire_trace(bool server, const line_writer& write)
        : received_('<', server, write),
          sent_('>', !server, write) {}

    void received(const_bytes bytes) { received_.take(bytes); }
    void sent(const_bytes bytes) { sent_.take(bytes); }

private:
    frame_lister received_;
    frame_lister sent_;
};

} // namespace h2ws::tools
