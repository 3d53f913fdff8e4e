// libwebsockets_echo PORT CERTIFICATE KEY: an echo server on libwebsockets, over TLS, for
// libwebsockets_server.py. /close/CODE closes after one message, /end ends without a Close then,
// /greet says hello first, /refuse/403 is refused.
#include <libwebsockets.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <utility>

namespace {

struct message {
    std::string bytes;
    bool binary;
};

// libwebsockets allocates it as bytes: it is made in ESTABLISHED and gone in CLOSED.
struct tunnel {
    std::string path;
    std::string begun;
    std::deque<message> owed;
    std::size_t sent; // of the first of them
};

struct per_session {
    tunnel* state;
};

std::string path_of(lws* wsi) {
    std::string path(256, '\0');
    int size =
        lws_hdr_copy(wsi, path.data(), static_cast<int>(path.size()), WSI_TOKEN_HTTP_COLON_PATH);
    if (size <= 0)
        size = lws_hdr_copy(wsi, path.data(), static_cast<int>(path.size()), WSI_TOKEN_GET_URI);
    path.resize(static_cast<std::size_t>(size < 0 ? 0 : size));
    return path;
}

int receive(lws* wsi, tunnel& self, const char* bytes, std::size_t size) {
    self.begun.append(bytes, size);
    if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) != 0) return 0;
    if (self.path == "/end") return -1;
    if (self.path.starts_with("/close/")) {
        const int code = std::atoi(self.path.c_str() + 7);
        lws_close_reason(wsi, static_cast<lws_close_status>(code), nullptr, 0);
        return -1;
    }
    self.owed.push_back({std::exchange(self.begun, {}), lws_frame_is_binary(wsi) != 0});
    lws_callback_on_writable(wsi);
    return 0;
}

// A piece of a message: libwebsockets makes one DATA frame of what it is given, however long, and
// a frame above SETTINGS_MAX_FRAME_SIZE is a connection error (RFC 9113 section 4.2).
int write_one(lws* wsi, tunnel& self) {
    constexpr std::size_t piece = 8192;
    if (self.owed.empty()) return 0;
    const message& next = self.owed.front();
    const std::size_t size = std::min(piece, next.bytes.size() - self.sent);
    std::string room(LWS_PRE, '\0');
    room += next.bytes.substr(self.sent, size);
    const bool first = self.sent == 0;
    self.sent += size;
    const bool last = self.sent == next.bytes.size();
    const int flags =
        lws_write_ws_flags(next.binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, first, last);
    auto* const bytes = reinterpret_cast<unsigned char*>(room.data()) + LWS_PRE;
    if (lws_write(wsi, bytes, size, static_cast<lws_write_protocol>(flags)) <
        static_cast<int>(size))
        return -1;
    if (last) {
        self.owed.pop_front();
        self.sent = 0;
    }
    if (!self.owed.empty()) lws_callback_on_writable(wsi);
    return 0;
}

int callback(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size) {
    auto* const session = static_cast<per_session*>(user);
    switch (reason) {
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        if (path_of(wsi) != "/refuse/403") return 0;
        lws_return_http_status(wsi, 403, nullptr);
        return 1;
    case LWS_CALLBACK_ESTABLISHED:
        session->state = new tunnel{path_of(wsi), {}, {}, 0};
        if (session->state->path == "/greet") {
            session->state->owed.push_back({"hello", false});
            lws_callback_on_writable(wsi);
        }
        return 0;
    case LWS_CALLBACK_RECEIVE:
        return receive(wsi, *session->state, static_cast<const char*>(in), size);
    case LWS_CALLBACK_SERVER_WRITEABLE: return write_one(wsi, *session->state);
    case LWS_CALLBACK_CLOSED: delete std::exchange(session->state, nullptr); return 0;
    default: return 0;
    }
}

volatile std::sig_atomic_t stopped = 0;

} // namespace

int main(int count, char** arguments) {
    if (count != 4) return 2;
    std::signal(SIGTERM, [](int) { stopped = 1; });
    lws_set_log_level(LLL_ERR | LLL_WARN, nullptr);
    const lws_protocols protocols[] = {
        {"superchat", callback, sizeof(per_session), 1 << 16, 0, nullptr, 0},
        {nullptr, nullptr, 0, 0, 0, nullptr, 0}};
    lws_context_creation_info info{};
    info.port = std::atoi(arguments[1]);
    info.iface = "lo";
    info.ssl_cert_filepath = arguments[2];
    info.ssl_private_key_filepath = arguments[3];
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    lws_context* const context = lws_create_context(&info);
    if (context == nullptr) return 1;
    while (stopped == 0 && lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}
