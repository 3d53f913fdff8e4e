// The HTTP/2 engines that --engine chooses from. The command is written against the session concept
// and compiled once for each engine, in files of its own: serve_NAME.cpp, connect_NAME.cpp and
// bench_NAME.cpp.
#pragma once

#include "bench.hpp"
#include "connect.hpp"
#include "exit_status.hpp"
#include "serve.hpp"

#include <array>
#include <string>
#include <string_view>

namespace h2ws::tools {

struct engine {
    std::string_view name;
    exit_status (*serve)(const serve_options&); // all null: it was not built in
    exit_status (*connect)(const connect_options&);
    exit_status (*bench)(const bench_options&);

    bool built_in() const { return serve != nullptr; }
};

exit_status serve_http2(const serve_options& options);
exit_status connect_http2(const connect_options& options);
exit_status bench_http2(const bench_options& options);
inline constexpr engine http2_engine{"http2", serve_http2, connect_http2, bench_http2};

exit_status serve_nghttp2(const serve_options& options);
exit_status connect_nghttp2(const connect_options& options);
exit_status bench_nghttp2(const bench_options& options);
extern const engine nghttp2_engine;

// The first is the default.
inline constexpr std::array engines{&http2_engine, &nghttp2_engine};

// The one of that name, which is built in.
const engine& engine_named(std::string_view name);

// The names of those that are built in, separated by commas.
std::string engine_names();

// What is wrong with that name; empty: nothing.
std::string check_engine(const std::string& name);

} // namespace h2ws::tools
