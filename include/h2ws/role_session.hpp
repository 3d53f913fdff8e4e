// The side of a session that an engine derives from, by its role.
#pragma once

#include "client_session.hpp"
#include "server_session.hpp"

#include <type_traits>

namespace h2ws {

template <class Engine, class Role, class Extension>
using role_session = std::conditional_t<Role::is_client, client_session<Engine, Extension>,
                                        server_session<Engine, Extension>>;

} // namespace h2ws
