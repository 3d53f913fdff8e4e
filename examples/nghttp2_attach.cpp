// An HTTP/2 server of one's own, on nghttp2, that takes WebSockets too: it answers GET by callbacks
// of its own, and tunnels are attached to the same connection. A client of both runs in memory.
#include <h2ws/nghttp2/attach.hpp>
#include <h2ws/nghttp2/client.hpp>
#include <h2ws/system_entropy.hpp>

#include <cstring>
#include <iostream>
#include <string>

struct application;

// The tunnels' part: every one is accepted, and echoes.
struct tunnel_handler {
    application* self;
    void operator()(const h2ws::stream_event& event) const;
};

struct application {
    tunnel_handler handler{this};
    h2ws::nghttp2::attached_server tunnels{handler};
    nghttp2_session* session = nullptr;
};

void tunnel_handler::operator()(const h2ws::stream_event& event) const {
    auto& tunnels = self->tunnels;
    if (const auto* asked = std::get_if<h2ws::tunnel_requested>(&event)) {
        if (!tunnels.accept(asked->tunnel, {}, 0)) std::cerr << "cannot accept\n";
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what);
        if (chunk == nullptr) return;
        if (!tunnels.send(said->tunnel, chunk->type, chunk->payload, 0, chunk->last))
            std::cerr << "cannot send\n";
        tunnels.consume(said->tunnel, said->wire_bytes);
    }
}

// The server's own part: 200 and a page, for every request that is no tunnel's.
ssize_t read_page(nghttp2_session*, std::int32_t, std::uint8_t* to, std::size_t,
                  std::uint32_t* flags, nghttp2_data_source*, void*) {
    std::memcpy(to, "a page", 6);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 6;
}

void answer(nghttp2_session* session, std::int32_t stream_id) {
    std::uint8_t name[] = ":status";
    std::uint8_t value[] = "200";
    const nghttp2_nv status{name, value, 7, 3, NGHTTP2_NV_FLAG_NONE};
    const nghttp2_data_provider page{{0}, read_page};
    nghttp2_submit_response(session, stream_id, &status, 1, &page);
}

// The callbacks: each asks the tunnels first.
application& of(void* user_data) { return *static_cast<application*>(user_data); }

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    of(user_data).tunnels.on_begin_headers(*frame);
    return 0;
}
int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
              std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
              std::uint8_t, void* user_data) {
    of(user_data).tunnels.on_header(*frame, name, name_size, value, value_size);
    return 0;
}
int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if (of(user_data).tunnels.on_frame_recv(*frame)) return 0;
    if (frame->hd.type == NGHTTP2_HEADERS) answer(session, frame->hd.stream_id);
    return 0;
}
int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream_id,
            const std::uint8_t* data, std::size_t size, void* user_data) {
    if (of(user_data).tunnels.on_data_chunk_recv(stream_id, data, size)) return 0;
    return nghttp2_session_consume(session, stream_id, size); // a body, which nobody wants
}
int on_frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    of(user_data).tunnels.on_frame_send(*frame);
    return 0;
}
int on_stream_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t code, void* user_data) {
    of(user_data).tunnels.on_stream_close(stream_id, code);
    return 0;
}

void start(application& app) {
    nghttp2_option* option = nullptr;
    nghttp2_session_callbacks* table = nullptr;
    if (nghttp2_option_new(&option) != 0 || nghttp2_session_callbacks_new(&table) != 0) return;
    h2ws::nghttp2::prepare(*option);
    nghttp2_session_callbacks_set_on_begin_headers_callback(table, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(table, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(table, on_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, on_data);
    nghttp2_session_callbacks_set_on_frame_send_callback(table, on_frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(table, on_stream_close);
    nghttp2_session_server_new2(&app.session, table, &app, option);
    nghttp2_session_callbacks_del(table);
    nghttp2_option_del(option);
    nghttp2_submit_settings(app.session, NGHTTP2_FLAG_NONE, &h2ws::nghttp2::enable_connect, 1);
    if (const auto done = app.tunnels.attach(*app.session); !done)
        std::cerr << h2ws::info(done.error()).sentence << '\n';
}

// The client's part: it says hello on the tunnel and prints what comes.
void on_client_event(h2ws::nghttp2::client& client, const h2ws::stream_event& event) {
    if (const auto* opened = std::get_if<h2ws::tunnel_opened>(&event)) {
        if (!client.send(opened->tunnel, h2ws::opcode::text, h2ws::as_bytes("hello"), 0))
            std::cerr << "cannot send\n";
    } else if (const auto* body = std::get_if<h2ws::body_received>(&event)) {
        if (!body->payload.empty()) std::cout << "GET: " << h2ws::as_text(body->payload) << '\n';
    } else if (const auto* said = std::get_if<h2ws::tunnel_event>(&event)) {
        const auto* chunk = std::get_if<h2ws::message_chunk>(&said->what);
        if (chunk == nullptr) return;
        std::cout << "WebSocket: " << h2ws::as_text(chunk->payload) << '\n';
    }
}

int main() {
    application app;
    start(app);
    h2ws::system_entropy entropy; // for masking keys
    h2ws::nghttp2::client client(h2ws::client{entropy.source()});
    if (!client.open({.authority = "example.com", .path = "/chat"}, 0)) return 1;
    const h2ws::field get[]{
        {":method", "GET"}, {":scheme", "https"}, {":authority", "example.com"}, {":path", "/"}};
    if (!client.request(get, true, 0)) return 1;
    for (bool moves = true; moves;) {
        std::string there, back;
        for (const h2ws::const_bytes span : client.transmit(0)) there += h2ws::as_text(span);
        client.transmitted(there.size());
        nghttp2_session_mem_recv(app.session, reinterpret_cast<std::uint8_t*>(there.data()),
                                 there.size());
        const std::uint8_t* data = nullptr;
        while (const auto size = nghttp2_session_mem_send(app.session, &data))
            back.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
        h2ws::mutable_bytes in{reinterpret_cast<std::byte*>(back.data()), back.size()};
        moves = !there.empty() || !back.empty();
        while (const auto event = client.poll(in, 0)) on_client_event(client, *event);
    }
    app.tunnels.lost(h2ws::connection_loss::closed_by_peer);
    nghttp2_session_del(app.session);
}
