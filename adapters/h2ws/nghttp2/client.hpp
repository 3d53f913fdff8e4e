// The client of a connection that nghttp2 speaks.
#pragma once

#include "session.hpp"

namespace h2ws::nghttp2 {

using client = basic_session<h2ws::client>;

} // namespace h2ws::nghttp2
