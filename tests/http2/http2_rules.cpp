// RFC 9113's rules on the wire, on HTTP/2 of our own.
#include "model.hpp"

using model = http2_model;

#include "../engine_suite/frames.hpp"
#include "../engine_suite/shutdown.hpp"
#include "../engine_suite/streams.hpp"
#include "../engine_suite/windows.hpp"
