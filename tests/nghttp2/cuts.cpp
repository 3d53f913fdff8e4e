// Sessions on nghttp2 where connections are cut, fall silent or are slow.
#include "model.hpp"

using model = nghttp2_model;

constexpr bool counts_half_a_request = true;

#include "../engine_suite/cuts.hpp"
#include "../engine_suite/slow_peers.hpp"
