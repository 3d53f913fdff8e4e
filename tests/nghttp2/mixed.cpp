// The session concept's suite where one side is our own HTTP/2 and the other nghttp2's.
#include "../http2/model.hpp"
#include "model.hpp"

#include <tuple>

namespace {

struct our_server : http2_model {
    using client = nghttp2_model::client;

    // nghttp2 holds a server to what its first SETTINGS said of priorities, and ours turns those
    // of RFC 7540 off (RFC 9218 §2.1).
    static octets server_preface(bool enables) {
        return frame(4, 0, 0,
                     octets("\0\11", 2) + number(1) + octets("\0\10", 2) + number(enables)) +
               windows();
    }
};

// What is told of a framing error is the server's in this suite.
struct our_client : nghttp2_model {
    using client = http2_model::client;
};

} // namespace

using models = std::tuple<our_server, our_client>;

#include "../session_suite.hpp"
