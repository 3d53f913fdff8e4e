// HPACK, the compression of field sections in HTTP/2 (RFC 7541): both directions.
#pragma once

#include "hpack_decoder.hpp"
#include "hpack_encoder.hpp"
