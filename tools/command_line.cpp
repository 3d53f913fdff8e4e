#include "command_line.hpp"

#include "engine.hpp"

#include <h2ws/uri.hpp>

namespace h2ws::tools {

namespace {

// A validator's answer: empty when the text is good.
std::string check_url(std::string& text) {
    return parse_uri(text) ? "" : "not a ws, wss, http or https URL without fragment: " + text;
}

} // namespace

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(seconds));
}

CLI::Option* add_list(CLI::App& command, const std::string& name, std::vector<std::string>& list,
                      const std::string& what) {
    return command
        .add_option_function<std::string>(
            name, [&list](const std::string& value) { list.push_back(value); }, what)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->trigger_on_parse();
}

void add_engine(CLI::App& command, std::string& name) {
    name = engines.front()->name;
    command.add_option("--engine", name, "Which HTTP/2 implementation to use: " + engine_names())
        ->type_name("NAME")
        ->check(CLI::Validator([](std::string& text) { return check_engine(text); }, ""))
        ->capture_default_str();
}

void add_where(CLI::App& command, connect_options& options) {
    command.add_option("URL", options.url, "ws:// (cleartext HTTP/2), wss://, http://, https://")
        ->check(CLI::Validator(check_url, ""))
        ->required();
    auto* const authority =
        command.add_option("--ca", options.ca_file, "Trust this CA too, PEM")->type_name("FILE");
    command.add_flag("--insecure", options.insecure, "Do not verify the certificate")
        ->excludes(authority);
    command.add_flag("--cleartext", options.cleartext,
                     "HTTP/2 without TLS, with prior knowledge, whatever the URL says");
    add_list(command, "--subprotocol", options.subprotocols,
             "A subprotocol to offer, the preferred first; may be repeated");
    add_list(command, "--header", options.headers,
             "A field of the request, 'name: value'; may be repeated");
    command.add_flag("--end-with-reset", options.end_with_reset,
                     "End streams with RST_STREAM(CANCEL), for servers that drop the connection on "
                     "END_STREAM");
    add_engine(command, options.engine);
}

} // namespace h2ws::tools
