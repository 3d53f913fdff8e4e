// What `h2ws serve` does with one connection: takes every tunnel, returns what arrives there, and
// answers ordinary requests with the page.
#pragma once

#include "echo.hpp"
#include "page.hpp"
#include "report.hpp"
#include "serve.hpp"

#include <h2ws/asio/connection.hpp>
#include <h2ws/session.hpp>
#include <h2ws/zlib/deflate_answer.hpp>

#include <array>
#include <map>
#include <string>

namespace h2ws::tools {

template <accepting_session Session>
class echo_service {
public:
    // `number` is the connection's, for the lines that are printed.
    echo_service(Session& session, const serve_options& options, std::uint64_t number)
        : session_(session),
          options_(options),
          number_(number),
          echo_(session) {}

    void handle(const stream_event& happened) {
        std::visit([this](const auto& what) { this->on(what); }, happened);
    }

    // No new tunnels; those that are open are asked to close.
    void drain() {
        const instant now = asio::now();
        session_.shutdown(now);
        for (const auto& [tunnel, state] : open_)
            (void)session_.send_close(tunnel, status_code::going_away, "", now); // or it is closing
    }

private:
    struct open_tunnel {
        std::string path;
        std::int32_t stream_id;
        status_code received = status_code::abnormal_closure; // RFC 6455 §7.1.5 (R204)
    };

    void on(const tunnel_requested& asked) {
        const instant now = asio::now();
        const connect_request& request = *asked.request;
        const std::string_view path = request.path.substr(0, request.path.find('?'));
        if (const auto at = options_.refused.find(path); at != options_.refused.end())
            return refuse(asked, at->second, now);
        // Looked up now: the request's fields are gone once it is accepted.
        const auto closing = options_.closed.find(path);
        const std::string subprotocol = choose_subprotocol(request);
        open_tunnel opened{std::string(request.path), session_.stream_id(asked.tunnel)};
        std::optional<zlib::deflate_answer> deflate;
        if (options_.deflate)
            deflate.emplace(request, deflate_options{},
                            zlib::deflate_settings{.one_frame = true, // of what echo gathers
                                                   .max_message = options_.max_message});
        const std::string extensions(deflate ? deflate->text() : std::string_view{});
        if (!session_.accept(asked.tunnel, {.subprotocol = subprotocol, .extensions = extensions},
                             now, deflate ? deflate->take() : zlib::permessage_deflate())) {
            (void)session_.refuse(asked.tunnel, 500, now); // else the answer's timer does
            return;
        }
        std::string line = "opened " + opened.path;
        if (!subprotocol.empty()) line += " subprotocol=" + subprotocol;
        if (!extensions.empty()) line += " extensions=\"" + extensions + '"';
        print(line, opened.stream_id);
        open_.emplace(asked.tunnel, std::move(opened));
        if (closing != options_.closed.end())
            (void)session_.send_close(asked.tunnel, status_code{closing->second},
                                      options_.close_reason, now); // or it ended
    }

    void refuse(const tunnel_requested& asked, std::uint16_t status, instant now) {
        print("refused " + std::string(asked.request->path) + " status=" + std::to_string(status),
              session_.stream_id(asked.tunnel));
        (void)session_.refuse(asked.tunnel, status, now); // else the answer's timer does
    }

    void on(const tunnel_event& happened) {
        if (const auto* chunk = std::get_if<message_chunk>(&happened.what))
            return echo_.receive(happened.tunnel, *chunk, happened.wire_bytes, asio::now());
        const auto at = open_.find(happened.tunnel);
        if (at == open_.end()) return;
        if (const auto* close = std::get_if<close_frame>(&happened.what))
            at->second.received = close->code;
        else if (const auto* last = std::get_if<closed>(&happened.what))
            tell_closed(at->second, last->error);
    }

    void on(const tunnel_writable& has_room) { echo_.resume(has_room.tunnel, asio::now()); }

    void on(const tunnel_released& gone) {
        echo_.forget(gone.tunnel);
        open_.erase(gone.tunnel);
    }

    void on(const request_rejected& what) {
        complain("connection " + std::to_string(number_) + ", stream " +
                 std::to_string(what.stream_id) +
                 ": a request was rejected: " + describe(what.error));
    }

    void on(const request_received& asked) {
        const bool head_only = asked.head->method == "HEAD";
        if (asked.head->method != "GET" && !head_only) {
            const std::array fields{field{"allow", "GET, HEAD"}};
            return respond(asked.request, 405, fields, "405: only GET and HEAD\n", false);
        }
        const std::string_view path = asked.head->path.substr(0, asked.head->path.find('?'));
        if (path == "/") return respond(asked.request, 200, {}, page, head_only);
        respond(asked.request, 404, {}, "404: the page is at /, WebSockets are anywhere\n",
                head_only);
    }

    void on(const body_received& part) { session_.consume(part.request, part.wire_bytes); }

    void on(const connection_ended& end) {
        if (status_of(end.error) == exit_status::protocol_violation || end.error == errc::no_memory)
            complain("connection " + std::to_string(number_) + ": " + describe(end.error) + ": " +
                     std::string(name(end.code)));
    }

    void on(const auto&) {}

    // The client's order of preference decides.
    std::string choose_subprotocol(const connect_request& request) const {
        for (const std::string_view offered : request.offered_subprotocols())
            for (const std::string& known : options_.subprotocols)
                if (offered == known) return known;
        return {};
    }

    void respond(request_id request, std::uint16_t status, std::span<const field> more,
                 std::string_view body, bool head_only) {
        const std::string length = std::to_string(body.size());
        std::vector<field> fields{
            {"content-type", status == 200 ? "text/html; charset=utf-8" : "text/plain"},
            {"content-length", length},
            {"cache-control", "no-store"}};
        fields.insert(fields.end(), more.begin(), more.end());
        if (!options_.quiet)
            complain("connection " + std::to_string(number_) + ", stream " +
                     std::to_string(session_.stream_id(request)) + ": an ordinary request, " +
                     std::to_string(status));
        const const_bytes content = as_bytes(head_only ? std::string_view{} : body);
        const instant now = asio::now();
        if (const auto done = session_.respond(request, status, fields, content, now); !done)
            complain("connection " + std::to_string(number_) +
                     ": a request was not answered: " + describe(done.error()));
    }

    // The first Close received decides the code; where we failed the peer, the one we sent does.
    void tell_closed(const open_tunnel& tunnel, errc error) {
        const bool close_came = tunnel.received != status_code::abnormal_closure;
        const status_code code = close_came ? tunnel.received : info(error).close;
        std::string line =
            "closed " + tunnel.path + " code=" + std::to_string(static_cast<std::uint16_t>(code));
        if (error != errc::none)
            line.append(" error=")
                .append(info(error).name)
                .append(" section=\"")
                .append(info(error).section)
                .append("\"");
        print(line, tunnel.stream_id);
    }

    void print(const std::string& line, std::int32_t stream_id) const {
        if (options_.quiet) return;
        print_line(line + " stream=" + std::to_string(stream_id) +
                   " connection=" + std::to_string(number_));
    }

    Session& session_;
    const serve_options& options_;
    std::uint64_t number_;
    echo<Session> echo_;
    std::map<tunnel_id, open_tunnel> open_;
};

} // namespace h2ws::tools
