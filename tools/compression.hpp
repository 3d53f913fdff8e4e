// What the tunnels of the command are compressed with, where --deflate asks for it.
#pragma once

#include <h2ws/zlib/deflate_answer.hpp>
#include <h2ws/zlib/permessage_deflate.hpp>

namespace h2ws::tools {

using compression = zlib::permessage_deflate;

} // namespace h2ws::tools
