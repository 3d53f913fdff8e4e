// The request of `h2ws connect`, and all that it is made of.
#pragma once

#include "connect.hpp"
#include "report.hpp"

#include <h2ws/deflate_parameters.hpp>
#include <h2ws/opening_handshake.hpp>
#include <h2ws/uri.hpp>

#include <string>
#include <utility>
#include <vector>

namespace h2ws::tools {

// The options outlive it.
class opening {
public:
    explicit opening(const connect_options& options)
        : uri_(*parse_uri(options.url)),
          cleartext_(options.cleartext || !uri_.secure),
          deflate_(options.deflate) {
        for (const std::string& name : options.subprotocols)
            subprotocols_ += (subprotocols_.empty() ? "" : ", ") + name;
        for (const std::string& line : options.headers) texts_.push_back(parse_header(line));
        for (const auto& [name, value] : texts_) fields_.push_back({name, value});
        if (const field_list list = h2ws::request(wanted()); list.error() != errc::none)
            throw failure{exit_status::usage,
                          "cannot make this request: " + describe(list.error())};
    }
    opening(const opening&) = delete;
    opening& operator=(const opening&) = delete;

    const websocket_uri& uri() const { return uri_; }
    bool cleartext() const { return cleartext_; }

    connect_request wanted() const {
        return {.scheme = cleartext_ ? "http" : "https",
                .authority = uri_.authority,
                .path = uri_.path,
                .subprotocols = subprotocols_,
                .extensions = deflate_ ? usual_deflate_offer : std::string_view{},
                .fields = fields_};
    }

private:
    websocket_uri uri_;
    bool cleartext_;
    bool deflate_;
    std::string subprotocols_;
    std::vector<std::pair<std::string, std::string>> texts_;
    std::vector<field> fields_;
};

} // namespace h2ws::tools
