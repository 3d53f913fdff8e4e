#include "ending.hpp"

#include <sstream>

namespace h2ws::tools {

namespace {

std::string ended_with(errc error, const ending_context& before) {
    const auto code = before.received.value_or(status_code::abnormal_closure);
    return "ended abnormally with " + std::to_string(static_cast<std::uint16_t>(code)) + ": " +
           describe(error);
}

} // namespace

failure refusal(const tunnel_refused& refused) {
    std::string text = "refused with status " + std::to_string(refused.status);
    if (const auto body = first_line(refused.body); !body.empty())
        text.append(": ").append(printable(body));
    return {exit_status::refused, std::move(text)};
}

failure ending(errc error, http2_error code, const ending_context& before) {
    const exit_status status = status_of(error);
    std::string text;
    if (status == exit_status::protocol_violation) text = "the server broke a rule: ";
    if (status == exit_status::no_websockets) text = "the server does not speak RFC 8441: ";
    if (status == exit_status::timeout) text = "timed out, " + before.step + ": ";
    text += status == exit_status::abnormal_ending ? ended_with(error, before) : describe(error);
    if (code != http2_error::no_error && status != exit_status::timeout)
        text.append(", ").append(name(code));
    return {status, std::move(text)};
}

failure ending(const connection_ended& end, const ending_context& before) {
    if (end.error == errc::none || end.error == errc::connection_lost) {
        if (before.settled)
            return {exit_status::abnormal_ending, ended_with(errc::connection_lost, before)};
        return {exit_status::not_connected,
                "the connection was closed before the server's SETTINGS came"};
    }
    if (status_of(end.error) == exit_status::protocol_violation && !before.settled)
        return {exit_status::not_connected, "the server does not speak HTTP/2"};
    return ending(end.error, end.code, before);
}

failure timed_out(std::chrono::nanoseconds limit, const std::string& step) {
    std::ostringstream text;
    text << "timed out after " << std::chrono::duration<double>(limit).count() << " s, " << step;
    return {exit_status::timeout, text.str()};
}

} // namespace h2ws::tools
