// Our own HTTP/2 where connections are cut, fall silent or are slow.
#include "model.hpp"

using model = http2_model;

constexpr bool counts_half_a_request = false;

#include "../engine_suite/cuts.hpp"
#include "../engine_suite/slow_peers.hpp"
