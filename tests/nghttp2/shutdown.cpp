// GOAWAY in two steps, on nghttp2.
#include "model.hpp"

using model = nghttp2_model;

#include "../engine_suite/shutdown.hpp"
