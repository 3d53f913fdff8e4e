// The engine that this program runs on: tests/meson.build builds it once with each.
#pragma once

#include <h2ws/http2/session.hpp>

namespace engine = h2ws::http2;
