// What -v shows, on standard error: `*` what happened, `>` what was sent, `<` what was received.
#pragma once

#include "report.hpp"

#include <h2ws/field.hpp>
#include <h2ws/frame_header.hpp>
#include <h2ws/status_code.hpp>
#include <h2ws/stream_event.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace h2ws::tools {

class trace {
public:
    explicit trace(bool shown) : shown_(shown) {}

    void note(std::string_view text) const { line('*', text); }

    // The server's; `enabled`: they allow extended CONNECT.
    void settings(bool enabled, const peer_settings& values) const;

    void sent_fields(std::span<const field> fields) const { list('>', fields); }
    void received_fields(std::span<const field> fields) const { list('<', fields); }

    // A frame, or a piece of one as it arrived; `first` and `last` of its message.
    void sent(opcode type, std::size_t size, bool first = true, bool last = true) const {
        if (shown_) frame('>', type, size, first, last);
    }
    void received(opcode type, std::size_t size, bool first = true, bool last = true) const {
        if (shown_) frame('<', type, size, first, last);
    }

    void sent_close(status_code code) const { close('>', code, ""); }
    void received_close(status_code code, std::string_view reason) const {
        close('<', code, reason);
    }

private:
    void line(char mark, std::string_view text) const;
    void list(char mark, std::span<const field> fields) const;
    void frame(char mark, opcode type, std::size_t size, bool first, bool last) const;
    void close(char mark, status_code code, std::string_view reason) const;

    bool shown_;
};

} // namespace h2ws::tools
