#include "serve.hpp"

#include "certificate.hpp"
#include "echo_server.hpp"
#include "engine.hpp"
#include "report.hpp"

namespace h2ws::tools {

session_options options_of_session(const serve_options& options) {
    session_options chosen;
    chosen.accept_tunnels = true;
    chosen.answer_key = options.answer_key;
    chosen.messages.max_message = options.max_message;
    // A client may send a whole message before it reads: its echo, with a header to each piece,
    // finds room.
    chosen.max_queued = options.max_message + (std::size_t{1} << 20);
    return chosen;
}

std::optional<::asio::ssl::context> tls_of(const serve_options& options) {
    if (options.cleartext) return std::nullopt;
    ::asio::ssl::context context = asio::server_tls_context();
    if (options.certificate_file.empty()) {
        use_self_signed_certificate(context, options.listen.host);
        return context;
    }
    std::error_code error;
    context.use_certificate_chain_file(options.certificate_file, error);
    if (error)
        throw failure{exit_status::usage, "cannot use the certificate " + options.certificate_file +
                                              ": " + error.message()};
    context.use_private_key_file(options.key_file, ::asio::ssl::context::pem, error);
    if (error)
        throw failure{exit_status::usage,
                      "cannot use the key " + options.key_file + ": " + error.message()};
    return context;
}

exit_status serve(const serve_options& options) {
    return engine_named(options.engine).serve(options);
}

} // namespace h2ws::tools
