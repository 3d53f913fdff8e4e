// The server of a connection that nghttp2 speaks.
#pragma once

#include "session.hpp"

namespace h2ws::nghttp2 {

using server = basic_session<h2ws::server>;

} // namespace h2ws::nghttp2
