// How the command ends, as a number for scripts. `h2ws connect --help` lists them, and `h2ws
// bench --help`.
#pragma once

namespace h2ws::tools {

enum class exit_status : int {
    success = 0,
    internal_error = 1,
    usage = 2,
    refused = 3,            // the server answered with a status other than 2xx
    protocol_violation = 4, // the peer broke a rule
    abnormal_ending = 5,    // status code 1006: no Close came
    timeout = 6,
    not_connected = 7, // DNS, TCP, TLS, ALPN, or no HTTP/2 behind them
    no_websockets = 8, // the server does not speak RFC 8441
    wrong_echo = 9,    // of a message that `h2ws bench` sent
};

} // namespace h2ws::tools
