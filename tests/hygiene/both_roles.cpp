// Everything that layers 0-3 can do, instantiated once, for symbols.py to look at what it leaves
// undefined. Templates are instantiated explicitly, with all their members. A function gets a
// caller of external linkage below, so that it is not optimised away, with its input from outside,
// so that it is not computed at compile time.
#include <h2ws/errc.hpp>
#include <h2ws/http2_error.hpp>
#include <h2ws/result.hpp>
#include <h2ws/status_code.hpp>
#include <h2ws/websocket.hpp>

#include <string_view>

template class h2ws::websocket<h2ws::server>;
template class h2ws::websocket<h2ws::client>;

namespace both_roles {

const h2ws::error_info& look_up(h2ws::errc code) noexcept;
const h2ws::error_info& look_up(h2ws::errc code) noexcept { return h2ws::info(code); }

std::string_view spell(h2ws::http2_error code) noexcept;
std::string_view spell(h2ws::http2_error code) noexcept { return name(code); }

h2ws::result<h2ws::status_code> expect_sendable(h2ws::status_code code) noexcept;
h2ws::result<h2ws::status_code> expect_sendable(h2ws::status_code code) noexcept {
    if (!is_allowed_on_the_wire(code)) return h2ws::errc::status_code_not_sendable;
    return code;
}

} // namespace both_roles
