#include "engine.hpp"

#include "report.hpp"

#include <algorithm>

namespace h2ws::tools {

namespace {

const engine* find(std::string_view name) {
    const auto at =
        std::ranges::find_if(engines, [&](const engine* each) { return each->name == name; });
    return at == engines.end() ? nullptr : *at;
}

} // namespace

const engine& engine_named(std::string_view name) {
    if (std::string wrong = check_engine(std::string(name)); !wrong.empty())
        throw failure{exit_status::usage, std::move(wrong)};
    return *find(name);
}

std::string engine_names() {
    std::string names;
    for (const engine* each : engines)
        if (each->built_in()) names.append(names.empty() ? "" : ", ").append(each->name);
    return names;
}

std::string check_engine(const std::string& name) {
    const engine* const found = find(name);
    if (found != nullptr && found->built_in()) return "";
    return (found != nullptr ? "this h2ws was built without the engine " : "there is no engine ") +
           name + "; it has: " + engine_names();
}

} // namespace h2ws::tools
