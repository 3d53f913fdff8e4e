// GOAWAY in two steps, on HTTP/2 of our own.
#include "model.hpp"

using model = http2_model;

#include "../engine_suite/shutdown.hpp"
