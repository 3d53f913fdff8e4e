// The engine that this program runs on: tests/meson.build builds it once with each.
#pragma once

#include <h2ws/nghttp2/client.hpp>
#include <h2ws/nghttp2/server.hpp>

namespace engine = h2ws::nghttp2;
