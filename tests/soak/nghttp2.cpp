#include "side.hpp"

#include <h2ws/nghttp2/session.hpp>

namespace soak {

std::unique_ptr<party> make_nghttp2(const party_set_up& how, scarce_memory& memory, story& told,
                                    test::dice& random) {
    using extension = zlib::permessage_deflate;
    if (how.client)
        return std::make_unique<side<nghttp2::basic_client<extension>>>(how, memory, told, random);
    return std::make_unique<side<nghttp2::basic_server<extension>>>(how, memory, told, random);
}

} // namespace soak
