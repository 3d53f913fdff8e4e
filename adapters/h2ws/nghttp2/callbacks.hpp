// nghttp2's callbacks, turned into calls on a session that owns its nghttp2_session.
#pragma once

#include "engine.hpp"
#include "options.hpp"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace h2ws::nghttp2 {

// `Session` has made it a friend: the functions it calls are private to it.
template <class Session>
struct callbacks {
    // Makes the nghttp2 session of `owner`. False: no memory.
    static bool make(nghttp2_session*& session, Session& owner,
                     const session_options& limits) noexcept {
        nghttp2_session_callbacks* table = nullptr;
        nghttp2_option* options = nullptr;
        bool made = nghttp2_session_callbacks_new(&table) == 0 && nghttp2_option_new(&options) == 0;
        if (made) {
            fill(*table);
            set_options(*options, limits);
            hear_of_unknown_frames(*options);
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

private:
    static void fill(nghttp2_session_callbacks& table) noexcept {
        nghttp2_session_callbacks_set_on_begin_frame_callback(&table, begin_frame);
        nghttp2_session_callbacks_set_on_begin_headers_callback(&table, begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(&table, header);
        nghttp2_session_callbacks_set_on_invalid_header_callback(&table, header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(&table, frame_recv);
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(&table, invalid_frame_recv);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(&table, data_chunk);
        nghttp2_session_callbacks_set_unpack_extension_callback(&table, unpack_extension);
        nghttp2_session_callbacks_set_on_frame_send_callback(&table, frame_send);
        nghttp2_session_callbacks_set_on_stream_close_callback(&table, stream_close);
        nghttp2_session_callbacks_set_send_data_callback(&table, send_data);
    }

    // Of frames that it does not know it tells only those whose types it was given.
    static void hear_of_unknown_frames(nghttp2_option& options) noexcept {
        for (unsigned type = NGHTTP2_CONTINUATION + 1; type < 256; ++type)
            nghttp2_option_set_user_recv_extension_type(&options, static_cast<std::uint8_t>(type));
    }

    static Session& owner(void* user_data) noexcept { return *static_cast<Session*>(user_data); }

    static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) {
        if (head->type > NGHTTP2_CONTINUATION) owner(user_data).unknown_frame();
        return 0;
    }

    static int unpack_extension(nghttp2_session*, void**, const nghttp2_frame_hd*, void*) {
        return NGHTTP2_ERR_CANCEL; // passes over it
    }

    static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        owner(user_data).headers_begin(*frame);
        return 0;
    }

    static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t, void* user_data) {
        const field line{text(name, name_size), text(value, value_size)};
        return owner(user_data).field_arrived(frame->hd.stream_id, line) ? NGHTTP2_ERR_PAUSE : 0;
    }

    static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
        owner(user_data).frame_received(*frame);
        return 0;
    }

    static int invalid_frame_recv(nghttp2_session*, const nghttp2_frame* frame, int why,
                                  void* user_data) {
        owner(user_data).frame_invalid(*frame, why);
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
        *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
        return owner(user_data).size_of_output(at, most, *flags);
    }

    static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                         std::size_t size, nghttp2_data_source* source, void* user_data) {
        auto& at = *static_cast<typename Session::stream_type*>(source->ptr);
        return owner(user_data).write_output(at, header, size) ? 0 : NGHTTP2_ERR_PAUSE;
    }

    static std::string_view text(const std::uint8_t* octets, std::size_t size) noexcept {
        return {reinterpret_cast<const char*>(octets), size};
    }
};

} // namespace h2ws::nghttp2
