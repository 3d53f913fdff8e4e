// nghttp2's callbacks, turned into calls on a session.
#pragma once

#include <h2ws/field.hpp>

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace h2ws::nghttp2 {

// What lengths are in nghttp2's callbacks: 1.52 has ssize_t names only.
using nghttp2_ssize_of = ssize_t;

inline constexpr std::size_t frame_header_octets = 9; // RFC 9113 §4.1

// `Session` has been made a friend's friend: the functions it gives are private to it.
template <class Session>
struct callbacks {
    // Makes the nghttp2 session of `owner`. False: no memory.
    static bool make(nghttp2_session*& session, Session& owner) noexcept {
        nghttp2_session_callbacks* table = nullptr;
        nghttp2_option* options = nullptr;
        bool made = nghttp2_session_callbacks_new(&table) == 0 && nghttp2_option_new(&options) == 0;
        if (made) {
            fill(*table);
            nghttp2_option_set_no_auto_window_update(options, 1); // back-pressure is ours
            const auto create =
                Session::is_client ? nghttp2_session_client_new2 : nghttp2_session_server_new2;
            made = create(&session, table, &owner, options) == 0;
        }
        nghttp2_option_del(options);
        nghttp2_session_callbacks_del(table);
        return made;
    }

    static nghttp2_data_provider output_of(typename Session::stream_type& at) noexcept {
        nghttp2_data_provider provider;
        provider.source.ptr = &at;
        provider.read_callback = read;
        return provider;
    }

    // Lent until the message is submitted. What names or carries a secret is not indexed (RFC 7541
    // §7.1.3).
    static nghttp2_nv header_of(const field& line) noexcept {
        const bool secret = line.name == "authorization" || line.name == "cookie" ||
                            line.name == "proxy-authorization" || line.name == "set-cookie";
        return {
            octets(line.name), octets(line.value), line.name.size(), line.value.size(),
            static_cast<std::uint8_t>(secret ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE)};
    }

private:
    static void fill(nghttp2_session_callbacks& table) noexcept {
        nghttp2_session_callbacks_set_on_begin_headers_callback(&table, begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(&table, header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(&table, header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(&table, frame_recv);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(&table, invalid_frame_recv);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&table, data_chunk);
        nghttp2_session_callbacks_set_on_frame_send_callback(&table, frame_send);
        nghttp2_session_callbacks_set_on_stream_close_callback(&table, stream_close);
        nghttp2_session_callbacks_set_send_data_callback(&table, send_data);
    }

    static Session& owner(void* user_data) noexcept { return *static_cast<Session*>(user_data); }

    static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        owner(user_data).headers_begin(*frame);
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user_data) {
        owner(user_data).field_received(frame->hd.stream_id,
                                        {text(name, name_size), text(value, value_size)});
        return 0;
    }

    static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        owner(user_data).frame_received(*frame);
        return 0;
    }

    static int invalid_frame_recv(nghttp2_session*, const nghttp2_frame* frame, int,
                                  void* user_data) {
        owner(user_data).frame_invalid(*frame);
        return 0;
    }

    static int data_chunk(nghttp2_session*, std::uint8_t, std::int32_t stream_id,
                          const std::uint8_t* data, std::size_t size, void* user_data) {
        return owner(user_data).chunk_received(stream_id, data, size) ? NGHTTP2_ERR_PAUSE : 0;
    }

    static int frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        owner(user_data).frame_sent(*frame);
        return 0;
    }

    static int stream_close(nghttp2_session*, std::int32_t stream_id, std::uint32_t error_code,
                            void* user_data) {
        owner(user_data).stream_gone(stream_id, error_code);
        return 0;
    }

    static nghttp2_ssize_of read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t most,
                                 std::uint32_t* flags, nghttp2_data_source* source,
                                 void* user_data) {
        auto& at = *static_cast<typename Session::stream_type*>(source->ptr);
        return owner(user_data).read_output(at, most, *flags);
    }

    static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                         std::size_t size, nghttp2_data_source* source, void* user_data) {
        auto& at = *static_cast<typename Session::stream_type*>(source->ptr);
        return owner(user_data).write_output(at, header, size) ? 0 : NGHTTP2_ERR_PAUSE;
    }

    static std::string_view text(const std::uint8_t* octets, std::size_t size) noexcept {
        return {reinterpret_cast<const char*>(octets), size};
    }

    // nghttp2 takes non-const pointers and changes nothing.
    static std::uint8_t* octets(std::string_view text) noexcept {
        return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    }
};

} // namespace h2ws::nghttp2
