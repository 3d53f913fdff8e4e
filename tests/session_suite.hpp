// What every model of the session concept does. The file that includes this names the models:
// `using models = std::tuple<...>`; a model has
//
//     server, client                         the session types
//     frames(bytes, from_client)             what they wrote, a line for each frame of a stream
//     client_preface(), server_preface(yes)  what a peer made by hand says first
//     headers(stream, fields, end), data(stream, bytes, end), reset(stream, code), goaway(last)
#pragma once

#include "session_suite/closing.hpp"
#include "session_suite/content.hpp"
#include "session_suite/decisions.hpp"
#include "session_suite/endings.hpp"
#include "session_suite/interim.hpp"
#include "session_suite/limits.hpp"
#include "session_suite/messages.hpp"
#include "session_suite/opening.hpp"
#include "session_suite/queues.hpp"
#include "session_suite/requests.hpp"
#include "session_suite/timers.hpp"
#include "session_suite/trailers.hpp"
