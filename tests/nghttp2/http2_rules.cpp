// RFC 9113's rules on the wire, on nghttp2 (1.52).
#include "model.hpp"

using model = nghttp2_model;

#include "../engine_suite/frames.hpp"
#include "../engine_suite/shutdown.hpp"
#include "../engine_suite/streams.hpp"
#include "../engine_suite/windows.hpp"
