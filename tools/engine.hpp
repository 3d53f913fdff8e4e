// The HTTP/2 engines that --engine chooses from. Everything else is written against the session
// concept.
#pragma once

#include "exit_status.hpp"

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace h2ws::tools {

template <accepting_session Server, opening_session Client>
struct engine {
    using server = Server;
    using client = Client;
    std::string_view name;
};

// The first is the default.
inline constexpr std::tuple engines{
    engine<nghttp2::server, nghttp2::client>{"nghttp2"},
};

inline std::vector<std::string> engine_names() {
    return std::apply([](auto... each) { return std::vector{std::string(each.name)...}; }, engines);
}

// `run(engine)` for the one of that name.
template <class Run>
exit_status with_engine(std::string_view name, const Run& run) {
    exit_status status = exit_status::usage;
    const auto try_one = [&](auto one) {
        if (one.name == name) status = run(one);
        return one.name == name;
    };
    std::apply([&](auto... each) { (void)(try_one(each) || ...); }, engines);
    return status;
}

} // namespace h2ws::tools
