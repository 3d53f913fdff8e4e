// Whatever arrives at our own HTTP/2, and whatever the application does meanwhile.
#include "model.hpp"

#include <tuple>

using models = std::tuple<http2_model>;

#include "../engine_suite/property.hpp"
