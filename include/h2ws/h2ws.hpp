// h2ws: WebSockets over HTTP/2 (RFC 8441), a protocol core that does no I/O.
//
//   layer 0  words   bytes status_code http2_error errc result
//   layer 1  wire    instructions mask frame_header utf8_blocks utf8 close_payload characters field
//                    field_list extension uri
//   layer 2  rules   role limits frame_reader message_rules outgoing_message closing_handshake
//                    connect_gate message_head extended_connect opening_handshake
//                    deflate_parameters
//   layer 3  object  event whole_message websocket
//
// Headers include only downwards, nothing here allocates or throws, and all of it needs no more to
// link than memcpy and its kin. Not part of this umbrella, since it may allocate, is layer 4: whole
// tunnels and sessions (h2ws/session.hpp), and small helpers.
#pragma once

#include "bytes.hpp"
#include "close_payload.hpp"
#include "closing_handshake.hpp"
#include "connect_gate.hpp"
#include "deflate_parameters.hpp"
#include "errc.hpp"
#include "event.hpp"
#include "extended_connect.hpp"
#include "extension.hpp"
#include "field.hpp"
#include "field_list.hpp"
#include "frame_header.hpp"
#include "frame_reader.hpp"
#include "http2_error.hpp"
#include "limits.hpp"
#include "mask.hpp"
#include "message_head.hpp"
#include "message_rules.hpp"
#include "opening_handshake.hpp"
#include "outgoing_message.hpp"
#include "result.hpp"
#include "role.hpp"
#include "status_code.hpp"
#include "uri.hpp"
#include "utf8.hpp"
#include "websocket.hpp"
