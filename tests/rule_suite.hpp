// What a session makes of every fault, whoever speaks HTTP/2: a stream error leaves the other
// streams working, a connection error ends each tunnel once. The models are session_suite.hpp's.
#pragma once

#include "rule_suite/connection.hpp"
#include "rule_suite/endings.hpp"
#include "rule_suite/frames.hpp"
#include "rule_suite/requests.hpp"
